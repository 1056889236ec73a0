//! github.com/apache/apisix (Apache-2.0), a plugin of a gateway, at `f519a0f0`: `t/plugin/{cors,cors2,cors3,cors4}.t`.
//!
//! Vectors: 62; answered differently: 29.
//!
//! Blocks that configure a route and those that ask it are one row here. Left out: what its administration answers, origins in metadata
//! under keys (their lists are here), another plugin that changes `Origin` on the way (ours has read it before), and origins that see
//! timings and nothing else, or read without seeing them (`timingAllowOrigin` is for those who may read). Its `**` is an expression here.

use super::Verdict::{Accepted, Refused, Warned};
use super::{
    Exchanges, Header, Origins, Pattern, Patterns, Reading, Suite, asks, names, origin, pattern, reading, row,
};

pub const SUITE: Suite = Suite {
    exchanges: &TABLES,
    readings: &READINGS,
    patterns: &PATTERNS,
    origins: &ORIGINS,
    ..Suite::new("apisix", include_str!("apisix.rs"))
};

const VIA: &[Header] = &[("vary", "Via")];

const WHOLE: &str = "methods, headers and age on every response: here where a preflight asks";
const NO_PAGE: &str =
    "the whole policy, though no page asks: here what is not of CORS is left alone, and caches keep it apart";
const NO_VARY: &str = "no Vary unless it is allowed: here whatever depends on the origin says so";

const SPECIFIED: &str = r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://a.page.example", "http://b.page.example", {"regex": ".*\\.page\\.test"}, {"regex": ".*\\.page\\.invalid"}],
    "allowMethods": "GET,POST", "allowHeaders": "header1,header2", "exposeHeaders": "header3,header4", "maxAge": 50, "allowCredentials": true}}]}"#;

const FORCED: &str = r#"{"policies": [{"corsPolicy": {"allowOrigins": [{"regex": ".*"}], "allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": ["*"], "maxAge": 5}}]}"#;

const OVERRIDING: &str = r#"{"policies": [{"corsPolicy": {"allowOrigins": ["https://a.page.example"], "allowMethods": ["*"], "allowHeaders": ["header1"], "exposeHeaders": ["header2"], "maxAge": 5,
    "allowCredentials": true}}]}"#;

