//! What it costs to judge a request, with one origin and with ten thousand, and what the worst that clients send costs.
//!
//! ```text
//! cargo bench -p cors-core --bench judging
//! ```
//!
//! Compare rows of one group: ten thousand origins should cost at most 1.2 times what one does, on top of what a proxy does for a
//! request anyway. The axes are those of github.com/jub0bs/cors-benchmarks.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use cors_core::Cors;
use divan::{Bencher, black_box};
use http_exchange::{Headers, Next, Route};

const ORIGINS: [usize; 3] = [1, 100, 10_000];

type Head<'h> = Vec<(&'h [u8], &'h [u8])>;

struct NoRoute;

impl Route for NoRoute {
    fn cluster(&mut self) -> Option<Vec<u8>> {
        None
    }
}

fn main() {
    divan::main();
}

/// So many origins, and as many wildcards.
fn cors(origins: usize) -> Cors {
    let origins = (0..origins).flat_map(|number| {
        [format!(r#""https://page{number}.example.com""#), format!(r#""https://*.apps{number}.example.com:*""#)]
    });
    let origins = origins.collect::<Vec<_>>().join(",");
    let policy =
        format!(r#"{{"allowOrigins": [{origins}], "allowMethods": ["PUT"], "allowHeaders": ["x-a", "x-b", "x-c"]}}"#);
    Cors::parse(format!(r#"{{"policies": [{{"corsPolicy": {policy}}}]}}"#).as_bytes(), 0).unwrap()
}

fn head<'h>(method: &'h [u8], origin: &'h [u8], names: &'h [u8]) -> Head<'h> {
    vec![
        (b":method", method),
        (b":scheme", b"https"),
        (b":authority", b"api.example.com"),
        (b":path", b"/details/2"),
        (b"accept", b"*/*"),
        (b"origin", origin),
        (b"access-control-request-method", b"PUT"),
        (b"access-control-request-headers", names),
    ]
}

fn judge(bencher: Bencher, mut cors: Cors, head: &Head<'_>, answered: Option<u16>) {
    bencher.bench_local(|| {
        let mut exchange = cors.open();
        let step = cors.on_request_headers(&mut exchange, black_box(&Headers::new(head)), &mut NoRoute);
        let status = if let Next::Reply(reply) = &step.next { Some(reply.status) } else { None };
        assert_eq!(status, answered);
    });
}

#[divan::bench(args = ORIGINS)]
fn request_of_an_allowed_origin(bencher: Bencher, origins: usize) {
    judge(bencher, cors(origins), &head(b"GET", b"https://page0.example.com", b""), None);
}

#[divan::bench(args = ORIGINS)]
fn request_below_a_wildcard(bencher: Bencher, origins: usize) {
    judge(bencher, cors(origins), &head(b"GET", b"https://a.apps0.example.com:8443", b""), None);
}

#[divan::bench(args = ORIGINS)]
fn request_of_another_origin(bencher: Bencher, origins: usize) {
    judge(bencher, cors(origins), &head(b"GET", b"https://page.example.org", b""), None);
}

#[divan::bench(args = ORIGINS)]
fn preflight(bencher: Bencher, origins: usize) {
    judge(bencher, cors(origins), &head(b"OPTIONS", b"https://page0.example.com", b"x-a,x-b,x-c"), Some(200));
}

#[divan::bench(args = ORIGINS)]
fn rejected_preflight(bencher: Bencher, origins: usize) {
    judge(bencher, cors(origins), &head(b"OPTIONS", b"https://page.example.org", b"x-a"), Some(403));
}

#[divan::bench(args = ["commas", "repeated", "long"])]
fn hostile_preflight(bencher: Bencher, kind: &str) {
    let names = match kind {
        "commas" => b",".repeat(60_000),
        "repeated" => b"x-a,".repeat(15_000),
        _ => vec![b'a'; 60_000],
    };
    judge(bencher, cors(1), &head(b"OPTIONS", b"https://page0.example.com", &names), Some(403));
}

#[divan::bench]
fn hostile_origin(bencher: Bencher) {
    let origin = [b"https://a", &b".a".repeat(126)[..]].concat();
    judge(bencher, cors(1), &head(b"GET", &origin, b""), None);
}
