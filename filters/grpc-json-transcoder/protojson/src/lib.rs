//! Protobuf messages as JSON and back, driven by descriptors and in one pass.
//!
//! [`Schema::compile`] turns a `FileDescriptorSet` into flat tables. [`print_message`] walks wire bytes and writes JSON text,
//! [`parse_message`] walks JSON text and writes wire bytes; neither builds a message between the two. It knows neither HTTP nor
//! gRPC nor a host. Sources: the protobuf encoding, `google/protobuf/descriptor.proto`, and ProtoJSON, the specification of
//! protobuf's JSON form.

mod decimal;
mod parse;
mod print;

pub use parse::{
    Binding, Bound, Collision, ParseError, ParseOptions, ParseProblem, field_mask, parse_field, parse_message,
    parse_text,
};
pub use print::{PrintError, PrintOptions, PrintProblem, print_field, print_message};
pub use protojson_schema::schema::{
    Cardinality, EnumId, Field, FieldId, Kind, MessageId, Method, Schema, Service, WellKnown,
};
pub use protojson_schema::{DescriptorError, DescriptorErrors, prune, wire};
use protojson_schema::{quote, schema, words};
