//! The core, run natively, and its module, run in the engine, decide the same on any exchange.

use correlation_store::MemorySlots;
use header_propagation_core::{Direction, Policy, Surroundings};
use host_harness::envoy::HeaderMap;
use http_exchange::{HeaderEdit, HeaderEdits, Headers};
use proptest::prelude::*;
use suite::sidecar::Sidecar;
use traffic_label_core as traffic_label;

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

impl traffic_label::Surroundings for Here {
    fn direction(&mut self) -> Option<Direction> {
        Some(self.0)
    }

    fn unix_millis(&mut self) -> Option<u64> {
        Some(1_700_000_000_000)
    }

    fn source_address(&mut self) -> Option<Vec<u8>> {
        Some(b"127.0.0.1:80".to_vec())
    }

    fn metadata(&mut self, _path: &[&str]) -> Option<Vec<u8>> {
        None
    }
}

impl traffic_label::Node for Here {
    fn id(&mut self) -> Option<Vec<u8>> {
        Some(b"sidecar~127.0.0.1~pod.default~default.svc.cluster.local".to_vec())
    }

    fn label(&mut self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn namespace(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// What a core makes of a head, as the adapter would apply it.
fn natively(mut head: HeaderMap, decide: impl for<'a> FnOnce(&Headers<'a>) -> HeaderEdits<'a>) -> HeaderMap {
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = head.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    for edit in decide(&Headers::new(&pairs)) {
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

/// Labels at a sidecar, and rules as at a gateway.
fn any_labels() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        r#"{"labels": [{"name": "route-v"}]}"#,
        r#"{"labels": [{"name": "route-v", "values": {"exact": ["v1", "v2"]}, "carriers": ["header", "baggage", "store"],
            "value_from": [{"inbound": "x-canary-a", "context": "x-other"}, {"outbound": "x-canary-b"}], "default": "v1"}],
            "store": {"slots": 1, "ways": 1, "on_conflict": "baseline"}, "correlate": {"lookups": 8}}"#,
        r#"{"labels": [{"name": "route-v", "sign": {"keys": ["0123456789abcdef"]}}]}"#,
        r#"{"labels": [{"name": "my-lane", "scrub": {"hosts": ["hello2-svc"]}, "carriers": ["header", "baggage"]}]}"#,
        r#"{"role": "gateway", "labels": [
            {"name": "route-v", "rules": [
                {"when": {"header": {"x-canary-a": {"in": ["v1", "v2"]}}, "not": {"cookie": {"uid": "7"}}}, "value": "v2"},
                {"split": {"unit": [{"header": "x-other"}, {"ip": {}}], "seed": "s", "weights": [{"a": 33.3}, {"b": 66.7}]}}]},
            {"name": "my-lane", "client": "accept", "carriers": ["header", "baggage"], "rules": [
                {"when": {"percent": 50, "source": ["127.0.0.0/8"], "header": {"x-request-id": {"regex": ".+"}}}, "value": "c"}]}]}"#,
    ])
}

fn listener(inbound: bool) -> (&'static str, Direction) {
    if inbound { ("inbound", Direction::Inbound) } else { ("outbound", Direction::Outbound) }
}

/// The edit without what it borrows from the policy.
fn owned(edit: HeaderEdit<'_>) -> HeaderEdit<'static> {
    let own = |bytes: std::borrow::Cow<'_, [u8]>| bytes.into_owned().into();
    match edit {
        HeaderEdit::Set(name, value) => HeaderEdit::Set(own(name), own(value)),
        HeaderEdit::Add(name, value) => HeaderEdit::Add(own(name), own(value)),
        HeaderEdit::Remove(name) => HeaderEdit::Remove(own(name)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn header_propagation_and_its_module_agree(configuration in any_configuration(), exchanges in any_exchanges()) {
        let mut sidecar = Sidecar::with("header-propagation", configuration, 1);
        let node = || Some(b"sidecar~127.0.0.1~pod.default~default.svc.cluster.local".to_vec());
        let mut policy = Policy::parse(configuration.as_bytes(), node).expect("a valid configuration");
        let mut slots = MemorySlots::default();
        for (inbound, headers) in exchanges {
            let (name, direction) = listener(inbound);
            let expected = natively(Sidecar::head(&headers), |head| {
                let edits = policy.on_request_headers(head, &mut slots, &mut Here(direction)).edits;
                edits.into_iter().map(owned).collect()
            });
            let (found, _) = sidecar.send(0, name, &headers);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn traffic_label_and_its_module_agree(configuration in any_labels(), exchanges in any_exchanges()) {
        let mut sidecar = Sidecar::with("traffic-label", configuration, 1);
        let node = &mut Here(Direction::Inbound);
        let mut policy = traffic_label::Policy::parse(configuration.as_bytes(), node).expect("a valid configuration");
        let mut slots = MemorySlots::default();
        for (inbound, headers) in exchanges {
            let (name, direction) = listener(inbound);
            let expected = natively(Sidecar::head(&headers), |head| {
                let mut exchange = traffic_label::Exchange::default();
                let decision = policy.on_request_headers(&mut exchange, head, &mut slots, &mut Here(direction));
                decision.step.edits.into_iter().map(owned).collect()
            });
            let (found, _) = sidecar.send(0, name, &headers);
            prop_assert_eq!(found, expected);
        }
    }
}
