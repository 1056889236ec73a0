//! The model of a browser answers as browsers do: what the project measured in Chromium, beside the vectors in `wpt.rs`. So it may be
//! trusted with the filter.

use crate::model::{Browser, Request, unsafe_names};
use crate::proxy::{Answer, Header, with};

pub const PAGE: &str = "https://page.example";

pub fn request(method: &str, headers: &[Header<'_>], credentials: bool) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request { method: method.to_owned(), headers, credentials }
}

/// A server that answers preflights so, and requests with whatever the CORS check wants.
pub fn admits(status: u16, preflight: &[Header<'_>], request: &Request) -> bool {
    let origin = if request.credentials { PAGE } else { "*" };
    let shared = [("access-control-allow-origin", origin), ("access-control-allow-credentials", "true")];
    let server = |method: &str, _: &[Header<'_>]| {
        let own: &[Header<'_>] = if method == "OPTIONS" { preflight } else { &[] };
        let headers = shared.iter().chain(own).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let status = if method == "OPTIONS" { status } else { 200 };
        Answer { status, headers: headers.collect(), body: String::new(), forwarded: true }
    };
    Browser::new(PAGE, server).fetch(request).is_some()
}

#[test]
fn a_preflight_has_to_succeed_and_to_be_readable() {
    let put = request("PUT", &[], false);
    let headers = [("access-control-allow-methods", "PUT")];
    for (status, admitted) in [(200, true), (204, true), (299, true), (300, false), (403, false), (500, false)] {
        assert_eq!(admits(status, &headers, &put), admitted, "{status}");
    }
    let asked = request("PATCH", &[("x-test", "1")], false);
    for (methods, names, admitted) in [
        ("PATCH", "x-test", true),
        ("patch", "x-test", false),
        ("PATCH", "X-TEST", true),
        (", PATCH ,,", ",x-test,", true),
        ("PATCH", "", false),
        ("PATCH", "x x-test", false),
        ("PUT PATCH", "x-test", false),
    ] {
        let answer = [("access-control-allow-methods", methods), ("access-control-allow-headers", names)];
        assert_eq!(admits(200, &answer, &asked), admitted, "{methods} {names}");
    }
}

#[test]
fn headers_that_need_a_preflight_are_known() {
    let long = "a".repeat(129);
    for (name, value, safe) in [
        ("accept", "text/html", true),
        ("accept", "\"", false),
        ("accept", long.as_str(), false),
        ("accept-language", "en, de;q=0.5", true),
        ("accept-language", "\u{1}", false),
        ("accept-language", "@", false),
        ("content-language", "en", true),
        ("content-language", "\u{1}", false),
        ("content-language", "@", false),
        ("authorization", "Basic x", false),
        ("content-type", "text/plain; charset=utf-8", true),
        ("content-type", "text/html", false),
        ("content-type", "text/plain; a=\"b\"", false),
        ("Range", "bytes=0-", true),
        ("range", "bytes=0-10", true),
        ("range", "bytes 0-", false),
        ("range", "bytes=-5", false),
        ("x-test", "1", false),
    ] {
        let names = unsafe_names(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(names.is_empty(), safe, "{name}: {value}");
    }
    let many: Vec<_> = (0..9).map(|_| ("accept".to_owned(), "a".repeat(128))).collect();
    assert_eq!(unsafe_names(&many), ["accept"]);
}

#[test]
fn the_filters_answers_are_kept_as_long_as_the_policy_says() {
    let policy = r#"{"allowOrigins": ["https://page.example"], "allowMethods": ["PUT", "DELETE"], "allowHeaders": ["x-a"], "maxAge": "60s"}"#;
    let mut proxy = with("strict", policy);
    let mut browser = Browser::new(PAGE, |method: &str, headers: &[Header<'_>]| proxy.send(method, headers, &[]));
    let (put, delete) = (request("PUT", &[("x-a", "1")], false), request("DELETE", &[], false));
    for (now, asked, preflights) in
        [(0, &put, 1), (59, &put, 1), (59, &delete, 2), (60, &put, 3), (61, &delete, 3), (200, &delete, 4)]
    {
        browser.now = now;
        assert!(browser.fetch(asked).is_some());
        assert_eq!(browser.preflights, preflights, "at {now}");
    }
}

#[test]
fn the_page_of_scenario_4_reads_the_details() {
    // The mission's S4: with the policy the data arrives, without it the browser blocks it.
    let policy = r#"{"allowOrigins": [{"exact": "https://page.example"}], "allowMethods": ["GET", "OPTIONS"],
        "allowHeaders": ["x-details"], "exposeHeaders": ["x-total"], "maxAge": "24h", "allowCredentials": false}"#;
    for profile in ["strict", "envoy"] {
        for (origin, admitted) in [(PAGE, true), ("https://other.example", false), ("null", false)] {
            for asked in [request("GET", &[], false), request("GET", &[("x-details", "1")], false)] {
                let mut proxy = with(profile, policy);
                let server = |method: &str, headers: &[Header<'_>]| proxy.send(method, headers, &[]);
                assert_eq!(Browser::new(origin, server).fetch(&asked).is_some(), admitted, "{profile} {origin}");
            }
        }
    }
}
