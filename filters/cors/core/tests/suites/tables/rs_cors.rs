//! github.com/rs/cors (MIT), a Go middleware, at `c9e5260a`: `cors_test.go`.
//!
//! Vectors: 33; answered differently: 12.
//!
//! Left out: three rows whose policy is a function of the whole request (a policy here is data), and passing an answered preflight on
//! to the handler (a proxy sends one answer); `utils_test.go`, whose wildcard stands for a part of a label (here for whole ones);
//! logging and Go's other ways to call it.

use super::Verdict::Refused;
use super::{Exchanges, Header, Reading, Suite, asks, names, origin, reading, row};

pub const SUITE: Suite =
    Suite { exchanges: &TABLES, readings: &READINGS, ..Suite::new("rs/cors", include_str!("rs_cors.rs")) };

const PAGE: Header = origin("http://foobar.com");

const BARE: &str = "204 without headers of CORS: here 403, so that other clients see it, too";
const AS_WRITTEN: &str = "in Go's canonical letters: here as it is written";
const PRIVATE_VARY: &str = "Access-Control-Request-Private-Network in Vary, too: no browser sends it any longer";
const NO_PREFLIGHT: &str = "204, though no page asks: here it is not of CORS, and goes on";

#[rustfmt::skip]
const TABLES: [Exchanges; 16] = [
    Exchanges {
        what: "nothing but any origin",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["*"]}}]}"#,
        upstream: &[],
        rows: &[
            row("no page", "GET", &[], "200 forwarded | vary: Origin"),
            row("a page", "GET", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin"),
            row("nothing is exposed", "GET", &[origin("http://page.example")], "200 forwarded | allow-origin: * | vary: Origin"),
            row("no method is asked for", "OPTIONS", &[PAGE, asks("")], "200 forwarded | allow-origin: * | vary: Origin"),
            row("OPTIONS is asked for", "OPTIONS", &[PAGE, asks("OPTIONS")], "403 answered | vary: preflight")
                .differs("OPTIONS is allowed always: here like any other method"),
        ],
    },
    Exchanges {
        what: "one origin",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"]}}]}"#,
        upstream: &[],
        rows: &[
            row("the page", "GET", &[PAGE], "200 forwarded | allow-origin: http://foobar.com | vary: Origin"),
            row("another", "GET", &[origin("http://barbaz.com")], "200 forwarded | vary: Origin"),
            row("OPTIONS that is no preflight", "OPTIONS", &[PAGE], "200 forwarded | allow-origin: http://foobar.com | vary: Origin"),
            row("another page asks", "OPTIONS", &[origin("http://page.example"), asks("GET")], "403 answered | vary: preflight").differs(BARE),
            row("a header that is allowed by default", "OPTIONS", &[PAGE, asks("GET"), names("x-requested-with")], "403 answered | vary: preflight")
                .differs("Accept, Content-Type and X-Requested-With are allowed by default: here what is listed"),
            row("a private network", "OPTIONS", &[PAGE, asks("GET"), ("access-control-request-private-network", "true")],
                "200 answered | allow-origin: http://foobar.com | allow-methods: GET | vary: preflight"),
        ],
    },
    Exchanges {
        what: "subdomains",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://*.bar.com"]}}]}"#,
        upstream: &[],
        rows: &[
            row("one of them", "GET", &[origin("http://foo.bar.com")], "200 forwarded | allow-origin: http://foo.bar.com | vary: Origin"),
            row("another domain's", "GET", &[origin("http://foo.baz.com")], "200 forwarded | vary: Origin"),
        ],
    },
    Exchanges {
        what: "a function that looks at the beginning",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": [{"regex": "http://foo.*"}]}}]}"#,
        upstream: &[],
        rows: &[row("a page", "GET", &[PAGE], "200 forwarded | allow-origin: http://foobar.com | vary: Origin")],
    },
    Exchanges {
        what: "any origin, and a function",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["*", {"regex": ".*"}]}}]}"#,
        upstream: &[],
        rows: &[row("a page", "GET", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin")
            .differs("the function decides alone, and the origin is echoed: here the list is a list")],
    },
    Exchanges {
        what: "an age",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://a.example"], "allowMethods": ["GET"], "maxAge": 10}}]}"#,
        upstream: &[],
        rows: &[row("asks", "OPTIONS", &[origin("http://a.example"), asks("GET")], "200 answered | allow-origin: http://a.example | allow-methods: GET | max-age: 10 | vary: preflight")],
    },
    Exchanges {
        what: "no age",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://a.example"], "allowMethods": ["GET"], "maxAge": -1}}]}"#,
        upstream: &[],
        rows: &[row("asks", "OPTIONS", &[origin("http://a.example"), asks("GET")], "200 answered | allow-origin: http://a.example | allow-methods: GET | max-age: -1 | vary: preflight")
            .differs("0 in place of a number below zero: here what is written, as by Envoy")],
    },
    Exchanges {
        what: "methods",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"], "allowMethods": ["PUT", "DELETE"]}}]}"#,
        upstream: &[],
        rows: &[
            row("one of them", "OPTIONS", &[PAGE, asks("PUT")], "200 answered | allow-origin: http://foobar.com | allow-methods: PUT | vary: preflight"),
            row("another", "OPTIONS", &[PAGE, asks("PATCH")], "403 answered | vary: preflight").differs(BARE),
        ],
    },
    Exchanges {
        what: "a request by a method that is not listed",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"], "allowMethods": ["POST"], "allowCredentials": true}}]}"#,
        upstream: &[],
        rows: &[
            row("another page", "GET", &[PAGE], "200 forwarded | vary: Origin"),
            row("the page", "GET", &[origin("http://page.example")], "200 forwarded | allow-origin: http://page.example | allow-credentials: true | vary: Origin")
                .differs("no headers of CORS: here a method is judged where a browser asks, and for GET it does not"),
        ],
    },
    Exchanges {
        what: "headers",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"], "allowHeaders": ["X-Header-1", "x-header-2", "X-HEADER-3"]}}]}"#,
        upstream: &[],
        rows: &[
            row("two of them", "OPTIONS", &[PAGE, asks("GET"), names("x-header-1,x-header-2")],
                "200 answered | allow-origin: http://foobar.com | allow-methods: GET | allow-headers: x-header-1,x-header-2 | vary: preflight"),
            row("one of them, and another", "OPTIONS", &[PAGE, asks("GET"), names("x-header-1,x-header-4")], "403 answered | vary: preflight").differs(BARE),
        ],
    },
    Exchanges {
        what: "any header",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"], "allowHeaders": ["*"]}}]}"#,
        upstream: &[],
        rows: &[row("two", "OPTIONS", &[PAGE, asks("GET"), names("x-header-1,x-header-2")],
            "200 answered | allow-origin: http://foobar.com | allow-methods: GET | allow-headers: x-header-1,x-header-2 | vary: preflight")],
    },
    Exchanges {
        what: "headers, in several lines",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"], "allowHeaders": ["Content-Type", "Authorization"]}}]}"#,
        upstream: &[],
        rows: &[
            row("two lines", "OPTIONS", &[PAGE, asks("GET"), names("authorization"), names("content-type")],
                "200 answered | allow-origin: http://foobar.com | allow-methods: GET | allow-headers: authorization, content-type | vary: preflight"),
            row("blanks, and nothing in a line", "OPTIONS", &[PAGE, asks("GET"), names("authorization\t"), names(" "), names(" content-type")],
                "200 answered | allow-origin: http://foobar.com | allow-methods: GET | allow-headers: authorization\t,  ,  content-type | vary: preflight"),
        ],
    },
    Exchanges {
        what: "exposed headers",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"], "exposeHeaders": ["X-Header-1", "x-header-2"]}}]}"#,
        upstream: &[],
        rows: &[
            row("two", "GET", &[PAGE], "200 forwarded | allow-origin: http://foobar.com | expose-headers: X-Header-1,x-header-2 | vary: Origin").differs(AS_WRITTEN),
            row("they are there", "POST", &[PAGE], "200 forwarded | allow-origin: http://foobar.com | expose-headers: X-Header-1,x-header-2 | vary: Origin"),
        ],
    },
    Exchanges {
        what: "credentials",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"], "allowCredentials": true}}]}"#,
        upstream: &[],
        rows: &[row("asks", "OPTIONS", &[PAGE, asks("GET")], "200 answered | allow-origin: http://foobar.com | allow-credentials: true | allow-methods: GET | vary: preflight")],
    },
    Exchanges {
        what: "private networks",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://foobar.com"], "allowPrivateNetworkAccess": true}}]}"#,
        upstream: &[],
        rows: &[row("asks", "OPTIONS", &[PAGE, asks("GET"), ("access-control-request-private-network", "true")],
            "200 answered | allow-origin: http://foobar.com | allow-methods: GET | allow-private-network: true | vary: preflight").differs(PRIVATE_VARY)],
    },
    Exchanges {
        what: "another status",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["*"]}}]}"#,
        upstream: &[],
        rows: &[
            row("a method is asked for by no page", "OPTIONS", &[asks("GET")], "200 forwarded | vary: Origin").differs(NO_PREFLIGHT),
            row("a method is asked for by a page", "OPTIONS", &[PAGE, asks("GET")], "204 answered | allow-origin: * | allow-methods: GET | vary: preflight"),
        ],
    },
];

const READINGS: [Reading; 1] = [reading(
    "any origin with credentials",
    r#"{"allowOrigins": ["*"], "allowCredentials": true}"#,
    Refused("expected origins by name beside allowCredentials"),
)
.differs("the wildcard beside credentials, which no browser takes: here a mistake at configuration")];
