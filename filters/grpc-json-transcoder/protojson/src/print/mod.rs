//! Wire bytes to JSON text, in one pass.
//!
//! Serializers write fields in the order of their numbers, each list in one run. As long as that holds, JSON is written while
//! the wire is read. Where it does not (an older field comes again, a list goes on later, a oneof or a map key is set twice),
//! the whole message is begun again with each message's fields put in order first ([`ordered`]), so hostile bytes cost twice
//! the work and no more. Unknown fields are left out, as ProtoJSON says. Fields come in the order of their numbers.

mod error;
mod fields;
mod ordered;
mod text;
mod value;
mod well_known;

pub use error::{PrintError, PrintProblem};
pub(crate) use well_known::{MAX_DURATION_SECONDS, MAX_SECONDS, MIN_SECONDS};

use crate::schema::{FieldId, MessageId, Schema, Span};
use crate::wire::{Reader, append};
use error::Printed;

/// How deep messages may nest, as in protobuf's own parser.
const MAX_DEPTH: u32 = 100;

/// How JSON is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrintOptions {
    /// Fields without presence are written even with their default.
    pub always_print_primitive_fields: bool,
    /// Enums are written as numbers.
    pub always_print_enums_as_ints: bool,
    /// Fields have the name that the `.proto` gives them.
    pub preserve_proto_field_names: bool,
    /// One line for each value, indented by one space for each level, and a line break at the end.
    pub add_whitespace: bool,
    /// 64-bit integers are written as numbers, not as strings.
    pub int64_as_number: bool,
    /// Enum values are written without the name of the enum before them.
    pub strip_enum_prefix: bool,
}

/// Appends the JSON text of a serialized message.
///
/// After an error `out` holds what it held before.
pub fn print_message(
    schema: &Schema,
    message: MessageId,
    wire: &[u8],
    options: &PrintOptions,
    out: &mut Vec<u8>,
) -> Result<(), PrintError> {
    in_order_or_ordered(schema, options, wire.len(), out, |printer| printer.message(message, wire))
}

/// Appends the JSON text of one field of a serialized message: what `response_body` names. A field that is not set is written
/// as its default: `null` for a message, `[]` for a list.
pub fn print_field(
    schema: &Schema,
    message: MessageId,
    field: FieldId,
    wire: &[u8],
    options: &PrintOptions,
    out: &mut Vec<u8>,
) -> Result<(), PrintError> {
    in_order_or_ordered(schema, options, wire.len(), out, |printer| {
        let Some(entry) = printer.schema.field_entry(field) else { return Ok(()) };
        let mut only = Vec::new();
        let mut reader = Reader::new(wire);
        while let Some(record) = reader.record()? {
            // Another member of the same oneof takes the field's value away.
            let position = schema.message_entry(message).and_then(|owner| schema.find_numbered(owner, record.number));
            let other =
                position.and_then(|position| schema.fields_of(schema.message_entry(message)?).get(position as usize));
            if record.number == entry.number {
                only.extend_from_slice(record.bytes);
            } else if entry.oneof.is_some() && other.and_then(|other| other.oneof) == entry.oneof {
                only.clear();
            }
        }
        printer.bare_field(entry, &only)
    })
}

fn in_order_or_ordered(
    schema: &Schema,
    options: &PrintOptions,
    size: usize,
    out: &mut Vec<u8>,
    print: impl Fn(&mut Printer<'_>) -> Printed,
) -> Result<(), PrintError> {
    let start = out.len();
    // JSON takes about half as much again as the wire, and room that is there is not made piece by piece.
    out.reserve(size + size / 2);
    let attempt = |ordered: bool, out: &mut Vec<u8>| {
        let mut printer = Printer { schema, options, out, ordered, depth: 0, keys: Vec::new() };
        let printed = print(&mut printer);
        if options.add_whitespace {
            printer.out.push(b'\n');
        }
        if printed.is_err() {
            out.truncate(start);
        }
        printed
    };
    let printed = match attempt(false, out) {
        Err(error) if error.problem == PrintProblem::OutOfOrder => attempt(true, out),
        printed => printed,
    };
    printed.map_err(|error| *error)
}

struct Printer<'a> {
    schema: &'a Schema,
    options: &'a PrintOptions,
    out: &'a mut Vec<u8>,
    /// Whether fields are put in order before they are written.
    ordered: bool,
    /// How many messages, lists and maps are open.
    depth: u32,
    /// Where in `out` the keys of open maps are, innermost last.
    keys: Vec<(u32, u32)>,
}

impl<'a> Printer<'a> {
    fn push(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    fn open(&mut self, bracket: u8) -> Printed {
        self.out.push(bracket);
        self.depth += 1;
        // Lists and maps count too, so that a level of messages costs at most two of them.
        if self.depth > 2 * MAX_DEPTH { Err(PrintProblem::TooDeep.into()) } else { Ok(()) }
    }

    fn close(&mut self, bracket: u8, empty: bool) {
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.out.push(bracket);
    }

    /// Comes before each member or element.
    #[inline]
    fn separate(&mut self, first: &mut bool) {
        if !*first {
            self.out.push(b',');
        }
        *first = false;
        self.line();
    }

    #[inline]
    fn line(&mut self) {
        if self.options.add_whitespace {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + self.depth as usize, b' ');
        }
    }

    /// A key that has its quotes and colon.
    #[inline]
    fn key(&mut self, key: Span) {
        let schema = self.schema;
        append(self.out, schema.bytes(key));
        if self.options.add_whitespace {
            self.out.push(b' ');
        }
    }
}
