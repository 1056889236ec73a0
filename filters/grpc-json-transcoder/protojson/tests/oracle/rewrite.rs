//! The same or another message in another writing: records of the wire in any order, lists packed or not, JSON with its
//! keys in any order, with space, escapes and other forms of a number.

use prost_reflect::prost::encoding::{decode_varint, encode_varint};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use crate::tape::Tape;

/// A record: its tag, and what follows it without any length.
struct Record {
    tag: u64,
    content: Vec<u8>,
}

/// The records of a message in another order, at every depth, and its packed lists now and then taken apart. What a
/// well-known type is made of stays together, since some of their fields have no meaning without the other.
///
/// What a reader makes of it may be another message than before: the last value wins and lists change their order.
pub fn shuffled_wire(message: &MessageDescriptor, wire: &[u8], tape: &mut Tape) -> Vec<u8> {
    let mut records = Vec::new();
    for mut record in split(wire) {
        let field = message.get_field((record.tag >> 3) as u32);
        if let Some(field) = field {
            if record.tag & 7 == 2 && is_packable(&field) && tape.one_in(2) {
                records.extend(unpacked(&field, &record.content));
                continue;
            }
            if let Kind::Message(nested) = field.kind()
                && nested.package_name() == "t"
            {
                record.content = shuffled_wire(&nested, &record.content, tape);
            }
        }
        records.push(record);
    }
    tape.shuffle(&mut records);
    joined(&records)
}

fn is_packable(field: &FieldDescriptor) -> bool {
    field.is_list() && !matches!(field.kind(), Kind::String | Kind::Bytes | Kind::Message(_))
}

/// The values of a packed list, each in a record of its own.
fn unpacked(field: &FieldDescriptor, mut packed: &[u8]) -> Vec<Record> {
    let number = u64::from(field.number()) << 3;
    let mut records = Vec::new();
    while !packed.is_empty() {
        let (wire_type, length) = match field.kind() {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => (1, 8),
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => (5, 4),
            _ => (0, packed.iter().position(|byte| *byte < 128).expect("a whole varint") + 1),
        };
        records.push(Record { tag: number | wire_type, content: packed[..length].to_vec() });
        packed = &packed[length..];
    }
    records
}

fn split(mut wire: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while !wire.is_empty() {
        records.push(next(&mut wire));
    }
    records
}

fn next(wire: &mut &[u8]) -> Record {
    let tag = decode_varint(wire).expect("a tag");
    let length = match tag & 7 {
        0 => wire.iter().position(|byte| *byte < 128).expect("a whole varint") + 1,
        1 => 8,
        2 => decode_varint(wire).expect("a length") as usize,
        5 => 4,
        _ => return group(tag, wire),
    };
    let (content, rest) = wire.split_at(length);
    *wire = rest;
    Record { tag, content: content.to_vec() }
}

fn group(tag: u64, wire: &mut &[u8]) -> Record {
    let mut records = Vec::new();
    loop {
        let mut ahead = *wire;
        if decode_varint(&mut ahead).expect("a tag") == tag + 1 {
            *wire = ahead;
            return Record { tag, content: joined(&records) };
        }
        records.push(next(wire));
    }
}

fn joined(records: &[Record]) -> Vec<u8> {
    let mut wire = Vec::new();
    for Record { tag, content } in records {
        encode_varint(*tag, &mut wire);
        if tag & 7 == 2 {
            encode_varint(content.len() as u64, &mut wire);
        }
        wire.extend_from_slice(content);
        if tag & 7 == 3 {
            encode_varint(tag + 1, &mut wire);
        }
    }
    wire
}

/// The same JSON in another writing.
pub fn rewritten_json(json: &Value, tape: &mut Tape) -> String {
    let mut text = String::new();
    write(json, tape, &mut text);
    space(tape, &mut text);
    text
}

fn space(tape: &mut Tape, text: &mut String) {
    text.push_str(tape.pick(&["", "", "", " ", "\n\t", "\r\n   "]));
}

fn write(json: &Value, tape: &mut Tape, text: &mut String) {
    space(tape, text);
    match json {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            tape.shuffle(&mut members);
            text.push('{');
            for (position, (key, value)) in members.into_iter().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                space(tape, text);
                write_string(key, tape, text);
                space(tape, text);
                text.push(':');
                write(value, tape, text);
            }
            space(tape, text);
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for (position, element) in elements.iter().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                write(element, tape, text);
            }
            space(tape, text);
            text.push(']');
        }
        Value::String(string) => write_string(string, tape, text),
        Value::Number(number) => {
            text.push_str(&number.to_string());
            if !number.is_f64() {
                text.push_str(tape.pick(&["", "", "e0", ".0", "E+00", ".000e-0"]));
            }
        }
        other => text.push_str(&other.to_string()),
    }
    space(tape, text);
}

fn write_string(string: &str, tape: &mut Tape, text: &mut String) {
    if !tape.one_in(3) {
        text.push_str(&Value::from(string).to_string());
        return;
    }
    text.push('"');
    for unit in string.encode_utf16() {
        text.push_str(&format!("\\u{unit:04x}"));
    }
    text.push('"');
}
