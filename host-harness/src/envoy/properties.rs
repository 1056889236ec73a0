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
use super::node_message;
use super::stream_state::{SelectedRoute, StreamState};
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
    let mut state = context.state.borrow_mut();
    match (*root, rest) {
        (b"request", [field, rest @ ..]) => request(&state, field, rest),
        (b"response", [field, rest @ ..]) => response(&state, field, rest),
        (b"connection", [b"id"]) => number(state.connection.id),
        (b"connection", [b"mtls"]) => Some(Value::Bool(false)),
        (b"connection_id", []) => number(state.connection.id),
        (b"source", [b"address"]) => Some(text(&state.connection.source.to_string())),
        (b"source", [b"port"]) => number(u64::from(state.connection.source.port())),
        (b"destination", [b"address"]) => Some(text(&state.connection.destination.to_string())),
        (b"destination", [b"port"]) => number(u64::from(state.connection.destination.port())),
        (b"upstream", [b"address"]) => state.upstream_address.map(|address| text(&address.to_string())),
        (b"upstream", [b"port"]) => state.upstream_address.and_then(|address| number(u64::from(address.port()))),
        (b"xds", [b"listener_direction"]) => Some(Value::Number(state.listener_direction as i64)),
        (b"xds", [b"cluster_name"]) => state.route()?.cluster.map(|name| text(&name)),
        (b"xds", [b"route_name"]) => Some(text(&state.route()?.name)),
        (b"xds", [b"virtual_host_name"]) => state.route().map(|SelectedRoute { virtual_host, .. }| text(&virtual_host)),
        (b"filter_state", [key]) => state.filter_state.get(*key).cloned().map(Value::Bytes),
        (b"request" | b"response" | b"connection" | b"source" | b"destination" | b"upstream" | b"xds", _) => None,
        // A name of nobody's is one that a plugin may have set.
        (name, rest) => {
            let mut key = [b"wasm.", name].concat();
            for segment in rest {
                key.push(0);
                key.extend_from_slice(segment);
            }
            state.filter_state.get(&key).cloned().map(Value::Bytes)
        }
    }
}

fn request(state: &StreamState, field: &[u8], rest: &[&[u8]]) -> Option<Value> {
    let headers = state.request.headers.as_ref()?;
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
        (b"protocol", []) => Some(text(&state.connection.protocol)),
        (b"time", []) => number(state.started_at),
        (b"duration", []) => state.finished_at.and_then(|end| number(end.saturating_sub(state.started_at))),
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

fn response(state: &StreamState, field: &[u8], rest: &[&[u8]]) -> Option<Value> {
    if let (b"code_details", []) = (field, rest) {
        return (!state.response_details.is_empty()).then(|| text(&state.response_details));
    }
    let headers = state.response.headers.as_ref()?;
    match (field, rest) {
        (b"code", []) => std::str::from_utf8(headers.get(b":status")?).ok()?.parse().ok().map(Value::Number),
        (b"size", []) => number(state.response.body_size),
        (b"headers", []) => Some(pairs(headers)),
        (b"headers", [name]) => headers.get_joined(name).map(Value::Bytes),
        (b"trailers", []) => state.response.trailers.as_ref().map(pairs),
        (b"trailers", [name]) => state.response.trailers.as_ref()?.get_joined(name).map(Value::Bytes),
        (b"grpc_status", []) => {
            let status = state.response.trailers.as_ref().and_then(|trailers| trailers.get(b"grpc-status"));
            let status = status.or_else(|| headers.get(b"grpc-status"))?;
            std::str::from_utf8(status).ok()?.parse().ok().map(Value::Number)
        }
        (b"flags", []) => Some(Value::Number(0)),
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

fn pairs(headers: &HeaderMap) -> Value {
    Value::Pairs(headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect())
}

fn text(value: &str) -> Value {
    Value::Bytes(value.as_bytes().to_vec())
}

fn number(value: u64) -> Option<Value> {
    i64::try_from(value).ok().map(Value::Number)
}
