//! What does not change while exchanges come and go.

use crate::bindings::BindingOptions;
use crate::configuration::Options;
use protojson::{PrintOptions, Schema};

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

impl Conversion<'_> {
    /// How replies are printed.
    pub fn print_options(&self) -> PrintOptions {
        let print = self.options.print;
        PrintOptions {
            always_print_primitive_fields: print.always_print_primitive_fields,
            always_print_enums_as_ints: print.always_print_enums_as_ints,
            preserve_proto_field_names: print.preserve_proto_field_names,
            add_whitespace: print.add_whitespace,
            int64_as_number: print.int64_as_number,
            strip_enum_prefix: print.strip_enum_prefix,
        }
    }
}
