//! What `strict` does to responses: those of the upstream, and those that other filters give in its place.

use crate::proxy::{Header, configured, head, with};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const POLICY: &str =
    r#"{"allowOrigins": ["https://a.example"], "exposeHeaders": ["x-a", "x-b"], "allowCredentials": true}"#;
const ORIGIN: Header<'_> = ("origin", "https://a.example");
const EVIL: Header<'_> = ("origin", "https://evil.example");
const ALLOWED: &str = "allow-origin: https://a.example | allow-credentials: true | expose-headers: x-a,x-b";

#[test]
fn a_response_is_marked_for_the_page_and_for_caches() {
    let mut proxy = with("strict", POLICY);
    assert_eq!(proxy.send("GET", &[ORIGIN], &[]).to_string(), format!("200 forwarded | {ALLOWED} | vary: Origin"));
    assert_eq!(proxy.send("GET", &[EVIL], &[]).to_string(), "200 forwarded | vary: Origin");
    assert_eq!(proxy.send("GET", &[("origin", "null")], &[]).to_string(), "200 forwarded | vary: Origin");
    assert_eq!(proxy.send("GET", &[], &[]).to_string(), "200 forwarded | vary: Origin");
    assert_eq!(proxy.counts(), "origin_valid 1, origin_invalid 2");
}

#[test]
fn a_refusal_by_another_filter_can_be_read_by_the_page() {
    for status in [401, 403, 404, 429, 503] {
        let mut proxy = with("strict", POLICY);
        let answer = proxy.exchange(&head("POST", "http://api.example/", &[ORIGIN]), status, &[]);
        assert_eq!(answer.to_string(), format!("{status} forwarded | {ALLOWED} | vary: Origin"));
    }
}

#[test]
fn vary_is_merged_and_not_repeated() {
    for (lines, expected) in [
        (&[][..], "Origin"),
        (&["Accept-Encoding"], "Accept-Encoding, Origin"),
        (&["Accept-Encoding, User-Agent"], "Accept-Encoding, User-Agent, Origin"),
        (&["Accept-Encoding", "User-Agent"], "Accept-Encoding, User-Agent, Origin"),
        (&[""], "Origin"),
        (&["origin"], "origin"),
        (&["accept,ORIGIN ,x"], "accept,ORIGIN ,x"),
        (&["a", "b, Origin"], "a, b, Origin"),
        (&["*"], "*"),
        (&["a, *"], "a, *"),
        (&["X-Origin"], "X-Origin, Origin"),
        (&["origin-agent-cluster"], "origin-agent-cluster, Origin"),
    ] {
        let upstream: Vec<_> = lines.iter().map(|line| ("vary", *line)).collect();
        for request in [&[][..], &[ORIGIN], &[EVIL]] {
            let answer = with("strict", POLICY).send("GET", request, &upstream);
            assert_eq!(answer.get("vary").as_deref(), Some(expected), "{lines:?}");
        }
    }
}

/// What an upstream says that has its own mind about CORS.
const THEIRS: [Header<'_>; 6] = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-origin", "https://evil.example"),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-methods", "*"),
    ("access-control-expose-headers", "x-secret"),
    ("x-other", "1"),
];
const THEIRS_SHOWN: &str = "allow-origin: * | allow-origin: https://evil.example | allow-credentials: true | allow-methods: * | expose-headers: x-secret | x-other: 1";

