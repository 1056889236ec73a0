//! The core, run natively, and its module, run in the engine, decide the same on any exchange.

// The vectors of public suites, and a proxy around the core that answers with what a client gets.
#[allow(dead_code, reason = "the core's own tests use the rest")]
#[path = "../../filters/cors/core/tests/exchanges/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "the core's own tests use the rest")]
#[path = "../../filters/cors/core/tests/suites/tables/mod.rs"]
mod tables;

use correlation_store::MemorySlots;
use cors_core::{Cors, Counts};
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

/// When the engine's clock begins, which is what lots begin with.
const NOW: u64 = 1_700_000_000_000;

/// The cors filter under one configuration: its core, and its module in a proxy that does the same around it.
struct Twins {
    core: proxy::Proxy,
    module: Sidecar,
}

impl Twins {
    fn configured(json: &str) -> Self {
        let cors = Cors::parse(json.as_bytes(), NOW).unwrap_or_else(|problems| panic!("{json}\n{problems}"));
        Self { core: proxy::Proxy { cors, routed: true }, module: Sidecar::with("cors", json, 1) }
    }

    /// What a client gets of the core, and of the module.
    fn exchange(
        &mut self,
        request: &[(&str, &str)],
        status: u16,
        upstream: &[(&str, &str)],
    ) -> (proxy::Answer, proxy::Answer) {
        // A proxy joins what it keeps in one place before a filter sees it.
        let mut request = HeaderMap::from_pairs(request.iter().copied());
        // Without it no route is found.
        request.add(b"x-forwarded-proto", b"http");
        let code = status.to_string();
        let response = HeaderMap::from_pairs([(":status", code.as_str())].into_iter().chain(upstream.iter().copied()));
        let text = |map: &HeaderMap| -> Vec<(String, String)> {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            map.iter().map(|(name, value)| (text(name), text(value))).collect()
        };
        let (shown, answered) = (text(&request), text(&response));
        fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
        }
        let answered: Vec<_> = answered.into_iter().filter(|(name, _)| name != ":status").collect();
        let mut expected = self.core.exchange(&borrowed(&shown), status, &borrowed(&answered));
        let exchanged = self.module.exchange("inbound", request, &response);
        let mut found = proxy::Answer {
            status: text(&exchanged.headers)
                .iter()
                .find_map(|(name, value)| (name == ":status").then(|| value.parse().ok())?)
                .unwrap_or(0),
            headers: text(&exchanged.headers),
            body: String::from_utf8(exchanged.body).expect("text"),
            forwarded: exchanged.forwarded,
        };
        // What the proxy itself says about a reply.
        let of_proxy = |name: &str| {
            [":status", "date"].contains(&name)
                || (!exchanged.forwarded && ["content-length", "content-type"].contains(&name))
        };
        found.headers.retain(|(name, _)| !of_proxy(name));
        expected.headers.sort();
        found.headers.sort();
        (expected, found)
    }

    /// What both counted.
    fn counts(&mut self) -> (Vec<u64>, Vec<u64>) {
        self.module.pass(std::time::Duration::from_secs(5));
        let found = Counts::NAMES.iter().map(|name| self.module.counter(name)).collect();
        (self.core.cors.take_counts().values().to_vec(), found)
    }
}

#[test]
fn the_vectors_of_public_suites_are_answered_alike_by_cors_and_its_module() {
    for suite in &tables::SUITES {
        for (configuration, requests) in suite.requests() {
            let mut twins = Twins::configured(&configuration);
            for request in requests {
                let head = proxy::head(request.method, request.url, &request.headers);
                let (expected, found) = twins.exchange(&head, request.status, request.upstream);
                assert_eq!(found, expected, "{}: {configuration}: {head:?}", suite.name);
            }
            let (expected, found) = twins.counts();
            assert_eq!(found, expected, "{}: {configuration}", suite.name);
        }
    }
}

/// Lists in JSON.
fn some_of(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::subsequence(of, 0..=of.len()).prop_map(|some| format!("[{}]", some.join(", ")))
}

