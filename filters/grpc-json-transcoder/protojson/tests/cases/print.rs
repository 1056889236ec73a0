//! Wire bytes to JSON text.

use crate::{message, printed};
use protojson::PrintOptions;

const TALK: &str = r#"
syntax = "proto3";
package t;
message TalkResponse { int32 status = 1; repeated TalkResult results = 2; }
message TalkResult { int64 id = 1; ResultType type = 2; map<string, string> kv = 3; }
enum ResultType { OK = 0; FAIL = 1; }
"#;

const RESULT: &[u8] = b"\x08\xc8\x01\x12\x12\x08\x07\x1a\x06\x0a\x01a\x12\x01b\x1a\x06\x0a\x01c\x12\x01d";

#[test]
fn an_ordered_message_is_written_as_it_is_read() {
    let (schema, id) = message(TALK, "t.TalkResponse");
    assert_eq!(
        printed(&schema, id, RESULT, &PrintOptions::default()),
        r#"{"status":200,"results":[{"id":"7","kv":{"a":"b","c":"d"}}]}"#
    );
    let options = PrintOptions { always_print_primitive_fields: true, ..Default::default() };
    assert_eq!(
        printed(&schema, id, RESULT, &options),
        r#"{"status":200,"results":[{"id":"7","type":"OK","kv":{"a":"b","c":"d"}}]}"#
    );
    assert_eq!(printed(&schema, id, b"", &options), r#"{"status":0,"results":[]}"#);
    assert_eq!(printed(&schema, id, b"", &PrintOptions::default()), "{}");
}

#[test]
fn whitespace_puts_each_value_on_its_line() {
    let (schema, id) = message(TALK, "t.TalkResponse");
    let options = PrintOptions { add_whitespace: true, int64_as_number: true, ..Default::default() };
    let expected = r#"{
 "status": 200,
 "results": [
  {
   "id": 7,
   "kv": {
    "a": "b",
    "c": "d"
   }
  }
 ]
}
"#;
    assert_eq!(printed(&schema, id, RESULT, &options), expected);
}

