//! The cors module in the embedded engine: what each kind of request costs in host calls, as its README says.

use host_harness::envoy::Modules;
use host_harness::scenario;

/// The host calls of one request, those of its response behind a bar.
fn calls(config: &str, request: &str) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("scenario.yaml");
    let steps = format!("steps: [{{request: {request}}}]");
    std::fs::write(&path, format!("plugins: [{{filter: cors, config: {config}}}]\n{steps}\n"))?;
    let scenario = scenario::load(&path, &suite::scenarios::find_module)?;
    let mut trace = Vec::new();
    scenario::run_embedded(&scenario, &Modules::new()?, Some(&mut trace))?;
    let entries: Vec<_> = trace.iter().flat_map(|section| &section.entries).collect();
    let of = |callback: &str| {
        let entries = entries.iter().filter(|entry| entry.callback == callback);
        let calls = entries.flat_map(|entry| entry.calls.iter().map(|call| call.function.trim_start_matches("proxy_")));
        calls.collect::<Vec<_>>().join(" ")
    };
    Ok(format!("{} | {}", of("proxy_on_request_headers"), of("proxy_on_response_headers")))
}

const ENVOY: &str = r#"{profile: envoy, policies: [{corsPolicy: {allowOrigins: ["https://a.example"]}}]}"#;
const STRICT: &str = r#"{policies: [{corsPolicy: {allowOrigins: ["https://a.example"]}}]}"#;
const BY_HOST: &str = r#"{policies: [{hosts: [api.test], corsPolicy: {allowOrigins: ["https://a.example"]}}]}"#;

const PLAIN: &str = "{}";
const SIMPLE: &str = r#"{headers: [[origin, "https://a.example"]]}"#;
const PREFLIGHT: &str =
    r#"{method: OPTIONS, headers: [[origin, "https://a.example"], [access-control-request-method, GET]]}"#;

#[test]
fn a_request_with_nothing_to_do_costs_one_host_call() -> anyhow::Result<()> {
    assert_eq!(calls(ENVOY, PLAIN)?, "get_header_map_value | ");
    assert_eq!(calls(BY_HOST, PLAIN)?, "get_header_map_pairs | ");
    assert_eq!(calls(BY_HOST, SIMPLE)?, "get_header_map_pairs | ");
    Ok(())
}

#[test]
fn every_request_costs_what_the_readme_says() -> anyhow::Result<()> {
    let marked = "get_header_map_pairs replace_header_map_value";
    assert_eq!(calls(STRICT, PLAIN)?, "get_header_map_value | get_header_map_value replace_header_map_value");
    assert_eq!(
        calls(STRICT, SIMPLE)?,
        format!("get_header_map_value get_header_map_pairs | {marked} replace_header_map_value")
    );
    assert_eq!(
        calls(ENVOY, SIMPLE)?,
        "get_header_map_value get_header_map_pairs get_property | replace_header_map_value"
    );
    assert_eq!(calls(STRICT, PREFLIGHT)?, "get_header_map_value get_header_map_pairs send_local_response | ");
    Ok(())
}

#[test]
fn what_the_request_before_had_the_next_one_is_not_asked_for() -> anyhow::Result<()> {
    let after = |before: &str, request: &str| -> anyhow::Result<String> {
        let calls = calls(STRICT, &format!("{before}}}, {{request: {request}"))?;
        Ok(calls.split(" | ").next().unwrap_or_default().to_owned())
    };
    let (asks, reads) = ("get_header_map_value", "get_header_map_pairs");
    let preflight = format!("{reads} send_local_response");
    assert_eq!(after(PLAIN, PLAIN)?, format!("{asks} {asks}"));
    assert_eq!(after(PREFLIGHT, PREFLIGHT)?, format!("{asks} {preflight} {preflight}"));
    assert_eq!(after(PREFLIGHT, PLAIN)?, format!("{asks} {preflight} {reads}"));
    Ok(())
}
