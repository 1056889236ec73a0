//! A `google.rpc.Status` as JSON, whether or not the descriptor set has that message.

use super::Code;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protojson::wire::{Reader, WireType};
use protojson::{PrintOptions, Schema, WellKnown, print_message};

/// What a status looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusForm {
    /// Every field is there, and a detail whose type is unknown as the base64 of its bytes.
    Complete,
    /// As the native filter prints it: fields that are empty are left out, and there is no form of a detail whose type is unknown.
    Native,
}

/// Appends the JSON of a status: of the one in `details`, which is a serialized `google.rpc.Status`, or else of the code and the
/// message; so, too, where it cannot be read. `false`, and nothing appended, where it has no form.
pub fn write_status(
    schema: &Schema,
    options: &PrintOptions,
    form: StatusForm,
    (code, message): (Code, &str),
    details: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    let said = Status { code, message, details: Vec::new() };
    let Status { code, message, details } = details.and_then(read).unwrap_or(said);
    let complete = form == StatusForm::Complete;
    let mut separator = b'{';
    let mut member = |name: &str, out: &mut Vec<u8>| {
        out.push(separator);
        separator = b',';
        out.extend_from_slice(name.as_bytes());
    };
    if complete || code != Code::OK {
        member("\"code\":", out);
        out.extend_from_slice(code.0.cast_signed().to_string().as_bytes());
    }
    if complete || !message.is_empty() {
        member("\"message\":", out);
        write_string(message, out);
    }
    if complete || !details.is_empty() {
        member("\"details\":", out);
        out.push(b'[');
        for (index, detail) in details.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if !write_any(schema, options, detail, complete, out) {
                out.truncate(start);
                return false;
            }
        }
        out.push(b']');
    }
    if out.len() == start {
        out.push(b'{');
    }
    out.push(b'}');
    true
}

struct Status<'a> {
    code: Code,
    message: &'a str,
    details: Vec<Any<'a>>,
}

struct Any<'a> {
    type_url: &'a str,
    value: &'a [u8],
}

fn read(wire: &[u8]) -> Option<Status<'_>> {
    let mut status = Status { code: Code::OK, message: "", details: Vec::new() };
    let mut reader = Reader::new(wire);
    while let Some((number, wire_type)) = reader.tag().ok()? {
        match (number, wire_type) {
            // An int32 travels as the 64 bits of its sign-extended value; those above are cut off.
            (1, WireType::Varint) => status.code = Code((reader.varint().ok()? & 0xffff_ffff) as u32),
            (2, WireType::Len) => status.message = str::from_utf8(reader.delimited().ok()?).ok()?,
            (3, WireType::Len) => status.details.push(read_any(reader.delimited().ok()?)?),
            _ => reader.skip(number, wire_type).ok()?,
        }
    }
    Some(status)
}

fn read_any(wire: &[u8]) -> Option<Any<'_>> {
    let mut any = Any { type_url: "", value: &[] };
    let mut reader = Reader::new(wire);
    while let Some((number, wire_type)) = reader.tag().ok()? {
        match (number, wire_type) {
            (1, WireType::Len) => any.type_url = str::from_utf8(reader.delimited().ok()?).ok()?,
            (2, WireType::Len) => any.value = reader.delimited().ok()?,
            _ => reader.skip(number, wire_type).ok()?,
        }
    }
    Some(any)
}

/// Appends a `google.protobuf.Any`: its type beside its fields, or beside `value` where its JSON is no object of fields.
fn write_any(schema: &Schema, options: &PrintOptions, any: &Any<'_>, complete: bool, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(b"{\"@type\":");
    write_string(any.type_url, out);
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let Some(message) = schema.message(name) else {
        out.extend_from_slice(b",\"value\":\"");
        out.extend_from_slice(STANDARD.encode(any.value).as_bytes());
        out.extend_from_slice(b"\"}");
        return complete;
    };
    // One line, whatever the options say: what is around it is one.
    let options = PrintOptions { add_whitespace: false, ..*options };
    let mut fields = Vec::new();
    if print_message(schema, message, any.value, &options, &mut fields).is_err() {
        return false;
    }
    let is_object = matches!(schema.well_known(message), WellKnown::No | WellKnown::HttpBody);
    match fields.strip_prefix(b"{") {
        Some(b"}") if is_object => out.push(b'}'),
        Some(rest) if is_object => {
            out.push(b',');
            out.extend_from_slice(rest);
        }
        _ => {
            out.extend_from_slice(b",\"value\":");
            out.extend_from_slice(&fields);
            out.push(b'}');
        }
    }
    true
}

/// Appends a JSON string (RFC 8259 §7).
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend(DIGITS.get(usize::from(byte >> 4)));
                out.extend(DIGITS.get(usize::from(byte & 15)));
            }
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}
