//! What a hostile client or upstream sends by the megabyte. None of it has a time limit: were anything quadratic in it, the
//! test would not end. The sizes are such that a step for each pair of parts is 10¹⁰ steps and more.

use std::sync::LazyLock;

use prost_reflect::prost::encoding::encode_varint;
use protojson::{Bound, MessageId, ParseOptions, PrintOptions, Schema};

use crate::message;

const MANY: usize = 200_000;
const MEGABYTE: usize = 1 << 20;
const SCHEMA: &str = r#"
syntax = "proto3";
package t;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
message M {
  M child = 1;
  repeated M children = 2;
  map<string, M> by_name = 3;
  int64 number = 4;
  repeated int32 numbers = 5;
  string text = 6;
  bytes raw = 7;
  double ratio = 8;
  E kind = 9;
  google.protobuf.Any any = 10;
  google.protobuf.Struct extra = 11;
  google.protobuf.Timestamp at = 12;
  google.protobuf.FieldMask mask = 13;
  google.protobuf.Duration took = 14;
  repeated string texts = 15;
  map<int64, int64> counts = 16;
  oneof one { string left = 17; M right = 18; }
}
enum E { ZERO = 0; ONE = 1; }
"#;

static COMPILED: LazyLock<(Schema, MessageId)> = LazyLock::new(|| message(SCHEMA, "t.M"));

fn parsed(json: &str, options: &ParseOptions) -> Result<Vec<u8>, String> {
    let (schema, id) = &*COMPILED;
    let mut wire = Vec::new();
    protojson::parse_message(schema, *id, json.as_bytes(), options, &Bound::default(), &mut wire)
        .map_err(|error| error.to_string())?;
    Ok(wire)
}

fn printed(wire: &[u8]) -> Result<String, String> {
    let (schema, id) = &*COMPILED;
    let mut json = Vec::new();
    protojson::print_message(schema, *id, wire, &PrintOptions::default(), &mut json)
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(json).unwrap())
}

/// The forms in which a parser is lenient, and the one in which it is not.
fn all_options() -> [ParseOptions; 3] {
    let strict = ParseOptions { reject_unknown_fields: true, ..ParseOptions::default() };
    [strict, ParseOptions::default(), ParseOptions { lenient: true, ..ParseOptions::default() }]
}

/// The message of an error must not be as long as what it is about.
#[track_caller]
fn refused(result: Result<impl Sized, String>) {
    let error = result.err().expect("an error");
    assert!(error.len() < 2000, "{} bytes: {}", error.len(), error.chars().take(200).collect::<String>());
}

