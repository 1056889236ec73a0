//! The trace of a request: every callback with its arguments, every host call with its arguments and status.

use std::path::Path;

use host_harness::envoy::Modules;
use host_harness::scenario;

#[test]
fn a_trace_shows_callbacks_host_calls_and_actions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/header-propagation/in-to-out.yaml");
    let scenario = scenario::load(&path, &suite::scenarios::find_module).expect("the scenario can be read");
    let mut trace = Vec::new();
    let modules = Modules::new().expect("the engine starts");
    scenario::run_embedded(&scenario, &modules, Some(&mut trace)).expect("the scenario runs");
    let shown: Vec<String> = trace
        .iter()
        .flat_map(|section| section.entries.iter())
        .filter(|entry| entry.callback == "proxy_on_request_headers")
        // How long a module took differs from run to run.
        .filter_map(|entry| Some(entry.to_string().split_once(" copied")?.0.to_owned()))
        .collect();
    insta::assert_snapshot!(shown[0], @r#"
    header-propagation#2 proxy_on_request_headers(6, 1)
        proxy_get_header_map_pairs(request_headers) = {:method: GET, :scheme: http, :authority: example.test, :path: /, x-request-id: 4f0c1a5e-0000-4000-8000-000000000001, x-forwarded-proto: http} -> Ok
        proxy_get_shared_data("weft.correlation/0008d1") -> NotFound
        returned 0 (Continue); 213 bytes
    "#);
    let inbound = r#"proxy_get_property(xds.listener_direction) = "\x01\x00\x00\x00\x00\x00\x00\x00" -> Ok"#;
    assert!(shown[1].contains(inbound), "{}", shown[1]);
    assert!(
        shown[2].contains(r#"proxy_replace_header_map_value(request_headers, "route-v", "v2") -> Ok"#),
        "{}",
        shown[2]
    );
}
