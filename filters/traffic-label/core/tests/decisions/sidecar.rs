//! Sidecars: what comes in is remembered, what goes out is labelled.

use crate::pod::{Inbound, Outbound, Pod, metrics, sidecar, sidecar_of};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The guides' TrafficLabel.
const GUIDES: &str = r#"{"rules": [{"labels": [{"name": "userdefinelabel1", "valueFrom": ["$getContext(x-b3-traceid)", "$localLabel"]}],
    "attachTo": ["opentracing"], "protocols": "*"}], "hosts": ["*"]}"#;

const TRACE: (&str, &[u8]) = ("x-b3-traceid", b"80f198ee56343ba864fe8b2a57d3eff7");

#[test]
fn the_label_that_came_in_goes_out_with_the_same_trace() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(GUIDES));
    assert_eq!(pod.send(&mut policy, Inbound, &[TRACE, ("x-asm-prefer-tag", b"version-gray")]), "");
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "userdefinelabel1: version-gray");
    let other = ("x-b3-traceid", &b"1111111111111111"[..]);
    assert_eq!(pod.send(&mut policy, Outbound, &[other]), "");
}

#[test]
fn the_label_itself_comes_before_the_header_that_it_was_made_of() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(GUIDES));
    let head = [TRACE, ("x-asm-prefer-tag", &b"version-gray"[..]), ("userdefinelabel1", b"version-base")];
    pod.send(&mut policy, Inbound, &head);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "userdefinelabel1: version-base");
}

#[test]
fn what_the_application_sets_itself_stays() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(GUIDES));
    pod.send(&mut policy, Inbound, &[TRACE, ("x-asm-prefer-tag", b"version-gray")]);
    let own = ("userdefinelabel1", &b"version-blue"[..]);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE, own]), "");
    assert_eq!(pod.calls(), 2, "the head and the direction");
}

#[test]
fn the_pods_own_label_stands_in_where_nothing_came_in() {
    let (mut pod, mut policy) = (Pod::default(), sidecar_of(GUIDES, ("ASM_TRAFFIC_TAG", "version-base")));
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "userdefinelabel1: version-base");
    assert_eq!(pod.send(&mut policy, Outbound, &[]), "userdefinelabel1: version-base");
    pod.send(&mut policy, Inbound, &[TRACE, ("x-asm-prefer-tag", b"version-gray")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "userdefinelabel1: version-gray");
}

#[test]
fn in_swim_lane_mode_each_hop_uses_its_own_pods_label() {
    let json = r#"{"rules": [{"labels": [{"name": "lane", "valueFrom": ["$localLabel"]}]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar_of(json, ("ASM_TRAFFIC_TAG", "base")));
    pod.send(&mut policy, Inbound, &[TRACE, ("x-asm-prefer-tag", b"gray"), ("lane", b"gray")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "lane: base");
    assert_eq!(pod.calls(), 3, "the head, the direction and the edit: there is no store");
}

#[test]
fn the_vendors_functions_read_what_they_say() {
    for (function, head, expected) in [
        ("$getInboundRequestHeader(x-user)", ("x-user", "eric"), "lane: eric"),
        ("$getExternalInboundRequestHeader(x-b3-traceid, x-user)", ("x-user", "eric"), "lane: eric"),
        ("$getInboundRequestHeaderWithContext(x-user, x-b3-traceid)", ("x-user", "eric"), "lane: eric"),
        ("$getContext(x-b3-traceid)", ("x-user", "eric"), ""),
        ("$getLabel(version)", ("x-user", "eric"), "lane: v1"),
        ("$localLabel", ("x-user", "eric"), ""),
        ("$(localLabel)", ("x-user", "eric"), ""),
    ] {
        let json = format!(r#"{{"labels": [{{"name": "lane", "value_from": ["{function}"]}}]}}"#);
        let (mut pod, mut policy) = (Pod::default(), sidecar_of(&json, ("version", "v1")));
        pod.send(&mut policy, Inbound, &[TRACE, (head.0, head.1.as_bytes())]);
        assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), expected, "{function}");
    }
    let json = r#"{"labels": [{"name": "lane", "value_from": ["$getLocalOutboundRequestHeader(x-user)"]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    assert_eq!(pod.send(&mut policy, Outbound, &[("x-user", b"eric")]), "lane: eric");
}

#[test]
fn an_own_trace_header_correlates_before_the_known_ones() {
    let json = r#"{"labels": [{"name": "lane", "value_from": [{"inbound": "x-user", "context": "my-trace-id"}]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let mine = ("my-trace-id", &b"42"[..]);
    pod.send(&mut policy, Inbound, &[TRACE, mine, ("x-user", b"eric")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[mine]), "lane: eric");
}

#[test]
fn several_labels_travel_side_by_side() {
    let json = r#"{"labels": [
        {"name": "lane", "value_from": [{"inbound": "x-lane"}, {"value": "base"}]},
        {"name": "team", "header": "x-team", "default": "none"}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    pod.send(&mut policy, Inbound, &[TRACE, ("x-lane", b"gray"), ("x-team", b"blue")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "lane: gray\nx-team: blue");
    pod.wait(61_000);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "lane: base\nx-team: none", "what was stored has expired");
}