#[test]
fn nesting_ends_at_the_limit_whatever_nests() {
    for (open, close) in [
        (r#"{"child":"#, "}"),
        (r#"{"children":["#, "]}"),
        (r#"{"byName":{"":"#, "}}"),
        (r#"{"any":{"@type":"x/t.M","any":"#, "}}"),
        (r#"{"right":"#, "}"),
        (r#"{"extra":{"a":"#, "}}"),
    ] {
        for options in all_options() {
            let times = MEGABYTE / open.len();
            refused(parsed(&open.repeat(times), &options));
            refused(parsed(&format!("{}{{}}{}", open.repeat(times), close.repeat(times)), &options));
        }
    }
    for (before, open) in
        [(r#"{"extra":{"a":"#, "["), (r#"{"unknown":"#, "["), (r#"{"unknown":"#, r#"{"a":"#), ("", "[")]
    {
        for options in all_options() {
            refused(parsed(&format!("{before}{}", open.repeat(MEGABYTE / open.len())), &options));
        }
    }
}

#[test]
fn a_megabyte_of_one_token_is_read_in_one_pass() {
    let key = "k".repeat(MEGABYTE);
    let escapes = r"\u00e9\n".repeat(MEGABYTE / 8);
    let digits = "9".repeat(MEGABYTE);
    let zeros = "0".repeat(MEGABYTE);
    let spaces = " ".repeat(MEGABYTE);
    let base64 = "QUJD".repeat(MEGABYTE / 4);
    let paths = "a.b,".repeat(MEGABYTE / 4);
    let cases = [
        (format!(r#"{{"{key}":1}}"#), None),
        (format!(r#"{{"{escapes}":1}}"#), None),
        (format!(r#"{{"byName":{{"{key}":{{}}}}}}"#), Some(true)),
        (format!(r#"{{"text":"{escapes}"}}"#), Some(true)),
        (format!(r#"{{"text":"{escapes}"#), Some(false)),
        (format!(r#"{{"raw":"{base64}"}}"#), Some(true)),
        (format!(r#"{{"raw":"{base64}*"}}"#), Some(false)),
        (format!(r#"{{"number":{digits}}}"#), Some(false)),
        (format!(r#"{{"number":"{digits}"}}"#), Some(false)),
        (format!(r#"{{"number":1.{zeros}}}"#), Some(true)),
        (format!(r#"{{"number":1{zeros}e-{MEGABYTE}}}"#), Some(true)),
        (format!(r#"{{"ratio":1{zeros}}}"#), Some(false)),
        (format!(r#"{{"ratio":0.{digits}}}"#), Some(true)),
        (format!(r#"{{"ratio":1e{digits}}}"#), Some(false)),
        (format!(r#"{{"kind":"{key}"}}"#), None),
        (format!(r#"{{"at":"{digits}"}}"#), Some(false)),
        (format!(r#"{{"at":"2020-01-01T00:00:00.{digits}Z"}}"#), Some(false)),
        (format!(r#"{{"took":"{digits}s"}}"#), Some(false)),
        (format!(r#"{{"mask":"{paths}a"}}"#), Some(true)),
        (format!(r#"{{"any":{{"@type":"{key}"}}}}"#), Some(false)),
        (format!(r#"{{{spaces}"number":{spaces}1{spaces}}}{spaces}"#), Some(true)),
        (format!("{spaces}x"), Some(false)),
        (format!(r#"{{"numbers":[{}1]}}"#, "1,".repeat(MEGABYTE)), Some(true)),
        (format!(r#"{{"numbers":[{}x]}}"#, "1,".repeat(MEGABYTE)), Some(false)),
        (format!(r#"{{"texts":[{}""]}}"#, r#""","#.repeat(MEGABYTE)), Some(true)),
        (format!(r#"{{"children":[{}{{}}]}}"#, "{},".repeat(MEGABYTE)), Some(true)),
    ];
    for (json, valid) in cases {
        for options in all_options() {
            let result = parsed(&json, &options);
            let start = &json[..json.len().min(40)];
            // Whether what is unknown is passed over depends on the options.
            if let Some(valid) = valid {
                assert_eq!(result.is_ok(), valid, "{start}");
            }
            if result.is_err() {
                refused(result);
            }
        }
    }
}

#[test]
fn a_megabyte_of_keys_is_read_in_one_pass() {
    let numbered = |value: &str| (0..MANY).map(|key| format!(r#""{key}":{value}"#)).collect::<Vec<_>>().join(",");
    let unknown = format!("{{{}}}", numbered("[{}]"));
    refused(parsed(&unknown, &ParseOptions { reject_unknown_fields: true, ..ParseOptions::default() }));
    let ignoring = ParseOptions { reject_unknown_fields: false, ..ParseOptions::default() };
    assert_eq!(parsed(&unknown, &ignoring), Ok(Vec::new()));
    for (field, value) in [("counts", "1"), ("byName", "{}"), ("extra", "null")] {
        let wire = parsed(&format!(r#"{{"{field}":{{{}}}}}"#, numbered(value)), &ignoring).unwrap();
        let json = printed(&wire).unwrap();
        assert_eq!(json.matches("\":").count(), MANY + 1, "{field}");
    }
    let twice = r#""number":1,"#.repeat(MANY);
    for options in all_options() {
        let _ = parsed(&format!(r#"{{{twice}"number":2}}"#), &options);
    }
}

/// In an `Any` the type may come last, and what is before it cannot be read until it is known.
#[test]
fn a_type_that_comes_last_at_every_depth_is_found() {
    let depth = 40;
    let filler = format!(r#""text":"{}","#, "x".repeat(MEGABYTE / depth));
    let open = format!(r#"{{{filler}"any":"#);
    let json =
        format!(r#"{{"any":{}{{"@type":"x/t.M"}}{}}}"#, open.repeat(depth), r#","@type":"x/t.M"}"#.repeat(depth));
    let wire = parsed(&json, &ParseOptions::default()).unwrap();
    assert_eq!(printed(&wire).unwrap().matches("@type").count(), depth + 1);
}

fn record(number: u64, content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    encode_varint(number << 3 | 2, &mut wire);
    encode_varint(content.len() as u64, &mut wire);
    [wire.as_slice(), content].concat()
}

#[test]
fn records_in_the_worst_order_are_sorted_once() {
    // Two lists that take turns; a child and a member of a oneof in as many pieces; one key again and again; others once.
    let turns = [record(15, b"a"), record(2, b"")].concat().repeat(MANY);
    assert_eq!(printed(&turns).unwrap().matches("{}").count(), MANY);
    for number in [1, 18] {
        let pieces = [record(number, b"\x28\x01"), record(6, b"x")].concat().repeat(MANY);
        assert_eq!(printed(&pieces).unwrap().matches("1,").count(), MANY - 1);
    }
    let members = [record(17, b"x"), record(18, b"")].concat().repeat(MANY);
    assert_eq!(printed(&members).unwrap(), r#"{"right":{}}"#);
    let same = record(3, b"\x0a\x01k").repeat(MANY);
    assert_eq!(printed(&same).unwrap(), r#"{"byName":{"k":{}}}"#);
    let mut others = Vec::new();
    for key in (0..MANY).rev() {
        let mut entry = vec![0x08];
        encode_varint(key as u64, &mut entry);
        others.extend(record(16, &entry));
    }
    assert_eq!(printed(&others).unwrap().matches("\":\"").count(), MANY);
    let unknown = b"\x98\x06\x01".repeat(MANY);
    assert_eq!(printed(&unknown).unwrap(), "{}");
}

/// Each piece of a message in pieces is in pieces itself: put together once for each depth, not once for each pair.
#[test]
fn pieces_of_pieces_are_put_together() {
    let mut wire = b"\x28\x01\x32\x01x".repeat(1000);
    for _ in 0..9 {
        wire = record(1, &wire).repeat(2);
    }
    assert_eq!(printed(&wire).unwrap().matches("1,").count(), 512 * 1000 - 1);
}

#[test]
fn nesting_on_the_wire_ends_at_the_limit() {
    for number in [1, 2, 18] {
        let mut wire = Vec::new();
        for _ in 0..2000 {
            wire = record(number, &wire);
        }
        refused(printed(&wire));
    }
    // Groups that nobody knows, opened without end, and closed.
    refused(printed(&b"\x9b\x06".repeat(MEGABYTE)));
    let _ = printed(&[b"\x9b\x06".repeat(MEGABYTE), b"\x9c\x06".repeat(MEGABYTE)].concat());
    refused(printed(&b"\x9c\x06".repeat(MEGABYTE)));
}

/// One record for each of many fields, from the last to the first.
#[test]
fn a_message_of_many_fields_is_read_in_any_order() {
    let count = 60_000;
    let fields = (20_000..20_000 + count).map(|number| format!("int32 f{number} = {number};")).collect::<String>();
    let text = Box::leak(format!("syntax = \"proto3\"; package t; message M {{ {fields} }}").into_boxed_str());
    let (schema, id) = message(text, "t.M");
    let mut wire = Vec::new();
    for number in (20_000..20_000 + count).rev() {
        encode_varint(number << 3, &mut wire);
        wire.push(1);
    }
    let mut json = Vec::new();
    protojson::print_message(&schema, id, &wire, &PrintOptions::default(), &mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    assert_eq!(json.matches(":1").count(), count as usize);
    let mut again = Vec::new();
    protojson::parse_message(&schema, id, json.as_bytes(), &ParseOptions::default(), &Bound::default(), &mut again)
        .unwrap();
    assert_eq!(again.len(), wire.len());
}

/// A descriptor is the operator's, but a mistake in it must not take the whole proxy down.
#[test]
fn descriptors_of_any_depth_and_size_are_compiled_or_refused() {
    let file = |messages: &[u8]| record(1, &[&record(1, b"a.proto"), &record(2, b"t"), messages].concat());
    let name = |index: usize| record(1, format!("M{index}").as_bytes());
    for depth in [10, 100, 1000, 20_000] {
        let mut message = name(depth);
        for index in (0..depth).rev() {
            message = [name(index), record(3, &message)].concat();
        }
        let set = file(&record(4, &message));
        let _ = Schema::compile(&set).is_ok();
        let _ = protojson::prune(&set, &["t.S"]).is_ok();
    }
    let field = |index: usize, number: u8| {
        let name = record(1, format!("f{index}").as_bytes());
        record(2, &[&name, b"\x18".as_slice(), &[number], b"\x20\x01\x28\x05"].concat())
    };
    let same_number: Vec<u8> = (0..MANY / 4).flat_map(|index| field(index, 1)).collect();
    let same_name: Vec<u8> = (0..MANY / 4).flat_map(|index| field(0, (index % 100) as u8)).collect();
    for fields in [same_number, same_name] {
        refused(Schema::compile(&file(&record(4, &[name(0), fields].concat()))).map_err(|_| String::new()));
    }
    let same_message: Vec<u8> = (0..MANY / 4).flat_map(|_| record(4, &name(0))).collect();
    refused(Schema::compile(&file(&same_message)).map_err(|_| String::new()));
    let messages: Vec<u8> = (0..MANY / 4).flat_map(|index| record(4, &name(index))).collect();
    assert!(Schema::compile(&file(&messages)).is_ok());
}
