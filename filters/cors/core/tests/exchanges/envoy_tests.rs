//! The profile `envoy` does what the native filter's own tests ask of it (`test/extensions/filters/http/cors`: the names are
//! theirs, the requests and policies are ours).

use crate::proxy::{Header, with};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ORIGIN: Header<'_> = ("origin", "http://page.example");
const ASKS: Header<'_> = ("access-control-request-method", "GET");
const ASKS_HEADERS: Header<'_> = ("access-control-request-headers", "X-B,x-a");

/// The policy that most of those tests have.
const ANY: &str = r#"{
    "allow_origin_string_match": [{"exact": "*"}], "allow_methods": "GET", "allow_headers": "content-type",
    "expose_headers": "content-type", "allow_credentials": false, "max_age": "0"
}"#;

/// What the policy gives a response that is not its own, and its own.
const SIMPLE: &str = "200 forwarded | allow-origin: http://page.example | expose-headers: content-type";
const PREFLIGHT: &str = "200 answered | allow-origin: http://page.example | allow-methods: GET | allow-headers: content-type \
                         | max-age: 0 | expose-headers: content-type";

struct Case<'c> {
    name: &'c str,
    policy: &'c str,
    method: &'c str,
    headers: &'c [Header<'c>],
    expected: &'c str,
    counts: &'c str,
}

#[track_caller]
fn check(case: &Case<'_>) {
    let mut proxy = with("envoy", case.policy);
    assert_eq!(proxy.send(case.method, case.headers, &[]).to_string(), case.expected, "{}", case.name);
    assert_eq!(proxy.counts(), case.counts, "{}", case.name);
}

const VALID: &str = "origin_valid 1";
const INVALID: &str = "origin_invalid 1";

