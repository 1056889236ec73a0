//! Properties: what `proxy_get_property` finds under a path, and in which encoding.
//!
//! The roots are those of Envoy since 1.33 (`attributes.rst`: request, response, connection, upstream, source, destination,
//! filter_state, xds, and the plugin's own names). A first segment that is none of them is looked for in the filter state, under
//! `wasm.<segment>`. The names from before 1.33 (`node`, `listener_direction`, `cluster_name`, `route_name`) are not found, as
//! in the Envoy that this engine is compared with.
//!
//! Encoding: strings and bytes raw, numbers as 8 bytes little-endian, booleans as one byte, times and durations as i64
//! nanoseconds, maps as pairs.

use serde_json::Value as Json;

use super::HeaderMap;
use super::local_reply::grpc_status;
use super::node_message;
use super::stream_state::{StreamState, View};
use super::vm_host::StreamContext;
use crate::abi::{Pairs as PairList, Status, encode_pairs};
use crate::bootstrap::{Node, Plugin};

/// Where properties come from.
pub(super) struct Source<'a> {
    pub(super) node: &'a Node,
    pub(super) plugin: &'a Plugin,
    pub(super) stream: Option<&'a StreamContext>,
}

enum Value {
    Bytes(Vec<u8>),
    Number(i64),
    Double(f64),
    Bool(bool),
    Pairs(PairList),
    /// A value that has no encoding.
    Opaque,
}

/// The encoded value at a path of segments joined by NUL.
pub(super) fn get(source: &Source<'_>, path: &[u8]) -> Result<Vec<u8>, Status> {
    let path = path.strip_suffix(b"\0").unwrap_or(path);
    let segments: Vec<&[u8]> = path.split(|byte| *byte == 0).collect();
    encode(find(source, &segments).ok_or(Status::NotFound)?)
}

fn find(source: &Source<'_>, segments: &[&[u8]]) -> Option<Value> {
    let (root, rest) = segments.split_first()?;
    match (*root, rest) {
        (b"plugin_name", []) => return Some(text(&source.plugin.name)),
        (b"plugin_root_id", []) => return Some(text(&source.plugin.root_id)),
        (b"plugin_vm_id", []) => return Some(text(&source.plugin.vm_id)),
        (b"xds", [b"node", rest @ ..]) => return node(source.node, rest),
        _ => {}
    }
    let context = source.stream?;
    let (state, view) = (context.state.borrow(), context.view.borrow());
    match (*root, rest) {
        (b"request" | b"response" | b"connection" | b"source" | b"destination" | b"upstream" | b"filter_state", [])
        | (b"xds" | b"", []) => Some(Value::Opaque),
        (b"metadata", []) => Some(empty_message()),
        (b"request", [field, rest @ ..]) => request(&state, &view, field, rest),
        (b"response", [field, rest @ ..]) => response(&state, &view, field, rest),
        (b"connection", [b"requested_server_name"]) => Some(text("")),
        (b"connection", [b"id"]) => number(state.connection.id),
        (b"connection", [b"mtls"]) => Some(Value::Bool(false)),
        (b"connection_id", []) => number(state.connection.id),
        (b"source", [b"address"]) => Some(text(&state.connection.source.to_string())),
        (b"source", [b"port"]) => number(u64::from(state.connection.source.port())),
        (b"destination", [b"address"]) => Some(text(&state.connection.destination.to_string())),
        (b"destination", [b"port"]) => number(u64::from(state.connection.destination.port())),
        (b"upstream", [field]) => upstream(&state, field),
        (b"xds", [field]) => xds(&state, field),
        (b"filter_state", [key]) => state.filter_state.get(*key).cloned().map(Value::Bytes),
        (b"connection" | b"source" | b"destination" | b"filter_state" | b"metadata", _) => None,
        // A name of nobody's is one that a plugin may have set. What it set under several segments is stored under all of
        // them joined, and is not found again by this look at the first.
        (name, []) => state.filter_state.get(&[b"wasm.", name].concat()).cloned().map(Value::Bytes),
        _ => None,
    }
}

