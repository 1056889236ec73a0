//! What does not change while exchanges come and go.

use crate::bindings::BindingOptions;
use crate::configuration::Options;
use protojson::Schema;

/// The schema, and what the operator decided.
#[derive(Clone, Copy)]
pub struct Conversion<'a> {
    /// The tables of all messages.
    pub schema: &'a Schema,
    /// What the operator decided.
    pub options: &'a Options,
    /// What of that is about reading requests.
    pub binding: &'a BindingOptions,
}