#[test]
fn requests_and_preflights() {
    let disabled = r#"{"allow_origins": ["*"], "filter_enabled": {"default_value": {}}}"#;
    let disabled_and_no_shadow = r#"{"allow_origins": ["*"], "filter_enabled": {"default_value": {}},
        "shadow_enabled": {"default_value": {}}}"#;
    let shadow = r#"{"allow_origins": ["*"], "allow_methods": "GET", "filter_enabled": {"default_value": {}},
        "shadow_enabled": {"default_value": {"numerator": 100}}}"#;
    let both = r#"{"allow_origins": ["*"], "filter_enabled": {"default_value": {"numerator": 100}},
        "shadow_enabled": {"default_value": {"numerator": 100}}}"#;
    let enabled = r#"{"allow_origins": ["*"], "filter_enabled": {"default_value": {"numerator": 100}},
        "shadow_enabled": {"default_value": {}}}"#;
    let other =
        r#"{"allow_origins": [{"exact": "http://other.example"}], "allow_methods": "GET", "allow_credentials": true}"#;
    let other_ignored = r#"{"allow_origins": [{"exact": "http://other.example"}], "allow_methods": "GET",
        "allow_credentials": true, "expose_headers": "x-a", "forward_not_matching_preflights": false}"#;
    let none = r#"{"allow_methods": "GET"}"#;
    let credentials = r#"{"allow_origins": ["*"], "allow_methods": "GET", "allow_credentials": true}"#;
    let no_credentials = r#"{"allow_origins": ["*"], "allow_methods": "GET", "allow_credentials": false}"#;
    let regex = r#"{"allow_origin_string_match": [{"safe_regex": {"regex": ".*\\.example"}}]}"#;
    let echoes = r#"{"allow_origins": ["*"], "allow_methods": "*", "allow_headers": "*"}"#;
    let private = r#"{"allow_origins": ["*"], "allow_private_network_access": true}"#;
    let not_private = r#"{"allow_origins": ["*"], "allow_private_network_access": false}"#;
    let asks_private = ("access-control-request-private-network", "true");
    let asks_private_otherwise = ("access-control-request-private-network", "TRUE");
    let evil = ("origin", "http://page.example.evil");
    let (plain, shown) = ("200 forwarded", "200 answered | allow-origin: http://page.example");
    #[rustfmt::skip]
    let cases = [
        ("RequestWithoutOrigin", ANY, "GET", &[][..], plain, ""),
        ("RequestWithOrigin", ANY, "GET", &[ORIGIN], SIMPLE, VALID),
        ("OptionsRequestWithoutOrigin", ANY, "OPTIONS", &[ASKS], plain, ""),
        ("OptionsRequestWithOrigin", ANY, "OPTIONS", &[ORIGIN], SIMPLE, VALID),
        ("OptionsRequestWithOriginCorsDisabled", disabled, "OPTIONS", &[ORIGIN, ASKS], plain, ""),
        ("OptionsRequestWithOriginCorsDisabledShadowDisabled", disabled_and_no_shadow, "OPTIONS", &[ORIGIN, ASKS], plain, ""),
        ("OptionsRequestWithOriginCorsDisabledShadowEnabled", shadow, "OPTIONS", &[ORIGIN, ASKS], plain, VALID),
        ("OptionsRequestWithOriginCorsEnabled", ANY, "OPTIONS", &[ORIGIN], SIMPLE, VALID),
        ("OptionsRequestWithOriginCorsEnabledShadowDisabled", enabled, "OPTIONS", &[ORIGIN, ASKS], shown, VALID),
        ("OptionsRequestWithOriginCorsEnabledShadowEnabled", both, "OPTIONS", &[ORIGIN, ASKS], shown, VALID),
        ("OptionsRequestWithoutAccessRequestMethod", ANY, "OPTIONS", &[ORIGIN, ASKS_HEADERS], SIMPLE, VALID),
        ("OptionsRequestWithEmptyAccessRequestMethod", ANY, "OPTIONS", &[ORIGIN, ("access-control-request-method", "")], SIMPLE, VALID),
        ("OptionsRequestWithEmptyOrigin", ANY, "OPTIONS", &[("origin", ""), ASKS], plain, ""),
        ("OptionsRequestMatchingOriginByWildcard", ANY, "OPTIONS", &[ORIGIN, ASKS], PREFLIGHT, VALID),
        ("OptionsRequestNotMatchingOrigin", other, "OPTIONS", &[ORIGIN, ASKS], plain, INVALID),
        ("OptionsRequestNotMatchingOriginNotForwarded", other_ignored, "OPTIONS", &[ORIGIN, ASKS],
            "200 answered | allow-credentials: true | allow-methods: GET", INVALID),
        ("OptionsRequestEmptyOriginList", none, "OPTIONS", &[ORIGIN, ASKS], plain, INVALID),
        ("ValidOptionsRequestWithAllowCredentialsTrue", credentials, "OPTIONS", &[ORIGIN, ASKS],
            "200 answered | allow-origin: http://page.example | allow-credentials: true | allow-methods: GET", VALID),
        ("ValidOptionsRequestWithAllowCredentialsFalse", no_credentials, "OPTIONS", &[ORIGIN, ASKS],
            "200 answered | allow-origin: http://page.example | allow-methods: GET", VALID),
        ("OptionsRequestMatchingOriginByRegex", regex, "OPTIONS", &[ORIGIN, ASKS], shown, VALID),
        ("OptionsRequestNotMatchingOriginByRegex", regex, "OPTIONS", &[evil, ASKS], plain, INVALID),
        ("OptionsRequestWithWildcardAllowMethods", echoes, "OPTIONS", &[ORIGIN, ("access-control-request-method", "any")],
            "200 answered | allow-origin: http://page.example | allow-methods: any | allow-headers: ", VALID),
        ("OptionsRequestWithWildcardAllowHeaders", echoes, "OPTIONS", &[ORIGIN, ASKS, ASKS_HEADERS],
            "200 answered | allow-origin: http://page.example | allow-methods: GET | allow-headers: X-B,x-a", VALID),
        ("OptionsRequestMatchingOriginByWildcardWithPNA", private, "OPTIONS", &[ORIGIN, ASKS, asks_private],
            "200 answered | allow-origin: http://page.example | allow-private-network: true", VALID),
        ("OptionsRequestMatchingOriginByWildcardWithoutPNA", not_private, "OPTIONS", &[ORIGIN, ASKS, asks_private], shown, VALID),
        ("OptionsRequestMatchingOriginByWildcardWithInvalidPNA", private, "OPTIONS", &[ORIGIN, ASKS, asks_private_otherwise], shown, VALID),
    ];
    for (name, policy, method, headers, expected, counts) in cases {
        check(&Case { name, policy, method, headers, expected, counts });
    }
}

