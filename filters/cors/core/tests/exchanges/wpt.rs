//! Vectors of the Web Platform Tests (BSD-3-Clause), in our words: `cors/{origin,credentials-flag,preflight-failure,preflight-cache}.htm`,
//! `cors/cors-safelisted-request-header.any.js`, `fetch/api/cors/{cors-origin,cors-preflight,cors-preflight-star,cors-preflight-status,
//! cors-preflight-response-validation,cors-preflight-cache,cors-filtering,cors-expose-star}`.
//!
//! They test browsers. Here they test the model of one, which judges what the filter answers; so nothing of them is about the filter,
//! and nothing is answered differently but what a row says. Left out: redirects, cookies, referrers and worker scopes, which show
//! nothing of a server's CORS headers, and `last-event-id`, which the standard does not have.

use crate::browser::{PAGE, admits, request};
use crate::model::{Browser, Request, is_visible, unsafe_names};
use crate::proxy::{Answer, Header};

fn answer(status: u16, headers: &[Header<'_>]) -> Answer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Answer { status, headers, body: String::new(), forwarded: true }
}

/// Whether a script may read what is answered with these headers.
fn may_read(credentials: bool, headers: &[Header<'_>]) -> bool {
    let simple = request("GET", &[], credentials);
    Browser::new(PAGE, |_: &str, _: &[Header<'_>]| answer(200, headers)).fetch(&simple).is_some()
}

const ALLOWING: [&str; 7] = [
    "*",
    " *  ",
    "\t*",
    "https://page.example",
    " https://page.example",
    " https://page.example   \t ",
    "\thttps://page.example",
];

const NOT_ALLOWING: [&str; 47] = [
    "https://www.page.example",
    "//page.example",
    "://page.example",
    "ftp://page.example",
    "http:://page.example",
    "http:/page.example",
    "http:page.example",
    "page.example",
    "https://page.example?",
    "https://page.example/",
    "https://page.example /",
    "https://page.example#",
    "https://page.example%23",
    "https://page.example:80",
    "https://page.example, *",
    "https://page.example\0",
    "HTTPS://PAGE.EXAMPLE",
    "HTTPS://page.example",
    "-",
    "**",
    "\0*",
    "*\0",
    "'*'",
    "\"*\"",
    "* *",
    "* null",
    "*https://*",
    "*https://page.example",
    "* https://page.example",
    "*, https://page.example",
    "\0https://page.example",
    "null https://page.example",
    "http://example.net",
    "null",
    "null *",
    "",
    "https://page.example/cors/origin.htm",
    "https://page.example/cors/",
    "https://api.example",
    "example",
    ".example",
    "*.example",
    "http://example",
    "http://.example",
    "http://*.example",
    // Of the server itself, of another port.
    "https://page.example:8443",
    "http://page.example",
];

const TWICE: [(&str, &str); 6] = [
    ("", "*"),
    ("*", ""),
    ("*", "*"),
    ("", "https://page.example"),
    ("*", "https://page.example"),
    ("https://page.example", "https://page.example"),
];

#[test]
fn an_origin_is_allowed_by_itself_or_the_wildcard_alone() {
    for (values, allowed) in [(&ALLOWING[..], true), (&NOT_ALLOWING[..], false)] {
        for value in values {
            assert_eq!(may_read(false, &[("access-control-allow-origin", value)]), allowed, "{value:?}");
        }
    }
    for (first, second) in TWICE {
        let twice = [("access-control-allow-origin", first), ("access-control-allow-origin", second)];
        assert!(!may_read(false, &twice), "{first} {second}");
    }
}

const CREDENTIALS: [(&str, bool); 7] = [
    ("true", true),
    ("TRUE", false),
    ("True", false),
    ("\"true\"", false),
    ("false", false),
    ("1", false),
    ("0", false),
];

#[test]
fn credentials_are_allowed_by_one_word() {
    for (value, allowed) in CREDENTIALS {
        let headers = [("access-control-allow-origin", PAGE), ("access-control-allow-credentials", value)];
        assert_eq!(may_read(true, &headers), allowed, "{value}");
    }
}

/// Those of both tests, each once.
const STATUSES: [u16; 43] = [
    200, 201, 202, 203, 204, 205, 206, 299, 300, 301, 302, 303, 304, 305, 306, 307, 308, 400, 401, 402, 403, 404, 405,
    406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 500, 501, 502, 503, 504, 505, 680, 790,
];

#[test]
fn a_preflight_has_to_succeed() {
    let asked = request("GET", &[("x-test", "1")], false);
    for status in STATUSES {
        let admitted = admits(status, &[("access-control-allow-headers", "x-test")], &asked);
        assert_eq!(admitted, (200..300).contains(&status), "{status}");
    }
}

/// Method and headers of a request, and what a preflight of it is answered with.
type Asking = (&'static str, &'static [Header<'static>], &'static str, &'static str, bool);

const SEVERAL: &[Header<'_>] = &[
    ("x-test-1", "1"),
    ("X-test-3", "1"),
    ("x-test-b", "1"),
    ("x-test-D", "1"),
    ("x-test-C", "1"),
    ("Content-Type", "a"),
    ("Accept", "*"),
    ("Accept-Language", "bzh"),
    ("Content-Language", "eu"),
];
const SAFE: &[Header<'_>] = &[("Accept", "*"), ("Accept-Language", "bzh"), ("Content-Language", "eu")];
const LISTED: &str = "x-test-1, x-test-3, x-test-b, x-test-d, x-test-c, content-type";

const PREFLIGHTS: [Asking; 19] = [
    ("DELETE", &[], "DELETE", "", true),
    ("DELETE", &[], "", "", false),
    ("PUT", &[], "PUT", "", true),
    ("PUT", &[], "", "", false),
    ("PATCH", &[], "PATCH", "", true),
    ("PATCH", &[], "", "", false),
    ("NEW", &[], "NEW", "", true),
    ("NEW", &[], "", "", false),
    ("GET", &[("x-test", "1")], "", "x-test", true),
    ("GET", &[("x-test", "1")], "", "", false),
    ("GET", SEVERAL, "", LISTED, true),
    ("GET", SEVERAL, "", "x-test-1", false),
    ("PUT", SEVERAL, "PUT", LISTED, true),
    ("PUT", SEVERAL, "PUT", "", false),
    ("PUT", SAFE, "PUT", "", true),
    ("POST", &[], "", "", true),
    ("HEAD", &[], "", "", true),
    // What cannot be read.
    ("GET", &[("x-test", "1")], "", "x-test,header name with space", false),
    ("GET", &[("x-test", "1")], "Bad method name", "x-test", false),
];

#[test]
fn a_preflight_has_to_name_what_is_asked_for() {
    for (method, headers, methods, names, admitted) in PREFLIGHTS {
        let answer = [("access-control-allow-methods", methods), ("access-control-allow-headers", names)];
        assert_eq!(admits(200, &answer, &request(method, headers, false)), admitted, "{method} {methods} {names}");
    }
}

/// Credentials, Allow-Methods, Allow-Headers, method, header, outcome.
type Star = (bool, &'static str, &'static str, &'static str, &'static str, bool);

const STARS: [Star; 10] = [
    (false, "*", "x-test", "SUPER", "x-test", true),
    (false, "SUPER", "*", "SUPER", "x-test", true),
    (false, "*", "*", "SUPER", "x-test", true),
    (false, "*", "*", "GET", "authorization", false),
    (false, "*", "authorization", "SUPER", "authorization", true),
    (false, "*", "Authorization, *", "SUPER", "authorization", true),
    (true, "*", "*", "GET", "x-test", false),
    (true, "*", "x-test", "SUPER", "x-test", false),
    (true, "SUPER", "*", "SUPER", "x-test", false),
    (true, "*", "*", "*", "*", true),
];

#[test]
fn wildcards_in_a_preflight_are_for_requests_without_credentials() {
    for (credentials, methods, names, method, header, admitted) in STARS {
        let answer = [("access-control-allow-methods", methods), ("access-control-allow-headers", names)];
        let asked = request(method, &[(header, "1")], credentials);
        assert_eq!(admits(200, &answer, &asked), admitted, "{credentials} {methods} {names} {method} {header}");
    }
}

/// Ages, the second at which the same is asked for again, and whether it is asked by another preflight.
const AGES: [(&str, u64, bool); 5] =
    [("12000", 1, false), ("1", 0, false), ("1", 2, true), ("0", 0, true), ("-1", 0, true)];

#[test]
fn an_answer_is_kept_as_long_as_it_says() {
    let asked: Request = request("POST", &[("x-test", "1")], false);
    for (age, later, again) in AGES {
        let headers = [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-headers", "x-test"),
            ("access-control-max-age", age),
        ];
        let mut browser = Browser::new(PAGE, |_: &str, _: &[Header<'_>]| answer(200, &headers));
        for now in [0, later] {
            browser.now = now;
            assert!(browser.fetch(&asked).is_some());
        }
        assert_eq!(browser.preflights, 1 + u32::from(again), "{age}");
    }
}

/// Sixty of them.
macro_rules! zeros {
    () => {
        "000000000000000000000000000000000000000000000000000000000000"
    };
}

/// Values of headers, and whether they need a preflight.
const VALUES: [(&str, &str, bool); 38] = [
    ("content-type", "text /plain", true),
    ("content-type", "text\t/\tplain", true),
    ("content-type", "text/plain;", false),
    ("content-type", "text/plain;garbage", false),
    ("content-type", "text/plain;garbage\u{1}\u{2}", true),
    ("content-type", "text/plain,", true),
    ("content-type", ",text/plain", true),
    ("content-type", "text/plain,text/plain", true),
    ("content-type", "text/plain,x/x", true),
    ("content-type", "text/plain\u{b}", true),
    ("content-type", "text/plain\u{c}", true),
    ("content-type", "application/www-form-urlencoded", true),
    ("content-type", "application/x-www-form-urlencoded;\u{7f}", true),
    ("content-type", "multipart/form-data", false),
    ("content-type", "multipart/form-data;\"", true),
    ("range", "100-200", true),
    ("range", "MB=100-200", true),
    ("range", "bytes=100-200", false),
    ("range", "bytes =100-200", true),
    ("range", "bytes\t=100-200", true),
    ("range", "bytes=  100-200", true),
    ("range", "bytes=\t\t100-200", true),
    ("range", "bytes= \t100-200", true),
    ("range", "bytes=100 -200", true),
    ("range", "bytes=100\t-200", true),
    ("range", "bytes=100- 200", true),
    ("range", "bytes=100-\t200", true),
    ("range", "bytes=100-200hello", true),
    ("range", "bytes=abc-def", true),
    ("range", "bytes=100-200,300-400", true),
    ("range", "bytes=-200", true),
    ("range", "bytes=200-", false),
    ("range", "bytes=200-100", true),
    ("range", concat!("bytes=1", zeros!(), "-2", zeros!()), true),
    ("range", "bytes 100-200", true),
    ("range", "bytes = 100-200", true),
    ("range", ",bytes=100-200", true),
    ("range", "bytes=,100-200", true),
];

#[test]
fn values_that_need_a_preflight_are_known() {
    for (name, value, needs) in VALUES {
        let names = unsafe_names(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(!names.is_empty(), needs, "{name}: {value:?}");
    }
}

/// Credentials, what is exposed, a header, and whether a script sees it.
type Seen = (bool, &'static str, &'static str, bool);

const SEEN: [Seen; 28] = [
    (false, "", "Cache-Control", true),
    (false, "", "Content-Language", true),
    (false, "", "Content-Type", true),
    (false, "", "Expires", true),
    (false, "", "Last-Modified", true),
    (false, "", "Pragma", true),
    // The standard lists it since the test was written, which expects it hidden.
    (false, "", "Content-Length", true),
    (false, "", "Age", false),
    (false, "", "Server", false),
    (false, "", "Warning", false),
    (false, "", "Set-Cookie", false),
    (false, "", "Set-Cookie2", false),
    (false, "age", "Age", true),
    (false, "server", "Server", true),
    (false, "Warning", "Warning", true),
    (false, "Content-Length", "Content-Length", true),
    (false, "Set-Cookie", "Set-Cookie", false),
    (false, "Set-Cookie2", "Set-Cookie2", false),
    (false, "*", "test", true),
    (false, "*", "Set-Cookie", false),
    (false, "*", "*", true),
    (true, "*", "Content-Type", true),
    (true, "*", "test", false),
    (true, "*", "Set-Cookie", false),
    (true, "*", "*", true),
    (false, "*, set-cookie", "test", true),
    (false, "*, set-cookie", "Set-Cookie", false),
    (false, "te st", "test", false),
];

#[test]
fn a_script_sees_what_is_exposed() {
    for (credentials, exposed, name, seen) in SEEN {
        let answer = answer(200, &[("access-control-expose-headers", exposed)]);
        assert_eq!(is_visible(name, &answer, credentials), seen, "{exposed} {name}");
    }
}

#[test]
fn the_readme_counts_them() {
    let vectors = ALLOWING.len()
        + NOT_ALLOWING.len()
        + TWICE.len()
        + CREDENTIALS.len()
        + STATUSES.len()
        + PREFLIGHTS.len()
        + STARS.len()
        + AGES.len()
        + VALUES.len()
        + SEEN.len();
    let row = include_str!("../../../README.md").lines().find(|line| line.starts_with("| [WPT]"));
    assert!(row.is_some_and(|row| row.contains(&format!("| {vectors} | 0 |"))), "{vectors}: {row:?}");
}
