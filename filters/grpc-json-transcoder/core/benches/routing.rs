//! What it costs to find the rule of a request among ten and among ten thousand, and to configure a thousand methods.
//!
//! ```text
//! cargo bench -p grpc-json-transcoder-core --bench routing
//! ```
//!
//! Compare rows of one group: ten thousand routes should take at most 1.3 times what ten do. Each lookup of a group is for
//! the same number of paths in turn, so that neither profits more from the processor's caches than the other.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use divan::{Bencher, black_box};
use grpc_json_transcoder_core::router::{PathMatch, PathMatcher};
use grpc_json_transcoder_core::template::Template;
use grpc_json_transcoder_core::transcoder::Transcoder;

#[path = "../tests/routing/descriptors.rs"]
mod descriptors;
#[path = "../tests/exchanges/thousand.rs"]
mod thousand;

const ROUTES: [u32; 4] = [10, 100, 1000, 10_000];

fn main() {
    divan::main();
}

/// Routes as services have them: a few methods for each resource, with its parent and its name in the path.
fn matcher(routes: u32) -> PathMatcher {
    let mut matcher = PathMatcher::new(false);
    for index in 0..routes {
        let resource = index / 5;
        let (method, template) = match index % 5 {
            0 => ("GET", format!("/v1/{{parent=projects/*}}/resource{resource}")),
            1 => ("POST", format!("/v1/{{parent=projects/*}}/resource{resource}")),
            2 => ("GET", format!("/v1/{{name=projects/*/resource{resource}/*}}")),
            3 => ("POST", format!("/v1/{{name=projects/*/resource{resource}/*}}:cancel")),
            _ => ("GET", format!("/v1/resource{resource}/files/{{path=**}}")),
        };
        assert!(matcher.insert(method, &Template::parse(&template).unwrap(), index).is_none());
    }
    matcher
}

/// Ten requests spread over the routes: two of each form.
fn requests(routes: u32) -> Vec<(&'static [u8], Vec<u8>)> {
    let request = |index: u32| {
        let resource = if index < 5 { 0 } else { routes / 5 - 1 };
        let (method, path): (&[u8], _) = match index % 5 {
            0 => (b"GET", format!("/v1/projects/p1/resource{resource}")),
            1 => (b"POST", format!("/v1/projects/p1/resource{resource}")),
            2 => (b"GET", format!("/v1/projects/p1/resource{resource}/name")),
            3 => (b"POST", format!("/v1/projects/p1/resource{resource}/name:cancel")),
            _ => (b"GET", format!("/v1/resource{resource}/files/a/b/c.txt")),
        };
        (method, path.into_bytes())
    };
    (0..10).map(request).collect()
}

#[divan::bench(args = ROUTES)]
fn ten_lookups(bencher: Bencher, routes: u32) {
    let (matcher, requests) = (matcher(routes), requests(routes));
    bencher.bench_local(|| {
        for (method, path) in &requests {
            assert!(matches!(black_box(matcher.find(method, path)), PathMatch::Found(..)));
        }
    });
}

#[divan::bench(args = ROUTES)]
fn a_path_that_nobody_has(bencher: Bencher, routes: u32) {
    let matcher = matcher(routes);
    bencher.bench_local(|| {
        matches!(matcher.find(black_box(b"GET"), black_box(b"/v1/projects/p1/resourceX/name")), PathMatch::NotFound)
    });
}

#[divan::bench(args = ROUTES)]
fn building(bencher: Bencher, routes: u32) {
    bencher.bench_local(|| matcher(black_box(routes)));
}

#[divan::bench]
fn configuring_a_thousand_methods(bencher: Bencher) {
    let json = thousand::configuration();
    bencher.bench_local(|| Transcoder::configure(black_box(json.as_bytes())).unwrap());
}
