//! What is wrong with a configuration is said at once, each problem with its path; and what documents show is sound.
#![allow(clippy::panic, reason = "a test may panic")]
use traffic_label_core::{Node, Policy};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

struct Workload(&'static str);

impl Node for Workload {
    fn id(&mut self) -> Option<Vec<u8>> {
        Some(self.0.as_bytes().to_vec())
    }

    fn label(&mut self, name: &str) -> Option<Vec<u8>> {
        (name == "ASM_TRAFFIC_TAG").then(|| b"version-base".to_vec())
    }

    fn namespace(&mut self) -> Option<Vec<u8>> {
        Some(b"shop".to_vec())
    }
}

fn configured(json: &str, node: &'static str) -> String {
    match Policy::parse(json.as_bytes(), &mut Workload(node)) {
        Ok(policy) => policy.to_string(),
        Err(problems) => problems.to_string(),
    }
}

#[track_caller]
fn check(json: &str, expected: &str) {
    assert_eq!(configured(json, "router~a"), expected);
}

#[test]
fn a_good_configuration_is_described_in_a_line() {
    const TWO: &str = r#"{"labels": [{"name": "lane"}, {"name": "team", "header": "x-team"}]}"#;
    check(TWO, "gateway: lane, team");
    assert_eq!(configured(TWO, "sidecar~a"), "sidecar: lane, team; store of at most 4575232 bytes");
    assert_eq!(configured(TWO, "waypoint~a"), "waypoint: lane, team");
    assert_eq!(
        configured(TWO, "my-envoy"),
        "nothing: the node id does not begin with an Istio role, so requests pass unchanged; configure `role`"
    );
    let local = r#"{"labels": [{"name": "lane", "value_from": ["$localLabel"]}]}"#;
    assert_eq!(configured(local, "sidecar~a"), "sidecar: lane", "nothing is carried, so there is no store");
}

#[test]
fn an_unknown_function_is_an_error_that_lists_the_known_ones() {
    let value_from = |source: &str| format!(r#"{{"labels": [{{"name": "lane", "value_from": [{source}]}}]}}"#);
    check(
        &value_from(r#""$getCookie(uid)""#),
        "labels[0].value_from[0]: expected one of $getContext, $localLabel, $getInboundRequestHeader, \
         $getExternalInboundRequestHeader, $getInboundRequestHeaderWithContext, $getLocalOutboundRequestHeader, \
         $getLabel, but found \"$getCookie(uid)\" (line 1 column 45)",
    );
    for (source, problem) in [
        (r#""$getContext""#, r#"expected $getContext with one argument in parentheses, but found "$getContext""#),
        (r#""$getLabel(a""#, r#"expected $getLabel with one argument in parentheses, but found "$getLabel(a""#),
        (r#""$localLabel(a)""#, r#"expected $localLabel with nothing in parentheses, but found "$localLabel(a)""#),
        (
            r#""$getExternalInboundRequestHeader(a)""#,
            "expected $getExternalInboundRequestHeader with two arguments in parentheses, \
             but found \"$getExternalInboundRequestHeader(a)\"",
        ),
        (
            r#""$getInboundRequestHeader(:path)""#,
            "expected a header that may be set, but found the pseudo-header \":path\"",
        ),
        (
            "{}",
            "expected one of inbound (perhaps with context), context, outbound, workload_label and value, but found none",
        ),
        (
            r#"{"outbound": "a", "context": "b"}"#,
            "expected one of inbound (perhaps with context), context, outbound, workload_label and value, \
             but found others together",
        ),
    ] {
        check(&value_from(source), &format!("labels[0].value_from[0]: {problem} (line 1 column 45)"));
    }
}

#[test]
fn everything_is_said_at_once_with_its_path() {
    check(
        r#"{
  "labels": [
    {"name": "te", "client": "drop", "values": {}, "carriers": ["cookie"]},
    {"name": "lane", "values": {"exact": ["base"]}, "default": "gray", "guard": {"baseline": "blue"},
     "rules": [{"when": {"heder": {}}, "value": "green"}, {"split": {}}, {}]},
    {"name": "lane", "scrub": {}, "carriers": ["baggage"], "sign": {"keys": ["0123456789abcdef"]}}
  ],
  "hosts": ["a b"], "store": {"slots": 3}, "explain": {}, "label": 1
}"#,
        "hosts[0]: expected a host, *.domain or *, but found \"a b\" (line 8 column 13)\n\
         labels[0].name: expected a header that may be set, but found \"te\", which belongs to one connection or message (line 3 column 14)\n\
         labels[0].values: expected values in exact, prefix, suffix or regex, but found none (line 3 column 48)\n\
         labels[0].carriers[0]: expected header, baggage or store, but found \"cookie\" (line 3 column 65)\n\
         labels[0].client: expected strip or accept, but found \"drop\" (line 3 column 30)\n\
         labels[1].rules[0].when.heder: expected header, but found \"heder\" (line 5 column 26)\n\
         labels[1].rules[1].split: expected weights or ranges, but found neither (line 5 column 69)\n\
         labels[1].rules[2].value: expected value or split, but found neither (line 5 column 74)\n\
         labels[1]: expected only values of the label, but found gray, which `values` leaves out (line 4 column 5)\n\
         labels[1]: expected only values of the label, but found blue, which `values` leaves out (line 4 column 5)\n\
         labels[1]: expected only values of the label, but found green, which `values` leaves out (line 4 column 5)\n\
         labels[2].scrub: expected hosts or except, but found neither (line 6 column 31)\n\
         labels[2].sign: expected carriers without baggage beside it, because a member of the baggage is not signed (line 6 column 68)\n\
         labels[2]: expected each label and each header once, but found \"lane\" again (line 6 column 5)\n\
         store.slots: expected a power of two, but found 3 (line 8 column 40)\n\
         explain.when: expected a value, but found none (line 8 column 55)\n\
         label: expected labels, but found \"label\" (line 8 column 59)",
    );
}

#[test]
fn what_a_configuration_gives_a_label_must_be_among_its_values() {
    check(
        r#"{"labels": [{"name": "lane", "values": {"exact": ["base"]}, "default": "gray", "guard": {"baseline": "blue"},
            "value_from": [{"value": "red"}], "rules": [{"value": "green"}]}]}"#,
        "labels[0]: expected only values of the label, but found red, which `values` leaves out (line 1 column 13)\n\
         labels[0]: expected only values of the label, but found gray, which `values` leaves out (line 1 column 13)\n\
         labels[0]: expected only values of the label, but found blue, which `values` leaves out (line 1 column 13)\n\
         labels[0]: expected only values of the label, but found green, which `values` leaves out (line 1 column 13)",
    );
}

#[test]
fn a_configuration_without_labels_is_none() {
    for json in ["{}", r#"{"labels": []}"#, r#"{"rules": [{"labels": []}]}"#] {
        assert!(
            configured(json, "router~").starts_with("expected labels (or rules, as a TrafficLabel has them)"),
            "{json}"
        );
    }
    check("", "expected a configuration in JSON, but found nothing");
}

#[test]
fn vendors_forms_are_taken_as_they_are() {
    for json in [
        r#"{"rules": [{"labels": [{"name": "userdefinelabel1", "valueFrom": ["$getContext(x-b3-traceid)", "$(localLabel)"]}],
            "attachTo": ["opentracing"], "protocols": "*"}], "hosts": ["*"], "workloadSelector": {"labels": {"app": "a"}}}"#,
        r#"{"workloadSelector": {}, "rules": [{"labels": [{"name": "asm-label", "valueFrom": ["$getInboundRequestHeader(x-asm-prefer-tag)", "$localLabel"]}]}]}"#,
        r#"{"rules": [{"labels": [{"name": "csm", "valueFrom": ["$getInboundRequestHeaderWithContext(x-tag, x-request-id)", "$getLabel(CSM_TRAFFIC_TAG)"]}], "protocols": ["http", "grpc"]}]}"#,
    ] {
        let configured = configured(json, "sidecar~a");
        assert!(configured.starts_with("sidecar: "), "{configured}");
    }
}

#[test]
fn every_configuration_in_the_readme_is_sound() {
    let readme = include_str!("../../README.md");
    let blocks: Vec<_> = readme.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 6, "found {}", blocks.len());
    for block in blocks {
        for node in ["sidecar~a", "router~a"] {
            if let Err(problems) = Policy::parse(block.as_bytes(), &mut Workload(node)) {
                panic!("{block}\n{problems}");
            }
        }
    }
}
