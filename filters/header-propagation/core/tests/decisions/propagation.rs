//! What comes in to a pod goes out of it, for the same request only.

use crate::pod::{Header, Inbound, Outbound, Pod, sidecar};
use header_propagation_core::Counts;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ROUTE_V: &str = r#"{"propagate": {"exact": ["route-v"]}}"#;

/// The identifier of one request and, with `b`, of another.
const A: Header<'static> = ("x-request-id", b"8c175d5c-d8a3-4197-a7f8-6e3e0ab1fe59");
const B: Header<'static> = ("x-request-id", b"11111111-d8a3-4197-a7f8-6e3e0ab1fe59");

fn counted(policy: &mut header_propagation_core::Policy) -> Vec<(&'static str, u64)> {
    let counts = policy.take_counts();
    let all = Counts::NAMES.map(|name| name.trim_start_matches("header_propagation."));
    all.into_iter().zip(counts.values()).filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_header_that_came_in_goes_out_with_every_call_of_the_same_request() {
    let (mut pod, mut inbound, mut outbound) = (Pod::default(), sidecar(ROUTE_V), sidecar(ROUTE_V));
    assert_eq!(pod.send(&mut inbound, Inbound, &[A, ("route-v", b"v2")]), "");
    for _ in 0..2 {
        assert_eq!(pod.send(&mut outbound, Outbound, &[A]), "route-v: v2");
    }
    assert_eq!(pod.send(&mut outbound, Outbound, &[B]), "");
    assert_eq!(counted(&mut outbound), [("hits", 2), ("misses", 1)]);
}

#[test]
fn envoys_trace_mark_in_the_request_id_does_not_part_the_two() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(ROUTE_V));
    pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2")]);
    let marked: Header<'_> = ("x-request-id", b"8c175d5c-d8a3-9197-a7f8-6e3e0ab1fe59");
    assert_eq!(pod.send(&mut policy, Outbound, &[marked]), "route-v: v2");
}

#[test]
fn whichever_identifier_the_application_forwards_is_enough() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(ROUTE_V));
    let traceparent: Header<'_> = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    pod.send(&mut policy, Inbound, &[A, traceparent, ("route-v", b"v2")]);
    let b3: Header<'_> = ("x-b3-traceid", b"a3ce929d0e0e4736");
    for forwarded in [A, traceparent, b3] {
        assert_eq!(pod.send(&mut policy, Outbound, &[forwarded]), "route-v: v2", "{}", forwarded.0);
    }
    // Envoy gives a call without x-request-id a new one; the trace context is believed before it.
    assert_eq!(pod.send(&mut policy, Outbound, &[B, traceparent]), "route-v: v2");
}

