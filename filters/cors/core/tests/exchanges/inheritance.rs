//! Which policy a request has, and what that one inherits.

use crate::proxy::{configured, head};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const POLICIES: &str = r#"{"profile": "envoy", "policies": [
    {"corsPolicy": {"allowOrigins": ["https://a.example"], "allowMethods": ["GET"], "maxAge": "10s"}},
    {"hosts": ["api.example", "*.api.example:8080"], "corsPolicy": {"allowMethods": ["PUT"], "allowCredentials": true}},
    {"hosts": ["api.example"], "paths": ["/v1/*"], "corsPolicy": {"allowHeaders": ["x-v1"], "allowCredentials": false}},
    {"hosts": ["api.example"], "paths": ["/v1/open"], "corsPolicy": {"allowOrigins": ["https://b.example"]}},
    {"hosts": ["off.example"], "corsPolicy": {"filter_enabled": {"default_value": {"numerator": 0}}}},
    {"paths": ["/only/*"], "corsPolicy": {"maxAge": "20s"}}
]}"#;

#[test]
fn each_field_is_the_most_specific_policys_that_has_it() {
    let preflight = |url: &str, origin: &str| {
        let asks = [("origin", origin), ("access-control-request-method", "GET")];
        configured(POLICIES).exchange(&head("OPTIONS", url, &asks), 200, &[]).to_string()
    };
    let (a, b) = ("https://a.example", "https://b.example");
    for (url, origin, expected) in [
        (
            "http://other.example/",
            a,
            "200 answered | allow-origin: https://a.example | allow-methods: GET | max-age: 10",
        ),
        (
            "http://other.example/only/x",
            a,
            "200 answered | allow-origin: https://a.example | allow-methods: GET | max-age: 20",
        ),
        (
            "http://api.example/",
            a,
            "200 answered | allow-origin: https://a.example | allow-credentials: true | allow-methods: PUT | max-age: 10",
        ),
        // A host that a policy names is a site of its own: policies of all other hosts are not for it, the general one is.
        (
            "http://API.example:90/only/x",
            a,
            "200 answered | allow-origin: https://a.example | allow-credentials: true | allow-methods: PUT | max-age: 10",
        ),
        (
            "http://api.example/v1/x",
            a,
            "200 answered | allow-origin: https://a.example | allow-methods: PUT | allow-headers: x-v1 | max-age: 10",
        ),
        ("http://api.example/v1/open", a, "200 forwarded"),
        (
            "http://api.example/v1/open?q=1",
            b,
            "200 answered | allow-origin: https://b.example | allow-credentials: true | allow-methods: PUT | max-age: 10",
        ),
        // Whether a policy is on is said by itself alone.
        ("http://off.example/", a, "200 forwarded"),
    ] {
        assert_eq!(preflight(url, origin), expected, "{url} {origin}");
    }
}

#[test]
fn a_request_that_no_policy_is_for_is_left_alone_at_one_look() {
    let json = r#"{"policies": [{"hosts": ["api.example"], "paths": ["/v1/*"],
        "corsPolicy": {"allowOrigins": ["https://a.example"]}}]}"#;
    let theirs = [("access-control-allow-origin", "*"), ("vary", "accept")];
    for url in ["http://api.example/v2", "http://other.example/v1/"] {
        let answer = configured(json).exchange(&head("GET", url, &[("origin", "https://a.example")]), 200, &theirs);
        assert_eq!(answer.to_string(), "200 forwarded | allow-origin: * | vary: accept", "{url}");
    }
}