#[test]
fn responses() {
    let disabled = r#"{"allow_origins": ["*"], "filter_enabled": {"default_value": {}}}"#;
    let credentials = r#"{"allow_origins": ["*"], "allow_credentials": true}"#;
    let no_credentials = r#"{"allow_origins": ["*"], "allow_credentials": false}"#;
    let exposes = r#"{"allow_origins": ["*"], "expose_headers": "x-a, X-B"}"#;
    let other = r#"{"allow_origins": ["http://other.example"], "allow_credentials": true, "expose_headers": "x-a"}"#;
    let theirs: &[Header<'_>] =
        &[("access-control-allow-origin", "*"), ("access-control-allow-credentials", "theirs"), ("vary", "a")];
    let unchanged = "200 forwarded | allow-origin: * | allow-credentials: theirs | vary: a";
    #[rustfmt::skip]
    let cases = [
        ("EncodeWithCorsDisabled", disabled, &[ORIGIN][..], unchanged),
        ("EncodeNonCorsRequest", ANY, &[], unchanged),
        ("EncodeWithAllowCredentialsTrue", credentials, &[ORIGIN],
            "200 forwarded | vary: a | allow-origin: http://page.example | allow-credentials: true"),
        ("EncodeWithAllowCredentialsFalse", no_credentials, &[ORIGIN],
            "200 forwarded | allow-credentials: theirs | vary: a | allow-origin: http://page.example"),
        ("EncodeWithExposeHeaders", exposes, &[ORIGIN],
            "200 forwarded | allow-credentials: theirs | vary: a | allow-origin: http://page.example | expose-headers: x-a, X-B"),
        ("EncodeWithNonMatchingOrigin", other, &[ORIGIN], unchanged),
        // Integration: TestEncodeHeadersCredentialsAllowed keeps what an upstream says to an origin that is not allowed.
        ("TestEncodeHeadersCredentialsAllowed", other, &[("origin", "http://page.example:8080")], unchanged),
    ];
    for (name, policy, headers, expected) in cases {
        let found = with("envoy", policy).send("GET", headers, theirs).to_string();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn requests_that_go_to_no_cluster_have_no_policy() {
    // RedirectRoute, EmptyRoute, EmptyRouteEntry.
    for headers in [&[ORIGIN][..], &[ORIGIN, ASKS]] {
        let mut proxy = with("envoy", ANY);
        proxy.routed = false;
        assert_eq!(proxy.send("OPTIONS", headers, &[]).to_string(), "200 forwarded");
        assert_eq!(proxy.counts(), "");
    }
}

#[test]
fn hosts_and_paths_without_a_policy_are_left_alone() {
    // NoCorsEntry, NoRouteCorsEntry, NoVHostCorsEntry.
    let json = |element: &str| {
        format!(r#"{{"profile": "envoy", "policies": [{{{element}, "corsPolicy": {{"allow_origins": ["*"]}}}}]}}"#)
    };
    for (element, expected) in [
        (r#""hosts": ["other.example"]"#, "200 forwarded"),
        (r#""paths": ["/other"]"#, "200 forwarded"),
        (r#""hosts": ["api.example"], "paths": ["/*"]"#, "200 forwarded | allow-origin: http://page.example"),
    ] {
        let found = crate::proxy::configured(&json(element)).send("GET", &[ORIGIN], &[]).to_string();
        assert_eq!(found, expected, "{element}");
    }
}

#[test]
fn a_matcher_of_the_literal_wildcard_allows_every_origin() {
    for matcher in [
        r#"{"exact": "*"}"#,
        r#"{"prefix": "*"}"#,
        r#"{"suffix": "*"}"#,
        r#"{"contains": "*"}"#,
        r#"{"safe_regex": {"regex": "\\*"}}"#,
        r#"{"safe_regex": {"regex": "."}}"#,
        r#"{"regex": "[^a-z]"}"#,
    ] {
        let mut proxy = with("envoy", &format!(r#"{{"allow_origin_string_match": [{matcher}]}}"#));
        let found = proxy.send("GET", &[("origin", "what ever")], &[]).to_string();
        assert_eq!(found, "200 forwarded | allow-origin: what ever", "{matcher}");
    }
}

#[test]
fn matchers_are_envoys() {
    for (matcher, matching, other) in [
        (r#"{"exact": "https://A.example"}"#, "https://A.example", "https://a.example"),
        (r#"{"exact": "https://A.example", "ignore_case": true}"#, "https://a.example", "https://b.example"),
        (r#"{"prefix": "https://a"}"#, "https://a.evil", "http://a"),
        (r#"{"prefix": "https://A", "ignore_case": true}"#, "https://a.evil", "http://a"),
        (r#"{"suffix": "a.example"}"#, "https://evila.example", "https://a.example.evil"),
        (r#"{"contains": "a.ex"}"#, "https://a.example", "https://a-ex"),
        (r#"{"safe_regex": {"regex": "https://[a-c]"}}"#, "https://b", "https://b.example"),
        (r#""https://*.a.example""#, "https://b.a.example", "https://a.example"),
        (r#"{"exact": "null"}"#, "null", "NULL"),
    ] {
        let mut proxy = with("envoy", &format!(r#"{{"allow_origins": [{matcher}]}}"#));
        let shown = format!("200 forwarded | allow-origin: {matching}");
        assert_eq!(proxy.send("GET", &[("origin", matching)], &[]).to_string(), shown, "{matcher}");
        assert_eq!(proxy.send("GET", &[("origin", other)], &[]).to_string(), "200 forwarded", "{matcher}");
    }
}