#[test]
fn more_lookups_find_what_the_most_believed_identifier_does_not() {
    let new_trace: Header<'_> = ("traceparent", b"00-11111111111111111111111111111111-00f067aa0ba902b7-01");
    for (lookups, expected, calls) in [(1, "", 2), (2, "route-v: v2", 6)] {
        let mut policy =
            sidecar(&format!(r#"{{"propagate": {{"exact": ["route-v"]}}, "correlate": {{"lookups": {lookups}}}}}"#));
        let mut pod = Pod::default();
        pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2")]);
        assert_eq!(pod.send(&mut policy, Outbound, &[A, new_trace]), expected);
        assert_eq!(pod.calls(), calls);
    }
}

#[test]
fn names_travel_by_pattern_unless_they_are_the_callers_or_the_hops() {
    let mut policy = sidecar(r#"{"propagate": {"prefix": ["x-"], "suffix": ["e", "n"], "regex": ["team-[0-9]+"]}}"#);
    let mut pod = Pod::default();
    let head: [Header<'_>; 9] = [
        A,
        (":path", b"/"),
        (":scheme", b"http"),
        ("cookie", b"secret"),
        ("authorization", b"secret"),
        ("x-envoy-attempt-count", b"1"),
        ("x-canary", b"1"),
        ("team-7", b"2"),
        ("lane", b"3"),
    ];
    pod.send(&mut policy, Inbound, &head);
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "x-canary: 1\nteam-7: 2\nlane: 3");
}

#[test]
fn the_callers_headers_travel_when_they_are_named() {
    let mut policy = sidecar(r#"{"propagate": {"exact": ["Authorization", "x-envoy-attempt-count"]}}"#);
    let mut pod = Pod::default();
    pod.send(&mut policy, Inbound, &[A, ("authorization", b"secret"), ("x-envoy-attempt-count", b"1")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "authorization: secret\nx-envoy-attempt-count: 1");
}

#[test]
fn an_applications_own_header_wins_unless_overwriting_is_asked_for() {
    let own: Header<'_> = ("route-v", b"own");
    for (mode, expected) in [("set-if-absent", ""), ("overwrite", "route-v: v2")] {
        let mut policy = sidecar(&format!(r#"{{"propagate": {{"exact": ["route-v"], "mode": "{mode}"}}}}"#));
        let mut pod = Pod::default();
        pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2")]);
        assert_eq!(pod.send(&mut policy, Outbound, &[A, own]), expected, "{mode}");
        assert_eq!(pod.send(&mut policy, Outbound, &[A, ("route-v", b"v2")]), "", "{mode}");
    }
}

#[test]
fn repeated_headers_and_bytes_travel_as_they_are() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(ROUTE_V));
    pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2"), ("route-v", b"\xff\xfe"), ("route-v", b"")]);
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "route-v: v2\n+route-v: \\xff\\xfe\n+route-v: ");
}

#[test]
fn a_header_beyond_a_limit_stays_behind_whole_and_is_counted() {
    let long = [b'x'; 100];
    for (limit, expected) in [
        (r#""max": 2"#, "lane-a: 1"),
        (r#""max_bytes": 32"#, "lane-a: 1\nlane-c: 3"),
        (r#""max_bytes": 4096"#, &*format!("lane-a: 1\nlane-b: 2\n+lane-b: {}\nlane-c: 3", long.escape_ascii())),
    ] {
        let mut policy = sidecar(&format!(r#"{{"propagate": {{"prefix": ["lane-"], {limit}}}}}"#));
        let mut pod = Pod::default();
        let head: [Header<'_>; 5] = [A, ("lane-a", b"1"), ("lane-b", b"2"), ("lane-b", &long), ("lane-c", b"3")];
        pod.send(&mut policy, Inbound, &head);
        assert_eq!(pod.send(&mut policy, Outbound, &[A]), expected, "{limit}");
        assert_eq!(counted(&mut policy).iter().any(|(name, _)| *name == "oversized"), !limit.contains("4096"));
    }
}

#[test]
fn what_does_not_fit_an_entry_is_not_remembered() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(ROUTE_V));
    assert_eq!(pod.send(&mut policy, Inbound, &[A, ("route-v", &[b'x'; 2000])]), "");
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "");
    assert_eq!(counted(&mut policy), [("misses", 1), ("oversized", 1)]);
}

#[test]
fn a_request_without_a_usable_identifier_passes_unchanged() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(ROUTE_V));
    for id in [
        ("x-b3-traceid", &b"not hex"[..]),
        ("traceparent", b"00-"),
        ("x-datadog-trace-id", b"\xff"),
        ("accept", b"*/*"),
    ] {
        assert_eq!(pod.send(&mut policy, Inbound, &[id, ("route-v", b"v2")]), "");
        assert_eq!(pod.send(&mut policy, Outbound, &[id]), "");
        assert_eq!(pod.calls(), 1);
    }
}

#[test]
fn an_entry_expires() {
    let mut policy = sidecar(r#"{"propagate": {"exact": ["route-v"]}, "store": {"ttl": "10s"}}"#);
    let mut pod = Pod::default();
    pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2")]);
    pod.wait(9_999);
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "route-v: v2");
    // The call above came in the second half of the entry's life and renewed it.
    pod.wait(9_999);
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "route-v: v2");
    pod.wait(10_000);
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "");
}

#[test]
fn one_identifier_with_two_values_is_settled_by_the_policy_and_counted() {
    for (on_conflict, expected) in [("last", "route-v: v3"), ("first", "route-v: v2"), ("baseline", "")] {
        let mut policy = sidecar(&format!(
            r#"{{"propagate": {{"exact": ["route-v"]}}, "store": {{"on_conflict": "{on_conflict}"}}}}"#
        ));
        let mut pod = Pod::default();
        for value in [b"v2", b"v2", b"v3"] {
            pod.send(&mut policy, Inbound, &[A, ("route-v", value)]);
        }
        assert_eq!(pod.send(&mut policy, Outbound, &[A]), expected, "{on_conflict}");
        assert!(counted(&mut policy).contains(&("conflicts", 1)));
    }
}

#[test]
fn a_request_that_comes_back_without_the_header_does_not_lose_it() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(ROUTE_V));
    pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2")]);
    assert_eq!(pod.send(&mut policy, Inbound, &[A]), "");
    assert_eq!(pod.send(&mut policy, Outbound, &[A]), "route-v: v2");
}

