//! What a transcoded request costs in host calls: those that fetch what is needed and do what is decided, and no other.

use std::path::Path;

use host_harness::envoy::Modules;
use host_harness::scenario;

/// The host calls of every callback in one step of a scenario of the transcoder, those without any left out.
fn calls(file: &str, step: usize) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/grpc-json-transcoder");
    let scenario =
        scenario::load(&folder.join(file), &suite::scenarios::find_module).expect("the scenario can be read");
    let mut trace = Vec::new();
    let modules = Modules::new().expect("the engine starts");
    scenario::run_embedded(&scenario, &modules, Some(&mut trace)).expect("the scenario runs");
    let entries = trace[step - 1].entries.iter().map(ToString::to_string);
    let name = |line: &str| Some(line.trim_start().split_once(['(', ' '])?.0.trim_start_matches("proxy_").to_owned());
    let shown = entries.map(|entry| {
        let callback = entry.split(['(', ' ']).nth(1).unwrap_or_default().trim_start_matches("proxy_on_").to_owned();
        let calls: Vec<String> = entry.lines().filter(|line| line.starts_with("    proxy_")).filter_map(name).collect();
        (callback, calls)
    });
    shown.filter(|(_, calls)| !calls.is_empty()).map(|(name, calls)| format!("{name}: {}", calls.join(", "))).collect()
}

#[test]
fn a_get_costs_eight_host_calls() {
    insta::assert_snapshot!(calls("unary.yaml", 1).join("\n"), @r"
    request_headers: get_header_map_pairs, get_property, http_call
    http_call_response: set_effective_context, get_header_map_pairs, get_buffer_bytes, get_header_map_pairs, send_local_response
    ");
}

#[test]
fn a_request_that_is_not_for_the_filter_costs_one() {
    for step in [11, 12] {
        assert_eq!(calls("unary.yaml", step), ["request_headers: get_header_map_pairs"]);
    }
}
