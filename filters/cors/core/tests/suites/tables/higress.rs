//! github.com/higress-group/higress (Apache-2.0), the same filter for the same proxy in Go, at `8e4041c9`:
//!
//! Vectors: 78; answered differently: 30.
//! `plugins/wasm-go/extensions/cors/{main,main_issue1743,main_vary}_test.go`, `config/{cors_config,cors_config_issue1743}_test.go` beside
//! them, `test/e2e/conformance/tests/httproute-enable-cors.go` and `pkg/ingress/kube/annotations/cors_test.go`.
//!
//! Left out: how annotations are read (the lists that come of them are here), its debugging headers, and ports by default of a URL, which
//! show in whether a page is of the same origin.

use super::Verdict::{Accepted, Refused, Warned};
use super::{Exchanges, Header, Origins, Reading, Suite, asks, names, origin, reading, row};

pub const SUITE: Suite = Suite {
    exchanges: &TABLES,
    readings: &READINGS,
    origins: &ORIGINS,
    ..Suite::new("higress", include_str!("higress.rs"))
};

const PAGE: Header = origin("http://page.example");
const OTHER: Header = origin("http://other.example");

const WHOLE: &str = "all methods and headers of the policy, and the exposed ones: here what was asked for";
const VARY_ALWAYS: &str =
    "no Vary unless the origin is allowed: here whatever depends on it says so, lest a cache mixes them";
const ORIGIN_ALONE: &str = "Origin alone in Vary: here the three that a preflight's answer depends on";
const BARE: &str = "204 without headers of CORS: here 403, so that other clients see it, too";
const LETTERS: &str = "in any letters: here as browsers write it, methods and origins both";
const NO_SCRIPT: &str = "Authorization is covered by the wildcard: here not, as the Fetch standard says";

const BASIC: &str = r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://page.example", "https://page.example"], "allowMethods": ["GET", "POST", "OPTIONS"],
    "allowHeaders": ["Content-Type", "Authorization"], "exposeHeaders": ["X-Custom-Header"], "maxAge": 3600}}]}"#;

const THEIRS: &[Header] = &[
    ("access-control-allow-origin", "http://other.example"),
    ("access-control-allow-methods", "GET,POST"),
    ("access-control-allow-headers", "X-Upstream"),
    ("access-control-expose-headers", "X-Upstream-Expose"),
    ("access-control-allow-credentials", "true"),
    ("access-control-max-age", "600"),
];

