//! github.com/expressjs/cors (MIT), a Node.js middleware, at `5317ebe6`: `test/{test,example-app,issue-2,error-response}.js`.
//!
//! Vectors: 41; answered differently: 13.
//!
//! There every OPTIONS is a preflight, so that its requests ask for no method; here they do, except where that is the question. Left
//! out: functions in place of options and origins, and their errors (a policy here is data); answering *and* going on; what a caller
//! does to its options; `Content-Length`, which is the proxy's; bodies. Methods of its own invention are others here.

use super::Verdict::Refused;
use super::{Exchanges, Header, Reading, Suite, asks, names, origin, reading, row};

pub const SUITE: Suite =
    Suite { exchanges: &TABLES, readings: &READINGS, ..Suite::new("expressjs/cors", include_str!("expressjs.rs")) };

const PAGE: Header = origin("http://page.example");
const ASKED: Header = names("x-header-1, x-header-2");

const ANY_OPTIONS: &str = "204, as every OPTIONS is answered: here one that asks for nothing is the upstream's";
const LETTERS: &str = "methods in any letters: here as in RFC 9110 §9.1, case counts";
const NAMES: &str = "the whole list: here what was asked for";
const VARY: &str = "no Vary beside the wildcard: here null and what is no origin get none";
const ONLY_LISTED: &str = "the list, for the browser to compare: here 403";

/// What it does without options.
const DEFAULT: &str = r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["*"],
    "allowMethods": ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"], "allowHeaders": ["*"]}}]}"#;

