//! What is wrong with a configuration.

use super::super::Verdict::{Accepted, Refused, Warned};
use super::super::{Reading, reading};

const NO_METHOD: &str = "expected a method of GET";
const NO_HEADER: &str = "expected a header name or *";
const ISTIOS: &str =
    "accepted, as every token is a method: here a method is one of Istio's nine or *, so that a slip is found";
const IDLE: &str = "refused, as no script can send or read it: here accepted as Istio does, since it allows nothing";
const WARNED: &str = "refused unless a flag tolerates it: here warned of, and refused with denyInsecure";

#[rustfmt::skip]
pub const READINGS: [Reading; 51] = [
    reading("everything", r#"{"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["authoriZation", "*", "Authorization"], "exposeHeaders": ["*"]}"#, Accepted),
    reading("everything but Authorization", r#"{"allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"], "exposeHeaders": ["*"]}"#, Accepted),
    reading("what is written twice, in other letters, and not to be kept",
        r#"{"allowOrigins": ["https://a.example", "https://a.example"], "allowHeaders": ["x-foO", "x-Bar", "authoRizaTion", "Authorization"], "maxAge": "-1", "exposeHeaders": ["x-FOO", "X-baR", "x-foo"]}"#, Accepted),
    reading("credentials for http, tolerated",
        r#"{"allowOrigins": ["http://a.example", "https://*.a.example:8080", "https://*.b.a.example:8080"], "allowCredentials": true, "allowMethods": ["POST", "PUT", "DELETE", "GET"], "allowHeaders": ["*"], "maxAge": 86400, "exposeHeaders": ["x-FOO", "X-baR"]}"#,
        Warned("expected https beside allowCredentials")),
    reading("origins beside the wildcard", r#"{"allowOrigins": ["http://a.example", "http://a.example", "https://*.a.example", "https://*.a.example", "*", "*"]}"#, Accepted),
    reading("exposed headers that need no mention",
        r#"{"allowOrigins": ["http://a.example"], "exposeHeaders": ["Cache-Control", "content-Language", "content-lEngth", "content-typE", "expireS", "lasT-modified", "prAgmA", "X-Foo"]}"#, Accepted),
    reading("methods beside the wildcard", r#"{"allowOrigins": ["http://a.example"], "allowMethods": ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "*", "*"]}"#, Accepted),
    reading("methods that browsers write in upper case", r#"{"allowOrigins": ["http://a.example"], "allowMethods": ["Get", "head", "pOST"]}"#, Refused(NO_METHOD)).differs(ISTIOS),
    reading("methods that begin like others", r#"{"allowOrigins": ["http://a.example"], "allowMethods": ["getaway", "headstrong", "postal"]}"#, Refused(NO_METHOD)).differs(ISTIOS),
    reading("headers beside the wildcard", r#"{"allowOrigins": ["http://a.example"], "allowHeaders": ["Authorization", "X-Api-Key", "*", "*", "AuthorizatioN"]}"#, Accepted),
    reading("headers beside the wildcard, and credentials", r#"{"allowOrigins": ["https://a.example"], "allowCredentials": true, "allowHeaders": ["Authorization", "X-Api-Key", "*", "*", "AuthorizatioN"]}"#, Accepted),
    reading("exposed headers beside the wildcard", r#"{"allowOrigins": ["http://a.example"], "exposeHeaders": ["X-Foo", "X-Bar", "*", "*"]}"#, Accepted),
    reading("an age without anything to ask for", r#"{"allowOrigins": ["http://a.example"], "maxAge": 10}"#, Accepted),
    reading("what is below a public suffix, tolerated", r#"{"allowOrigins": ["https://*.com"]}"#, Warned("below which anyone may have a host")),
    reading("many origins", r#"{"allowOrigins": ["https://ban", "https://can", "https://fan", "https://man", "https://woman", "https://pan", "https://ran", "https://tan", "https://van", "https://wan"]}"#, Accepted),

    reading("no origin", "{}", Warned("expected allowOrigins, but found none"))
        .differs("refused: here a policy may inherit its origins, and one that has none at all is warned of"),
    reading("null", r#"{"allowOrigins": ["null"]}"#, Refused("stands for every sandboxed document")),
    reading("a path", r#"{"allowOrigins": ["http://a.example:6060/path"]}"#, Refused("has more than scheme, host and port")),
    reading("an empty method", r#"{"allowOrigins": ["https://a.example"], "allowMethods": [""]}"#, Refused(NO_METHOD)),
    reading("a method in other letters", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["résumé"]}"#, Refused(NO_METHOD)),
    reading("a method in brackets", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["()"]}"#, Refused(NO_METHOD)),
    reading("a method of one's own", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["CHICKEN"]}"#, Refused(NO_METHOD)).differs(ISTIOS),
    reading("methods that no script may send", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["GET", "CONNECT", "TRACE"]}"#, Accepted).differs(IDLE),
    reading("another one that no script may send", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["TRACK"]}"#, Refused(NO_METHOD)),
    reading("those in other letters", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["connect", "ConnEcT", "trace", "trACe", "track", "trACk"]}"#, Refused(NO_METHOD)),
    reading("methods as browsers write them", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]}"#, Accepted),
    reading("those in other letters, which browsers would write so", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["Delete", "geT", "heAd", "OPTIONs", "PosT", "put"]}"#, Refused(NO_METHOD)).differs(ISTIOS),
    reading("others in small letters, which browsers would leave so", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["patch", "query", "chicken"]}"#, Refused(NO_METHOD)).differs(ISTIOS),
    reading("a method younger than Istio's list", r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["QUERY"]}"#, Refused(NO_METHOD)).differs(ISTIOS),
    reading("an empty header", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": [""]}"#, Refused(NO_HEADER)),
    reading("a header in other letters", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["résumé"]}"#, Refused(NO_HEADER)),
    reading("a header in brackets", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["()"]}"#, Refused(NO_HEADER)),
    reading("headers that a script may send", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["authorization", "content-type"]}"#, Accepted),
    reading("a header that no script may send", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["Connection"]}"#, Accepted).differs(IDLE),
    reading("those that begin with sec-", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["Sec-Foo"]}"#, Accepted).differs(IDLE),
    reading("those that begin with proxy-", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["Proxy-Foo"]}"#, Accepted).differs(IDLE),
    reading("those that a browser sends by itself", r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["origin", "access-control-request-method", "access-control-request-headers"]}"#, Accepted).differs(IDLE),
    reading("a response's headers in requests",
        r#"{"allowOrigins": ["https://a.example"], "allowHeaders": ["access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods", "access-control-allow-headers", "access-control-max-age", "access-control-expose-headers"]}"#,
        Accepted).differs(IDLE),
    reading("an age below -1", r#"{"allowOrigins": ["https://a.example"], "maxAge": -2}"#, Accepted)
        .differs("refused: here sent as it is written, as by Envoy, and no browser keeps the answer"),
    reading("an age beyond a day", r#"{"allowOrigins": ["https://a.example"], "maxAge": 86401}"#, Warned("expected at most 24h")).differs(WARNED),
    reading("an empty exposed header", r#"{"allowOrigins": ["https://a.example"], "exposeHeaders": [""]}"#, Refused(NO_HEADER)),
    reading("an exposed header in other letters", r#"{"allowOrigins": ["https://a.example"], "exposeHeaders": ["résumé"]}"#, Refused(NO_HEADER)),
    reading("exposed headers that no script may read", r#"{"allowOrigins": ["https://a.example"], "exposeHeaders": ["Set-Cookie", "Set-Cookie2"]}"#, Accepted).differs(IDLE),
    reading("a request's headers in responses", r#"{"allowOrigins": ["https://a.example"], "exposeHeaders": ["origin", "access-control-request-method", "access-control-request-headers"]}"#, Accepted).differs(IDLE),
    reading("what only preflights are answered with", r#"{"allowOrigins": ["https://a.example"], "exposeHeaders": ["access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"]}"#, Accepted).differs(IDLE),
    reading("what others are answered with", r#"{"allowOrigins": ["https://a.example"], "exposeHeaders": ["access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"]}"#, Accepted),
    reading("the wildcard with credentials", r#"{"allowOrigins": ["*"], "allowCredentials": true}"#, Refused("expected origins by name beside allowCredentials")),
    reading("http with credentials", r#"{"allowOrigins": ["http://a.example:6060", "http://*.a.example:6060"], "allowCredentials": true}"#, Warned("expected https beside allowCredentials")).differs(WARNED),
    reading("what is below a public suffix with credentials", r#"{"allowOrigins": ["https://*.com"], "allowCredentials": true}"#, Warned("below which anyone may have a host")).differs(WARNED),
    reading("the wildcard of exposed headers with credentials", r#"{"allowOrigins": ["https://a.example"], "allowCredentials": true, "exposeHeaders": ["*"]}"#, Refused("which is no wildcard there")),
    reading("several at once", r#"{"allowOrigins": ["http://a.example", "https://a.example/"], "allowMethods": ["CONNECT", "résumé"], "allowHeaders": ["résumé", "Access-Control-Allow-Origin"], "maxAge": 86401}"#, Refused("allowHeaders[0]: expected a header name")),
];