#[rustfmt::skip]
const TABLES: [Exchanges; 10] = [
    Exchanges {
        what: "two origins, some of everything",
        configuration: BASIC,
        upstream: &[],
        rows: &[
            row("the page", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | expose-headers: X-Custom-Header | vary: Origin"),
            row("the page's response", "GET", &[PAGE], "200 forwarded | content-type: application/json | allow-origin: http://page.example | expose-headers: X-Custom-Header | vary: Origin")
                .upstream(&[("content-type", "application/json")]),
            row("the page asks", "OPTIONS", &[PAGE, asks("POST"), names("Content-Type, Authorization")],
                "204 answered | allow-origin: http://page.example | allow-methods: POST | allow-headers: Content-Type, Authorization | max-age: 3600 | vary: preflight").differs(WHOLE),
            row("another page goes on", "GET", &[OTHER], "200 forwarded | vary: Origin").differs(VARY_ALWAYS),
            row("no page", "GET", &[], "200 forwarded | vary: Origin").differs(VARY_ALWAYS),
            row("no page's response", "GET", &[], "200 forwarded | content-type: application/json | vary: Origin").upstream(&[("content-type", "application/json")]).differs(VARY_ALWAYS),
            row("an origin of nothing", "GET", &[origin("")], "200 forwarded | vary: Origin").differs(VARY_ALWAYS),
            // Issue 1743: what was refused, or refused wrongly, before.
            row("the upstream's own headers", "GET", &[OTHER], "200 forwarded | vary: Origin").upstream(THEIRS).differs(VARY_ALWAYS),
            row("a page of the same origin asks", "OPTIONS", &[PAGE, asks("POST")], "200 forwarded | vary: Origin").url("http://page.example/api/test").differs(VARY_ALWAYS),
            row("the page asks for a type", "OPTIONS", &[PAGE, asks("POST"), names("Content-Type")],
                "204 answered | allow-origin: http://page.example | allow-methods: POST | allow-headers: Content-Type | max-age: 3600 | vary: preflight").differs(WHOLE),
            row("another page asks", "OPTIONS", &[OTHER, asks("POST")], "403 answered | vary: preflight").differs(BARE),
            row("Vary of a response", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | expose-headers: X-Custom-Header | vary: Origin"),
            row("Vary of a preflight", "OPTIONS", &[PAGE, asks("POST"), names("content-type")],
                "204 answered | allow-origin: http://page.example | allow-methods: POST | allow-headers: content-type | max-age: 3600 | vary: preflight").differs(ORIGIN_ALONE),
            row("Vary beside another", "GET", &[PAGE], "200 forwarded | allow-origin: http://page.example | expose-headers: X-Custom-Header | vary: Accept-Encoding, Origin")
                .upstream(&[("vary", "Accept-Encoding")]),
        ],
    },
    Exchanges {
        what: "everything",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": ["*"], "maxAge": 7200}}]}"#,
        upstream: &[],
        rows: &[
            row("a page", "GET", &[origin("http://any.example")], "200 forwarded | allow-origin: * | expose-headers: * | vary: Origin")
                .differs("the origin, and Vary beside it: here the wildcard, which is the same for every origin that is one"),
            row("a method of its own", "OPTIONS", &[PAGE, asks("PROPFIND")], "200 answered | allow-origin: * | allow-methods: PROPFIND | max-age: 7200 | vary: preflight"),
            row("headers with blanks", "OPTIONS", &[PAGE, asks("PROPFIND"), names("Content-Type, X-Token, ")],
                "200 answered | allow-origin: * | allow-methods: PROPFIND | allow-headers: Content-Type, X-Token,  | max-age: 7200 | vary: preflight")
                .differs("blanks and empty elements are left out of the answer: here it is what was asked for, letter by letter"),
            row("Authorization", "OPTIONS", &[PAGE, asks("PROPFIND"), names(" Content-Type, Authorization, ")], "403 answered | vary: preflight").differs(NO_SCRIPT),
            row("no headers", "OPTIONS", &[PAGE, asks("GET")], "200 answered | allow-origin: * | allow-methods: GET | max-age: 7200 | vary: preflight"),
            row("Vary beside the wildcard", "GET", &[PAGE], "200 forwarded | allow-origin: * | expose-headers: * | vary: Origin")
                .differs("none: here null and what is no origin get no wildcard, so that answers depend on it"),
        ],
    },
    Exchanges {
        what: "subdomains and ports, with credentials",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://*.page.example", "http://*.page.test:8080", "http://*.page.test:9090"],
            "allowMethods": ["GET", "POST", "PUT", "DELETE"], "allowHeaders": ["Content-Type", "Token", "Authorization"],
            "exposeHeaders": ["X-Custom-Header", "X-Env-UTM"], "allowCredentials": true, "maxAge": 1800}}]}"#,
        upstream: &[],
        rows: &[
            row("a subdomain", "GET", &[origin("http://a.page.example")],
                "200 forwarded | allow-origin: http://a.page.example | allow-credentials: true | expose-headers: X-Custom-Header,X-Env-UTM | vary: Origin"),
            row("a subdomain on a port", "GET", &[origin("http://a.page.test:9090")],
                "200 forwarded | allow-origin: http://a.page.test:9090 | allow-credentials: true | expose-headers: X-Custom-Header,X-Env-UTM | vary: Origin"),
            // The three requests of its reference.
            row("a preflight of it", "OPTIONS", &[origin("http://a.page.test:9090"), asks("POST"), names("Content-Type, Token")],
                "200 answered | allow-origin: http://a.page.test:9090 | allow-credentials: true | allow-methods: POST | allow-headers: Content-Type, Token | max-age: 1800 | vary: preflight").differs(WHOLE),
            row("a preflight of another origin", "OPTIONS", &[origin("http://a.page.test"), asks("GET")], "403 answered | vary: preflight"),
            row("a preflight for another method", "OPTIONS", &[origin("http://a.page.test:9090"), asks("PATCH")], "403 answered | vary: preflight"),
        ],
    },
    Exchanges {
        what: "whose page it is",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"]}}]}"#,
        upstream: &[("access-control-allow-origin", "theirs")],
        rows: &[
            row("none", "GET", &[], "200 forwarded | allow-origin: theirs | vary: Origin"),
            row("the server's own", "GET", &[origin("http://api.example")], "200 forwarded | allow-origin: theirs | vary: Origin"),
            row("the server's own, in other letters", "GET", &[origin("http://aPI.Example")], "200 forwarded | vary: Origin").differs(LETTERS),
            row("another port", "GET", &[origin("http://api.example:8080")], "200 forwarded | vary: Origin"),
            row("another scheme", "GET", &[origin("https://api.example")], "200 forwarded | vary: Origin"),
            row("another host", "GET", &[origin("http://api.test")], "200 forwarded | vary: Origin"),
            row("the server's own, with its port", "GET", &[origin("http://api.example")], "200 forwarded | allow-origin: theirs | vary: Origin").url("http://api.example:80/"),
            row("https with its port", "GET", &[origin("https://api.example")], "200 forwarded | allow-origin: theirs | vary: Origin").url("https://API.Example:443/"),
            row("http with another one", "GET", &[origin("http://api.example:8080")], "200 forwarded | allow-origin: theirs | vary: Origin").url("http://API.Example:8080/"),
            row("https with another one", "GET", &[origin("https://api.example:8080")], "200 forwarded | allow-origin: theirs | vary: Origin").url("https://api.example:8080/"),
            row("another scheme, without a port", "GET", &[origin("wss://api.example")], "200 forwarded | allow-origin: theirs | vary: Origin").url("wss://API.Example/"),
            row("another scheme, with a port", "GET", &[origin("wss://api.example:8080")], "200 forwarded | allow-origin: theirs | vary: Origin").url("wss://api.example:8080/"),
        ],
    },
    Exchanges {
        what: "what is a preflight",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"], "allowMethods": ["PUT"]}}]}"#,
        upstream: &[],
        rows: &[
            row("nothing at all", "GET", &[], "200 forwarded | vary: Origin").differs(VARY_ALWAYS),
            row("OPTIONS", "OPTIONS", &[PAGE, asks("PUT")], "200 answered | allow-origin: http://page.example | allow-methods: PUT | vary: preflight"),
            row("OPTIONS in other letters", "Options", &[PAGE, asks("PUT")], "200 forwarded | allow-origin: http://page.example | vary: Origin").differs(LETTERS),
            row("GET", "GET", &[PAGE, asks("PUT")], "200 forwarded | allow-origin: http://page.example | vary: Origin"),
        ],
    },
    Exchanges {
        what: "methods",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"], "allowMethods": ["GET", "PUT", "HEAD"]}}]}"#,
        upstream: &[],
        rows: &[
            row("in small letters", "OPTIONS", &[PAGE, asks("put")], "403 answered | vary: preflight").differs(LETTERS),
            row("one of them", "OPTIONS", &[PAGE, asks("PUT")], "200 answered | allow-origin: http://page.example | allow-methods: PUT | vary: preflight").differs(WHOLE),
            row("POST", "OPTIONS", &[PAGE, asks("POST")], "200 answered | allow-origin: http://page.example | allow-methods: POST | vary: preflight")
                .differs("refused: here allowed, since browsers send GET, HEAD and POST whatever they are answered"),
            row("another", "OPTIONS", &[PAGE, asks("DELETE")], "403 answered | vary: preflight").differs(BARE),
            row("none", "OPTIONS", &[PAGE, asks("")], "200 forwarded | allow-origin: http://page.example | vary: Origin"),
        ],
    },
    Exchanges {
        what: "no headers",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"]}}]}"#,
        upstream: &[],
        rows: &[
            row("none is asked for", "OPTIONS", &[PAGE, asks("GET")], "200 answered | allow-origin: http://page.example | allow-methods: GET | vary: preflight")
                .differs("refused: here what is not asked for needs no permission"),
            row("one is asked for", "OPTIONS", &[PAGE, asks("GET"), names("Authorization")], "403 answered | vary: preflight").differs(BARE),
        ],
    },
    Exchanges {
        what: "two headers",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"], "allowHeaders": ["Content-Type", "Authorization"]}}]}"#,
        upstream: &[],
        rows: &[
            row("none is asked for", "OPTIONS", &[PAGE, asks("GET")], "200 answered | allow-origin: http://page.example | allow-methods: GET | vary: preflight").differs(WHOLE),
            row("both", "OPTIONS", &[PAGE, asks("GET"), names("Content-Type,Authorization")],
                "200 answered | allow-origin: http://page.example | allow-methods: GET | allow-headers: Content-Type,Authorization | vary: preflight"),
            row("both, with a blank", "OPTIONS", &[PAGE, asks("GET"), names("Content-Type, Authorization")],
                "200 answered | allow-origin: http://page.example | allow-methods: GET | allow-headers: Content-Type, Authorization | vary: preflight"),
        ],
    },
    Exchanges {
        what: "any header, and Authorization by name",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://page.example"], "allowHeaders": ["*", "Authorization"]}}]}"#,
        upstream: &[],
        rows: &[row("both", "OPTIONS", &[PAGE, asks("GET"), names("Content-Type,Authorization")],
            "200 answered | allow-origin: http://page.example | allow-methods: GET | allow-headers: Content-Type,Authorization | vary: preflight")],
    },
    Exchanges {
        what: "by host: none, one with credentials",
        configuration: r#"{"policies": [{"hosts": ["two.example"], "corsPolicy": {"allowOrigins": ["http://page.example"], "allowMethods": ["POST"], "allowHeaders": ["Host", "Origin"],
            "exposeHeaders": ["x-a"], "allowCredentials": true, "maxAge": 60}}]}"#,
        upstream: &[],
        rows: &[
            row("none", "OPTIONS", &[PAGE], "200 forwarded").url("http://one.example/foo"),
            row("the page", "OPTIONS", &[PAGE], "200 forwarded | allow-origin: http://page.example | allow-credentials: true | expose-headers: x-a | vary: Origin").url("http://two.example/foo"),
            row("another page", "OPTIONS", &[OTHER], "200 forwarded | vary: Origin").url("http://two.example/foo"),
        ],
    },
];

