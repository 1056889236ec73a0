//! Constant headers: the guides' configuration as it is, and stamps under conditions, directions and roles.

use crate::pod::{Header, Inbound, Outbound, Pod, sidecar};
use header_propagation_core::Policy;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn at(node: &str, json: &str) -> Policy {
    Policy::parse(json.as_bytes(), || Some(node.as_bytes().to_vec())).unwrap()
}

#[test]
fn the_guides_stamp_goes_on_every_request_in_one_call() {
    let json = r#"{"head_tag_name": "route-v", "head_tag_value": "hello2v2"}"#;
    for node in ["sidecar~a", "router~a", "no-istio"] {
        for direction in [Some(Inbound), Some(Outbound), None] {
            let (mut pod, mut policy) = (Pod::default(), at(node, json));
            assert_eq!(pod.send(&mut policy, direction, &[("route-v", b"v2")]), "route-v: hello2v2");
            assert_eq!(pod.calls(), 1);
        }
    }
}

#[test]
fn the_guides_empty_name_does_nothing_at_no_call() {
    for json in [r#"{"head_tag_name": ""}"#, r#"{"head_tag_name": "", "head_tag_value": "v2"}"#] {
        let (mut pod, mut policy) = (Pod::default(), sidecar(json));
        assert_eq!(pod.send(&mut policy, Outbound, &[]), "");
        assert_eq!(pod.calls(), 0);
    }
}

#[test]
fn a_stamp_is_for_what_goes_out_unless_it_says_otherwise() {
    for (direction, inbound, outbound) in
        [("", false, true), (r#", "direction": "inbound""#, true, false), (r#", "direction": "both""#, true, true)]
    {
        let mut policy = sidecar(&format!(r#"{{"stamp": [{{"name": "Lane", "value": "gray"{direction}}}]}}"#));
        let mut pod = Pod::default();
        assert_eq!(pod.send(&mut policy, Inbound, &[]) == "lane: gray", inbound, "{direction}");
        assert_eq!(pod.send(&mut policy, Outbound, &[]) == "lane: gray", outbound, "{direction}");
        assert!(pod.calls() <= 2);
    }
}

#[test]
fn all_conditions_must_hold() {
    let mut policy = at(
        "router~a",
        r#"{"stamp": [{"name": "lane", "value": "gray", "when": {
            "headers": {"User-Agent": {"contains": "iphone13", "ignore_case": true}},
            "path": {"prefix": "/v1/"},
            "method": {"regex": "GET|HEAD"}
        }}]}"#,
    );
    let mut pod = Pod::default();
    let agent: Header<'_> = ("user-agent", b"Mozilla (iPhone13)");
    let path: Header<'_> = (":path", b"/v1/a?b");
    let get: Header<'_> = (":method", b"GET");
    assert_eq!(pod.send(&mut policy, Outbound, &[get, path, agent]), "lane: gray");
    let others: [[Header<'_>; 3]; 3] = [
        [(":method", b"POST"), path, agent],
        [get, (":path", b"/v2?/v1/"), agent],
        [get, path, ("user-agent", b"\xff")],
    ];
    for head in others {
        assert_eq!(pod.send(&mut policy, Outbound, &head), "");
        assert_eq!(pod.calls(), 1);
    }
}

#[test]
fn gateways_and_waypoints_stamp_and_leave_propagation_to_sidecars() {
    let json = r#"{"stamp": [{"name": "lane", "value": "gray"}], "propagate": {"exact": ["route-v"]}}"#;
    for (node, direction) in [("router~a", Outbound), ("waypoint~a", Inbound)] {
        let (mut pod, mut policy) = (Pod::default(), at(node, json));
        assert_eq!(policy.to_string(), "stamps only: lane, no propagation");
        assert_eq!(pod.send(&mut policy, direction, &[("x-request-id", b"1"), ("route-v", b"v2")]), "lane: gray");
        assert_eq!(pod.calls(), 1);
    }
}

#[test]
fn an_unknown_role_changes_nothing_and_is_counted() {
    let json = r#"{"stamp": [{"name": "lane", "value": "gray"}], "propagate": {"exact": ["route-v"]}}"#;
    for mut policy in [at("envoy-1", json), Policy::parse(json.as_bytes(), || None).unwrap()] {
        let mut pod = Pod::default();
        assert_eq!(pod.send(&mut policy, Outbound, &[("x-request-id", b"1")]), "");
        assert_eq!(pod.calls(), 0);
        assert_eq!(policy.take_counts().values(), [0, 0, 0, 0, 0, 0, 1, 0]);
        assert!(!policy.knows_its_role());
        assert!(policy.to_string().starts_with("nothing: "));
    }
    let told = format!(r#"{{"role": "sidecar", {}"#, json.trim_start_matches('{'));
    assert_eq!(Pod::default().send(&mut at("envoy-1", &told), Outbound, &[]), "lane: gray");
}

#[test]
fn a_stamp_prevails_over_what_was_remembered() {
    let json = r#"{"stamp": [{"name": "route-v", "value": "stamped"}], "propagate": {"exact": ["route-v"]}}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    pod.send(&mut policy, Inbound, &[("x-request-id", b"1"), ("route-v", b"v2")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[("x-request-id", b"1")]), "route-v: v2\nroute-v: stamped");
}
