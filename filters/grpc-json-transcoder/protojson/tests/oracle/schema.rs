//! Random schemas: a file of messages, enums, oneofs, maps and groups that refer to each other and to well-known types.

use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, MessageOptions, OneofDescriptorProto,
};

use crate::tape::Tape;

const SCALARS: [Type; 15] = [
    Type::Int32,
    Type::String,
    Type::Bool,
    Type::Int64,
    Type::Double,
    Type::Bytes,
    Type::Uint32,
    Type::Uint64,
    Type::Sint32,
    Type::Sint64,
    Type::Fixed32,
    Type::Fixed64,
    Type::Sfixed32,
    Type::Sfixed64,
    Type::Float,
];
const MAP_KEYS: [Type; 12] = [
    Type::String,
    Type::Int32,
    Type::Bool,
    Type::Int64,
    Type::Uint32,
    Type::Uint64,
    Type::Sint32,
    Type::Sint64,
    Type::Fixed32,
    Type::Fixed64,
    Type::Sfixed32,
    Type::Sfixed64,
];
const WELL_KNOWN: [&str; 17] = [
    "Timestamp",
    "Duration",
    "FieldMask",
    "Struct",
    "Value",
    "ListValue",
    "Empty",
    "BoolValue",
    "Int32Value",
    "Int64Value",
    "UInt32Value",
    "UInt64Value",
    "FloatValue",
    "DoubleValue",
    "StringValue",
    "BytesValue",
    "Any",
];
const IMPORTS: [&str; 7] = ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"];
const STEMS: [&str; 8] = ["a", "foo_bar", "fooBaz", "_lead", "FOO", "x__y", "two_3d_words", "trail_"];
const JSON_NAMES: [&str; 4] = ["named", "with \"quotes\" \\ and \u{1}", "grüße😀", "@at"];
/// Steps from one field number to the next: dense, beyond one byte of tag, beyond any direct table.
const STEPS: [i32; 8] = [1, 1, 1, 1, 2, 15, 3000, 50_000_000];

/// What fields are made of.
struct Surroundings {
    messages: usize,
    enums: usize,
    proto2: bool,
}

/// A file of package `t`: messages `M0`, `M1` … and enums `E0` …
pub fn file(tape: &mut Tape) -> FileDescriptorProto {
    let around = Surroundings { messages: 1 + tape.below(4), enums: 1 + tape.below(2), proto2: tape.one_in(3) };
    FileDescriptorProto {
        name: Some("t.proto".to_owned()),
        package: Some("t".to_owned()),
        dependency: IMPORTS.iter().map(|name| format!("google/protobuf/{name}.proto")).collect(),
        syntax: Some(if around.proto2 { "proto2" } else { "proto3" }.to_owned()),
        enum_type: (0..around.enums).map(|index| enumeration(index, tape)).collect(),
        message_type: (0..around.messages).map(|index| message(index, &around, tape)).collect(),
        ..Default::default()
    }
}

fn enumeration(index: usize, tape: &mut Tape) -> EnumDescriptorProto {
    let numbers = [0, 1, 2, tape.below(200) as i32 + 3, -1, i32::MAX, i32::MIN];
    let value = |(position, number): (usize, &i32)| EnumValueDescriptorProto {
        name: Some(format!("E{index}_V{position}")),
        number: Some(*number),
        ..Default::default()
    };
    EnumDescriptorProto {
        name: Some(format!("E{index}")),
        value: numbers.iter().take(1 + tape.below(numbers.len())).enumerate().map(value).collect(),
        ..Default::default()
    }
}

