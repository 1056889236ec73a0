//! Nothing panics, whatever bytes come: JSON, wire and descriptors that were valid once and are not any more. What is still
//! taken is valid for prost-reflect or serde_json too.

use proptest::prelude::*;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorSet;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use protojson::{Bound, ParseOptions, PrintOptions, Schema};

use crate::message;
use crate::properties::{Both, CONTENTS, tape};
use crate::schema;
use crate::tape::Tape;

/// Pieces that mean something in JSON, on the wire or in a descriptor.
const PIECES: [&[u8]; 24] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"'",
    b"\\",
    b"\\ud83d",
    b"null",
    b"-",
    b"1e999",
    b"\"@type\":",
    b"\"value\":",
    b"\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\x07",
    b"\x0b",
    b"\x0c",
    b"\x00",
    b"\x12\x02",
    b"\x80",
    b"\xc3\xa9",
];

/// Values as a path, a query or a body has them.
const TEXTS: [&str; 20] = [
    "",
    "1",
    "-1",
    "1.5",
    "true",
    "NaN",
    "null",
    "E0_V0",
    "AQI=",
    "a,b.cD",
    "1.5s",
    "2020-01-01T00:00:00Z",
    "[1,2]",
    "[\"E0_V0\",1]",
    "{}",
    "{\"\":1}",
    "{\"1\":{}}",
    "{\"true\":\"AQI\"}",
    "\"AQI\"",
    "{\"@type\":\"x/t.M0\"}",
];

/// The bytes after a few edits.
fn mutated(bytes: &[u8], tape: &mut Tape) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + tape.below(6) {
        let at = tape.bits() as usize % (bytes.len() + 1);
        let end = (at + tape.below(9)).min(bytes.len());
        match tape.below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..end, tape.pick(&PIECES).to_vec())),
            3 => bytes.extend_from_within(at..end),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << tape.below(8)),
        }
    }
    bytes
}

fn parse_options() -> impl Strategy<Value = ParseOptions> {
    any::<[bool; 4]>().prop_map(|[lenient, fields, cases, names]| ParseOptions {
        lenient,
        reject_unknown_fields: fields,
        case_insensitive_enums: cases,
        ignore_unknown_enum_names: names,
        ..ParseOptions::default()
    })
}

fn print_options() -> impl Strategy<Value = PrintOptions> {
    any::<[bool; 6]>().prop_map(|[defaults, numbers, names, whitespace, int64, prefix]| PrintOptions {
        always_print_primitive_fields: defaults,
        always_print_enums_as_ints: numbers,
        preserve_proto_field_names: names,
        add_whitespace: whitespace,
        int64_as_number: int64,
        strip_enum_prefix: prefix,
    })
}

fn parse_and_check(both: &Both, json: &[u8], options: &ParseOptions) -> Result<(), TestCaseError> {
    let mut wire = Vec::new();
    if protojson::parse_message(&both.schema, both.ours, json, options, &Bound::default(), &mut wire).is_ok() {
        let decoded = DynamicMessage::decode(both.theirs.clone(), wire.as_slice());
        prop_assert!(decoded.is_ok(), "{} became {wire:02x?}", String::from_utf8_lossy(json));
    }
    Ok(())
}

fn print_and_check(both: &Both, wire: &[u8], options: &PrintOptions) -> Result<(), TestCaseError> {
    let mut json = Vec::new();
    if protojson::print_message(&both.schema, both.ours, wire, options, &mut json).is_ok() {
        let value = serde_json::from_slice::<serde_json::Value>(&json);
        prop_assert!(value.is_ok(), "{wire:02x?} became {}", String::from_utf8_lossy(&json));
    }
    Ok(())
}

proptest! {
    #[test]
    fn damaged_json_is_read_or_refused(
        first in tape(120),
        second in tape(300),
        edits in tape(100),
        options in parse_options(),
    ) {
        let both = Both::of(&mut Tape::new(&first));
        let message = message::random(&both.theirs, CONTENTS, &mut Tape::new(&second));
        let json = Both::printed_by_prost_reflect(&message, &SerializeOptions::new());
        parse_and_check(&both, &mutated(json.as_bytes(), &mut Tape::new(&edits)), &options)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(first in tape(120), bytes in any::<Vec<u8>>(), options in parse_options()) {
        parse_and_check(&Both::of(&mut Tape::new(&first)), &bytes, &options)?;
    }

    #[test]
    fn a_damaged_message_is_printed_or_refused(
        first in tape(120),
        second in tape(300),
        edits in tape(100),
        options in print_options(),
    ) {
        let both = Both::of(&mut Tape::new(&first));
        let wire = message::random(&both.theirs, CONTENTS, &mut Tape::new(&second)).encode_to_vec();
        print_and_check(&both, &mutated(&wire, &mut Tape::new(&edits)), &options)?;
    }

    #[test]
    fn any_bytes_are_printed_or_refused(first in tape(120), bytes in any::<Vec<u8>>(), options in print_options()) {
        print_and_check(&Both::of(&mut Tape::new(&first)), &bytes, &options)?;
    }

    /// What a path or a query gives a field, and what a body or a reply is for one.
    #[test]
    fn one_field_is_read_and_printed_or_refused(
        first in tape(120),
        bytes in any::<Vec<u8>>(),
        text in prop_oneof![any::<String>(), prop::sample::select(TEXTS.to_vec()).prop_map(str::to_owned)],
        parse in parse_options(),
        print in print_options(),
    ) {
        let Both { theirs, schema, ours } = &Both::of(&mut Tape::new(&first));
        for field in schema.fields(*ours) {
            let (mut records, mut json) = (Vec::new(), Vec::new());
            let read = protojson::parse_text(schema, field, &text, &parse, &mut records);
            prop_assert!(read.is_ok() || records.is_empty(), "{} left {:02x?}", text, records);
            let _ = protojson::parse_field(schema, field, text.as_bytes(), &parse, &Bound::default(), &mut records);
            let decoded = DynamicMessage::decode(theirs.clone(), records.as_slice());
            prop_assert!(decoded.is_ok(), "{} became {:02x?}", text, records);
            for wire in [&records, &bytes] {
                json.clear();
                if protojson::print_field(schema, *ours, field, wire, &print, &mut json).is_ok() {
                    prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok(), "{:02x?}", wire);
                }
            }
        }
    }

    /// And whatever schema comes out of it, conversions with it do not panic either.
    #[test]
    fn damaged_descriptors_are_compiled_or_refused(
        first in tape(120),
        edits in tape(100),
        bytes in any::<Vec<u8>>(),
        options in print_options(),
    ) {
        let mut files: Vec<_> = DescriptorPool::global().file_descriptor_protos().cloned().collect();
        files.retain(|file| !file.name().ends_with("descriptor.proto"));
        files.push(schema::file(&mut Tape::new(&first)));
        let whole = FileDescriptorSet { file: files }.encode_to_vec();
        // The last file is the random one: most edits should fall there.
        let kept = whole.len().saturating_sub(1500);
        let set = [&whole[..kept], &mutated(&whole[kept..], &mut Tape::new(&edits))].concat();
        let _ = protojson::prune(&set, &["t.Service"]);
        if let Ok(schema) = Schema::compile(&set)
            && let Some(message) = schema.message("t.M0")
        {
            let (mut json, mut wire) = (Vec::new(), Vec::new());
            let _ = protojson::print_message(&schema, message, &bytes, &options, &mut json);
            let parse = ParseOptions::default();
            let _ = protojson::parse_message(&schema, message, &json, &parse, &Bound::default(), &mut wire);
        }
    }
}
