//! Protobuf messages as JSON and back, driven by descriptors and in one pass.
//!
//! [`Schema::compile`] turns a `FileDescriptorSet` into flat tables. [`print_message`] walks wire bytes and writes JSON text,
//! [`parse_message`] walks JSON text and writes wire bytes; neither builds a message between the two. It knows neither HTTP nor
//! gRPC nor a host. Sources: the protobuf encoding, `google/protobuf/descriptor.proto`, and ProtoJSON, the specification of
//! protobuf's JSON form.

mod compile;
mod decimal;
mod descriptor;
mod error;
mod features;
mod name_index;
mod order;
mod parse;
mod print;
mod prune;
mod schema;
pub mod wire;

pub use error::{DescriptorError, DescriptorErrors};
pub use parse::{
    Binding, Bound, Collision, ParseError, ParseOptions, ParseProblem, field_mask, parse_field, parse_message,
    parse_text,
};
pub use print::{PrintError, PrintOptions, PrintProblem, print_field, print_message};
pub use prune::prune;
pub use schema::{Cardinality, EnumId, Field, FieldId, Kind, MessageId, Method, Schema, Service, WellKnown};
