//! github.com/tower-rs/tower-http (MIT), a Rust middleware, at `d154adba`: `tower-http/src/cors/tests.rs`.
//!
//! Vectors: 11; answered differently: 7.
//!
//! Most of its tests are about `Vary`. Left out: names of one's own in it, which no policy here has. Our rule is one: `Origin` is in it
//! wherever a policy is for a request, as even the wildcard is not for `null`, and preflights name all three that their answer
//! depends on.

use super::Verdict::Refused;
use super::{Exchanges, Header, Reading, Suite, asks, names, origin, reading, row};

pub const SUITE: Suite =
    Suite { exchanges: &TABLES, readings: &READINGS, ..Suite::new("tower-http", include_str!("tower_http.rs")) };

const PAGE: Header = origin("https://page.example");

const STAR: &str = "no Origin in Vary beside the wildcard: here null and what is no origin get none";
const MIRRORED: &str = "what is mirrored alone: here the three, whatever the policy is";
const ALL_THREE: &str =
    "all three names in a line of their own: here Origin alone unless it is a preflight, in one line";

#[rustfmt::skip]
const TABLES: [Exchanges; 4] = [
    Exchanges {
        what: "everything",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"]}}]}"#,
        upstream: &[],
        rows: &[
            row("no page", "GET", &[], "200 forwarded | vary: Origin").differs(STAR),
            row("no page, by the other interface", "GET", &[], "200 forwarded | vary: Origin").differs(STAR),
            row("something varies behind it", "GET", &[], "200 forwarded | vary: accept, accept-encoding, Origin")
                .upstream(&[("vary", "accept, accept-encoding")]).differs(ALL_THREE),
            row("something varies behind it by one header", "GET", &[], "200 forwarded | vary: accept-encoding, Origin").upstream(&[("vary", "accept-encoding")]),
            row("methods and headers are mirrored", "OPTIONS", &[PAGE, asks("GET"), names("content-type")],
                "200 answered | allow-origin: * | allow-methods: GET | allow-headers: content-type | vary: preflight").differs(MIRRORED),
            row("methods are mirrored", "OPTIONS", &[PAGE, asks("GET")], "200 answered | allow-origin: * | allow-methods: GET | vary: preflight").differs(MIRRORED),
        ],
    },
    Exchanges {
        what: "origins that are mirrored, too",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["https://page.example"], "allowCredentials": true, "allowMethods": ["*"], "allowHeaders": ["*"]}}]}"#,
        upstream: &[],
        rows: &[row("asks", "OPTIONS", &[PAGE, asks("GET"), names("content-type")],
            "200 answered | allow-origin: https://page.example | allow-credentials: true | allow-methods: GET | allow-headers: content-type | vary: preflight")],
    },
    Exchanges {
        what: "origins by path",
        configuration: r#"{"policies": [{"paths": ["/a"], "corsPolicy": {"allowOrigins": ["http://page.example"]}}]}"#,
        upstream: &[],
        rows: &[
            row("the page", "GET", &[origin("http://page.example")], "200 forwarded | allow-origin: http://page.example | vary: Origin").url("http://api.example/a"),
            row("another", "GET", &[origin("http://page.test")], "200 forwarded | vary: Origin").url("http://api.example/a"),
        ],
    },
    Exchanges {
        what: "one origin",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"], "allowMethods": ["GET"], "allowHeaders": ["content-type"]}}]}"#,
        upstream: &[],
        rows: &[row("the page", "GET", &[origin("http://page.example")], "200 forwarded | allow-origin: http://page.example | vary: Origin")
            .differs("no Vary, since everyone is told the one origin: here nobody else learns it")],
    },
];

const READINGS: [Reading; 1] = [reading(
    "origins that are mirrored with credentials",
    r#"{"allowOrigins": [{"regex": ".*"}], "allowCredentials": true}"#,
    Refused("expected origins by name beside allowCredentials"),
)
.differs("accepted under the name of very permissive: here refused, as every site could read what the user sees")];