#[rustfmt::skip]
const TABLES: [Exchanges; 7] = [
    Exchanges {
        what: "by default",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"], "maxAge": 5}}]}"#,
        upstream: &[],
        rows: &[
            row("no page", "GET", &[], "200 forwarded | vary: Origin").differs(NO_PAGE),
            row("a page", "GET", &[origin("https://page.example")], "200 forwarded | allow-origin: * | vary: Origin").differs(WHOLE),
        ],
    },
    Exchanges {
        what: "origins, expressions, and some of everything",
        configuration: SPECIFIED,
        upstream: VIA,
        rows: &[
            row("an origin", "GET", &[origin("http://b.page.example")],
                "200 forwarded | allow-origin: http://b.page.example | allow-credentials: true | expose-headers: header3,header4 | vary: Via, Origin").differs(WHOLE),
            row("another", "GET", &[origin("http://c.page.example")], "200 forwarded | vary: Via, Origin").differs(NO_VARY),
            row("one by an expression", "GET", &[origin("http://a.page.test")],
                "200 forwarded | allow-origin: http://a.page.test | allow-credentials: true | expose-headers: header3,header4 | vary: Via, Origin").differs(WHOLE),
            row("none by an expression", "GET", &[origin("http://a.page2.test")], "200 forwarded | vary: Via, Origin").differs(NO_VARY),
            row("one by the other expression", "GET", &[origin("http://foo.page.invalid")],
                "200 forwarded | allow-origin: http://foo.page.invalid | allow-credentials: true | expose-headers: header3,header4 | vary: Via, Origin").differs(WHOLE),
            row("none by either", "GET", &[origin("http://foo.invalid")], "200 forwarded | vary: Via, Origin").differs(NO_VARY),
            row("a preflight", "OPTIONS", &[origin("http://a.page.example"), asks("GET"), names("header1,header2")],
                "200 answered | allow-origin: http://a.page.example | allow-credentials: true | allow-methods: GET | allow-headers: header1,header2 | max-age: 50 | vary: preflight")
                .differs("all methods of the policy, and the exposed headers: here what was asked for"),
            row("no page", "GET", &[], "200 forwarded | vary: Via, Origin"),
            row("exposed headers", "GET", &[origin("http://a.page.example")],
                "200 forwarded | allow-origin: http://a.page.example | allow-credentials: true | expose-headers: header3,header4 | vary: Via, Origin").differs(WHOLE),
        ],
    },
    Exchanges {
        what: "whatever origin asks",
        configuration: FORCED,
        upstream: &[],
        rows: &[
            row("a page", "GET", &[origin("https://a.page.example"), ("header1", "1"), names("header1,header2")],
                "200 forwarded | allow-origin: https://a.page.example | expose-headers: * | vary: Origin").differs(WHOLE),
            row("no page", "GET", &[("header1", "1")], "200 forwarded | vary: Origin").differs(NO_PAGE),
            row("OPTIONS of no page", "OPTIONS", &[], "200 forwarded | vary: Origin").differs("200, as every OPTIONS is answered: here one that asks for nothing is the upstream's"),
            row("who has no key", "GET", &[origin("https://a.page.example")], "401 forwarded | allow-origin: https://a.page.example | expose-headers: * | vary: Origin").status(401).differs(WHOLE),
        ],
    },
    Exchanges {
        what: "over what the upstream says",
        configuration: OVERRIDING,
        upstream: &[],
        rows: &[
            row("origin", "GET", &[origin("https://a.page.example")], "200 forwarded | allow-origin: https://a.page.example | allow-credentials: true | expose-headers: header2 | vary: Origin")
                .upstream(&[("access-control-allow-origin", "https://a.page.example")]),
            row("methods", "GET", &[origin("https://a.page.example")], "200 forwarded | allow-origin: https://a.page.example | allow-credentials: true | expose-headers: header2 | vary: Origin")
                .upstream(&[("access-control-allow-methods", "methods")]).differs(WHOLE),
            row("headers", "GET", &[origin("https://a.page.example")], "200 forwarded | allow-origin: https://a.page.example | allow-credentials: true | expose-headers: header2 | vary: Origin")
                .upstream(&[("access-control-allow-headers", "header9")]).differs(WHOLE),
            row("exposed headers", "GET", &[origin("https://a.page.example")], "200 forwarded | allow-origin: https://a.page.example | allow-credentials: true | expose-headers: header2 | vary: Origin")
                .upstream(&[("access-control-expose-headers", "header9")]),
            row("age", "GET", &[origin("https://a.page.example")], "200 forwarded | allow-origin: https://a.page.example | allow-credentials: true | expose-headers: header2 | vary: Origin")
                .upstream(&[("access-control-max-age", "10")]).differs(WHOLE),
            row("credentials", "GET", &[origin("https://a.page.example")], "200 forwarded | allow-origin: https://a.page.example | allow-credentials: true | expose-headers: header2 | vary: Origin")
                .upstream(&[("access-control-allow-credentials", "false")]),
        ],
    },
    Exchanges {
        what: "an expression in place of the default",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": [{"regex": ".*\\.page\\.example"}], "allowMethods": "GET,POST", "allowHeaders": "header1", "exposeHeaders": "header2", "maxAge": 10}}]}"#,
        upstream: VIA,
        rows: &[
            row("another origin", "GET", &[origin("http://a.page.test")], "200 forwarded | vary: Via, Origin").differs(NO_VARY),
            row("no page", "GET", &[], "200 forwarded | vary: Via, Origin").differs(NO_VARY),
            row("one that matches", "GET", &[origin("http://a.page.example")], "200 forwarded | allow-origin: http://a.page.example | expose-headers: header2 | vary: Via, Origin")
                .differs("without Origin in Vary, which a cache could take for everyone's"),
        ],
    },
    Exchanges {
        what: "timings for those who may read",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://a.page.example", {"regex": "http://.*?\\.page\\.test"}], "allowMethods": "GET,POST", "allowHeaders": "header1",
            "exposeHeaders": "header2", "maxAge": 10, "timingAllowOrigin": true}}]}"#,
        upstream: &[],
        rows: &[
            row("an origin", "GET", &[origin("http://a.page.example")],
                "200 forwarded | allow-origin: http://a.page.example | expose-headers: header2 | timing-allow-origin: http://a.page.example | vary: Origin").differs(WHOLE),
            row("another", "GET", &[origin("http://b.page.example")], "200 forwarded | vary: Origin"),
            row("one by an expression", "GET", &[origin("http://a.page.test")],
                "200 forwarded | allow-origin: http://a.page.test | expose-headers: header2 | timing-allow-origin: http://a.page.test | vary: Origin").differs(WHOLE),
            row("none by an expression", "GET", &[origin("http://other.newpage.test")], "200 forwarded | vary: Origin"),
        ],
    },
    Exchanges {
        what: "nothing exposed",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["http://a.page.example"], "allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": "", "maxAge": 3500, "allowCredentials": true}}]}"#,
        upstream: &[],
        rows: &[row("a page", "GET", &[origin("http://a.page.example")], "200 forwarded | allow-origin: http://a.page.example | allow-credentials: true | vary: Origin").differs(WHOLE)],
    },
];

