//! JSON text to wire bytes.

use crate::{message, printed};
use protojson::{
    Binding, Bound, Collision, MessageId, ParseOptions, PrintOptions, Schema, field_mask, parse_field, parse_message,
    parse_text,
};

const ALL: &str = r#"
syntax = "proto3";
package a;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message All {
  int32 i32 = 1; int64 i64 = 2; uint32 u32 = 3; uint64 u64 = 4; sint32 s32 = 5; sint64 s64 = 6;
  fixed32 f32 = 7; fixed64 f64 = 8; sfixed32 sf32 = 9; sfixed64 sf64 = 10;
  float ratio = 11; double wide_ratio = 12; bool flag = 13; string text = 14; bytes raw = 15;
  Color color = 16; All inner = 17;
  repeated int32 numbers = 18; repeated string words = 19; repeated All list = 20;
  map<string, int32> counts = 21; map<int32, All> by_number = 22; map<bool, string> by_flag = 23;
  oneof one { string left = 24; int32 right = 25; }
  google.protobuf.Any any = 26; google.protobuf.Duration took = 27; google.protobuf.FieldMask mask = 28;
  google.protobuf.Struct extra = 29; google.protobuf.Value value = 30; google.protobuf.Timestamp at = 31;
  google.protobuf.Int64Value maybe = 32; google.protobuf.NullValue nothing = 33;
  repeated google.protobuf.Value values = 34; google.protobuf.BoolValue maybe_flag = 35;
  map<string, string> labels = 36;
}
enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; COLOR_BLUE = 2; }
"#;

fn all() -> (Schema, MessageId) {
    message(ALL, "a.All")
}

fn parsed(schema: &Schema, id: MessageId, json: &str, options: &ParseOptions, bound: &Bound<'_>) -> String {
    let mut wire = b"before".to_vec();
    match parse_message(schema, id, json.as_bytes(), options, bound, &mut wire) {
        Ok(()) => printed(schema, id, &wire[6..], &PrintOptions::default()),
        Err(error) => {
            assert_eq!(wire, b"before", "nothing is left after an error");
            error.to_string()
        }
    }
}

