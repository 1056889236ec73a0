//! The JSON form of every type as ProtoJSON has it: what is read, as which value, and what is refused.
//!
//! Each table is read and printed again, so that its right-hand side is the canonical form. It has what the official suite
//! lacks in the release that `tests/conformance` runs (single values for repeated fields, the ranges of months, days and
//! hours, numbers at the edge of every integer), and what is at the edge of each rule.

use protojson::{Bound, MessageId, ParseOptions, PrintOptions, Schema};

use crate::{message, printed};

const SCHEMA: &str = r#"
syntax = "proto3";
package t;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message M {
  int32 i32 = 1;
  int64 i64 = 2;
  uint32 u32 = 3;
  uint64 u64 = 4;
  float f32 = 5;
  double f64 = 6;
  bool yes = 7;
  string text = 8;
  bytes raw = 9;
  E kind = 10;
  optional int32 maybe = 11;
  repeated int32 list = 12;
  repeated M nested = 13;
  map<string, int32> by_text = 14;
  map<int64, string> by_number = 15;
  map<bool, E> by_bool = 16;
  M child = 17;
  oneof one { string left = 18; int32 right = 19; google.protobuf.NullValue none = 20; google.protobuf.Value free = 21; }
  int32 snake_case_name = 22;
  int32 renamed = 23 [json_name = "other"];
  google.protobuf.Timestamp at = 30;
  google.protobuf.Duration took = 31;
  google.protobuf.FieldMask mask = 32;
  google.protobuf.Struct object = 33;
  google.protobuf.Value value = 34;
  google.protobuf.ListValue values = 35;
  google.protobuf.Any any = 36;
  google.protobuf.Empty empty = 37;
  google.protobuf.Int64Value wide = 38;
  google.protobuf.BoolValue flag = 39;
  google.protobuf.BytesValue blob = 40;
  google.protobuf.StringValue word = 41;
  google.protobuf.DoubleValue real = 42;
  google.protobuf.NullValue null = 43;
  repeated google.protobuf.Value free_list = 44;
  repeated E kinds = 45;
}
enum E { ZERO = 0; ONE = 1; ALSO_ONE = 1; MINUS = -1; option allow_alias = true; }
"#;

fn parsed(schema: &Schema, id: MessageId, json: &str, options: &ParseOptions) -> Result<Vec<u8>, String> {
    let mut wire = Vec::new();
    match protojson::parse_message(schema, id, json.as_bytes(), options, &Bound::default(), &mut wire) {
        Ok(()) => Ok(wire),
        Err(error) => Err(error.to_string()),
    }
}

fn strict() -> ParseOptions {
    ParseOptions { reject_unknown_fields: true, ..ParseOptions::default() }
}

