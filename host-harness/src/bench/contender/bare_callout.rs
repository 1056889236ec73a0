//! A module that calls the upstream and answers with what it knows beforehand: what a callout costs where nothing is read and
//! nothing converted. No filter that answers by a callout can cost less.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::abi::encode_pairs;
use crate::bench::UPSTREAM;
use crate::bootstrap::{HttpFilter, Module, Plugin};

/// Where the module's data begins.
const DATA: usize = 1024;

/// A filter that posts `message` to `path` at the upstream, and answers every request with `answer`.
pub(super) fn chain(path: &str, message: &[u8], answer: &[u8]) -> Vec<HttpFilter> {
    let headers = [
        (":method", "POST"),
        (":path", path),
        (":authority", "bench"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let reply = [("content-type", "application/json")];
    let parts = [UPSTREAM.as_bytes(), &pairs(&headers), message, &[0; 4], answer, &pairs(&reply)];
    let text = module(&parts);
    let module = Module { name: "bare callout".to_owned(), bytes: text.into_bytes().into() };
    vec![HttpFilter::Wasm(Arc::new(Plugin::new("bare callout", module, "")))]
}

fn pairs(headers: &[(&str, &str)]) -> Vec<u8> {
    encode_pairs(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

/// The module's text; the parts are cluster, request headers, request body, no trailers, reply body, reply headers.
fn module(parts: &[&[u8]]) -> String {
    let mut at = DATA;
    let mut data = String::new();
    let mut places = Vec::new();
    for part in parts {
        places.push(format!("(i32.const {at}) (i32.const {})", part.len()));
        at += part.len();
        for byte in *part {
            let _ = write!(data, "\\{byte:02x}");
        }
    }
    let place = |part: usize| places.get(part).map_or("", String::as_str);
    let [cluster, headers, body, trailers, answer, reply] = [0, 1, 2, 3, 4, 5].map(place);
    format!(
        r#"(module
  (import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const {DATA}) "{data}")
  ;; Where the stream that waits for a call is kept, by the call's token.
  (func $place (param $token i32) (result i32)
    (i32.add (i32.const 65536) (i32.shl (i32.and (local.get $token) (i32.const 0x3fff)) (i32.const 2))))
  (func (export "proxy_abi_version_0_2_1"))
  ;; Nothing is ever handed to it.
  (func (export "malloc") (param i32) (result i32) i32.const 8)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $call {cluster} {headers} {body} {trailers} (i32.const 5000) (i32.const 0)))
    (i32.store (call $place (i32.load (i32.const 0))) (local.get 0))
    i32.const 1)
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $effective (i32.load (call $place (local.get 1)))))
    (drop (call $reply (i32.const 200) (i32.const 0) (i32.const 0) {answer} {reply} (i32.const -1)))))
"#
    )
}
