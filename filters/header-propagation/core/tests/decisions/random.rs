//! Whatever comes, nothing panics and nothing travels that must not.

use crate::pod::{Header, Inbound, Outbound, Pod, sidecar};
use proptest::prelude::*;

const NAMES: [&str; 14] = [
    ":path",
    "authorization",
    "baggage",
    "b3",
    "connection",
    "cookie",
    "lane",
    "route-v",
    "sw8",
    "traceparent",
    "uber-trace-id",
    "x-b3-traceid",
    "x-envoy-a",
    "x-request-id",
];

/// A few identifiers that really are some, so that entries are found.
const VALUES: [&[u8]; 4] = [
    b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    b"4bf92f3577b34da6a3ce929d0e0e4736",
    b"lane=gray,authorization=a,route-v=%0a,x=1",
    b"\xff\x00",
];

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::sample::select(VALUES.to_vec()).prop_map(<[u8]>::to_vec), any::<Vec<u8>>()]
}

fn head() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    prop::collection::vec((prop::sample::select(NAMES.to_vec()), value()), 0..12)
}

/// Whether a header has a name that only the baggage of an earlier or this request brought, and that may travel: random
/// bytes are a member now and then, and the configuration lets every name through that it may.
fn is_foreign_member(name: &str, members: &[Vec<u8>]) -> bool {
    let token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let assigned = |baggage: &Vec<u8>| baggage.windows(name.len()).any(|part| part == name.as_bytes());
    !name.is_empty()
        && name.bytes().all(token)
        && !NAMES.contains(&name)
        && !name.starts_with("x-envoy-")
        && members.iter().any(assigned)
}

proptest! {
    #[test]
    fn only_headers_that_may_travel_are_ever_added(
        requests in prop::collection::vec((head(), prop::option::of(any::<bool>()), 0..40_000_u64), 1..20),
    ) {
        let json = r#"{
            "propagate": {"exact": ["route-v"], "regex": [".*"], "max": 4, "max_bytes": 64},
            "store": {"slots": 1, "ways": 2}, "correlate": {"lookups": 3}, "carriers": ["store", "baggage"]
        }"#;
        let (mut pod, mut policy) = (Pod::default(), sidecar(json));
        let mut members = Vec::new();
        for (head, direction, wait) in &requests {
            pod.wait(*wait);
            let head: Vec<Header<'_>> = head.iter().map(|(name, value)| (*name, value.as_slice())).collect();
            let direction = direction.map(|inbound| if inbound { Inbound } else { Outbound });
            let edits = pod.send(&mut policy, direction, &head);
            members.extend(head.iter().filter(|(name, _)| *name == "baggage").map(|(_, value)| value.to_ascii_lowercase()));
            for edit in edits.lines() {
                let name = edit.trim_start_matches('+').split_once(": ").map(|(name, _)| name).unwrap_or_default();
                let may_travel = matches!(name, "lane" | "route-v" | "x");
                let announced = direction == Some(Inbound) && name == "baggage";
                prop_assert!(may_travel || announced || is_foreign_member(name, &members), "{edit}");
            }
        }
    }
}