/// A policy; in the profile `envoy` with what only that one takes.
fn any_policy(profile: &'static str) -> impl Strategy<Value = String> {
    let strict: &[&str] = &[
        r#""https://a.example""#,
        r#""https://*.a.example""#,
        r#""http://b.example:*""#,
        r#"{"prefix": "http://10.0.0.1"}"#,
        r#"{"regex": "https://[c-e]\\.example"}"#,
    ];
    let envoy: &[&str] = &[
        r#""*""#,
        r#"{"exact": "null"}"#,
        r#"{"prefix": "https://a"}"#,
        r#"{"suffix": ".example"}"#,
        r#"{"contains": "b.ex", "ignore_case": true}"#,
        r#"{"safe_regex": {"regex": "."}}"#,
    ];
    let lists = (
        some_of(if profile == "envoy" { envoy } else { strict }),
        some_of(&[r#""PUT""#, r#""DELETE""#, r#""*""#]),
        some_of(&[r#""x-a""#, r#""Content-Type""#, r#""*""#]),
        some_of(&[r#""x-c""#, r#""X-D""#]),
    );
    let share = |name: &'static str| {
        prop::option::of(0..=100_u8).prop_map(move |share| {
            share.map(|share| format!(r#""{name}": {{"defaultValue": {{"numerator": {share}}}}}"#))
        })
    };
    let choices = prop::sample::subsequence(
        vec![r#""allowCredentials": true"#, r#""maxAge": "600""#, r#""allowPrivateNetworkAccess": true"#],
        0..=3,
    );
    let of_profile = prop::option::of(prop::sample::select(if profile == "envoy" {
        vec![r#""forwardNotMatchingPreflights": false"#, r#""unmatchedPreflights": "IGNORE""#]
    } else {
        vec![r#""unmatchedPreflights": "FORWARD""#, r#""timingAllowOrigin": true"#]
    }));
    (lists, share("filterEnabled"), share("shadowEnabled"), choices, of_profile).prop_map(
        |((origins, methods, headers, exposed), enabled, shadow, choices, of_profile)| {
            let mut fields = vec![
                format!(r#""allowOrigins": {origins}"#),
                format!(r#""allowMethods": {methods}"#),
                format!(r#""allowHeaders": {headers}"#),
                format!(r#""exposeHeaders": {exposed}"#),
            ];
            fields.extend(enabled.into_iter().chain(shadow));
            fields.extend(choices.into_iter().chain(of_profile).map(str::to_owned));
            format!("{{{}}}", fields.join(", "))
        },
    )
}

/// Two policies, one for a host and a path, and one for all.
fn any_cors() -> impl Strategy<Value = String> {
    let settings = prop::sample::select(vec![
        ("strict", ""),
        ("strict", r#""debug": true, "#),
        ("strict", r#""upstreamHeaders": "preserve", "preflightStatus": 204, "#),
        ("strict", r#""upstreamHeaders": "fallback", "#),
        ("envoy", ""),
        ("envoy", ""),
    ]);
    settings.prop_flat_map(|(profile, settings)| {
        (any_policy(profile), prop::option::of(any_policy(profile))).prop_map(move |(all, one)| {
            let one = one.map_or(String::new(), |one| {
                format!(r#"{{"hosts": ["*.api.example"], "paths": ["/a*"], "corsPolicy": {one}}}, "#)
            });
            format!(r#"{{"profile": "{profile}", {settings}"policies": [{one}{{"corsPolicy": {all}}}]}}"#)
        })
    })
}

/// A request of whichever page, and what the upstream answers.
type Asked = (&'static str, &'static str, Vec<(&'static str, String)>, u16, Vec<(&'static str, &'static str)>);

fn any_asked() -> impl Strategy<Value = Asked> {
    let page = prop::sample::select(vec![
        "https://a.example",
        "https://www.a.example",
        "https://A.example",
        "http://b.example:81",
        "http://10.0.0.1:90",
        "http://10.0.0.1.evil.example",
        "https://d.example",
        "https://v1.api.example",
        "null",
        "*",
        "",
    ]);
    let page = prop_oneof![8 => page.prop_map(str::to_owned), 1 => "[ -~]{0,20}"];
    let names = prop_oneof![
        prop::sample::select(vec!["x-a", "content-type, x-a", "x-b", "", ","]).prop_map(str::to_owned),
        "[ -~]{0,20}"
    ];
    let header = prop_oneof![
        4 => page.prop_map(|page| ("origin", page)),
        4 => prop::sample::select(vec!["GET", "PUT", "PATCH", "put", ""]).prop_map(|method| ("access-control-request-method", method.to_owned())),
        2 => names.prop_map(|names| ("access-control-request-headers", names)),
        1 => prop::sample::select(vec!["true", "TRUE"]).prop_map(|wish| ("access-control-request-private-network", wish.to_owned())),
        1 => Just(("x-other", "1".to_owned())),
    ];
    let theirs = prop::sample::select(vec![
        ("access-control-allow-origin", "*"),
        ("access-control-allow-origin", "https://a.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-theirs"),
        ("timing-allow-origin", "*"),
        ("vary", "accept"),
        ("vary", "origin, x"),
        ("vary", "*"),
        ("content-type", "text/html"),
    ]);
    (
        prop::sample::select(vec!["GET", "OPTIONS", "OPTIONS", "POST"]),
        prop::sample::select(vec!["https://v1.api.example/a/b?c", "https://v1.api.example/", "http://b.example:81/a"]),
        prop::collection::vec(header, 0..6),
        prop::sample::select(vec![200, 204, 404, 503]),
        prop::collection::vec(theirs, 0..4),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cors_and_its_module_agree(configuration in any_cors(), asked in prop::collection::vec(any_asked(), 1..16)) {
        let mut twins = Twins::configured(&configuration);
        for (method, url, headers, status, upstream) in &asked {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let head = proxy::head(method, url, &headers);
            let (expected, found) = twins.exchange(&head, *status, upstream);
            prop_assert_eq!(found, expected, "{}: {:?}", configuration, head);
        }
        let (expected, found) = twins.counts();
        prop_assert_eq!(found, expected, "{}", configuration);
    }

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