#[test]
fn the_baggage_comes_before_the_store_and_members_of_others_stay() {
    let json = r#"{"labels": [{"name": "lane", "carriers": ["header", "baggage", "store"]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let others = ("baggage", &b"user=a%20b;p=1, k"[..]);
    assert_eq!(
        pod.send(&mut policy, Inbound, &[TRACE, others, ("lane", b"gray")]),
        "baggage: user=a%20b;p=1,k,lane=gray",
        "the application may forward it"
    );
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE, ("baggage", b"lane=blue,user=1")]), "lane: blue");
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE, others]), "lane: gray\nbaggage: user=a%20b;p=1,k,lane=gray");
}

#[test]
fn a_member_that_would_break_the_limits_of_w3c_is_left_out() {
    let json = r#"{"labels": [{"name": "lane", "carriers": ["header", "baggage"]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let full = (0..64).map(|member| format!("m{member}=1")).collect::<Vec<_>>().join(",");
    assert_eq!(pod.send(&mut policy, Inbound, &[TRACE, ("baggage", full.as_bytes()), ("lane", b"gray")]), "");
}

#[test]
fn values_outside_the_allow_list_are_ignored_and_counted() {
    let json = r#"{"labels": [{"name": "lane", "values": {"exact": ["base", "gray"]}, "default": "base",
        "carriers": ["header", "baggage", "store"]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    pod.send(&mut policy, Inbound, &[TRACE, ("lane", b"evil"), ("baggage", b"lane=e%0d%0avil")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "lane: base\nbaggage: lane=base");
    assert_eq!(metrics(&mut policy), "store.misses 1\nlane.ignored 2\nlane.from.default 1\nlane.value.base 1");
}

#[test]
fn labels_are_for_the_hosts_and_protocols_that_are_named() {
    let json = r#"{"rules": [{"labels": [{"name": "lane", "valueFrom": ["$getLabel(app)"]}], "protocols": "grpc"}],
        "hosts": ["*.svc.cluster.local"]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let mesh = (":authority", &b"b.shop.svc.cluster.local:8001"[..]);
    let grpc = ("content-type", &b"application/grpc"[..]);
    assert_eq!(pod.send(&mut policy, Outbound, &[mesh, grpc]), "lane: a");
    assert_eq!(pod.send(&mut policy, Outbound, &[mesh]), "");
    assert_eq!(pod.send(&mut policy, Outbound, &[(":authority", b"example.com"), grpc]), "");
}

#[test]
fn labels_are_removed_towards_hosts_outside_the_mesh() {
    let json = r#"{"labels": [{"name": "lane", "carriers": ["header", "baggage"], "default": "base",
        "scrub": {"except": ["*.svc.cluster.local"]}}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let outside = (":authority", &b"example.com"[..]);
    assert_eq!(
        pod.send(&mut policy, Outbound, &[outside, ("lane", b"gray"), ("baggage", b"a=1,lane=gray")]),
        "-lane\nbaggage: a=1"
    );
    assert_eq!(pod.send(&mut policy, Outbound, &[outside]), "");
    assert_eq!(metrics(&mut policy), "lane.scrubbed 1");
}

#[test]
fn a_label_may_go_into_the_filter_state_with_its_header_or_without() {
    let with = r#"{"labels": [{"name": "lane", "filter_state": true}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(with));
    pod.send(&mut policy, Inbound, &[TRACE, ("lane", b"gray")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "lane: gray\nwasm.lane = gray");
    let without = r#"{"labels": [{"name": "lane", "filter_state": true, "carriers": ["store"]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(without));
    pod.send(&mut policy, Inbound, &[TRACE, ("lane", b"gray")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "wasm.lane = gray");
}

#[test]
fn two_labels_for_one_trace_are_settled_as_configured() {
    for (on_conflict, expected) in [("last", "lane: blue"), ("first", "lane: gray"), ("baseline", "lane: base")] {
        let json = format!(
            r#"{{"labels": [{{"name": "lane", "default": "base"}}], "store": {{"on_conflict": "{on_conflict}"}}}}"#
        );
        let (mut pod, mut policy) = (Pod::default(), sidecar(&json));
        pod.send(&mut policy, Inbound, &[TRACE, ("lane", b"gray")]);
        pod.send(&mut policy, Inbound, &[TRACE, ("lane", b"blue")]);
        assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), expected, "{on_conflict}");
    }
}

#[test]
fn a_request_costs_no_call_that_it_does_not_need() {
    let json = r#"{"labels": [{"name": "lane"}]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    pod.send(&mut policy, Outbound, &[]);
    assert_eq!(pod.calls(), 1, "nothing to find it by: the head");
    pod.send(&mut policy, Outbound, &[TRACE]);
    assert_eq!(pod.calls(), 2, "nothing stored: the head and a slot");
    pod.send(&mut policy, Inbound, &[TRACE, ("lane", b"gray")]);
    assert_eq!(pod.calls(), 5, "captured: head, direction, time, slot read, slot written");
    pod.send(&mut policy, Outbound, &[TRACE]);
    assert_eq!(pod.calls(), 5, "applied: head, slot, time, direction, edit");
    pod.send(&mut policy, Outbound, &[TRACE, ("lane", b"gray")]);
    assert_eq!(pod.calls(), 2, "already there: head, direction");
}

#[test]
fn without_direction_or_role_a_request_passes_unchanged_and_is_counted() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(GUIDES));
    assert_eq!(pod.send(&mut policy, None, &[TRACE, ("x-asm-prefer-tag", b"gray")]), "");
    assert_eq!(metrics(&mut policy), "unknown_direction 1");
    let mut policy = sidecar(&GUIDES.replacen('{', r#"{"role": "auto", "#, 1));
    assert!(policy.knows_its_role());
    assert_eq!(pod.send(&mut policy, Outbound, &[TRACE]), "");
}