#[test]
fn what_is_read_is_what_is_written() {
    let (schema, id) = all();
    let long = "x".repeat(20_000);
    let texts = [
        "{}".to_owned(),
        r#"{"i32":-2147483648,"i64":"-9223372036854775808","u32":4294967295,"u64":"18446744073709551615","s32":-1,"s64":"-2","f32":3,"f64":"4","sf32":-5,"sf64":"-6"}"#.to_owned(),
        r#"{"ratio":1.5,"wideRatio":"NaN","flag":true,"text":"a\"ä","raw":"AQI=","color":"COLOR_RED"}"#.to_owned(),
        format!(r#"{{"text":"{long}","inner":{{"inner":{{"text":"{long}"}},"list":[{{}},{{"i32":1}}]}}}}"#),
        r#"{"numbers":[1,2,3],"words":["a","b"],"counts":{"a":1,"b":2},"byNumber":{"-1":{"i32":7}},"byFlag":{"true":"t"}}"#.to_owned(),
        r#"{"left":"l","any":{"@type":"x/a.All","text":"in any"},"took":"-1.500s","mask":"a.bC,d"}"#.to_owned(),
        r#"{"extra":{"a":[1,null,true,"s",{"b":{}}]},"value":null,"at":"2026-01-02T03:04:05.006Z","maybe":"5","values":[null,1]}"#.to_owned(),
        r#"{"any":{"@type":"x/google.protobuf.Timestamp","value":"0001-01-01T00:00:00Z"},"value":[[]],"maybeFlag":false}"#.to_owned(),
    ];
    for text in &texts {
        assert_eq!(parsed(&schema, id, text, &ParseOptions::default(), &Bound::default()), *text);
    }
}

#[test]
fn other_ways_to_say_the_same_are_read() {
    let (schema, id) = all();
    let check = |json: &str, expected: &str| {
        assert_eq!(parsed(&schema, id, json, &ParseOptions::default(), &Bound::default()), expected, "{json}");
    };
    check(r#" { "i32" : "5" , "i64" : 1e2 , "u32": 1.0 } "#, r#"{"i32":5,"i64":"100","u32":1}"#);
    check(r#"{"wide_ratio":"1.5","by_number":{}}"#, r#"{"wideRatio":1.5}"#);
    check(r#"{"color":2,"raw":"-_8"}"#, r#"{"raw":"+/8=","color":"COLOR_BLUE"}"#);
    check(r#"{"color":"BLUE"}"#, r#"{"color":"COLOR_BLUE"}"#);
    check(r#"{"i32":null,"list":null,"maybe":null,"left":null,"right":1}"#, r#"{"right":1}"#);
    check(r#"{"unknown":{"a":[1,{"b":"\u00e4"}]},"i32":1}"#, r#"{"i32":1}"#);
    check(r#"{"\u0069\u0033\u0032":1}"#, r#"{"i32":1}"#);
    check(r#"{"any":{"text":"late","@type":"x/a.All"}}"#, r#"{"any":{"@type":"x/a.All","text":"late"}}"#);
    check(r#"{"any":{}}"#, r#"{"any":{}}"#);
    check(r#"{"at":"2026-01-02T05:04:05+02:00"}"#, r#"{"at":"2026-01-02T03:04:05Z"}"#);
}

#[test]
fn strings_are_read_at_every_length_with_anything_at_every_place() {
    let (schema, id) = all();
    let inserted =
        [("", ""), ("ä", "ä"), (r#"\""#, r#"\""#), (r"\\", r"\\"), (r"\u00e4", "ä"), ("\u{7f}", r"\u007f"), ("'", "'")];
    for length in (0..20).chain(120..132) {
        for place in [0, 1, 7, 8, length / 2, length].into_iter().filter(|place| *place <= length) {
            for (written, printed) in inserted {
                let text = |inserted: &str| format!("{}{inserted}{}", "x".repeat(place), "x".repeat(length - place));
                let json = |text: String| {
                    format!(
                        r#"{{"words":["{text}",""],"left":"{text}","labels":{{"{text}":"","k":"{text}","kk":"v"}}}}"#
                    )
                };
                for lenient in [false, true] {
                    let options = ParseOptions { lenient, ..ParseOptions::default() };
                    let found = parsed(&schema, id, &json(text(written)), &options, &Bound::default());
                    assert_eq!(found, json(text(printed)), "{written} at {place} of {length}");
                }
            }
            let control = format!("{{\"left\":\"{}\u{1}{}\"}}", "x".repeat(place), "x".repeat(length - place));
            assert_eq!(
                parsed(&schema, id, &control, &ParseOptions::default(), &Bound::default()),
                format!(r"left: expected an escaped control character, but found `\x01` at byte {}", 9 + place)
            );
        }
    }
}

#[test]
fn a_key_is_there_once_however_it_is_written() {
    let (schema, id) = all();
    let long = "v".repeat(200);
    for (first, again) in [("a", "a"), ("a", r"\u0061"), (r"\u0061", "a"), (&*long, &*long)] {
        for between in
            [r#""b":"1","ab":"2""#.to_owned(), format!(r#""b":"{long}""#), "\"\":\"\" \n, \"b\" : \"\"".to_owned()]
        {
            let start = format!(r#"{{"labels":{{"{first}":"{long}",{between},"#);
            let found = parsed(
                &schema,
                id,
                &format!(r#"{start}"{again}":""}}}}"#),
                &ParseOptions::default(),
                &Bound::default(),
            );
            let key = if first.len() > 40 { format!("{}…", &long[..40]) } else { "a".to_owned() };
            let expected = format!("labels: expected each key once, but found `{key}` again at byte {}", start.len());
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn what_is_wrong_is_named_by_path_and_byte() {
    let (schema, id) = all();
    let check = |json: &str, expected: &str| {
        let options = ParseOptions { reject_unknown_fields: true, ..Default::default() };
        assert_eq!(parsed(&schema, id, json, &options, &Bound::default()), expected, "{json}");
    };
    check("", "expected a value, but found the end of the text at byte 0");
    check("[]", "expected the message a.All, but found `[]` at byte 0");
    check(r#"{"i32":1.5}"#, "i32: expected an integer of 32 bits, but found `1.5` at byte 7");
    check(r#"{"i32":2147483648}"#, "i32: expected an integer of 32 bits, but found `2147483648` at byte 7");
    check(r#"{"u32":-1}"#, "u32: expected an integer of 32 bits without a sign, but found `-1` at byte 7");
    check(r#"{"i64":""}"#, "i64: expected an integer of 64 bits, but found `` at byte 7");
    check(r#"{"flag":"true"}"#, "flag: expected `true` or `false`, but found `true` at byte 8");
    check(r#"{"text":5}"#, "text: expected a string, but found `5` at byte 8");
    check(r#"{"color":"GREEN"}"#, "color: expected a value of the enum a.Color, but found `GREEN` at byte 9");
    check(r#"{"raw":"!"}"#, "raw: expected a string in base64, but found `!` at byte 7");
    check(r#"{"list":[{},{"i32":"x"}]}"#, "list[1].i32: expected an integer of 32 bits, but found `x` at byte 19");
    check(r#"{"numbers":[1,null]}"#, "numbers[1]: expected an integer of 32 bits, but found `null` at byte 14");
    check(r#"{"numbers":1}"#, "numbers: expected a list, but found `1` at byte 11");
    check(r#"{"counts":{"a":1,"a":2}}"#, "counts: expected each key once, but found `a` again at byte 17");
    check(r#"{"counts":{"a":null}}"#, "counts.`a`: expected an integer of 32 bits, but found `null` at byte 15");
    check(
        r#"{"byNumber":{"x":{}}}"#,
        "byNumber: expected a key that is an integer of 32 bits, but found `x` at byte 13",
    );
    check(r#"{"i32":1,"i32":2}"#, "expected one value for `i32`, but found another at byte 9");
    check(r#"{"left":"","right":1}"#, "expected one value for the oneof of `right`, but found another at byte 11");
    check(r#"{"who":1}"#, "expected a field of the message, but found `who` at byte 1");
    check(r#"{"any":{"a":1}}"#, "any: expected a member `@type`, but found none at byte 7");
    check(
        r#"{"any":{"@type":"x/Gone"}}"#,
        "any: expected the URL of a type of the descriptor set, but found `x/Gone` at byte 7",
    );
    check(
        r#"{"at":"2026-02-30T00:00:00Z"}"#,
        "at: expected a timestamp such as `2026-01-02T03:04:05.678Z`, but found `2026-02-30T00:00:00Z` at byte 6",
    );
    check(r#"{"took":"1"}"#, "took: expected a duration such as `1.5s`, but found `1` at byte 8");
    check(r#"{"mask":"a_b"}"#, "mask: expected paths such as `userName,address.city`, but found `a_b` at byte 8");
    check("{} x", "expected the end of the text, but found `x` at byte 3");
    let deep = format!("{}{}", r#"{"inner":"#.repeat(101), "}".repeat(101));
    assert!(
        parsed(&schema, id, &deep, &ParseOptions::default(), &Bound::default())
            .ends_with("expected at most 100 objects and lists within each other, but found more at byte 901")
    );
    let mut out = Vec::new();
    let error =
        parse_message(&schema, id, b"{\"text\":\"\xff\"}", &ParseOptions::default(), &Bound::default(), &mut out);
    assert_eq!(error.unwrap_err().to_string(), "expected UTF-8, but found other bytes at byte 9");
}

#[test]
fn many_keys_twice_are_found_too() {
    let (schema, id) = all();
    let many: Vec<String> = (0..1000).map(|number| format!(r#""{number}":1"#)).collect();
    let text = format!(r#"{{"counts":{{{}}}}}"#, many.join(","));
    assert_eq!(parsed(&schema, id, &text, &ParseOptions::default(), &Bound::default()), text);
    let twice = text.replace("\"999\":", "\"7\":");
    assert!(parsed(&schema, id, &twice, &ParseOptions::default(), &Bound::default()).contains("but found `7` again"));
}

#[test]
fn leniency_reads_what_the_native_filter_reads() {
    let (schema, id) = all();
    let options = ParseOptions { lenient: true, ..Default::default() };
    let check = |json: &str, expected: &str| {
        assert_eq!(parsed(&schema, id, json, &options, &Bound::default()), expected, "{json}");
    };
    check("{i32: 1, 'text': 'it\\'s',}", r#"{"i32":1,"text":"it's"}"#);
    check(r#"{"numbers":[1,null,2,]}"#, r#"{"numbers":[1,2]}"#);
    check(r#"{"numbers":7}"#, r#"{"numbers":[7]}"#);
    check(r#"{"flag":"true","color":"1"}"#, r#"{"flag":true,"color":"COLOR_RED"}"#);
    check(r#"{"i32":1,"i32":2}"#, r#"{"i32":2}"#);
    check(r#"{"mask":"a_b"}"#, r#"{"mask":"aB"}"#);
    check("{\"text\":\"a\nb\\q\"}", r#"{"text":"a\nbq"}"#);
    assert!(parsed(&schema, id, r#"{"left":"","right":null}"#, &options, &Bound::default()).contains("oneof"));
}

#[test]
fn bound_fields_keep_drop_or_refuse_what_the_body_says() {
    let (schema, id) = all();
    let field = |name: &str| schema.field_named(id, name.as_bytes()).unwrap();
    let bind = |names: &[&str], text: &str| {
        let path: Vec<_> = names.iter().map(|name| field(name)).collect();
        let mut record = Vec::new();
        parse_text(&schema, *path.last().unwrap(), text, &ParseOptions::default(), &mut record).unwrap();
        Binding { path, record }
    };
    let mut bindings = [bind(&["i32"], "1"), bind(&["inner", "text"], "t"), bind(&["inner", "inner", "i64"], "5")];
    bindings.sort();
    let check = |json: &str, collision, expected: &str| {
        let bound = Bound::new(&bindings, collision);
        assert_eq!(parsed(&schema, id, json, &ParseOptions::default(), &bound), expected, "{json}");
    };
    let json = r#"{"i32":2,"i64":"3","inner":{"i32":4,"text":"u","inner":{"i64":"6"}}}"#;
    check(json, Collision::KeepBody, json);
    check(json, Collision::DropBody, r#"{"i64":"3","inner":{"i32":4,"inner":{}}}"#);
    let different = "expected the value that the path or the query gives, but found another at byte";
    check(json, Collision::RejectDifferent, &format!("i32: {different} 7"));
    check(r#"{"inner":{"text":"u"}}"#, Collision::RejectDifferent, &format!("inner.text: {different} 17"));
    let same = r#"{"i32":1,"inner":{"text":"t"}}"#;
    check(same, Collision::RejectDifferent, same);
}

#[test]
fn the_native_words_for_a_boolean_are_read_leniently_alone() {
    let (schema, id) = all();
    for name in ["flag", "maybeFlag"] {
        let field = schema.field_named(id, name.as_bytes()).unwrap();
        let check = |text: &str, lenient: bool, expected: Option<bool>| {
            let mut wire = Vec::new();
            let options = ParseOptions { lenient, ..ParseOptions::default() };
            let found = parse_text(&schema, field, text, &options, &mut wire).ok();
            let found = found.map(|()| printed(&schema, id, &wire, &PrintOptions::default()).contains("true"));
            assert_eq!(found, expected, "{name} {text} {lenient}");
        };
        for (words, value) in
            [(["true", "True", "1", "t", "YES", "y"], true), (["false", "FALSE", "0", "F", "no", "n"], false)]
        {
            for word in words {
                check(word, true, Some(value));
                check(word, false, matches!(word, "true" | "false").then_some(value));
            }
        }
        for text in ["", "2", "on", "truee", "tr"] {
            check(text, true, None);
        }
    }
}

#[test]
fn a_path_or_query_value_is_read_as_its_field() {
    let (schema, id) = all();
    let check = |name: &str, text: &str, expected: &str| {
        let field = schema.field_named(id, name.as_bytes()).unwrap();
        let mut wire = Vec::new();
        let found = match parse_text(&schema, field, text, &ParseOptions::default(), &mut wire) {
            Ok(()) => printed(&schema, id, &wire, &PrintOptions::default()),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{name} {text}");
    };
    check("i32", "7", r#"{"i32":7}"#);
    check("i32", "5.0", r#"{"i32":5}"#);
    check("i32", "1e2", r#"{"i32":100}"#);
    check("i32", "+5", "i32: expected an integer of 32 bits, but found `+5` at byte 0");
    check("flag", "true", r#"{"flag":true}"#);
    check("text", "a \"b\"", r#"{"text":"a \"b\""}"#);
    check("color", "COLOR_RED", r#"{"color":"COLOR_RED"}"#);
    check("color", "2", r#"{"color":"COLOR_BLUE"}"#);
    check("raw", "-_8", r#"{"raw":"+/8="}"#);
    check("numbers", "5", r#"{"numbers":[5]}"#);
    check("words", "w", r#"{"words":["w"]}"#);
    check("took", "1.5s", r#"{"took":"1.500s"}"#);
    check("at", "2026-01-02T03:04:05Z", r#"{"at":"2026-01-02T03:04:05Z"}"#);
    check("maybe", "5", r#"{"maybe":"5"}"#);
    check("maybeFlag", "false", r#"{"maybeFlag":false}"#);
    check("mask", "aB", r#"{"mask":"aB"}"#);
    check("value", "v", r#"{"value":"v"}"#);
    check("i32", "x", "i32: expected an integer of 32 bits, but found `x` at byte 0");
    check("flag", "1", "flag: expected `true` or `false`, but found `1` at byte 0");
    check("inner", "x", "inner: expected the message a.All, but found `x` at byte 0");
    check("counts", "x", "counts: expected the message a.All.CountsEntry, but found `x` at byte 0");
}

#[test]
fn a_body_can_be_one_field() {
    let (schema, id) = all();
    let check = |name: &str, json: &str, expected: &str| {
        let field = schema.field_named(id, name.as_bytes()).unwrap();
        let mut wire = Vec::new();
        let found = match parse_field(
            &schema,
            field,
            json.as_bytes(),
            &ParseOptions::default(),
            &Bound::default(),
            &mut wire,
        ) {
            Ok(()) => printed(&schema, id, &wire, &PrintOptions::default()),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{name} {json}");
    };
    check("inner", r#" {"i32":1} "#, r#"{"inner":{"i32":1}}"#);
    check("numbers", "[1,2]", r#"{"numbers":[1,2]}"#);
    check("text", r#""t""#, r#"{"text":"t"}"#);
    check("counts", r#"{"a":1}"#, r#"{"counts":{"a":1}}"#);
    check("inner", "[]", "expected the message a.All, but found `[]` at byte 0");
}

#[test]
fn a_patch_names_the_fields_that_its_body_has() {
    let (schema, id) = all();
    let mask = |json: &str| {
        let wire = field_mask(&schema, id, json.as_bytes(), &ParseOptions::default()).unwrap();
        let holder = [&[0xe2, 0x01, wire.len() as u8], &wire[..]].concat();
        printed(&schema, id, &holder, &PrintOptions::default())
    };
    let json = r#"{"i32":1,"inner":{"wideRatio":2,"inner":{}},"list":[{}],"at":"x","gone":{"a":1},"counts":{"k":1}}"#;
    assert_eq!(mask(json), r#"{"mask":"i32,inner.wideRatio,inner.inner,list,at,counts"}"#);
    assert_eq!(mask("{}"), r#"{"mask":""}"#);
    let level = r#"{"inner":"#;
    let wide = format!("{}{}{}", level.repeat(50), r#"{"i32":1,"i64":"2","u32":3}"#, "}".repeat(50));
    assert!(field_mask(&schema, id, wide.as_bytes(), &ParseOptions::default()).is_ok());
    let list: Vec<String> = (0..1000).map(|_| wide.clone()).collect();
    let huge = format!("{{{}}}", list.iter().map(|one| format!("\"inner\":{one}")).collect::<Vec<_>>().join(","));
    let error = field_mask(&schema, id, huge.as_bytes(), &ParseOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("expected an update mask of at most 64 KiB"), "{error}");
}