/// Each row is a field, what it is given, and what is printed of it: nothing where that is the default.
#[track_caller]
fn read(rows: &[(&str, &str, &str)]) {
    let (schema, id) = message(SCHEMA, "t.M");
    for (field, given, expected) in rows {
        let json = format!(r#"{{"{field}":{given}}}"#);
        let expected = if expected.is_empty() { "{}".to_owned() } else { format!(r#"{{"{field}":{expected}}}"#) };
        let wire = parsed(&schema, id, &json, &strict()).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(printed(&schema, id, &wire, &PrintOptions::default()), expected, "{json}");
    }
}

#[track_caller]
fn refused(rows: &[(&str, &[&str])]) {
    let (schema, id) = message(SCHEMA, "t.M");
    for (field, given) in rows {
        for given in *given {
            let json = format!(r#"{{"{field}":{given}}}"#);
            let found = parsed(&schema, id, &json, &strict());
            assert!(found.is_err(), "{json} is read as {}", printed(&schema, id, &found.unwrap(), &Default::default()));
        }
    }
}

#[test]
fn integers_are_numbers_or_strings_without_a_fraction() {
    read(&[
        ("i32", "1", "1"),
        ("i32", "-0", ""),
        ("i32", r#""-1""#, "-1"),
        ("i32", "1e3", "1000"),
        ("i32", r#""1e3""#, "1000"),
        ("i32", "1.0", "1"),
        ("i32", "1200e-2", "12"),
        ("i32", "0.12e2", "12"),
        ("i32", "0e999999999999999999999", ""),
        ("i32", "0.0000e-999999999999999999999", ""),
        ("i32", "2147483647", "2147483647"),
        ("i32", "-2147483648", "-2147483648"),
        ("u32", "4294967295", "4294967295"),
        ("u32", "-0", ""),
        ("i64", "9223372036854775807", r#""9223372036854775807""#),
        ("i64", r#""-9223372036854775808""#, r#""-9223372036854775808""#),
        ("u64", "18446744073709551615", r#""18446744073709551615""#),
        ("u64", r#""18446744073709551615""#, r#""18446744073709551615""#),
        ("u64", "1.8446744073709551615e19", r#""18446744073709551615""#),
        ("wide", r#""5""#, r#""5""#),
        ("wide", "0", r#""0""#),
        ("wide", "null", ""),
        ("maybe", "0", "0"),
        ("maybe", "null", ""),
    ]);
    refused(&[
        (
            "i32",
            &[
                "2147483648",
                "-2147483649",
                "1.5",
                "1e-1",
                "1e10",
                r#""""#,
                r#"" 1""#,
                r#""1 ""#,
                r#""0x1""#,
                "01",
                "+1",
                r#""+1""#,
                r#""one""#,
                "1.",
                ".5",
                "1e",
                "--1",
                "true",
                "[1]",
                "{}",
                "1e999999999999999999999",
                "NaN",
                r#""NaN""#,
                r#""Infinity""#,
            ],
        ),
        ("u32", &["4294967296", "-1", "-0.5"]),
        ("i64", &["9223372036854775808", "-9223372036854775809", r#""9223372036854775808""#, "0.5"]),
        ("u64", &["18446744073709551616", "-1", "1e20"]),
        ("wide", &["1.5", "{}", r#"{"value":1}"#]),
    ]);
}

#[test]
fn floats_are_numbers_or_three_names() {
    read(&[
        ("f64", "0", ""),
        ("f64", "-0.0", "-0"),
        ("f64", "0.1", "0.1"),
        ("f64", r#""0.1""#, "0.1"),
        ("f64", r#""-1.5e-3""#, "-0.0015"),
        ("f64", "1.7976931348623157e308", "1.7976931348623157e+308"),
        ("f64", "5e-324", "4.94065645841247e-324"),
        ("f64", "1e-400", ""),
        ("f64", r#""NaN""#, r#""NaN""#),
        ("f64", r#""Infinity""#, r#""Infinity""#),
        ("f64", r#""-Infinity""#, r#""-Infinity""#),
        ("f32", "0.1", "0.1"),
        ("f32", "3.4028235e38", "3.40282347e+38"),
        ("f32", "16777217", "16777216"),
        ("real", "0", "0"),
        ("real", r#""NaN""#, r#""NaN""#),
    ]);
    refused(&[
        (
            "f64",
            &["1e309", "-1e309", r#""1e309""#, "NaN", "Infinity", r#""nan""#, r#""inf""#, r#""""#, r#"" 1""#, "true"],
        ),
        ("f32", &["3.5e38", "-3.5e38", "1e39", r#""3.5e38""#]),
    ]);
}

#[test]
fn booleans_and_text_have_one_form() {
    read(&[
        ("yes", "true", "true"),
        ("yes", "false", ""),
        ("yes", "null", ""),
        ("flag", "false", "false"),
        ("text", r#""""#, ""),
        ("text", r#""\u0041\n\"\\\/""#, r#""A\n\"\\/""#),
        ("text", r#""\ud83d\ude00""#, r#""😀""#),
        ("text", r#""\u0000""#, r#""\u0000""#),
        ("text", "\"\u{7f}\u{85}é\"", r#""\u007f\u0085é""#),
        ("word", r#""""#, r#""""#),
    ]);
    refused(&[
        ("yes", &["1", "0", r#""true""#, r#""""#, "True", "truee"]),
        (
            "text",
            &[
                "1",
                "true",
                "a",
                r#""\ud83d""#,
                r#""\ude00""#,
                r#""\ud83d\u0041""#,
                r#""\ude00\ud83d""#,
                r#""\x41""#,
                r#""\u00e""#,
                r#""\u00eg""#,
                "\"\n\"",
                "\"\u{0}\"",
                "'a'",
                r#""a"#,
            ],
        ),
    ]);
}

#[test]
fn bytes_are_base64_of_either_alphabet_with_padding_or_without() {
    read(&[
        ("raw", r#""AQI=""#, r#""AQI=""#),
        ("raw", r#""AQI""#, r#""AQI=""#),
        ("raw", r#""-_-_""#, r#""+/+/""#),
        ("raw", r#""+/+/""#, r#""+/+/""#),
        ("raw", r#""-_8""#, r#""+/8=""#),
        ("raw", r#""\u0041QI=""#, r#""AQI=""#),
        ("raw", r#""""#, ""),
        ("blob", r#""""#, r#""""#),
    ]);
    refused(&[("raw", &[r#""A""#, r#""AQI*""#, r#""A QI""#, r#""====""#, "1", "[1,2]", r#""AQ=I""#])]);
}

#[test]
fn enums_are_names_or_numbers() {
    read(&[
        ("kind", r#""ONE""#, r#""ONE""#),
        ("kind", r#""ALSO_ONE""#, r#""ONE""#),
        ("kind", r#""MINUS""#, r#""MINUS""#),
        ("kind", "1", r#""ONE""#),
        ("kind", "-1", r#""MINUS""#),
        ("kind", "7", "7"),
        ("kind", "1.0", r#""ONE""#),
        ("kind", "null", ""),
        ("kinds", r#"["ZERO",1,9]"#, r#"["ZERO","ONE",9]"#),
        ("null", "null", ""),
        ("null", r#""NULL_VALUE""#, ""),
    ]);
    refused(&[
        ("kind", &[r#""one""#, r#""TWO""#, r#""""#, "1.5", "2147483648", "true", "{}"]),
        ("kinds", &["[null]", r#"["TWO"]"#]),
    ]);
}

#[test]
fn null_is_nothing_except_in_a_list_or_as_a_value() {
    read(&[
        ("list", "null", ""),
        ("byText", "null", ""),
        ("child", "null", ""),
        ("child", "{}", "{}"),
        ("at", "null", ""),
        ("any", "null", ""),
        ("left", "null", ""),
        ("none", "null", "null"),
        ("free", "null", "null"),
        ("value", "null", "null"),
        ("freeList", "[null,1]", "[null,1]"),
    ]);
    refused(&[
        ("list", &["[null]", "1", "{}", "\"1\"", "[[1]]", "[1,]", "[,1]", "[1 2]", "[1"]),
        ("nested", &["[null]", "{}", "[1]"]),
        ("byText", &[r#"{"a":null}"#, "[]", "1", r#"{"a":1,}"#, r#"{a:1}"#, r#"{"a"}"#]),
        ("byBool", &[r#"{"true":null}"#]),
        ("child", &["1", "[]", "\"\"", "true"]),
        ("empty", &["1", "[]", r#"{"a":1}"#]),
    ]);
}

#[test]
fn map_keys_are_strings_of_their_type() {
    read(&[
        ("byText", r#"{"":1,"\u0061":2}"#, r#"{"":1,"a":2}"#),
        ("byNumber", r#"{"-1":"a","9223372036854775807":"b"}"#, r#"{"-1":"a","9223372036854775807":"b"}"#),
        ("byBool", r#"{"true":"ONE","false":0}"#, r#"{"true":"ONE","false":"ZERO"}"#),
    ]);
    refused(&[
        ("byNumber", &[r#"{"a":""}"#, r#"{"":""}"#, r#"{"1.5":""}"#, r#"{"9223372036854775808":""}"#, r#"{1:""}"#]),
        ("byBool", &[r#"{"1":0}"#, r#"{"True":0}"#, r#"{true:0}"#]),
        ("byText", &[r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#]),
    ]);
}

#[test]
fn fields_are_known_by_both_names_and_set_once() {
    let (schema, id) = message(SCHEMA, "t.M");
    let check = |json: &str, expected: Option<&str>| {
        let found = parsed(&schema, id, json, &strict());
        let found = found.as_deref().ok().map(|wire| printed(&schema, id, wire, &PrintOptions::default()));
        assert_eq!(found.as_deref(), expected, "{json}");
    };
    check(r#"{"snakeCaseName":1}"#, Some(r#"{"snakeCaseName":1}"#));
    check(r#"{"snake_case_name":1}"#, Some(r#"{"snakeCaseName":1}"#));
    check(r#"{"snake\u0043aseName":1}"#, Some(r#"{"snakeCaseName":1}"#));
    check(r#"{"other":1}"#, Some(r#"{"other":1}"#));
    check(r#"{"renamed":1}"#, Some(r#"{"other":1}"#));
    check(r#"{"left":null,"right":1}"#, Some(r#"{"right":1}"#));
    check(r#"{"left":"a","free":null}"#, None);
    check(r#"{"left":"a","right":1}"#, None);
    check(r#"{"i32":1,"i32":1}"#, None);
    check(r#"{"snakeCaseName":1,"snake_case_name":1}"#, None);
    check(r#"{"Snake_case_name":1}"#, None);
    check(r#"{"unknown":1}"#, None);
    check(r#"{"i32":1}x"#, None);
    check(r#"{"i32":1}}"#, None);
    check(r#"{"i32":1,}"#, None);
    check(r#"{"i32" 1}"#, None);
    check(r#"{i32:1}"#, None);
    check(r#"{"i32":1 "i64":1}"#, None);
    check(r#"/**/{}"#, None);
    check("\u{feff}{}", None);
    check("", None);
    check(" ", None);
    check("null", None);
    check("[]", None);
    check("1", None);
    check(" \t\r\n{ } \n", Some("{}"));
    check("{}\u{a0}", None);
}

#[test]
fn unknown_fields_are_passed_over_but_have_to_be_json() {
    let (schema, id) = message(SCHEMA, "t.M");
    let options = ParseOptions { reject_unknown_fields: false, ..ParseOptions::default() };
    for unknown in ["1", "-1.5e+3", "null", "true", r#""\u00e9\ud83d\ude00""#, "[]", "{}", r#"[{"a":[1,"x",null]},2]"#]
    {
        let json = format!(r#"{{"unknown":{unknown},"i32":1,"@x":{unknown}}}"#);
        let wire = parsed(&schema, id, &json, &options).unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(wire, b"\x08\x01", "{json}");
    }
    for unknown in
        ["", "nul", "01", "1.", "'a'", r#""\q""#, "[1,]", r#"{"a":}"#, r#"{"a":1,}"#, "{1:2}", "[", "[}", "\"\n\""]
    {
        let json = format!(r#"{{"unknown":{unknown},"i32":1}}"#);
        assert!(parsed(&schema, id, &json, &options).is_err(), "{json}");
    }
    // A name that its enum lacks is as much as no value, where that is asked for too.
    let json = r#"{"kind":"TWO","kinds":["ONE","TWO"]}"#;
    assert!(parsed(&schema, id, json, &options).is_err());
    let options = ParseOptions { ignore_unknown_enum_names: true, ..options };
    assert_eq!(parsed(&schema, id, json, &options).as_deref(), Ok(&b"\xea\x02\x01\x01"[..]));
}

#[test]
fn timestamps_are_rfc_3339_from_year_1_to_9999() {
    read(&[
        ("at", r#""1970-01-01T00:00:00Z""#, r#""1970-01-01T00:00:00Z""#),
        ("at", r#""0001-01-01T00:00:00Z""#, r#""0001-01-01T00:00:00Z""#),
        ("at", r#""9999-12-31T23:59:59.999999999Z""#, r#""9999-12-31T23:59:59.999999999Z""#),
        ("at", r#""2024-02-29T12:00:00.1Z""#, r#""2024-02-29T12:00:00.100Z""#),
        ("at", r#""2000-02-29T12:00:00.1234Z""#, r#""2000-02-29T12:00:00.123400Z""#),
        ("at", r#""1969-12-31T23:59:59.5Z""#, r#""1969-12-31T23:59:59.500Z""#),
        ("at", r#""2020-01-01T00:00:00.000Z""#, r#""2020-01-01T00:00:00Z""#),
        ("at", r#""2020-01-01T00:30:00+01:00""#, r#""2019-12-31T23:30:00Z""#),
        ("at", r#""2020-01-01T00:30:00-08:30""#, r#""2020-01-01T09:00:00Z""#),
        ("at", r#""2020-01-01T00:00:00-00:00""#, r#""2020-01-01T00:00:00Z""#),
    ]);
    refused(&[(
        "at",
        &[
            "0",
            "{}",
            r#""""#,
            r#""2020-01-01""#,
            r#""2020-01-01T00:00:00""#,
            r#""2020-01-01t00:00:00Z""#,
            r#""2020-01-01T00:00:00z""#,
            r#""2020-01-01 00:00:00Z""#,
            r#""2020-1-01T00:00:00Z""#,
            r#""2020-01-1T00:00:00Z""#,
            r#""2020-01-01T0:00:00Z""#,
            r#""2020-13-01T00:00:00Z""#,
            r#""2020-00-01T00:00:00Z""#,
            r#""2020-01-00T00:00:00Z""#,
            r#""2020-01-32T00:00:00Z""#,
            r#""2020-04-31T00:00:00Z""#,
            r#""2023-02-29T00:00:00Z""#,
            r#""1900-02-29T00:00:00Z""#,
            r#""2020-01-01T24:00:00Z""#,
            r#""2020-01-01T00:60:00Z""#,
            r#""2020-01-01T00:00:60Z""#,
            r#""2020-01-01T00:00:61Z""#,
            r#""2020-01-01T00:00:00.Z""#,
            r#""2020-01-01T00:00:00.1234567890Z""#,
            r#""2020-01-01T00:00:00+1:00""#,
            r#""2020-01-01T00:00:00+0100""#,
            r#""2020-01-01T00:00:00+24:00""#,
            r#""2020-01-01T00:00:00+00:60""#,
            r#""2020-01-01T00:00:00ZZ""#,
            r#""0000-12-31T00:00:00Z""#,
            r#""0001-01-01T00:00:00+00:01""#,
            r#""9999-12-31T23:59:59-00:01""#,
            r#""10000-01-01T00:00:00Z""#,
            r#""-0001-01-01T00:00:00Z""#,
            r#"" 2020-01-01T00:00:00Z""#,
            r#""2020-01-01T00:00:00Z ""#,
            r#""2020-01-01T00:00:00é""#,
        ],
    )]);
}

#[test]
fn durations_are_seconds_with_an_s() {
    read(&[
        ("took", r#""0s""#, r#""0s""#),
        ("took", r#""1.5s""#, r#""1.500s""#),
        ("took", r#""-1.5s""#, r#""-1.500s""#),
        ("took", r#""-0.000000001s""#, r#""-0.000000001s""#),
        ("took", r#""0.000001s""#, r#""0.000001s""#),
        ("took", r#""315576000000s""#, r#""315576000000s""#),
        ("took", r#""-315576000000s""#, r#""-315576000000s""#),
    ]);
    refused(&[(
        "took",
        &[
            "1",
            "{}",
            r#""""#,
            r#""s""#,
            r#""1""#,
            r#""1 s""#,
            r#"" 1s""#,
            r#""1S""#,
            r#""1.s""#,
            r#""1.0000000000s""#,
            r#""315576000001s""#,
            r#""-315576000001s""#,
            r#""--1s""#,
            r#""1e3s""#,
            r#""1ss""#,
        ],
    )]);
}

#[test]
fn field_masks_are_paths_in_lower_camel_case() {
    read(&[
        ("mask", r#""""#, r#""""#),
        ("mask", r#""fooBar""#, r#""fooBar""#),
        ("mask", r#""foo.barBaz,b""#, r#""foo.barBaz,b""#),
    ]);
    refused(&[("mask", &["1", "[]", r#""foo_bar""#, r#""a,b_c""#])]);
    // What would not come back the same is not written.
    let (schema, id) = message(SCHEMA, "t.M");
    for path in [&b"fooBar"[..], b"a__b", b"a_3", b"a_"] {
        let mask = [&[0x0a, path.len() as u8], path].concat();
        let wire = [&[0x82, 0x02, mask.len() as u8], mask.as_slice()].concat();
        let found = printed(&schema, id, &wire, &PrintOptions::default());
        assert!(!found.starts_with('{'), "{found}");
    }
}

#[test]
fn values_are_any_json() {
    read(&[
        ("value", "1", "1"),
        ("value", r#""1""#, r#""1""#),
        ("value", "true", "true"),
        ("value", "[]", "[]"),
        ("value", "{}", "{}"),
        ("value", r#"[[null],{"a":{"b":[1.5,"x"]}}]"#, r#"[[null],{"a":{"b":[1.5,"x"]}}]"#),
        ("values", r#"[1,null,[]]"#, r#"[1,null,[]]"#),
        ("values", "[]", "[]"),
        ("object", "{}", "{}"),
        ("object", r#"{"a":null,"":[]}"#, r#"{"a":null,"":[]}"#),
        ("object", "null", ""),
        ("freeList", r#"[1,"a",[],{}]"#, r#"[1,"a",[],{}]"#),
    ]);
    refused(&[
        ("value", &["NaN", "01", "'a'", "[1,]", "1e999"]),
        ("values", &["{}", "1"]),
        ("object", &["[]", "1", r#"{"a":1,"a":2}"#, r#"{"a"}"#]),
    ]);
}

#[test]
fn any_has_its_type_wherever_that_stands() {
    let timestamp = r#"{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"}"#;
    let nested = format!(r#"{{"@type":"x/google.protobuf.Any","value":{timestamp}}}"#);
    read(&[
        ("any", "{}", "{}"),
        ("any", r#"{"@type":"x/t.M"}"#, r#"{"@type":"x/t.M"}"#),
        ("any", r#"{"i32":1,"@type":"x/t.M"}"#, r#"{"@type":"x/t.M","i32":1}"#),
        ("any", r#"{"i32":1,"\u0040type":"x\/t.M","text":"a"}"#, r#"{"@type":"x/t.M","i32":1,"text":"a"}"#),
        ("any", timestamp, timestamp),
        (
            "any",
            r#"{"value":"1970-01-01T00:00:00Z","@type":"x/google.protobuf.Timestamp"}"#,
            &timestamp.replace("type.googleapis.com", "x"),
        ),
        ("any", &nested, &nested),
        (
            "any",
            r#"{"@type":"x/google.protobuf.Value","value":null}"#,
            r#"{"@type":"x/google.protobuf.Value","value":null}"#,
        ),
        (
            "any",
            r#"{"@type":"x/google.protobuf.Int64Value","value":"5"}"#,
            r#"{"@type":"x/google.protobuf.Int64Value","value":"5"}"#,
        ),
        ("any", r#"{"@type":"x/google.protobuf.Empty"}"#, r#"{"@type":"x/google.protobuf.Empty"}"#),
        (
            "any",
            r#"{"child":{"any":{"i32":1,"@type":"x/t.M"}},"@type":"x/t.M"}"#,
            r#"{"@type":"x/t.M","child":{"any":{"@type":"x/t.M","i32":1}}}"#,
        ),
    ]);
    refused(&[(
        "any",
        &[
            "1",
            "[]",
            r#"{"i32":1}"#,
            r#"{"@type":""}"#,
            r#"{"@type":1}"#,
            r#"{"@type":"t.M"}"#,
            r#"{"@type":"x/t.Gone"}"#,
            r#"{"@type":"x/"}"#,
            r#"{"@type":"x/t.M","i32":"a"}"#,
            r#"{"@type":"x/t.M","@type":"x/t.M"}"#,
            r#"{"@type":"x/t.M","unknown":1}"#,
            r#"{"@type":"x/google.protobuf.Timestamp"}"#,
            r#"{"@type":"x/google.protobuf.Timestamp","value":"x"}"#,
            r#"{"@type":"x/google.protobuf.Timestamp","nanos":1}"#,
        ],
    )]);
}

#[test]
fn names_of_enums_may_be_of_either_case_where_that_is_asked_for() {
    let (schema, id) = message(SCHEMA, "t.M");
    let options = ParseOptions { case_insensitive_enums: true, ..strict() };
    for name in ["one", "One", "ONE", "also_one"] {
        assert_eq!(
            parsed(&schema, id, &format!(r#"{{"kind":"{name}"}}"#), &options).as_deref(),
            Ok(&b"\x50\x01"[..]),
            "{name}"
        );
    }
    assert!(parsed(&schema, id, r#"{"kind":"two"}"#, &options).is_err());
}
