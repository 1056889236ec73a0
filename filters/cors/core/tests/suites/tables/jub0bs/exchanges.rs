//! Requests to configured middlewares.

use super::super::{Exchanges, Header, asks, names, origin, row};

const PAGE: Header = origin("http://localhost:9090");
const OTHER: Header = origin("https://other.example");
const INVALID: Header = origin("no_origin");

const VARY: &[Header] = &[("vary", "foo")];
const VARY_TWICE: &[Header] = &[("vary", "foo"), ("vary", "before")];

/// Whatever is asked, caches are told the same.
const NO_VARY: &str = "no Vary for OPTIONS, as nobody may cache it: those who do anyway are told here";
const NAMES: &str = "the wildcard itself, where we answer with what was asked for: it says as much, and covers no less";
const LENIENT_STAR: &str = "the wildcard for what is no origin, too: here what no browser sends gets nothing";
const NOT_CROSS: &str =
    "the wildcard where no page asks: here what is not CORS is left alone, and caches keep it apart";
const STAR_VARY: &str =
    "no Vary beside the wildcard: here null and what is no origin get none, so that answers depend on it";
const SAFELISTED: &str = "403, as no method and no header is configured: GET, HEAD and POST need no mention here";
const BOUNDED: &str = "204, since where any header is allowed none is looked at: here the list is bounded all the same";

