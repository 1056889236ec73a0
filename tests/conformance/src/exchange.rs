//! One request of the suite and its answer: the messages of `conformance/conformance.proto`, as far as JSON needs them.
//!
//! A payload of another kind (text format) and fields that nothing here reads are unknown fields, which decoding leaves
//! out, so such a request has no payload and is skipped.

use protojson::{Bound, ParseOptions, PrintOptions, Schema};

/// A message to read, and what to write it as.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Request {
    #[prost(oneof = "Payload", tags = "1, 2")]
    pub payload: Option<Payload>,
    #[prost(int32, tag = "3")]
    pub output_format: i32,
    /// The full name of the message's type.
    #[prost(string, tag = "4")]
    pub message_type: String,
    #[prost(int32, tag = "5")]
    pub category: i32,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Payload {
    #[prost(bytes, tag = "1")]
    Protobuf(Vec<u8>),
    #[prost(bytes, tag = "2")]
    Json(Vec<u8>),
}

/// What became of a request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Response {
    #[prost(oneof = "Verdict", tags = "1, 2, 3, 4, 5, 6")]
    pub verdict: Option<Verdict>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Verdict {
    #[prost(string, tag = "1")]
    ParseError(String),
    #[prost(string, tag = "2")]
    RuntimeError(String),
    #[prost(bytes, tag = "3")]
    Protobuf(Vec<u8>),
    #[prost(bytes, tag = "4")]
    Json(Vec<u8>),
    #[prost(string, tag = "5")]
    Skipped(String),
    #[prost(string, tag = "6")]
    SerializeError(String),
}

/// `WireFormat` of the suite.
const PROTOBUF: i32 = 1;
const JSON: i32 = 2;
/// The `TestCategory` whose JSON has unknown fields and unknown names of enum values, to pass over.
const IGNORES_UNKNOWN: i32 = 3;

/// Reads what the request has and writes what it asks for, where either is JSON.
pub fn answer(schema: &Schema, request: &Request) -> Verdict {
    let Some(message) = schema.message(&request.message_type) else {
        return Verdict::Skipped(format!("the schema has no {}", request.message_type));
    };
    let wire = match (&request.payload, request.output_format) {
        (Some(Payload::Json(json)), PROTOBUF | JSON) => {
            let mut wire = Vec::new();
            let ignores = request.category == IGNORES_UNKNOWN;
            let options = ParseOptions {
                reject_unknown_fields: !ignores,
                ignore_unknown_enum_names: ignores,
                ..ParseOptions::default()
            };
            match protojson::parse_message(schema, message, json, &options, &Bound::default(), &mut wire) {
                Ok(()) => wire,
                Err(error) => return Verdict::ParseError(error.to_string()),
            }
        }
        (Some(Payload::Protobuf(wire)), JSON) => wire.clone(),
        _ => return Verdict::Skipped("JSON is on neither side".to_owned()),
    };
    if request.output_format == PROTOBUF {
        return Verdict::Protobuf(wire);
    }
    let mut json = Vec::new();
    match protojson::print_message(schema, message, &wire, &PrintOptions::default(), &mut json) {
        Ok(()) => Verdict::Json(json),
        Err(error) => Verdict::SerializeError(error.to_string()),
    }
}
