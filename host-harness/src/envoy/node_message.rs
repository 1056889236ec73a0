//! The node as a serialized `envoy.config.core.v3.Node`, which is how the property `xds.node` hands it over.
//!
//! Only the fields that a proxy of ours has: `id` (1), `cluster` (2) and `metadata` (3, a `google.protobuf.Struct`).

use serde_json::{Map, Value};

use crate::bootstrap::Node;

const LENGTH_DELIMITED: u64 = 2;
const FIXED64: u64 = 1;
const VARINT: u64 = 0;

pub(super) fn encode(node: &Node) -> Vec<u8> {
    let mut out = Vec::new();
    for (field, text) in [(1, &node.id), (2, &node.cluster)] {
        if !text.is_empty() {
            put_bytes(&mut out, field, text.as_bytes());
        }
    }
    if !node.metadata.is_empty() {
        put_bytes(&mut out, 3, &structure(&node.metadata));
    }
    out
}

/// `google.protobuf.Struct`: a map from names to values.
fn structure(members: &Map<String, Value>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, member) in members {
        let mut entry = Vec::new();
        put_bytes(&mut entry, 1, name.as_bytes());
        put_bytes(&mut entry, 2, &value(member));
        put_bytes(&mut out, 1, &entry);
    }
    out
}

/// `google.protobuf.Value`.
fn value(json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match json {
        Value::Null => out.extend([tag(1, VARINT), vec![0]].concat()),
        Value::Number(number) => {
            out.extend(tag(2, FIXED64));
            out.extend(number.as_f64().unwrap_or_default().to_le_bytes());
        }
        Value::String(text) => put_bytes(&mut out, 3, text.as_bytes()),
        Value::Bool(truth) => out.extend([tag(4, VARINT), vec![u8::from(*truth)]].concat()),
        Value::Object(members) => put_bytes(&mut out, 5, &structure(members)),
        Value::Array(items) => {
            let mut list = Vec::new();
            for item in items {
                put_bytes(&mut list, 1, &value(item));
            }
            put_bytes(&mut out, 6, &list);
        }
    }
    out
}

fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    out.extend(tag(field, LENGTH_DELIMITED));
    out.extend(varint(u64::try_from(bytes.len()).unwrap_or(u64::MAX)));
    out.extend_from_slice(bytes);
}

fn tag(field: u64, wire_type: u64) -> Vec<u8> {
    varint(field << 3 | wire_type)
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = value.to_le_bytes().first().copied().unwrap_or_default() & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}