#[rustfmt::skip]
const TABLES: [Exchanges; 12] = [
    Exchanges {
        what: "without options",
        configuration: DEFAULT,
        upstream: &[],
        rows: &[
            row("GET goes on", "GET", &[PAGE, ASKED], "200 forwarded | allow-origin: * | vary: Origin"),
            row("OPTIONS that asks for nothing", "OPTIONS", &[PAGE, ASKED], "200 forwarded | allow-origin: * | vary: Origin").differs(ANY_OPTIONS),
            row("OPTIONS in small letters", "options", &[PAGE, asks("GET"), ASKED], "200 forwarded | allow-origin: * | vary: Origin").differs(LETTERS),
            row("any origin, and no methods", "GET", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin"),
            row("any origin, and all methods", "OPTIONS", &[PAGE, asks("PUT"), ASKED],
                "204 answered | allow-origin: * | allow-methods: PUT | allow-headers: x-header-1, x-header-2 | vary: preflight").differs(NAMES),
            row("another of those methods", "OPTIONS", &[PAGE, asks("PATCH")], "204 answered | allow-origin: * | allow-methods: PATCH | vary: preflight").differs(NAMES),
            row("headers are mirrored", "OPTIONS", &[PAGE, asks("GET"), ASKED],
                "204 answered | allow-origin: * | allow-methods: GET | allow-headers: x-header-1, x-header-2 | vary: preflight")
                .differs("Access-Control-Request-Headers alone in Vary: here the three that an answer depends on"),
            row("any origin by default", "GET", &[origin("https://page.test")], "200 forwarded | allow-origin: * | vary: Origin"),
            row("no credentials", "GET", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin"),
            row("no age", "OPTIONS", &[PAGE, asks("GET")], "204 answered | allow-origin: * | allow-methods: GET | vary: preflight"),
            // From its example application.
            row("GET", "GET", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin"),
            row("HEAD", "HEAD", &[PAGE], "204 forwarded | allow-origin: * | vary: Origin").status(204),
            row("POST", "POST", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin"),
            row("OPTIONS", "OPTIONS", &[PAGE, asks("DELETE")], "204 answered | allow-origin: * | allow-methods: DELETE | vary: preflight"),
            row("DELETE", "DELETE", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin"),
            // Errors can be read by the page, too.
            row("500", "POST", &[PAGE], "500 forwarded | allow-origin: * | vary: Origin").status(500),
            row("401", "POST", &[PAGE], "401 forwarded | allow-origin: * | vary: Origin").status(401),
            row("404", "POST", &[PAGE], "404 forwarded | allow-origin: * | vary: Origin").status(404),
        ],
    },
    Exchanges {
        what: "another status",
        configuration: r#"{"preflightStatus": 200, "policies": [{"corsPolicy": {"allowOrigins": ["*"]}}]}"#,
        upstream: &[],
        rows: &[row("asks", "OPTIONS", &[PAGE, asks("GET")], "200 answered | allow-origin: * | allow-methods: GET | vary: preflight")],
    },
    Exchanges {
        what: "every option",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"], "allowMethods": ["PUT", "DELETE"],
            "allowHeaders": ["X-HEADER-1", "x-header-2"], "allowCredentials": true, "maxAge": 123}}]}"#,
        upstream: &[],
        rows: &[row("asks", "OPTIONS", &[PAGE, asks("PUT"), ASKED],
            "204 answered | allow-origin: http://page.example | allow-credentials: true | allow-methods: PUT | allow-headers: x-header-1, x-header-2 | max-age: 123 | vary: preflight").differs(NAMES)],
    },
    Exchanges {
        what: "an expression",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": [{"regex": ".*://(.+\\.)?page\\.example"}]}}]}"#,
        upstream: &[],
        rows: &[row("the page", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | vary: Origin")],
    },
    Exchanges {
        what: "an expression and an origin",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": [{"regex": ".*foo\\.example"}, "http://page.example"]}}]}"#,
        upstream: &[],
        rows: &[
            row("the origin", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | vary: Origin"),
            row("neither", "GET", &[origin("http://bar.example")], "200 forwarded | vary: Origin"),
        ],
    },
    Exchanges {
        what: "off",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowMethods": ["PUT"], "allowHeaders": ["x-a"], "maxAge": 123, "filterEnabled": {"defaultValue": {}}}}]}"#,
        upstream: &[],
        rows: &[row("a page", "GET", &[PAGE], "200 forwarded")],
    },
    Exchanges {
        what: "one origin",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"]}}]}"#,
        upstream: &[],
        rows: &[
            row("the page", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | vary: Origin"),
            row("another page", "GET", &[origin("http://localhost")], "200 forwarded | vary: Origin"),
            row("something varies behind it", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | vary: Foo, Origin").upstream(&[("vary", "Foo")]),
        ],
    },
    Exchanges {
        what: "whatever origin asks",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": [{"regex": ".*"}]}}]}"#,
        upstream: &[],
        rows: &[row("a page", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | vary: Origin")],
    },
    Exchanges {
        what: "headers",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowHeaders": ["header1", "header2"]}}]}"#,
        upstream: &[],
        rows: &[
            row("both", "OPTIONS", &[PAGE, asks("GET"), names("header1,header2")],
                "204 answered | allow-origin: * | allow-methods: GET | allow-headers: header1,header2 | vary: preflight").differs(VARY),
            row("others", "OPTIONS", &[PAGE, asks("GET"), ASKED], "403 answered | vary: preflight").differs(ONLY_LISTED),
        ],
    },
    Exchanges {
        what: "headers and exposed ones, with commas",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowHeaders": "header1,header2", "exposeHeaders": "header3,header4", "maxAge": 456}}]}"#,
        upstream: &[],
        rows: &[
            row("asks for one", "OPTIONS", &[PAGE, asks("GET"), names("header2")],
                "204 answered | allow-origin: * | allow-methods: GET | allow-headers: header2 | max-age: 456 | vary: preflight").differs(NAMES),
            row("exposed", "GET", &[PAGE], "200 forwarded | allow-origin: * | expose-headers: header3,header4 | vary: Origin"),
            row("an age", "OPTIONS", &[PAGE, asks("GET")], "204 answered | allow-origin: * | allow-methods: GET | max-age: 456 | vary: preflight"),
        ],
    },
    Exchanges {
        what: "empty lists, and an age of nothing",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowHeaders": [], "exposeHeaders": [], "maxAge": 0}}]}"#,
        upstream: &[],
        rows: &[
            row("no headers", "GET", &[PAGE, ASKED], "200 forwarded | allow-origin: * | vary: Origin").differs(VARY),
            row("none exposed", "GET", &[PAGE], "200 forwarded | allow-origin: * | vary: Origin"),
            row("an age of nothing", "OPTIONS", &[PAGE, asks("GET")], "204 answered | allow-origin: * | allow-methods: GET | max-age: 0 | vary: preflight"),
        ],
    },
    Exchanges {
        what: "exposed headers in an array, credentials, one path",
        configuration: r#"{"preflightStatus": 204, "policies": [{"paths": ["/api/login"], "corsPolicy": {"allowOrigins": ["http://page.example"], "allowMethods": ["POST"],
            "allowCredentials": true, "maxAge": 3600, "exposeHeaders": ["header3", "header4"]}}]}"#,
        upstream: &[],
        rows: &[
            // expressjs/cors#2.
            row("asks", "OPTIONS", &[PAGE, asks("POST")],
                "204 answered | allow-origin: http://page.example | allow-credentials: true | allow-methods: POST | max-age: 3600 | vary: preflight").url("http://api.example/api/login"),
            row("posts", "POST", &[PAGE],
                "200 forwarded | allow-origin: http://page.example | allow-credentials: true | expose-headers: header3,header4 | vary: Origin").url("http://api.example/api/login"),
        ],
    },
];

const READINGS: [Reading; 3] = [
    reading(
        "credentials for any origin",
        r#"{"allowOrigins": ["*"], "allowCredentials": true}"#,
        Refused("expected origins by name beside allowCredentials"),
    )
    .differs("the wildcard beside credentials, which no browser takes: here a mistake at configuration"),
    reading(
        "an origin without a scheme",
        r#"{"allowOrigins": ["bar.com"]}"#,
        Refused("has no scheme such as https://"),
    )
    .differs("an origin that no browser sends is taken as it is, and never matches: here a mistake at configuration"),
    reading(
        "methods of one's own",
        r#"{"allowOrigins": ["*"], "allowMethods": ["method1", "method2"]}"#,
        Refused("expected a method of GET"),
    )
    .differs("any text: here one of Istio's nine methods or *"),
];
