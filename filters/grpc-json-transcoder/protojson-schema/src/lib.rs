//! Protobuf descriptors compiled to the tables that ProtoJSON is converted by.
//!
//! [`schema::Schema::compile`] turns a `FileDescriptorSet` into flat tables: messages, fields and enums by name, by number and as they
//! are written in JSON. [`prune`] cuts a set down. Besides them stands what both this and the conversion are made of: the wire
//! format, JSON strings, words. Conversion itself is `protojson`, which is compiled to be fast; this is compiled to be small,
//! since it is done once. Sources: the protobuf encoding, `google/protobuf/descriptor.proto`, ProtoJSON.

mod compile;
mod descriptor;
mod error;
mod features;
mod name_index;
mod prune;
pub mod quote;
pub mod schema;
pub mod wire;
pub mod words;

pub use error::{DescriptorError, DescriptorErrors};
pub use name_index::NameIndex;
pub use prune::prune;