#[test]
fn upstreams_headers_are_overridden_kept_or_used_as_fallback_and_never_mixed() {
    for (way, allowed, other) in [
        ("override", format!("x-other: 1 | {ALLOWED}"), "x-other: 1".to_owned()),
        ("preserve", THEIRS_SHOWN.to_owned(), THEIRS_SHOWN.to_owned()),
        ("fallback", format!("x-other: 1 | {ALLOWED}"), THEIRS_SHOWN.to_owned()),
    ] {
        let json = format!(r#"{{"upstreamHeaders": "{way}", "policies": [{{"corsPolicy": {POLICY}}}]}}"#);
        for (origin, expected) in [(ORIGIN, &allowed), (EVIL, &other)] {
            let answer = configured(&json).send("GET", &[origin], &THEIRS);
            assert_eq!(answer.to_string(), format!("200 forwarded | {expected} | vary: Origin"), "{way}");
        }
        // Without an Allow-Origin of theirs there is nothing to keep, and the rest of theirs must not add to ours.
        let answer = configured(&json).send("GET", &[ORIGIN], &[("access-control-allow-methods", "*")]);
        assert_eq!(answer.to_string(), format!("200 forwarded | {ALLOWED} | vary: Origin"), "{way}");
    }
}

#[test]
fn a_page_of_the_same_origin_is_left_alone() {
    let theirs = [("access-control-allow-origin", "theirs")];
    for (url, origin) in [
        ("https://api.example/", "https://api.example"),
        ("https://API.example:443/", "https://api.example"),
        ("http://api.example:8080/", "http://api.example:8080"),
    ] {
        let mut proxy = with("strict", POLICY);
        let asks = [("origin", origin), ("access-control-request-method", "PUT")];
        for method in ["POST", "OPTIONS"] {
            let answer = proxy.exchange(&head(method, url, &asks), 200, &theirs);
            assert_eq!(answer.to_string(), "200 forwarded | allow-origin: theirs | vary: Origin", "{url}");
        }
        assert_eq!(proxy.counts(), "");
    }
    // Another scheme is another origin.
    let mut proxy = with("strict", POLICY);
    let answer =
        proxy.exchange(&head("GET", "https://api.example/", &[("origin", "http://api.example")]), 200, &theirs);
    assert_eq!(answer.to_string(), "200 forwarded | vary: Origin");
}

#[test]
fn timings_are_shown_to_those_who_may_read() {
    for (origins, expected) in
        [("https://a.example", Some("https://a.example")), ("*", Some("*")), ("https://b.example", None)]
    {
        let mut proxy = with("strict", &format!(r#"{{"allowOrigins": ["{origins}"], "timingAllowOrigin": true}}"#));
        assert_eq!(proxy.send("GET", &[ORIGIN], &[]).get("timing-allow-origin").as_deref(), expected);
    }
}

#[test]
fn prefixes_end_where_a_host_does_and_regexes_match_the_whole() {
    let policy = r#"{"allowOrigins": [{"prefix": "http://1.2.3.4"}, {"prefix": "https://c.example:8443"},
        {"regex": "https://[a-z]+\\.d\\.example"}, {"safe_regex": {"regex": "https://(x|y)"}}]}"#;
    let mut proxy = with("strict", policy);
    for (origin, allowed) in [
        ("http://1.2.3.4", true),
        ("http://1.2.3.4:8080", true),
        ("http://1.2.3.45", false),
        ("http://1.2.3.4.evil.example", false),
        ("http://1.2.3.4:", false),
        ("http://1.2.3.4:x", false),
        ("http://1.2.3.4@evil.example", false),
        ("https://c.example:8443", true),
        ("https://c.example:84430", false),
        ("https://a.d.example", true),
        ("https://a.d.example.evil.example", false),
        ("https://evil.example/https://a.d.example", false),
        ("https://x", true),
        ("https://xy", false),
    ] {
        let answer = proxy.send("GET", &[("origin", origin)], &[]);
        assert_eq!(answer.get("access-control-allow-origin").is_some(), allowed, "{origin}");
    }
}

#[test]
fn what_a_regex_lets_through_is_still_an_origin() {
    let mut proxy = with("strict", r#"{"allowOrigins": [{"regex": ".*"}]}"#);
    for (origin, allowed) in [
        ("https://a.example", true),
        ("null", false),
        ("*", false),
        ("https://a.example, https://b.example", false),
        ("https://a.example/x", false),
        ("<script>", false),
    ] {
        let answer = proxy.send("GET", &[("origin", origin)], &[]);
        assert_eq!(answer.get("access-control-allow-origin").is_some(), allowed, "{origin}");
    }
}
