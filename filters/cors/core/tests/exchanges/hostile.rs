//! What clients may send costs no more than its length, and changes nothing.

use crate::proxy::with;
use cors_core::Cors;
use http_exchange::{Headers, Next, Route};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

struct NoRoute;

impl Route for NoRoute {
    fn cluster(&mut self) -> Option<Vec<u8>> {
        None
    }
}

fn status(cors: &mut Cors, head: &[(&[u8], &[u8])]) -> Option<u16> {
    let mut exchange = cors.open();
    match cors.on_request_headers(&mut exchange, &Headers::new(head), &mut NoRoute).next {
        Next::Reply(reply) => Some(reply.status),
        _ => None,
    }
}

const PREFLIGHT: [(&[u8], &[u8]); 3] =
    [(b":method", b"OPTIONS"), (b"origin", b"https://a.example"), (b"access-control-request-method", b"PUT")];

#[test]
fn floods_of_names_commas_and_lines_are_refused() {
    let mut cors = with(
        "strict",
        r#"{"allowOrigins": ["https://a.example"], "allowMethods": ["PUT"], "allowHeaders": ["x-a", "*"]}"#,
    )
    .cors;
    let names: &[u8] = b"access-control-request-headers";
    for line in
        [b",".repeat(60_000), b"x-a,".repeat(15_000), b" ".repeat(60_000), vec![b'a'; 60_000], vec![0xff; 60_000]]
    {
        let head: Vec<_> = PREFLIGHT.into_iter().chain([(names, &line[..])]).collect();
        assert_eq!(status(&mut cors, &head), Some(403));
    }
    let lines = vec![(names, &b"x-a"[..]); 20_000];
    let head: Vec<_> = PREFLIGHT.into_iter().chain(lines).collect();
    assert_eq!(status(&mut cors, &head), Some(403));
    let origins = vec![(&b"origin"[..], &b"https://a.example"[..]); 20_000];
    let head: Vec<_> = PREFLIGHT.into_iter().chain(origins).collect();
    assert_eq!(status(&mut cors, &head), Some(403));
}

#[test]
fn long_and_malformed_origins_are_not_allowed() {
    let mut cors = with("strict", r#"{"allowOrigins": ["*", {"regex": ".*"}], "allowMethods": ["PUT"]}"#).cors;
    let pathological = [b"https://a", &b".a".repeat(126)[..]].concat();
    for (origin, expected) in [
        (&pathological[..], 200),
        (&[&pathological[..], b".a"].concat(), 403),
        (&[b'a'; 60_000], 403),
        (b"https://\xff.example", 403),
        (b"https://a.example\0", 403),
    ] {
        let head = [PREFLIGHT[0], (b"origin", origin), PREFLIGHT[2]];
        assert_eq!(status(&mut cors, &head), Some(expected));
    }
}

#[test]
fn the_same_answer_comes_from_one_origin_and_from_ten_thousand() {
    let many: Vec<_> =
        (0..10_000).map(|number| format!(r#""https://p{number}.example", "https://*.w{number}.example:*""#)).collect();
    let mut proxy = with("strict", &format!(r#"{{"allowOrigins": [{}]}}"#, many.join(",")));
    for (origin, allowed) in [
        ("https://p0.example", true),
        ("https://p9999.example", true),
        ("https://p10000.example", false),
        ("https://a.b.w4711.example:81", true),
        ("https://w4711.example", false),
    ] {
        let answer = proxy.send("GET", &[("origin", origin)], &[]);
        assert_eq!(answer.get("access-control-allow-origin").is_some(), allowed, "{origin}");
    }
}