fn upstream(state: &StreamState, field: &[u8]) -> Option<Value> {
    if field == b"request_attempt_count" {
        state.response.headers.as_ref()?;
        return Some(Value::Number(i64::from(state.upstream_requested)));
    }
    if !state.upstream_requested {
        return None;
    }
    match field {
        b"address" => state.upstream_address.map(|address| text(&address.to_string())),
        b"port" => state.upstream_address.and_then(|address| number(u64::from(address.port()))),
        b"transport_failure_reason" => Some(text(&state.transport_failure)),
        b"num_endpoints" => number(state.upstream_endpoints),
        _ => None,
    }
}

fn xds(state: &StreamState, field: &[u8]) -> Option<Value> {
    match field {
        b"listener_direction" => return Some(Value::Number(state.listener_direction as i64)),
        b"listener_metadata" => return Some(empty_message()),
        b"filter_chain_name" => return Some(text("")),
        _ => {}
    }
    let route = state.seen_route()?;
    match field {
        b"cluster_name" => route.cluster.as_ref().map(|name| text(name)),
        b"cluster_metadata" => route.cluster.as_ref().map(|_| empty_message()),
        b"route_name" => Some(text(&route.name)),
        b"route_metadata" | b"virtual_host_metadata" => Some(empty_message()),
        b"virtual_host_name" => Some(text(&route.virtual_host)),
        _ => None,
    }
}

/// Metadata of which nothing is configured: a message without fields is no bytes.
fn empty_message() -> Value {
    Value::Bytes(Vec::new())
}

/// What needs the head is there while the filter may see the head.
fn request(state: &StreamState, view: &View, field: &[u8], rest: &[&[u8]]) -> Option<Value> {
    match (field, rest) {
        (b"protocol", []) => return Some(text(&state.connection.protocol)),
        (b"time", []) => return number(state.started_at),
        (b"duration", []) => return state.finished_at.and_then(|end| number(end.saturating_sub(state.started_at))),
        _ => {}
    }
    let absent = HeaderMap::new();
    let visible = view.request.headers || view.logging;
    let headers = state.request.headers.as_ref().filter(|_| visible).unwrap_or(&absent);
    let header = |name: &[u8]| headers.get(name).map(|value| Value::Bytes(value.to_vec()));
    match (field, rest) {
        (b"path", []) => header(b":path"),
        (b"url_path", []) => {
            let path = headers.get(b":path")?;
            Some(Value::Bytes(path.split(|byte| *byte == b'?').next().unwrap_or_default().to_vec()))
        }
        (b"query", []) => {
            let path = headers.get(b":path")?;
            let query = path.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
            Some(Value::Bytes(query.to_vec()))
        }
        (b"host", []) => header(b":authority"),
        (b"scheme", []) => header(b":scheme"),
        (b"method", []) => header(b":method"),
        (b"referer", []) => header(b"referer"),
        (b"useragent", []) => header(b"user-agent"),
        (b"id", []) => header(b"x-request-id"),
        (b"size", []) => {
            match headers.get(b"content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()) {
                Some(length) => Some(Value::Number(length)),
                None => number(state.request.body_size),
            }
        }
        (b"total_size", []) => {
            let heads = headers.byte_size() + state.request.trailers.as_ref().map_or(0, HeaderMap::byte_size);
            number(state.request.body_size.saturating_add(u64::try_from(heads).unwrap_or(u64::MAX)))
        }
        (b"headers", []) => Some(pairs(headers)),
        (b"headers", [name]) => headers.get_joined(name).map(Value::Bytes),
        _ => None,
    }
}