#[rustfmt::skip]
pub const TABLES: [Exchanges; 16] = [
    Exchanges {
        what: "nothing is configured for this host",
        configuration: r#"{"policies": [{"hosts": ["else.example"], "corsPolicy": {"allowOrigins": ["http://localhost:9090"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("no page, GET", "GET", &[], "200 forwarded | vary: foo"),
            row("no page, OPTIONS", "OPTIONS", &[], "200 forwarded | vary: foo"),
            row("the page, GET", "GET", &[PAGE], "200 forwarded | vary: foo"),
            row("another page, GET", "GET", &[OTHER], "200 forwarded | vary: foo"),
            row("no origin, GET", "GET", &[INVALID], "200 forwarded | vary: foo"),
            row("the page, OPTIONS", "OPTIONS", &[PAGE], "200 forwarded | vary: foo"),
            row("another page, OPTIONS", "OPTIONS", &[OTHER], "200 forwarded | vary: foo"),
            row("the page asks for GET", "OPTIONS", &[PAGE, asks("GET")], "200 forwarded | vary: foo"),
            row("the page asks for DELETE", "OPTIONS", &[PAGE, asks("DELETE")], "200 forwarded | vary: foo"),
            row("the page asks for DELETE with a type", "OPTIONS", &[PAGE, asks("DELETE"), names("content-type")], "200 forwarded | vary: foo"),
            row("another page asks for GET", "OPTIONS", &[OTHER, asks("GET")], "200 forwarded | vary: foo"),
            row("no origin asks for GET", "OPTIONS", &[INVALID, asks("GET")], "200 forwarded | vary: foo"),
            row("the page asks for PUT", "OPTIONS", &[PAGE, asks("PUT")], "200 forwarded | vary: foo"),
            row("another page asks for PUT", "OPTIONS", &[OTHER, asks("PUT")], "200 forwarded | vary: foo"),
            row("the page asks for headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")], "200 forwarded | vary: foo"),
            row("another page asks for headers", "OPTIONS", &[OTHER, asks("GET"), names("bar,baz,foo")], "200 forwarded | vary: foo"),
        ],
    },
    Exchanges {
        what: "credentials, some methods and one header",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://localhost:9090"], "allowCredentials": true,
            "allowMethods": ["GET", "POST", "DELETE", "PATCH"], "allowHeaders": ["Authorization"], "maxAge": "30s", "exposeHeaders": ["x-bar", "x-foo"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("no page, GET", "GET", &[], "200 forwarded | vary: foo, Origin"),
            row("no page, OPTIONS", "OPTIONS", &[], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("the page, GET", "GET", &[PAGE],
                "200 forwarded | allow-origin: http://localhost:9090 | allow-credentials: true | expose-headers: x-bar,x-foo | vary: foo, Origin"),
            row("another page, GET", "GET", &[OTHER], "200 forwarded | vary: foo, Origin"),
            row("no origin, GET", "GET", &[INVALID], "200 forwarded | vary: foo, Origin"),
            row("the page, OPTIONS", "OPTIONS", &[PAGE],
                "200 forwarded | allow-origin: http://localhost:9090 | allow-credentials: true | expose-headers: x-bar,x-foo | vary: foo, Origin").differs(NO_VARY),
            row("another page, OPTIONS", "OPTIONS", &[OTHER], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("asks for GET", "OPTIONS", &[PAGE, asks("GET")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("asks for DELETE", "OPTIONS", &[PAGE, asks("DELETE")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: DELETE | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("asks for a header that is not listed", "OPTIONS", &[PAGE, asks("DELETE"), names("content-type")], "403 answered | vary: preflight").differs(NO_VARY),
            row("asks for a header that is listed", "OPTIONS", &[PAGE, asks("DELETE"), names("authorization")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: DELETE | allow-headers: authorization | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("a few empty elements", "OPTIONS", &[PAGE, asks("DELETE"), names(",,authorization,,")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: DELETE | allow-headers: ,,authorization,, | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("17 empty elements", "OPTIONS", &[PAGE, asks("DELETE"), names("authorization,,,,,,,,,,,,,,,,,")],
                "403 answered | vary: preflight").differs(NO_VARY),
            row("16 empty lines", "OPTIONS", &[PAGE, asks("DELETE"), EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, names("authorization")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: DELETE | allow-headers: , , , , , , , , , , , , , , , , authorization | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("17 empty lines", "OPTIONS", &[PAGE, asks("DELETE"), EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, names("authorization")],
                "403 answered | vary: preflight").differs(NO_VARY),
            row("another page asks for GET", "OPTIONS", &[OTHER, asks("GET")], "403 answered | vary: preflight").differs(NO_VARY),
            row("no origin asks for GET", "OPTIONS", &[INVALID, asks("GET")], "403 answered | vary: preflight").differs(NO_VARY),
            row("asks for a method that is not listed", "OPTIONS", &[PAGE, asks("PUT")], "403 answered | vary: preflight").differs(NO_VARY),
            row("another page asks for a method that is not listed", "OPTIONS", &[OTHER, asks("PUT")], "403 answered | vary: preflight").differs(NO_VARY),
            row("asks for several headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
            row("another page asks for several headers", "OPTIONS", &[OTHER, asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "credentials and any header",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://localhost:9090"], "allowCredentials": true,
            "allowHeaders": ["*"], "maxAge": "30s", "exposeHeaders": ["x-foo", "x-bar"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("several headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | allow-headers: bar,baz,foo | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("blanks between them", "OPTIONS", &[PAGE, asks("GET"), names("bar , baz\t, foo\t")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | allow-headers: bar , baz\t, foo\t | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("more blanks", "OPTIONS", &[PAGE, asks("GET"), names("bar \t, baz\t, foo\t")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | allow-headers: bar \t, baz\t, foo\t | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("16 empty elements", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo,,,,,,,,,,,,,,,,")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | allow-headers: bar,baz,foo,,,,,,,,,,,,,,,, | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("17 empty elements", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo,,,,,,,,,,,,,,,,,")],
                "403 answered | vary: preflight").differs(BOUNDED),
            row("16 empty lines", "OPTIONS", &[PAGE, asks("GET"), EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, names("bar,baz,foo")],
                "204 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | allow-headers: , , , , , , , , , , , , , , , , bar,baz,foo | max-age: 30 | vary: preflight").differs(NO_VARY),
            row("17 empty lines", "OPTIONS", &[PAGE, asks("GET"), EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, names("bar,baz,foo")],
                "403 answered | vary: preflight").differs(BOUNDED),
            // From the test of reconfigurations.
            row("a method that is not listed", "OPTIONS", &[PAGE, asks("DELETE"), names("bar,baz,foo,qux")], "403 answered | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "credentials and no header",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://localhost:9090"], "allowCredentials": true,
            "maxAge": "30s", "exposeHeaders": ["x-foo", "x-bar"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("asks for headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "debugging, credentials and no header",
        configuration: r#"{"preflightStatus": 204, "debug": true, "policies": [{"corsPolicy": {"allowOrigins": ["http://localhost:9090"],
            "allowCredentials": true, "maxAge": "30s", "exposeHeaders": ["x-foo", "x-bar"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("asks for headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")],
                "200 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | vary: preflight | CORS: expected no header, but found bar,baz,foo").differs(REASON),
            row("asks for a method that is not listed", "OPTIONS", &[PAGE, asks("PUT")],
                "200 answered | allow-origin: http://localhost:9090 | allow-credentials: true | vary: preflight | CORS: expected GET, HEAD or POST, but found PUT").differs(REASON),
            row("no origin asks", "OPTIONS", &[INVALID, asks("PUT")],
                "200 answered | vary: preflight | CORS: expected an origin that the policy allows, but found no_origin").differs(REASON),
        ],
    },
    Exchanges {
        what: "debugging, credentials and one header",
        configuration: r#"{"preflightStatus": 204, "debug": true, "policies": [{"corsPolicy": {"allowOrigins": ["http://localhost:9090"],
            "allowCredentials": true, "allowHeaders": ["Authorization"], "maxAge": "30s", "exposeHeaders": ["x-foo", "x-bar"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("asks for other headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")],
                "200 answered | allow-origin: http://localhost:9090 | allow-credentials: true | allow-methods: GET | allow-headers: Authorization | vary: preflight \
                 | CORS: expected Authorization, but found bar,baz,foo").differs(REASON),
        ],
    },
    Exchanges {
        what: "everything but Authorization",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"],
            "maxAge": "30s", "exposeHeaders": ["*"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("asks for DELETE with a type", "OPTIONS", &[PAGE, asks("PURGE"), names("content-type")],
                "204 answered | allow-origin: * | allow-methods: PURGE | allow-headers: content-type | max-age: 30 | vary: preflight").differs(NAMES),
        ],
    },
    Exchanges {
        what: "debugging, everything",
        configuration: r#"{"preflightStatus": 204, "debug": true, "policies": [{"corsPolicy": {"allowOrigins": ["*"], "allowMethods": ["*"],
            "allowHeaders": ["Authorization", "*"], "maxAge": "30s", "exposeHeaders": ["*"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("no page, GET", "GET", &[], "200 forwarded | vary: foo, Origin").differs(NOT_CROSS),
            row("no page, OPTIONS", "OPTIONS", &[], "200 forwarded | vary: foo, Origin").differs(NOT_CROSS),
            row("a page, GET", "GET", &[PAGE], "200 forwarded | allow-origin: * | expose-headers: * | vary: foo, Origin").differs(STAR_VARY),
            row("no origin, GET", "GET", &[INVALID], "200 forwarded | vary: foo, Origin").differs(LENIENT_STAR),
            row("a page, OPTIONS", "OPTIONS", &[PAGE], "200 forwarded | allow-origin: * | expose-headers: * | vary: foo, Origin").differs(STAR_VARY),
            row("asks for GET", "OPTIONS", &[PAGE, asks("GET")], "204 answered | allow-origin: * | allow-methods: GET | max-age: 30 | vary: preflight").differs(STAR_VARY),
            row("asks for a method of its own", "OPTIONS", &[PAGE, asks("PURGE")], "204 answered | allow-origin: * | allow-methods: PURGE | max-age: 30 | vary: preflight").differs(NAMES),
            row("and for a header", "OPTIONS", &[PAGE, asks("PURGE"), names("content-type")],
                "204 answered | allow-origin: * | allow-methods: PURGE | allow-headers: content-type | max-age: 30 | vary: preflight").differs(NAMES),
            row("no origin asks for GET", "OPTIONS", &[INVALID, asks("GET")],
                "200 answered | vary: preflight | CORS: expected an origin that the policy allows, but found no_origin").differs(LENIENT_STAR),
            row("asks for PUT", "OPTIONS", &[PAGE, asks("PUT")], "204 answered | allow-origin: * | allow-methods: PUT | max-age: 30 | vary: preflight").differs(NAMES),
            row("asks for several headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")],
                "204 answered | allow-origin: * | allow-methods: GET | allow-headers: bar,baz,foo | max-age: 30 | vary: preflight").differs(NAMES),
        ],
    },
    Exchanges {
        what: "credentials for an origin with a port, and for subdomains",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["https://page.example:8080", "https://*.page.example"],
            "allowCredentials": true, "allowMethods": ["GET", "POST", "PUT", "DELETE"], "allowHeaders": ["Foo", "Bar", "Baz", "Qux", "Quux"],
            "maxAge": "30s", "exposeHeaders": ["x-bar", "x-foo"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("no page, GET", "GET", &[], "200 forwarded | vary: foo, Origin"),
            row("no page, OPTIONS", "OPTIONS", &[], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("the page, GET", "GET", &[origin("https://page.example:8080")],
                "200 forwarded | allow-origin: https://page.example:8080 | allow-credentials: true | expose-headers: x-bar,x-foo | vary: foo, Origin"),
            row("another port, GET", "GET", &[origin("https://page.example:6060")], "200 forwarded | vary: foo, Origin"),
            row("no origin, GET", "GET", &[INVALID], "200 forwarded | vary: foo, Origin"),
            row("the page, OPTIONS", "OPTIONS", &[origin("https://page.example:8080")],
                "200 forwarded | allow-origin: https://page.example:8080 | allow-credentials: true | expose-headers: x-bar,x-foo | vary: foo, Origin").differs(NO_VARY),
            row("a subdomain with a port, OPTIONS", "OPTIONS", &[origin("https://a.page.example:8080")], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("asks for headers", "OPTIONS", &[origin("https://page.example:8080"), asks("GET"), names("bar,baz,foo")],
                "204 answered | allow-origin: https://page.example:8080 | allow-credentials: true | allow-methods: GET | allow-headers: bar,baz,foo | max-age: 30 | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "an origin and nothing else, behind something that varies, too",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://localhost:9090"]}}]}"#,
        upstream: VARY_TWICE,
        rows: &[
            row("no page, GET", "GET", &[], "200 forwarded | vary: foo, before, Origin"),
            row("no page, OPTIONS", "OPTIONS", &[], "200 forwarded | vary: foo, before, Origin").differs(NO_VARY),
            row("the page, GET", "GET", &[PAGE], "200 forwarded | allow-origin: http://localhost:9090 | vary: foo, before, Origin"),
            row("another page, GET", "GET", &[OTHER], "200 forwarded | vary: foo, before, Origin"),
            row("no origin, GET", "GET", &[INVALID], "200 forwarded | vary: foo, before, Origin"),
            row("the page, OPTIONS", "OPTIONS", &[PAGE], "200 forwarded | allow-origin: http://localhost:9090 | vary: foo, before, Origin").differs(NO_VARY),
            row("another page, OPTIONS", "OPTIONS", &[OTHER], "200 forwarded | vary: foo, before, Origin").differs(NO_VARY),
            row("asks for GET", "OPTIONS", &[PAGE, asks("GET")], "204 answered | allow-origin: http://localhost:9090 | allow-methods: GET | vary: preflight").differs(SAFELISTED),
            row("asks for DELETE", "OPTIONS", &[PAGE, asks("DELETE")], "403 answered | vary: preflight").differs(NO_VARY),
            row("asks for DELETE with a type", "OPTIONS", &[PAGE, asks("DELETE"), names("content-type")], "403 answered | vary: preflight").differs(NO_VARY),
            row("another page asks for GET", "OPTIONS", &[OTHER, asks("GET")], "403 answered | vary: preflight").differs(NO_VARY),
            row("no origin asks for GET", "OPTIONS", &[INVALID, asks("GET")], "403 answered | vary: preflight").differs(NO_VARY),
            row("asks for PUT", "OPTIONS", &[PAGE, asks("PUT")], "403 answered | vary: preflight").differs(NO_VARY),
            row("another page asks for PUT", "OPTIONS", &[OTHER, asks("PUT")], "403 answered | vary: preflight").differs(NO_VARY),
            row("asks for headers", "OPTIONS", &[PAGE, asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
            row("another page asks for headers", "OPTIONS", &[OTHER, asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "two domains that end alike (GHSA-vhxv-fg4m-p2w8)",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["https://foo.com", "https://bar.com"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("the second before the first, GET", "GET", &[origin("https://barfoo.com")], "200 forwarded | vary: foo, Origin"),
            row("the first before the second, GET", "GET", &[origin("https://foobar.com")], "200 forwarded | vary: foo, Origin"),
            row("the second before the first, OPTIONS", "OPTIONS", &[origin("https://barfoo.com")], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("the first before the second, OPTIONS", "OPTIONS", &[origin("https://foobar.com")], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("the second before the first asks for GET", "OPTIONS", &[origin("https://barfoo.com"), asks("GET")], "403 answered | vary: preflight").differs(NO_VARY),
            row("the first before the second asks for GET", "OPTIONS", &[origin("https://foobar.com"), asks("GET")], "403 answered | vary: preflight").differs(NO_VARY),
            row("the second before the first asks for PUT", "OPTIONS", &[origin("https://barfoo.com"), asks("PUT")], "403 answered | vary: preflight").differs(NO_VARY),
            row("the first before the second asks for PUT", "OPTIONS", &[origin("https://foobar.com"), asks("PUT")], "403 answered | vary: preflight").differs(NO_VARY),
            row("the second before the first asks for headers", "OPTIONS", &[origin("https://barfoo.com"), asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
            row("the first before the second asks for headers", "OPTIONS", &[origin("https://foobar.com"), asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "credentials for an origin that is not of the web",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["connector://page.example"], "allowCredentials": true}}]}"#,
        upstream: VARY,
        rows: &[
            row("no page, GET", "GET", &[], "200 forwarded | vary: foo, Origin"),
            row("no page, OPTIONS", "OPTIONS", &[], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("the page, GET", "GET", &[origin("connector://page.example")],
                "200 forwarded | allow-origin: connector://page.example | allow-credentials: true | vary: foo, Origin"),
            row("another port, GET", "GET", &[origin("connector://page.example:6060")], "200 forwarded | vary: foo, Origin"),
            row("no origin, GET", "GET", &[INVALID], "200 forwarded | vary: foo, Origin"),
            row("the page, OPTIONS", "OPTIONS", &[origin("connector://page.example")],
                "200 forwarded | allow-origin: connector://page.example | allow-credentials: true | vary: foo, Origin").differs(NO_VARY),
            row("another port, OPTIONS", "OPTIONS", &[origin("connector://page.example:8080")], "200 forwarded | vary: foo, Origin").differs(NO_VARY),
            row("asks for headers", "OPTIONS", &[origin("connector://page.example"), asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "any subdomain and any port",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://*.page.example:*"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("a subdomain", "GET", &[origin("http://a.page.example")], "200 forwarded | allow-origin: http://a.page.example | vary: foo, Origin"),
            row("a subdomain with a port", "GET", &[origin("http://a.page.example:6060")], "200 forwarded | allow-origin: http://a.page.example:6060 | vary: foo, Origin"),
            row("a deeper one", "GET", &[origin("http://b.a.page.example")], "200 forwarded | allow-origin: http://b.a.page.example | vary: foo, Origin"),
            row("a deeper one with a port", "GET", &[origin("http://b.a.page.example:8080")], "200 forwarded | allow-origin: http://b.a.page.example:8080 | vary: foo, Origin"),
            row("the domain itself", "GET", &[origin("http://page.example")], "200 forwarded | vary: foo, Origin"),
            row("asks for headers", "OPTIONS", &[origin("http://a.page.example"), asks("GET"), names("bar,baz,foo")], "403 answered | vary: preflight").differs(NO_VARY),
        ],
    },
    Exchanges {
        what: "many origins",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["https://ban", "https://can", "https://fan", "https://man", "https://woman",
            "https://pan", "https://ran", "https://tan", "https://van", "https://wan"]}}]}"#,
        upstream: VARY,
        rows: &[
            row("first", "GET", &[origin("https://ban")], "200 forwarded | allow-origin: https://ban | vary: foo, Origin"),
            row("second", "GET", &[origin("https://can")], "200 forwarded | allow-origin: https://can | vary: foo, Origin"),
            row("third", "GET", &[origin("https://fan")], "200 forwarded | allow-origin: https://fan | vary: foo, Origin"),
            row("fourth", "GET", &[origin("https://man")], "200 forwarded | allow-origin: https://man | vary: foo, Origin"),
            row("one that ends like the fourth", "GET", &[origin("https://woman")], "200 forwarded | allow-origin: https://woman | vary: foo, Origin"),
            row("sixth", "GET", &[origin("https://pan")], "200 forwarded | allow-origin: https://pan | vary: foo, Origin"),
            row("seventh", "GET", &[origin("https://ran")], "200 forwarded | allow-origin: https://ran | vary: foo, Origin"),
            row("eighth", "GET", &[origin("https://tan")], "200 forwarded | allow-origin: https://tan | vary: foo, Origin"),
            row("ninth", "GET", &[origin("https://van")], "200 forwarded | allow-origin: https://van | vary: foo, Origin"),
            row("last", "GET", &[origin("https://wan")], "200 forwarded | allow-origin: https://wan | vary: foo, Origin"),
            row("one between the fourth and the fifth", "GET", &[origin("https://oman")], "200 forwarded | vary: foo, Origin"),
        ],
    },
    Exchanges {
        what: "methods that need no permission",
        configuration: r#"{"preflightStatus": 204, "policies": [{"corsPolicy": {"allowOrigins": ["http://localhost:9090"]}}]}"#,
        upstream: &[],
        rows: &[
            row("GET", "OPTIONS", &[PAGE, asks("GET")], "204 answered | allow-origin: http://localhost:9090 | allow-methods: GET | vary: preflight"),
            row("HEAD", "OPTIONS", &[PAGE, asks("HEAD")], "204 answered | allow-origin: http://localhost:9090 | allow-methods: HEAD | vary: preflight"),
            row("POST", "OPTIONS", &[PAGE, asks("POST")], "204 answered | allow-origin: http://localhost:9090 | allow-methods: POST | vary: preflight"),
            row("Get", "OPTIONS", &[PAGE, asks("Get")], "403 answered | vary: preflight"),
            row("Head", "OPTIONS", &[PAGE, asks("Head")], "403 answered | vary: preflight"),
            row("Post", "OPTIONS", &[PAGE, asks("Post")], "403 answered | vary: preflight"),
            row("PUT", "OPTIONS", &[PAGE, asks("PUT")], "403 answered | vary: preflight"),
            row("DELETE", "OPTIONS", &[PAGE, asks("DELETE")], "403 answered | vary: preflight"),
            row("OPTIONS", "OPTIONS", &[PAGE, asks("OPTIONS")], "403 answered | vary: preflight"),
        ],
    },
    Exchanges {
        what: "the same answer again",
        configuration: r#"{"policies": [{"corsPolicy": {"allowOrigins": ["https://page.example"], "allowMethods": ["PUT"], "allowCredentials": true}}]}"#,
        upstream: &[],
        // Theirs changes what the first request was answered with, which must not be what the second gets.
        rows: &[
            row("once", "OPTIONS", &[origin("https://page.example"), asks("PUT")],
                "200 answered | allow-origin: https://page.example | allow-credentials: true | allow-methods: PUT | vary: preflight").differs(NO_VARY),
            row("twice", "OPTIONS", &[origin("https://page.example"), asks("PUT")],
                "200 answered | allow-origin: https://page.example | allow-credentials: true | allow-methods: PUT | vary: preflight").differs(NO_VARY),
        ],
    },
];

const EMPTY: Header = names("");
const REASON: &str =
    "204 without a body: here what is refused says why, in words, with the headers up to the one that is missing";