#[rustfmt::skip]
const READINGS: [Reading; 5] = [
    reading("everyone, with credentials", r#"{"allowOrigins": ["*"], "allowMethods": ["GET", "POST"], "allowCredentials": true}"#, Refused("expected origins by name"))
        .differs("accepted as a pattern, and every origin is echoed: here refused, as every site could read what the user sees"),
    reading("the wildcard of exposed headers, with credentials", r#"{"allowOrigins": ["https://page.example"], "exposeHeaders": ["*"], "allowCredentials": true}"#, Refused("which is no wildcard there"))
        .differs("accepted: here refused, as a browser takes it for a header of that name"),
    reading("nothing", "{}", Warned("expected allowOrigins, but found none"))
        .differs("any origin, six methods and nine headers: here nothing is allowed that nobody wrote"),
    // What its annotations become.
    reading("three origins", r#"{"allowOrigins": [{"exact": "https://page.example:4443"}, {"exact": "https://page.test"}, {"exact": "https://page.test:1199"}], "allowMethods": ["GET", "POST"],
        "allowHeaders": ["test", "unique"], "exposeHeaders": ["hello", "bye"], "allowCredentials": true, "maxAge": "86400s"}"#, Accepted),
    reading("two expressions and an origin", r#"{"allowOrigins": [{"regex": ".*\\.page\\.example:4443"}, {"regex": ".*\\.page\\.example"}, {"exact": "https://page.test:1199"}], "allowMethods": ["GET", "POST"],
        "allowHeaders": ["test", "unique"], "exposeHeaders": ["hello", "bye"], "allowCredentials": true, "maxAge": "86400s"}"#, Accepted),
];

#[rustfmt::skip]
const ORIGINS: [Origins; 8] = [
    Origins { case: "any", patterns: r#"["*"]"#, allowed: &["http://page.example"], others: &[], differs: "" },
    Origins { case: "one", patterns: r#"["http://page.example"]"#, allowed: &["http://page.example"], others: &[], differs: "" },
    Origins { case: "one of https", patterns: r#"["https://page.example"]"#, allowed: &[], others: &["http://page.example"], differs: "" },
    Origins { case: "any port", patterns: r#"["http://*.example:*"]"#, allowed: &["http://page.example", "http://page.example:10000"], others: &[], differs: "" },
    Origins {
        case: "two ports", patterns: r#"["http://*.example:8080", "http://*.example:9090"]"#,
        allowed: &["http://page.example:9090", "http://page.example:8080"],
        others: &["http://page.example:10000", "http://page.test:9090", "http://page.example:8080.evil.test"], differs: "",
    },
    Origins { case: "subdomains", patterns: r#"["http://*.page.example"]"#, allowed: &["http://a.page.example"], others: &["http://a.page.example.evil.test"], differs: "" },
    Origins { case: "other letters", patterns: r#"["*", "http://page.example", "http://*.example:*"]"#, allowed: &[], others: &["http://Page.Example", "http://PAGE.Example:9090"], differs: LETTERS },
    Origins { case: "two expressions", patterns: r#"[{"regex": ".*\\.page\\.example:4443"}, {"regex": ".*\\.page\\.example"}]"#, allowed: &["https://a.page.example:4443", "http://a.page.example"], others: &["https://a.page.example:443", "https://page.example"], differs: "" },
];
