//! Modules that call the upstream and answer with what they know beforehand: what a callout costs where nothing is converted. No
//! filter that answers by a callout can cost less.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::abi::encode_pairs;
use crate::bench::routes::UPSTREAM;
use crate::bootstrap::{HttpFilter, Module, Plugin};

/// Where a module's data begins.
const DATA: usize = 1024;

/// What a module asks of the proxy beside the call and the answer.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// Nothing.
    Nothing,
    /// All that a transcoder has to know: the request's headers, its cluster, and each part of the reply. The call then has the
    /// client's headers, and the answer those of the reply.
    Everything,
}

/// What is called, and what is answered.
pub(super) struct Exchange<'a> {
    pub(super) path: &'a str,
    pub(super) message: &'a [u8],
    /// What the client's headers become beside those of every call.
    pub(super) metadata: &'a [(&'a str, &'a str)],
    pub(super) answer: &'a [u8],
}

/// A filter that sends the message of an exchange to the upstream, and answers every request with its answer.
pub(super) fn chain(exchange: &Exchange<'_>, reading: Reading) -> Vec<HttpFilter> {
    let mut headers = vec![
        (":method", "POST"),
        (":path", exchange.path),
        (":authority", "bench"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let mut reply = vec![("content-type", "application/json")];
    if let Reading::Everything = reading {
        headers.extend_from_slice(exchange.metadata);
        reply.extend([
            ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("x-envoy-upstream-service-time", "0"),
            ("grpc-status", "0"),
        ]);
    }
    let parts =
        [UPSTREAM.as_bytes(), &pairs(&headers), exchange.message, &[0; 4], exchange.answer, &pairs(&reply), CLUSTER];
    let text = module(&parts, reading);
    let module = Module { name: "bare callout".to_owned(), bytes: text.into_bytes().into() };
    vec![HttpFilter::Wasm(Arc::new(Plugin::new("bare callout", module, "")))]
}

/// The path of a property.
const CLUSTER: &[u8] = b"xds\0cluster_name";

fn pairs(headers: &[(&str, &str)]) -> Vec<u8> {
    encode_pairs(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

/// The module's text; the parts are cluster, request headers, request body, no trailers, reply body, reply headers, the property.
fn module(parts: &[&[u8]], reading: Reading) -> String {
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
    let [cluster, headers, body, trailers, answer, reply, property] = [0, 1, 2, 3, 4, 5, 6].map(place);
    let (reads_request, reads_reply) = match reading {
        Reading::Nothing => (String::new(), ""),
        // Maps 0, 6 and 7 are the request's headers, and the reply's headers and trailers; buffer 4 is the reply's body.
        Reading::Everything => (
            format!(
                "(drop (call $pairs (i32.const 0) (i32.const 8) (i32.const 12)))
    (drop (call $property {property} (i32.const 8) (i32.const 12)))"
            ),
            "(drop (call $pairs (i32.const 6) (i32.const 8) (i32.const 12)))
    (drop (call $buffer (i32.const 4) (i32.const 0) (i32.const -1) (i32.const 8) (i32.const 12)))
    (drop (call $pairs (i32.const 7) (i32.const 8) (i32.const 12)))",
        ),
    };
    format!(
        r#"(module
  (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const {DATA}) "{data}")
  ;; Where the stream that waits for a call is kept, by the call's token.
  (func $place (param $token i32) (result i32)
    (i32.add (i32.const 65536) (i32.shl (i32.and (local.get $token) (i32.const 0x3fff)) (i32.const 2))))
  (func (export "proxy_abi_version_0_2_1"))
  ;; What is handed to it is never looked at.
  (func (export "malloc") (param i32) (result i32) i32.const 0x20000)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    {reads_request}
    (drop (call $call {cluster} {headers} {body} {trailers} (i32.const 5000) (i32.const 0)))
    (i32.store (call $place (i32.load (i32.const 0))) (local.get 0))
    i32.const 1)
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $effective (i32.load (call $place (local.get 1)))))
    {reads_reply}
    (drop (call $reply (i32.const 200) (i32.const 0) (i32.const 0) {answer} {reply} (i32.const -1)))))
"#
    )
}