fn message(index: usize, around: &Surroundings, tape: &mut Tape) -> DescriptorProto {
    let mut message = DescriptorProto { name: Some(format!("M{index}")), ..Default::default() };
    let mut number = 0;
    let oneofs = tape.below(3);
    for position in 0..tape.below(12) {
        number += tape.pick(&STEPS);
        // Numbers that no field may have.
        if (19_000..20_000).contains(&number) {
            number = 20_000;
        }
        let name = format!("{}{position}", tape.pick(&STEMS));
        let json_name = tape.one_in(4).then(|| format!("{}{position}", tape.pick(&JSON_NAMES)));
        let mut field =
            FieldDescriptorProto { name: Some(name), number: Some(number), json_name, ..Default::default() };
        match tape.below(8) {
            0..3 => {
                field.set_label(Label::Optional);
                set_type(&mut field, around, tape);
                if !around.proto2 && tape.one_in(3) {
                    field.proto3_optional = Some(true);
                }
            }
            3..5 => {
                field.set_label(Label::Repeated);
                set_type(&mut field, around, tape);
                let packable = !matches!(field.r#type(), Type::String | Type::Bytes | Type::Message | Type::Group);
                if packable && tape.one_in(2) {
                    field.options = Some(FieldOptions { packed: Some(tape.one_in(2)), ..Default::default() });
                }
            }
            5 => map(&mut message, &mut field, index, around, tape),
            _ => {
                field.set_label(Label::Optional);
                set_type(&mut field, around, tape);
                if oneofs > 0 {
                    field.oneof_index = Some(tape.below(oneofs) as i32);
                }
            }
        }
        message.field.push(field);
    }
    declare_oneofs(&mut message, oneofs);
    if tape.one_in(3) {
        message.field.reverse();
    }
    message
}

fn set_type(field: &mut FieldDescriptorProto, around: &Surroundings, tape: &mut Tape) {
    match tape.below(16) {
        0..9 => field.set_type(tape.pick(&SCALARS)),
        9 => {
            field.set_type(Type::Enum);
            field.type_name = Some(format!(".t.E{}", tape.below(around.enums)));
        }
        10..13 => {
            let group = around.proto2 && tape.one_in(2);
            field.set_type(if group { Type::Group } else { Type::Message });
            field.type_name = Some(format!(".t.M{}", tape.below(around.messages)));
        }
        _ => {
            field.set_type(Type::Message);
            field.type_name = Some(format!(".google.protobuf.{}", tape.pick(&WELL_KNOWN)));
        }
    }
}

fn map(
    message: &mut DescriptorProto,
    field: &mut FieldDescriptorProto,
    index: usize,
    around: &Surroundings,
    tape: &mut Tape,
) {
    // The name that the compiler derives from the field's: it must not be another's.
    let camel: String = field.name().split('_').map(capitalised).collect();
    let entry = format!("{camel}Entry");
    let mut key = FieldDescriptorProto { name: Some("key".to_owned()), number: Some(1), ..Default::default() };
    key.set_label(Label::Optional);
    key.set_type(tape.pick(&MAP_KEYS));
    let mut value = FieldDescriptorProto { name: Some("value".to_owned()), number: Some(2), ..Default::default() };
    value.set_label(Label::Optional);
    set_type(&mut value, around, tape);
    if value.r#type() == Type::Group {
        value.set_type(Type::Message);
    }
    field.set_label(Label::Repeated);
    field.set_type(Type::Message);
    field.type_name = Some(format!(".t.M{index}.{entry}"));
    message.nested_type.push(DescriptorProto {
        name: Some(entry),
        field: vec![key, value],
        options: Some(MessageOptions { map_entry: Some(true), ..Default::default() }),
        ..Default::default()
    });
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// Declares the oneofs that have a member, then one for each `optional` of proto3, as the compiler does.
fn declare_oneofs(message: &mut DescriptorProto, count: usize) {
    let mut next = 0;
    for oneof in 0..count as i32 {
        let members: Vec<_> = message.field.iter_mut().filter(|field| field.oneof_index == Some(oneof)).collect();
        if !members.is_empty() {
            for member in members {
                member.oneof_index = Some(next);
            }
            message.oneof_decl.push(OneofDescriptorProto { name: Some(format!("o{next}")), ..Default::default() });
            next += 1;
        }
    }
    for field in message.field.iter_mut().filter(|field| field.proto3_optional()) {
        field.oneof_index = Some(next);
        message.oneof_decl.push(OneofDescriptorProto { name: Some(format!("_o{next}")), ..Default::default() });
        next += 1;
    }
}

/// Whether a message is one of the well-known types that fields refer to.
pub fn is_well_known(full_name: &str) -> bool {
    full_name.strip_prefix("google.protobuf.").is_some_and(|name| WELL_KNOWN.contains(&name))
}
