//! `strict` judges a preflight by all that it asks for, and answers with that alone.

use crate::proxy::{Header, configured, with};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const POLICY: &str = r#"{
    "allowOrigins": ["https://a.example", "https://*.b.example"], "allowMethods": ["PUT", "DELETE"],
    "allowHeaders": ["X-Token", "content-type"], "exposeHeaders": ["x-total"], "maxAge": "600s", "allowCredentials": true
}"#;
const ORIGIN: Header<'_> = ("origin", "https://a.example");
const VARY: &str = "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

fn method(name: &str) -> Header<'_> {
    ("access-control-request-method", name)
}

fn headers(names: &str) -> Header<'_> {
    ("access-control-request-headers", names)
}

#[track_caller]
fn check(asks: &[Header<'_>], expected: &str, count: &str) {
    let mut proxy = with("strict", POLICY);
    assert_eq!(proxy.send("OPTIONS", asks, &[]).to_string(), format!("{expected} | {VARY}"), "{asks:?}");
    assert_eq!(proxy.counts(), count, "{asks:?}");
}

#[test]
fn what_is_allowed_is_answered_with_what_was_asked_for() {
    let ok = "200 answered | allow-origin: https://a.example | allow-credentials: true";
    for (asks, rest) in [
        (&[method("PUT")][..], " | allow-methods: PUT | max-age: 600"),
        (&[method("GET")], " | allow-methods: GET | max-age: 600"),
        (&[method("DELETE"), headers("x-token")], " | allow-methods: DELETE | allow-headers: x-token | max-age: 600"),
        (
            &[method("PUT"), headers("content-type,x-token")],
            " | allow-methods: PUT | allow-headers: content-type,x-token | max-age: 600",
        ),
        (
            &[method("PUT"), headers("content-type"), headers("x-token")],
            " | allow-methods: PUT | allow-headers: content-type, x-token | max-age: 600",
        ),
    ] {
        let asks: Vec<_> = [ORIGIN].into_iter().chain(asks.iter().copied()).collect();
        check(&asks, &format!("{ok}{rest}"), "origin_valid 1, preflight_ok 1");
    }
}

#[test]
fn what_is_not_allowed_is_refused_without_a_word_about_the_policy() {
    let (bad_origin, bad_method, bad_header) = (
        "origin_invalid 1, preflight_origin 1",
        "origin_valid 1, preflight_method 1",
        "origin_valid 1, preflight_header 1",
    );
    for (asks, count) in [
        (&[("origin", "https://evil.example"), method("PUT")][..], bad_origin),
        (&[("origin", "null"), method("PUT")], bad_origin),
        (&[("origin", "https://a.example.evil.example"), method("PUT")], bad_origin),
        (&[("origin", "https://b.example"), method("PUT")], bad_origin),
        (&[("origin", "https://evilb.example"), method("PUT")], bad_origin),
        (&[("origin", "https://A.example"), method("PUT")], bad_origin),
        (&[("origin", "https://a.example, https://a.example"), method("PUT")], bad_origin),
        (&[ORIGIN, ORIGIN, method("PUT")], bad_origin),
        (&[ORIGIN, method("PATCH")], bad_method),
        (&[ORIGIN, method("put")], bad_method),
        (&[ORIGIN, method("*")], bad_method),
        (&[ORIGIN, method("PUT"), headers("x-other")], bad_header),
        (&[ORIGIN, method("PUT"), headers("x-token"), headers("x-other")], bad_header),
        (&[ORIGIN, method("PUT"), headers("*")], bad_header),
    ] {
        check(asks, "403 answered", count);
    }
}

#[test]
fn what_is_no_preflight_goes_to_the_upstream() {
    for (name, asks) in [
        ("OPTIONS", &[ORIGIN][..]),
        ("OPTIONS", &[ORIGIN, method("")]),
        ("GET", &[ORIGIN, method("PUT")]),
        ("options", &[ORIGIN, method("PUT")]),
    ] {
        let answer = with("strict", POLICY).send(name, asks, &[]);
        assert!(answer.forwarded, "{name} {asks:?}");
        assert_eq!(answer.get("access-control-allow-origin").as_deref(), Some("https://a.example"));
    }
    for asks in [&[method("PUT")][..], &[("origin", ""), method("PUT")]] {
        assert_eq!(with("strict", POLICY).send("OPTIONS", asks, &[]).to_string(), "200 forwarded | vary: Origin");
    }
}

#[test]
fn wildcards_are_answered_with_names() {
    let policy = r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["*"], "allowHeaders": ["*"], "allowCredentials": true}"#;
    let answer = with("strict", policy).send("OPTIONS", &[ORIGIN, method("QUERY"), headers("x-a,x-b")], &[]);
    assert_eq!(answer.get("access-control-allow-methods").as_deref(), Some("QUERY"));
    assert_eq!(answer.get("access-control-allow-headers").as_deref(), Some("x-a,x-b"));
    // The wildcard does not cover this name, and a line that is no list is not given back.
    for names in ["authorization", "x-a x-b", "x-a\u{1}"] {
        assert_eq!(
            with("strict", policy).send("OPTIONS", &[ORIGIN, method("GET"), headers(names)], &[]).status,
            403,
            "{names}"
        );
    }
}

#[test]
fn any_origin_is_answered_with_the_wildcard() {
    let mut proxy = with("strict", r#"{"allowOrigins": ["*"], "allowPrivateNetworkAccess": true}"#);
    let private = ("access-control-request-private-network", "true");
    let found = proxy.send("OPTIONS", &[ORIGIN, method("GET"), private], &[]).to_string();
    assert_eq!(
        found,
        format!("200 answered | allow-origin: * | allow-methods: GET | allow-private-network: true | {VARY}")
    );
    for origin in ["null", "https://a.example/", "x", "file://"] {
        assert_eq!(proxy.send("OPTIONS", &[("origin", origin), method("GET")], &[]).status, 403, "{origin}");
    }
}

#[test]
fn the_status_of_success_can_be_chosen() {
    let json = r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["https://a.example"]}}]}"#;
    let mut proxy = configured(json);
    assert_eq!(proxy.send("OPTIONS", &[ORIGIN, method("GET")], &[]).status, 204);
    assert_eq!(proxy.send("OPTIONS", &[ORIGIN, method("PUT")], &[]).status, 403);
}

#[test]
fn debugging_tells_the_browser_how_far_a_preflight_comes_and_people_why() {
    let json = format!(r#"{{"debug": true, "policies": [{{"corsPolicy": {POLICY}}}]}}"#);
    let allowed = "allow-origin: https://a.example | allow-credentials: true";
    for (asks, expected) in [
        (
            &[("origin", "https://evil.example\u{1}"), method("PUT")][..],
            format!(
                r"200 answered | {VARY} | CORS: expected an origin that the policy allows, but found https://evil.example?"
            ),
        ),
        (
            &[ORIGIN, method("PATCH")],
            format!(
                "200 answered | {allowed} | {VARY} | CORS: expected PUT,DELETE, GET, HEAD or POST, but found PATCH"
            ),
        ),
        (
            &[ORIGIN, method("PUT"), headers("x-other")],
            format!(
                "200 answered | {allowed} | allow-methods: PUT | allow-headers: X-Token,content-type | {VARY} \
                 | CORS: expected X-Token,content-type, but found x-other"
            ),
        ),
        (&[ORIGIN, method("PUT")], format!("200 answered | {allowed} | allow-methods: PUT | max-age: 600 | {VARY}")),
    ] {
        assert_eq!(configured(&json).send("OPTIONS", asks, &[]).to_string(), expected);
    }
}