#[rustfmt::skip]
const READINGS: [Reading; 10] = [
    reading("some of everything", r#"{"allowOrigins": ["https://page.test"], "allowMethods": "", "allowHeaders": "", "exposeHeaders": "", "maxAge": 600, "allowCredentials": true}"#, Accepted),
    reading("an age in quotes", r#"{"allowOrigins": ["https://page.test"], "maxAge": "600"}"#, Accepted)
        .differs("refused: here Envoy's max_age is a text, too"),
    reading("nothing", "{}", Warned("expected allowOrigins, but found none")).differs("any origin, method and header: here nothing is allowed that nobody wrote"),
    reading("any origin with credentials", r#"{"allowOrigins": ["*"], "allowCredentials": true}"#, Refused("expected origins by name")),
    reading("any method with credentials", r#"{"allowOrigins": ["https://page.test"], "allowMethods": ["*"], "allowCredentials": true}"#, Accepted)
        .differs("refused, as its wildcard is sent, and is none for a browser: here the method's name is sent"),
    reading("any header with credentials", r#"{"allowOrigins": ["https://page.test"], "allowHeaders": ["*"], "allowCredentials": true}"#, Accepted)
        .differs("refused, as its wildcard is sent, and is none for a browser: here the headers' names are sent"),
    reading("any exposed header with credentials", r#"{"allowOrigins": ["https://page.test"], "exposeHeaders": ["*"], "allowCredentials": true}"#, Refused("which is no wildcard there")),
    reading("two origins", r#"{"allowOrigins": ["https://x.com", "http://y.com.uk"]}"#, Accepted),
    reading("three origins", r#"{"allowOrigins": ["https://x.com", "http://y.com.uk", "http://c.tv"]}"#, Accepted),
    reading("three origins, one with a port", r#"{"allowOrigins": ["https://x.com", "http://y.com.uk:12000", "http://c.tv"]}"#, Accepted),
];

const ONE: &str = "has no scheme such as https://";
const LIST: &str = "has no host such as www.example.com";

#[rustfmt::skip]
const PATTERNS: [Patterns; 1] = [Patterns { what: "origins", beside: "", rows: &ROWS }];

#[rustfmt::skip]
const ROWS: [Pattern; 14] = [
    pattern("any", "*", Accepted),
    pattern("any, with credentials", "**", Refused(ONE)).differs("accepted for every origin with credentials: here nobody can have that"),
    pattern("null", "null", Refused("stands for every sandboxed document")).differs("accepted: here never, as any page can make itself a sandbox"),
    pattern("one of http", "http://y.com.uk", Accepted),
    pattern("one of https", "https://x.com", Accepted),
    pattern("nothing", "", Refused(ONE)),
    pattern("the wildcard and a letter", "*a", Refused(ONE)),
    pattern("the wildcard and an origin", "*,http://y.com", Refused(ONE)),
    pattern("almost null", "nulll", Refused(ONE)),
    pattern("without a colon", "http//y.com.uk", Refused(ONE)),
    pattern("without a scheme", "x.com", Refused(ONE)),
    pattern("one and one without a scheme", "https://x.com,y.com.uk", Refused(LIST)),
    pattern("the wildcard between two", "https://x.com,*,https://y.com.uk", Refused("has more than scheme, host and port")),
    pattern("the last without slashes", "https://x.com,http://y.com.uk,http:c.tv", Refused("has more than scheme, host and port")),
];

#[rustfmt::skip]
const ORIGINS: [Origins; 4] = [
    Origins { case: "an origin, and a key's", patterns: r#"["https://page.test", "https://page.example"]"#,
        allowed: &["https://page.test", "https://page.example"], others: &["http://foo.example"], differs: "" },
    Origins { case: "an origin, and two keys'", patterns: r#"["https://page.test", "https://page.example", "https://a.page.example", "https://b.page.example"]"#,
        allowed: &["https://page.example", "https://a.page.example"], others: &["http://foo.example"], differs: "" },
    Origins { case: "an origin, and a key's wildcard", patterns: r#"["https://page.test", "*"]"#, allowed: &["http://foo.example"], others: &[], differs: "" },
    Origins { case: "a key's alone", patterns: r#"["https://page.example"]"#, allowed: &["https://page.example"], others: &["http://foo.example"], differs: "" },
];
