//! Compilation of descriptors: what is found by name, and what is wrong, all at once.

use crate::{message, schema};
use protojson::{Cardinality, Kind, Schema};

const SHOP: &str = r#"
syntax = "proto3";
package shop;
import "google/protobuf/struct.proto";
service Shop { rpc Buy(Order) returns (stream Order); rpc Ask(stream Order) returns (Order); }
message Order {
  string customer_name = 1;
  repeated int32 amounts = 2;
  map<string, Line> lines = 3;
  optional bool gift = 4;
  oneof paid { string card = 5; int64 cash = 6; }
  google.protobuf.Struct extra = 1000;
  string renamed = 7 [json_name = "other\"name"];
  message Line { double price = 1; }
}
"#;

#[test]
fn fields_are_found_by_json_name_proto_name_and_number() {
    let (schema, order) = message(SHOP, "shop.Order");
    let named = |name: &str| schema.field_named(order, name.as_bytes()).map(|field| schema.field(field).unwrap());
    for name in ["customerName", "customer_name"] {
        let field = named(name).unwrap();
        assert_eq!((field.number, field.kind, field.cardinality), (1, Kind::String, Cardinality::Singular));
        assert!(!field.has_presence);
    }
    assert_eq!(named("amounts").unwrap().cardinality, Cardinality::Repeated);
    assert_eq!(named("lines").unwrap().cardinality, Cardinality::Map);
    assert!(named("gift").unwrap().has_presence && named("card").unwrap().has_presence);
    assert_eq!(named("other\"name").unwrap().name, "renamed");
    assert!(named("CustomerName").is_none() && named("").is_none());
    assert_eq!(schema.field(schema.field_numbered(order, 1000).unwrap()).unwrap().name, "extra");
    assert!(schema.field_numbered(order, 8).is_none() && schema.field_numbered(order, 0).is_none());
}

#[test]
fn services_know_their_messages_and_streams() {
    let (schema, order) = message(SHOP, "shop.Order");
    let methods = &schema.service("shop.Shop").unwrap().methods;
    let shape = |index: usize| (methods[index].client_streaming, methods[index].server_streaming);
    assert_eq!([shape(0), shape(1)], [(false, true), (true, false)]);
    assert_eq!((methods[0].input, methods[0].output), (order, order));
    assert!(schema.service("shop.Market").is_none());
    assert!(schema.message("google.rpc.Status").is_some() && schema.message("shop.Order.Line").is_some());
}

#[test]
fn an_annotated_method_keeps_its_rule() {
    let schema = schema(&[
        (
            "google/api/annotations.proto",
            "syntax = \"proto3\"; package google.api; import \"google/protobuf/descriptor.proto\";
             message HttpRule { string get = 2; }
             extend google.protobuf.MethodOptions { HttpRule http = 72295728; }",
        ),
        (
            "a.proto",
            "syntax = \"proto3\"; package a; import \"google/api/annotations.proto\"; message M {}
             service S { rpc Get(M) returns (M) { option (google.api.http) = { get: \"/v1/m\" }; } rpc Bare(M) returns (M); }",
        ),
    ]);
    let methods = &schema.service("a.S").unwrap().methods;
    assert_eq!(methods[0].http_rule.as_deref(), Some(&b"\x12\x05/v1/m"[..]));
    assert_eq!(methods[1].http_rule, None);
}

fn record(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8], content].concat()
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let field = |name: &[u8], number: u8, kind: u8, type_name: &[u8]| {
        let content = [record(1, name), vec![0x18, number, 0x20, 1, 0x28, kind], record(6, type_name)].concat();
        record(2, &content)
    };
    let message = [
        record(1, b"M"),
        field(b"a", 1, 5, b""),
        field(b"b", 1, 5, b""),
        field(b"c", 3, 11, b".x.Gone"),
        field(b"d", 0, 5, b""),
        field(b"e", 5, 77, b""),
        field(b"e_f", 6, 9, b""),
        field(b"eF", 7, 9, b""),
    ];
    let method = [record(1, b"Do"), record(2, b".x.M"), record(3, b".x.Nowhere")].concat();
    let service = [record(1, b"S"), record(2, &method)].concat();
    let file = [
        record(1, b"x.proto"),
        record(2, b"x"),
        record(4, &message.concat()),
        record(4, &record(1, b"M")),
        record(5, &record(1, b"E")),
        record(6, &service),
        record(12, b"proto3"),
    ];
    // The file is longer than a length of one byte says.
    let file = file.concat();
    let mut set = vec![0x0a];
    protojson::wire::write_varint(&mut set, file.len() as u64);
    set.extend_from_slice(&file);
    let errors = Schema::compile(&set).unwrap_err().to_string();
    let expected = "\
x.E: expected at least one value, but found none
x.M: expected one declaration, but found two
x.M.c: expected the message `x.Gone` in the set, but found none; was it written with --include_imports?
x.M.d: expected a field number from 1 to 536870911, but found 0
x.M.e: expected a field type from 1 to 18, but found 77
x.M.b: expected a number of its own, but found 1, which `x.M.a` has
x.M.eF: expected a JSON name of its own, but found `eF`, which `x.M.e_f` has
x.S.Do: expected the message `x.Nowhere` in the set, but found none; was it written with --include_imports?";
    assert_eq!(errors, expected);
}

#[test]
fn what_is_no_descriptor_set_is_refused() {
    let refused = |bytes: &[u8]| Schema::compile(bytes).unwrap_err().to_string();
    assert_eq!(refused(b""), "expected a google.protobuf.FileDescriptorSet with files, but found none");
    assert_eq!(
        refused(b"syntax = \"proto3\";"),
        "expected a serialized google.protobuf.FileDescriptorSet, but reading stopped: expected a field's tag at byte \
         12, but found none"
    );
    let future = record(1, &[record(1, b"f.proto"), record(12, b"editions"), vec![0x70, 0xe8, 0x0f]].concat());
    assert_eq!(
        refused(&future),
        "f.proto: expected proto2, proto3 or edition 2023 or 2024, but found edition number 2024"
    );
}