fn response(state: &StreamState, view: &View, field: &[u8], rest: &[&[u8]]) -> Option<Value> {
    let absent = HeaderMap::new();
    let shown = |visible: bool, map: &Option<HeaderMap>| map.clone().filter(|_| visible || view.logging);
    let visible_headers = shown(view.response.headers, &state.response.headers);
    let visible_trailers = shown(view.response.trailers, &state.response.trailers);
    let status = state.response.headers.as_ref().and_then(|headers| headers.get(b":status"));
    let code: Option<u32> = status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    let headers = visible_headers.as_ref().unwrap_or(&absent);
    match (field, rest) {
        (b"code_details", []) => return state.response_details.as_ref().map(|details| text(details)),
        (b"flags", []) => return number(state.response_flags),
        (b"code", []) => return code.map(|code| Value::Number(i64::from(code))),
        (b"size", []) => return number(state.response.body_size),
        (b"total_size", []) => {
            let heads = headers.byte_size() + visible_trailers.as_ref().map_or(0, HeaderMap::byte_size);
            return number(state.response.body_size.saturating_add(u64::try_from(heads).unwrap_or(u64::MAX)));
        }
        (b"trailers", []) => return Some(pairs(visible_trailers.as_ref().unwrap_or(&absent))),
        _ => {}
    }
    match (field, rest) {
        (b"headers", []) => Some(pairs(headers)),
        (b"headers", [name]) => headers.get_joined(name).map(Value::Bytes),
        (b"trailers", [name]) => visible_trailers.as_ref()?.get_joined(name).map(Value::Bytes),
        (b"grpc_status", []) => {
            let status = visible_trailers.as_ref().and_then(|trailers| trailers.get(b"grpc-status"));
            let said = status.or_else(|| headers.get(b"grpc-status"));
            match said {
                Some(status) => std::str::from_utf8(status).ok()?.parse().ok().map(Value::Number),
                // A response that does not say is judged by its HTTP status.
                None => code.map(|code| Value::Number(i64::from(grpc_status(code)))),
            }
        }
        _ => None,
    }
}

fn node(node: &Node, rest: &[&[u8]]) -> Option<Value> {
    match rest {
        [] => Some(Value::Bytes(node_message::encode(node))),
        [b"id"] => Some(text(&node.id)),
        [b"cluster"] => Some(text(&node.cluster)),
        [b"metadata", path @ ..] => {
            let mut value = Json::Object(node.metadata.clone());
            for segment in path {
                value = value.get(std::str::from_utf8(segment).ok()?)?.clone();
            }
            Some(json(&value))
        }
        _ => None,
    }
}

/// A member of a `google.protobuf.Struct`, encoded as CEL values are.
fn json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Opaque,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => number.as_f64().map_or(Value::Opaque, Value::Double),
        Json::String(string) => text(string),
        Json::Array(items) => encode_all(items.iter().map(|item| (item, None))),
        Json::Object(members) => encode_all(members.iter().map(|(key, item)| (item, Some(key)))),
    }
}

/// A map is pairs; a list is pairs whose values are empty.
fn encode_all<'a>(items: impl Iterator<Item = (&'a Json, Option<&'a String>)>) -> Value {
    let mut pairs = Vec::new();
    for (item, key) in items {
        let Ok(encoded) = encode(json(item)) else { return Value::Opaque };
        match key {
            Some(key) => pairs.push((key.as_bytes().to_vec(), encoded)),
            None => pairs.push((encoded, Vec::new())),
        }
    }
    Value::Pairs(pairs)
}

fn encode(value: Value) -> Result<Vec<u8>, Status> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Number(number) => Ok(number.to_le_bytes().to_vec()),
        Value::Double(number) => Ok(number.to_le_bytes().to_vec()),
        Value::Bool(truth) => Ok(vec![u8::from(truth)]),
        Value::Pairs(pairs) => Ok(encode_pairs(pairs.iter().map(|(key, value)| (key.as_slice(), value.as_slice())))),
        Value::Opaque => Err(Status::SerializationFailure),
    }
}

/// A map has each name once: the values of a repeated one are joined.
fn pairs(headers: &HeaderMap) -> Value {
    let mut joined: PairList = Vec::new();
    for (name, value) in headers.iter() {
        match joined.iter_mut().find(|(have, _)| have == name) {
            Some((_, values)) => values.extend([&b","[..], value].concat()),
            None => joined.push((name.to_vec(), value.to_vec())),
        }
    }
    // A map of headers is encoded even when it is empty: a count of zero.
    Value::Bytes(if joined.is_empty() {
        vec![0; 4]
    } else {
        encode_pairs(joined.iter().map(|(name, value)| (name.as_slice(), value.as_slice())))
    })
}

fn text(value: &str) -> Value {
    Value::Bytes(value.as_bytes().to_vec())
}

fn number(value: u64) -> Option<Value> {
    i64::try_from(value).ok().map(Value::Number)
}
