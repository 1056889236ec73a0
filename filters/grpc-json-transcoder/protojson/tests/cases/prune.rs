//! Descriptor sets cut down to what services need.

use crate::descriptor_set;
use protojson::{Schema, prune};

const SET: &[(&str, &str)] = &[
    (
        "big.proto",
        r#"syntax = "proto3"; package big;
        import "google/protobuf/timestamp.proto";
        import "google/protobuf/struct.proto";
        message Used { Nested.Deep deep = 1; map<string, Kind> kinds = 2; Used again = 3; }
        message Nested { string not_needed = 1; message Deep { google.protobuf.Timestamp at = 1; } message Gone {} }
        message Unused { google.protobuf.Struct extra = 1; }
        enum Kind { NONE = 0; } enum Other { NOTHING = 0; }
        service One { rpc Do(Used) returns (Nested.Deep); }
        service Two { rpc Do(Unused) returns (Used); }"#,
    ),
    ("other.proto", "syntax = \"proto3\"; package other; message Alone {}"),
];

#[test]
fn what_a_service_reaches_stays_and_the_rest_goes() {
    let whole = descriptor_set(SET);
    let pruned = prune(&whole, &["big.One"]).unwrap();
    assert!(pruned.len() * 3 < whole.len(), "{} of {}", pruned.len(), whole.len());
    let schema = Schema::compile(&pruned).unwrap();
    for name in ["big.Used", "big.Nested.Deep", "big.Used.KindsEntry", "google.protobuf.Timestamp"] {
        assert!(schema.message(name).is_some(), "{name}");
    }
    for name in ["big.Unused", "big.Nested.Gone", "google.protobuf.Struct", "other.Alone"] {
        assert!(schema.message(name).is_none(), "{name}");
    }
    assert!(schema.service("big.One").is_some() && schema.service("big.Two").is_none());
    assert_eq!(prune(&pruned, &["big.One"]).unwrap(), pruned);
}

#[test]
fn a_service_that_is_not_there_is_named_with_those_that_are() {
    let error = prune(&descriptor_set(SET), &["big.Three", "big.One", "Four"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a service of the descriptor set, but found `big.Three`; there are `big.One`, `big.Two`\n\
         expected a service of the descriptor set, but found `Four`; there are `big.One`, `big.Two`"
    );
    assert!(prune(b"\xff", &[]).is_err());
}
