//! Istio's words mean what Istio makes of them: its translation to Envoy, its validation, and its traffic test `cors` (their cases in
//! our words: `TestTranslateCORSPolicy`, `TestTranslateCORSPolicyForwardNotMatchingPreflights`, `TestValidateCORSPolicy`).

use crate::proxy::with;
use cors_core::Cors;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ASKS: (&str, &str) = ("access-control-request-method", "DELETE");

#[test]
fn a_policy_is_translated_as_istio_translates_it() {
    let policy = r#"{
        "allowOrigins": [{"exact": "http://exact"}, {"prefix": "http://prefix"}, {"regex": "http://reg[e]x"}],
        "allowMethods": ["GET", "POST"], "allowHeaders": ["x-a", "X-B"], "exposeHeaders": ["x-c", "x-d"],
        "maxAge": "2m", "allowCredentials": true
    }"#;
    let mut proxy = with("envoy", policy);
    for origin in ["http://exact", "http://prefix.whatever", "http://regex"] {
        let expected = format!(
            "200 answered | allow-origin: {origin} | allow-credentials: true | allow-methods: GET,POST \
             | allow-headers: x-a,X-B | max-age: 120 | expose-headers: x-c,x-d"
        );
        assert_eq!(proxy.send("OPTIONS", &[("origin", origin), ASKS], &[]).to_string(), expected);
    }
    // Unspecified is FORWARD.
    assert_eq!(proxy.send("OPTIONS", &[("origin", "http://exact.evil"), ASKS], &[]).to_string(), "200 forwarded");
}

#[test]
fn the_deprecated_list_is_exact() {
    let mut proxy = with("envoy", r#"{"allowOrigin": ["http://a.example"]}"#);
    for (origin, allowed) in [("http://a.example", true), ("http://a.example.evil", false)] {
        let answer = proxy.send("GET", &[("origin", origin)], &[]);
        assert_eq!(answer.get("access-control-allow-origin").is_some(), allowed, "{origin}");
    }
    let mut any = with("strict", r#"{"allowOrigin": ["*"]}"#);
    let answer = any.send("GET", &[("origin", "http://a.example")], &[]);
    assert_eq!(answer.get("access-control-allow-origin").as_deref(), Some("*"));
}

#[test]
fn preflights_of_other_origins_are_forwarded_or_ignored() {
    let other = ("origin", "http://other.example");
    for (profile, words, expected) in [
        ("envoy", "", "200 forwarded"),
        ("envoy", r#", "unmatchedPreflights": "UNSPECIFIED""#, "200 forwarded"),
        ("envoy", r#", "unmatchedPreflights": "FORWARD""#, "200 forwarded"),
        ("envoy", r#", "unmatchedPreflights": "IGNORE""#, "200 answered"),
        ("envoy", r#", "forward_not_matching_preflights": false"#, "200 answered"),
        ("strict", r#", "unmatchedPreflights": "FORWARD""#, "200 forwarded"),
        ("strict", r#", "forward_not_matching_preflights": true"#, "200 forwarded"),
        ("strict", r#", "unmatchedPreflights": "IGNORE""#, "403 answered"),
        ("strict", "", "403 answered"),
    ] {
        let mut proxy = with(profile, &format!(r#"{{"allowOrigins": [{{"exact": "http://a.example"}}]{words}}}"#));
        let found = proxy.send("OPTIONS", &[other, ASKS], &[]);
        let found = format!("{} {}", found.status, if found.forwarded { "forwarded" } else { "answered" });
        assert_eq!(found, expected, "{profile} {words}");
    }
}

#[test]
fn what_istio_refuses_is_refused() {
    for (name, policy, sound) in [
        (
            "valid",
            r#"{"allowMethods": ["GET", "POST"], "allowHeaders": ["header1", "header2"], "exposeHeaders": ["header3"], "maxAge": "2s"}"#,
            true,
        ),
        (
            "wildcards",
            r#"{"allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": ["*"], "maxAge": "24h"}"#,
            true,
        ),
        ("bad method", r#"{"allowMethods": ["GET", "PUTT"]}"#, false),
        ("lower case", r#"{"allowMethods": ["get"]}"#, false),
        ("bad header", r#"{"exposeHeaders": [""]}"#, false),
        ("bad header", r#"{"allowHeaders": ["x y"]}"#, false),
        ("bad max age", r#"{"maxAge": "2100ms"}"#, false),
        ("no max age", r#"{"maxAge": "0s"}"#, false),
        ("empty matcher", r#"{"allowOrigins": [{}]}"#, false),
        ("empty regex", r#"{"allowOrigins": [{"regex": ""}]}"#, false),
        ("empty prefix", r#"{"allowOrigins": [{"prefix": ""}]}"#, false),
        ("no RE2", r#"{"allowOrigins": [{"regex": "*"}]}"#, false),
        ("unknown word", r#"{"unmatchedPreflights": "DROP"}"#, false),
    ] {
        for profile in ["envoy", "strict"] {
            let json = format!(r#"{{"profile": "{profile}", "policies": [{{"corsPolicy": {policy}}}]}}"#);
            assert_eq!(Cors::parse(json.as_bytes(), 0).is_ok(), sound, "{name}: {json}");
        }
    }
}

#[test]
fn the_traffic_test_of_istio_passes() {
    // A preflight is answered with the policy, whatever it asks for; it is the browser that compares.
    let policy = r#"{
        "allowOrigins": [{"exact": "cors.com"}], "allowMethods": ["POST", "GET"], "allowCredentials": false,
        "allowHeaders": ["X-Foo-Bar", "X-Foo-Baz"], "maxAge": "24h"
    }"#;
    let mut proxy = with("envoy", policy);
    let preflight = proxy.send("OPTIONS", &[("origin", "cors.com"), ASKS], &[]).to_string();
    let expected = "200 answered | allow-origin: cors.com | allow-methods: POST,GET \
                    | allow-headers: X-Foo-Bar,X-Foo-Baz | max-age: 86400";
    assert_eq!(preflight, expected);
    let get = proxy.send("GET", &[("origin", "cors.com")], &[]).to_string();
    assert_eq!(get, "200 forwarded | allow-origin: cors.com");
    assert_eq!(proxy.send("GET", &[("origin", "foo.com")], &[]).to_string(), "200 forwarded");
}