#[test]
fn fields_out_of_order_are_merged_and_put_in_order() {
    let (schema, id) = message(TALK, "t.TalkResponse");
    let check = |wire: &[u8], expected: &str| {
        assert_eq!(printed(&schema, id, wire, &PrintOptions::default()), expected);
    };
    // A list that goes on after another field, and a scalar set twice: the last counts.
    check(b"\x12\x02\x08\x01\x08\x05\x12\x02\x08\x02\x08\x06", r#"{"status":6,"results":[{"id":"1"},{"id":"2"}]}"#);
    // A key set twice: the last counts, in its place.
    let kv = b"\x12\x18\x1a\x06\x0a\x01a\x12\x01b\x1a\x06\x0a\x01c\x12\x01d\x1a\x06\x0a\x01a\x12\x01e";
    check(kv, r#"{"results":[{"kv":{"c":"d","a":"e"}}]}"#);
    // Unknown fields and wrong encodings are left out.
    check(b"\x0a\x01x\x7a\x01y\x08\x01", r#"{"status":1}"#);
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    let (schema, id) = message(TALK, "t.TalkResponse");
    let check = |wire: &[u8], expected: &str| {
        assert_eq!(printed(&schema, id, wire, &PrintOptions::default()), expected);
    };
    check(b"\x08", "expected a varint at byte 1, but found none");
    check(
        b"\x12\x00\x12\x08\x1a\x06\x0a\x01a\x12\x01\xff",
        "results[1].kv.\"a\": expected UTF-8, but found other bytes at byte 0 of the string",
    );
}

const ODD: &str = r#"
syntax = "proto2";
package o;
message Odd {
  optional string text = 1;
  repeated int32 plain = 2;
  repeated sint32 packed = 3 [packed = true];
  optional group Grouped = 4 { optional int32 a = 1; }
  oneof one { int32 left = 5; Odd right = 6; string middle = 7; }
  optional Closed closed = 8;
  repeated Closed many = 9;
  optional bytes raw = 10;
  optional double ratio = 11;
  map<int32, Odd> by_number = 12;
  map<string, Closed> closed_map = 13;
  extensions 100 to 200;
}
enum Closed { ZERO = 0; TWO = 2; DEUX = 3; }
extend Odd { optional int32 beyond = 100; }
"#;

#[test]
fn proto2_has_groups_extensions_and_closed_enums() {
    let (schema, id) = message(ODD, "o.Odd");
    let check = |wire: &[u8], expected: &str| {
        assert_eq!(printed(&schema, id, wire, &PrintOptions::default()), expected);
    };
    check(b"\x0a\x00", r#"{"text":""}"#);
    check(b"\x10\x01\x12\x02\x02\x03\x18\x03", r#"{"plain":[1,2,3],"packed":[-2]}"#);
    check(b"\x12\x00", "{}");
    check(b"\x23\x08\x01\x24", r#"{"grouped":{"a":1}}"#);
    check(b"\x23\x24\x23\x08\x05\x24", r#"{"grouped":{"a":5}}"#);
    check(b"\x40\x01\x48\x02\x48\x01\x48\x00", r#"{"many":["TWO","ZERO"]}"#);
    check(b"\xa0\x06\x07", r#"{"[o.beyond]":7}"#);
    check(b"\x52\x01\xff\x59\0\0\0\0\0\0\xf8\x7f", r#"{"raw":"/w==","ratio":"NaN"}"#);
    // The last member of a oneof wins, and what it was before is forgotten.
    check(b"\x28\x01\x3a\x01m", r#"{"middle":"m"}"#);
    check(b"\x32\x02\x10\x01\x28\x07\x32\x02\x10\x02", r#"{"right":{"plain":[2]}}"#);
    check(b"\x62\x02\x08\x05", r#"{"byNumber":{"5":{}}}"#);
    check(b"\x6a\x05\x0a\x01a\x10\x01", "{}");
}

const KNOWN: &str = r#"
syntax = "proto3";
package k;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Known {
  google.protobuf.Timestamp at = 1;
  google.protobuf.Duration took = 2;
  google.protobuf.FieldMask mask = 3;
  google.protobuf.Any any = 4;
  google.protobuf.Struct extra = 5;
  google.protobuf.Value value = 6;
  google.protobuf.Int64Value wide = 7;
  google.protobuf.Empty empty = 8;
  google.protobuf.NullValue nothing = 9;
}
"#;

#[test]
fn well_known_types_have_their_own_form() {
    let (schema, id) = message(KNOWN, "k.Known");
    let check = |wire: &[u8], expected: &str| {
        assert_eq!(printed(&schema, id, wire, &PrintOptions::default()), expected);
    };
    check(b"\x0a\x00", r#"{"at":"1970-01-01T00:00:00Z"}"#);
    check(b"\x0a\x05\x08\x01\x10\xc0\x3e", r#"{"at":"1970-01-01T00:00:01.000008Z"}"#);
    check(b"\x12\x0b\x10\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01", r#"{"took":"-0.000000127s"}"#);
    check(b"\x1a\x0c\x0a\x03a_b\x0a\x05c.d_e", r#"{"mask":"aB,c.dE"}"#);
    check(b"\x2a\x0a\x0a\x08\x0a\x01k\x12\x03\x1a\x01v", r#"{"extra":{"k":"v"}}"#);
    check(b"\x32\x02\x08\x00", r#"{"value":null}"#);
    check(b"\x32\x06\x32\x04\x0a\x02\x20\x01", r#"{"value":[true]}"#);
    check(b"\x32\x02\x2a\x00", r#"{"value":{}}"#);
    check(b"\x3a\x02\x08\x05\x42\x00\x48\x00", r#"{"wide":"5","empty":{}}"#);
    check(b"\x22\x00", r#"{"any":{}}"#);
    check(
        b"\x22\x0d\x0a\x09x/k.Known\x12\x01",
        "any: expected as many bytes as the length says at byte 13, but found none",
    );
    check(b"\x22\x11\x0a\x09x/k.Known\x12\x04\x3a\x02\x08\x05", r#"{"any":{"@type":"x/k.Known","wide":"5"}}"#);
    check(
        b"\x22\x22\x0a\x1cx/google.protobuf.Int64Value\x12\x02\x08\x05",
        r#"{"any":{"@type":"x/google.protobuf.Int64Value","value":"5"}}"#,
    );
    check(b"\x22\x09\x0a\x07x/k.Gon", "any: expected a type of the descriptor set, but found `x/k.Gon`");
}