#[test]
fn plugins_with_different_rules_keep_their_entries_apart() {
    let mut pod = Pod::default();
    let (mut first, mut second) = (sidecar(ROUTE_V), sidecar(r#"{"propagate": {"exact": ["lane"]}}"#));
    let head: [Header<'_>; 3] = [A, ("route-v", b"v2"), ("lane", b"gray")];
    pod.send(&mut first, Inbound, &head);
    pod.send(&mut second, Inbound, &head);
    assert_eq!(pod.send(&mut first, Outbound, &[A]), "route-v: v2");
    assert_eq!(pod.send(&mut second, Outbound, &[A]), "lane: gray");
}

#[test]
fn plugins_with_the_same_names_share_entries_in_whatever_order_they_are_written() {
    let mut pod = Pod::default();
    let mut inbound = sidecar(r#"{"propagate": {"exact": ["Route-V", "lane"], "suffix": ["-a", "-b"], "max": 3}}"#);
    let mut outbound = sidecar(r#"{"propagate": {"exact": ["lane", "route-v"], "suffix": ["-b", "-a"]}}"#);
    pod.send(&mut inbound, Inbound, &[A, ("route-v", b"v2")]);
    assert_eq!(pod.send(&mut outbound, Outbound, &[A]), "route-v: v2");
}

#[test]
fn baggage_carries_what_the_application_forwards_by_itself() {
    let json = r#"{"propagate": {"exact": ["route-v"]}, "carriers": ["baggage", "store"]}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let theirs: Header<'_> = ("baggage", b"k=1;p , route-v=old");
    assert_eq!(pod.send(&mut policy, Inbound, &[theirs, ("route-v", b"v 2")]), "baggage: k=1;p,route-v=v%202");
    let forwarded: Header<'_> = ("baggage", b"k=1;p,route-v=v%202");
    assert_eq!(pod.send(&mut policy, Inbound, &[forwarded, ("route-v", b"v 2")]), "");
    assert_eq!(pod.send(&mut policy, Outbound, &[forwarded]), "route-v: v 2");
    // Neither another's member nor one that would end the header's line becomes a header.
    for member in [&b"authorization=secret"[..], b"route-v=a%0D%0Aset-cookie:b"] {
        assert_eq!(pod.send(&mut policy, Outbound, &[("baggage", member)]), "");
    }
}

#[test]
fn a_request_with_nothing_to_propagate_costs_at_most_two_host_calls() {
    let json = r#"{"propagate": {"exact": ["route-v"], "prefix": ["lane-"]}}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let b3: Header<'_> = ("x-b3-traceid", b"a3ce929d0e0e4736");
    pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2")]);
    for (direction, head) in
        [(Inbound, &[B][..]), (Outbound, &[B]), (Inbound, &[B, b3]), (Outbound, &[B, b3]), (Outbound, &[])]
    {
        assert_eq!(pod.send(&mut policy, direction, head), "");
        assert!(pod.calls() <= 2, "{direction:?} {head:?}: {} calls", pod.calls());
    }
    // The application set all that could be added: the store is not asked.
    let (mut pod, mut exact) = (Pod::default(), sidecar(ROUTE_V));
    assert_eq!(pod.send(&mut exact, Outbound, &[A, ("route-v", b"own")]), "");
    assert_eq!(pod.calls(), 2);
}

#[test]
fn an_unknown_direction_changes_nothing_and_is_counted() {
    let (mut pod, mut policy) = (Pod::default(), sidecar(ROUTE_V));
    pod.send(&mut policy, Inbound, &[A, ("route-v", b"v2")]);
    policy.take_counts();
    assert_eq!(pod.send(&mut policy, None, &[A]), "");
    assert_eq!(pod.send(&mut policy, None, &[A, ("route-v", b"v3")]), "");
    assert_eq!(counted(&mut policy), [("hits", 1), ("unknown_direction", 2)]);
}
