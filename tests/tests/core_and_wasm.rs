//! The core, run natively, and its module, run in the engine, decide the same on any exchange.

use correlation_store::MemorySlots;
use header_propagation_core::{Direction, Policy, Surroundings};
use host_harness::envoy::HeaderMap;
use http_exchange::{HeaderEdit, Headers};
use proptest::prelude::*;
use suite::sidecar::Sidecar;

/// One request: which listener it comes by, and its headers beside the pseudo-headers.
type Exchange = (bool, Vec<(Vec<u8>, Vec<u8>)>);

struct Here(Direction);

impl Surroundings for Here {
    fn direction(&mut self) -> Option<Direction> {
        Some(self.0)
    }

    fn unix_millis(&mut self) -> Option<u64> {
        Some(1_700_000_000_000)
    }
}

/// What the core makes of a head, as the adapter would apply it.
fn natively(policy: &mut Policy, slots: &mut MemorySlots, direction: Direction, mut head: HeaderMap) -> HeaderMap {
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = head.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    for edit in policy.on_request_headers(&Headers::new(&pairs), slots, &mut Here(direction)).edits {
        match edit {
            HeaderEdit::Set(name, value) => head.replace(&name, &value),
            HeaderEdit::Add(name, value) => head.add(&name, &value),
            HeaderEdit::Remove(name) => {
                head.remove(&name);
            }
        }
    }
    head
}

fn any_header() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let names = prop::sample::select(vec![
        "route-v",
        "x-canary-a",
        "x-canary-b",
        "my-lane",
        "x-request-id",
        "traceparent",
        "b3",
        "x-b3-traceid",
        "sw8",
        "uber-trace-id",
        "x-amzn-trace-id",
        "x-datadog-trace-id",
        "baggage",
        "cookie",
        "authorization",
        "x-other",
    ]);
    let known = prop::sample::select(vec![
        "v1",
        "v2",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "a3ce929d0e0e4736:00f067aa0ba902b7:0:1",
        "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736",
        "11803532876627986230",
        "a8d1c0a8-5d0d-4f0e-9c3b-0d7b7a7f7f10",
        "route-v=v3,foreign=1;ttl=5",
    ]);
    let value = prop_oneof![
        4 => known.prop_map(|value| value.as_bytes().to_vec()),
        1 => prop::collection::vec(1_u8.., 0..40),
    ];
    (names.prop_map(|name| name.as_bytes().to_vec()), value)
}

fn any_exchanges() -> impl Strategy<Value = Vec<Exchange>> {
    prop::collection::vec((any::<bool>(), prop::collection::vec(any_header(), 0..6)), 1..12)
}

fn any_configuration() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        r#"{"propagate": {"exact": ["route-v"]}}"#,
        r#"{"propagate": {"prefix": ["x-canary-"], "suffix": ["-lane"], "regex": ["route-.*"], "mode": "overwrite"}}"#,
        r#"{"propagate": {"exact": ["route-v", "cookie"], "max": 1, "max_bytes": 64}, "carriers": ["baggage", "store"]}"#,
        r#"{"propagate": {"exact": ["route-v"]}, "store": {"slots": 1, "ways": 1, "on_conflict": "baseline"},
            "correlate": {"lookups": 8}}"#,
        r#"{"stamp": [{"name": "x-lane", "value": "gray", "when": {"headers": {"route-v": {"prefix": "v"}}}}]}"#,
        r#"{"head_tag_name": "route-v", "head_tag_value": "hello2v2"}"#,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_core_and_its_module_agree(configuration in any_configuration(), exchanges in any_exchanges()) {
        let mut sidecar = Sidecar::with(configuration, 1);
        let node = || Some(b"sidecar~127.0.0.1~pod.default~default.svc.cluster.local".to_vec());
        let mut policy = Policy::parse(configuration.as_bytes(), node).expect("a valid configuration");
        let mut slots = MemorySlots::default();
        for (inbound, headers) in exchanges {
            let (name, direction) =
                if inbound { ("inbound", Direction::Inbound) } else { ("outbound", Direction::Outbound) };
            let head = Sidecar::head(&headers);
            let expected = natively(&mut policy, &mut slots, direction, head);
            let (found, _) = sidecar.send(0, name, &headers);
            prop_assert_eq!(found, expected);
        }
    }
}
