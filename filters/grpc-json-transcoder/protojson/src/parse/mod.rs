//! JSON text to wire bytes, in one pass.
//!
//! Each member is written as its record as it is read; the length of a message is put before it when its end is known. What
//! the schema does not know is passed over without being built. Values that path and query bind are records of their own,
//! which the caller puts before or after: see [`Bound`] for what happens to the body's. Source: ProtoJSON.

mod error;
mod field_mask;
mod fields;
mod map;
mod number;
mod scalar;
mod scanner;
mod well_known;

pub use error::{ParseError, ParseProblem};
pub use field_mask::field_mask;

use crate::schema::{FieldId, MessageId, Schema};
use crate::words::is_ascii;
use error::{Parsed, quoted};
use scanner::Scanner;

/// How JSON is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// Also what Envoy's transcoder accepts beyond JSON: single quotes, names without quotes, a comma before a closing bracket,
    /// members set twice, `null` in lists.
    pub lenient: bool,
    /// A member that names no field is an error; otherwise it is passed over.
    pub reject_unknown_fields: bool,
    /// A name that an enum does not have is passed over like an unknown field; otherwise it is an error.
    pub ignore_unknown_enum_names: bool,
    /// Names of enum values are also looked up in upper case.
    pub case_insensitive_enums: bool,
    /// How many objects and lists may be open at a time.
    pub max_depth: u32,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            lenient: false,
            reject_unknown_fields: false,
            ignore_unknown_enum_names: false,
            case_insensitive_enums: false,
            max_depth: 100,
        }
    }
}

/// A value that the path or the query gives to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// The fields that lead to it, from the message of the request inwards.
    pub path: Vec<FieldId>,
    /// The record of the last field: its tag and its value.
    pub record: Vec<u8>,
}

/// What a body may say about fields that path or query bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Collision {
    /// Its value is written like any other.
    #[default]
    KeepBody,
    /// Its value is passed over.
    DropBody,
    /// A singular value that differs is an error.
    RejectDifferent,
}

/// The bindings that matter to a message, in ascending order of their path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bound<'b> {
    bindings: &'b [Binding],
    collision: Collision,
    /// How many fields of each path lead to this message.
    depth: usize,
}

impl<'b> Bound<'b> {
    /// Bindings and what becomes of the body's values. They have to be sorted.
    pub fn new(bindings: &'b [Binding], collision: Collision) -> Self {
        Self { bindings, collision, depth: 0 }
    }

    fn to(self, field: FieldId) -> Self {
        let next = |binding: &Binding| binding.path.get(self.depth).copied();
        let start = self.bindings.partition_point(|binding| next(binding) < Some(field));
        let end = self.bindings.partition_point(|binding| next(binding) <= Some(field));
        Self { bindings: self.bindings.get(start..end).unwrap_or_default(), depth: self.depth + 1, ..self }
    }

    /// The binding of exactly this field, after [`Bound::to`] it.
    fn exact(self) -> Option<&'b Binding> {
        self.bindings.first().filter(|binding| binding.path.len() == self.depth)
    }
}

/// Appends the wire bytes of a message from its JSON text.
///
/// After an error `out` holds what it held before.
pub fn parse_message(
    schema: &Schema,
    message: MessageId,
    json: &[u8],
    options: &ParseOptions,
    bound: &Bound<'_>,
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    parse(schema, json, options, out, |parser| parser.whole(message, *bound))
}

/// Appends the record of a field, or those of a list or a map, from the JSON text of its value: what `body` names. `bound` is
/// that of the message that the field is in.
pub fn parse_field(
    schema: &Schema,
    field: FieldId,
    json: &[u8],
    options: &ParseOptions,
    bound: &Bound<'_>,
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    parse(schema, json, options, out, |parser| {
        let Some(entry) = schema.field_entry(field) else { return Ok(()) };
        parser.scanner.next_token();
        parser.field(entry, bound.to(field))
    })
}

/// Appends the record of a field from the text of one value, as a path or a query has it: of a list one element, of a
/// well-known type its string form.
pub fn parse_text(
    schema: &Schema,
    field: FieldId,
    text: &str,
    options: &ParseOptions,
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    let Some(entry) = schema.field_entry(field) else { return Ok(()) };
    write(schema, b"", options, out, |parser| parser.text_record(entry, text.as_bytes()))
}

fn parse<'j>(
    schema: &Schema,
    json: &'j [u8],
    options: &ParseOptions,
    out: &mut Vec<u8>,
    read: impl FnOnce(&mut Parser<'_, 'j>) -> Parsed,
) -> Result<(), ParseError> {
    // Checked once for the whole text, so that no string has to be.
    if !is_ascii(json)
        && let Err(error) = std::str::from_utf8(json)
    {
        return Err(*ParseError::at(error.valid_up_to(), ParseProblem::NotUtf8));
    }
    write(schema, json, options, out, |parser| read(parser).and_then(|()| parser.scanner.end()))
}

/// Has a parser append what it reads; after an error, nothing.
fn write<'j>(
    schema: &Schema,
    json: &'j [u8],
    options: &ParseOptions,
    out: &mut Vec<u8>,
    read: impl FnOnce(&mut Parser<'_, 'j>) -> Parsed,
) -> Result<(), ParseError> {
    let start = out.len();
    let scanner = Scanner::new(json, options.lenient);
    let written = std::mem::take(out);
    let mut parser = Parser { schema, options, scanner, out: written, depth: 0, seen: Vec::new(), keys: Vec::new() };
    let parsed = read(&mut parser);
    *out = parser.out;
    if parsed.is_err() {
        out.truncate(start);
    }
    parsed.map_err(|error| *error)
}

struct Parser<'p, 'j> {
    schema: &'p Schema,
    options: &'p ParseOptions,
    scanner: Scanner<'j>,
    /// Its own, so that the compiler knows that what is written to it changes nothing else of the parser.
    out: Vec<u8>,
    /// How many objects and lists are open.
    depth: u32,
    /// For open messages of more fields than a word has bits: which fields are set.
    seen: Vec<u64>,
    /// Where in `out` the keys of open maps are, innermost last. A key stays where it is until its map is closed.
    keys: Vec<(usize, usize)>,
}

impl Parser<'_, '_> {
    fn deeper(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > self.options.max_depth {
            return Err(ParseError::at(self.scanner.at, ParseProblem::TooDeep(self.options.max_depth)));
        }
        Ok(())
    }

    /// The error for a value that is not what it should be; the value is the one that stands next.
    #[cold]
    fn unexpected(&mut self, expected: impl Into<String>) -> Box<ParseError> {
        let start = self.scanner.at;
        let found = match self.scanner.skip(self.options.max_depth) {
            Ok(found) => quoted(found),
            // What stands there is no JSON at all, which is the worse problem.
            Err(error) => return error,
        };
        ParseError::at(start, ParseProblem::Value { expected: expected.into(), found })
    }

    /// The same for a value that has been taken.
    #[cold]
    fn refused(&self, start: usize, expected: impl Into<String>, found: &[u8]) -> Box<ParseError> {
        ParseError::at(start, ParseProblem::Value { expected: expected.into(), found: quoted(found) })
    }

    /// Starts something whose length comes before it; see [`begin`].
    #[inline]
    fn begin(&mut self) -> usize {
        begin(&mut self.out)
    }

    /// The same after its tag. Most tags take one byte, too.
    #[inline(always)]
    fn begin_record(&mut self, tag: u32) -> usize {
        match u8::try_from(tag) {
            Ok(tag @ ..0x80) => self.out.extend_from_slice(&[tag, 0]),
            _ => self.begin_wide_record(tag),
        }
        self.out.len()
    }

    #[inline(never)]
    fn begin_wide_record(&mut self, tag: u32) {
        self.write_varint(u64::from(tag));
        self.out.push(0);
    }

    /// Puts the length before what has been written since [`Parser::begin`].
    #[inline]
    fn finish(&mut self, start: usize) {
        finish(&mut self.out, start);
    }

    fn write_varint(&mut self, value: u64) {
        crate::wire::write_varint(&mut self.out, value);
    }
}

/// Starts something whose length comes before it. Most lengths take one byte.
#[inline]
fn begin(out: &mut Vec<u8>) -> usize {
    out.push(0);
    out.len()
}

/// Puts the length before what has been written since [`begin`].
#[inline]
fn finish(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start;
    if length >= 0x80 {
        make_room(out, start, length);
    } else if let Some(slot) = out.get_mut(start - 1) {
        *slot = length as u8;
    }
}

fn make_room(out: &mut Vec<u8>, start: usize, length: usize) {
    let width = crate::wire::varint_len(length as u64);
    let end = out.len();
    out.resize(end + width - 1, 0);
    out.copy_within(start..end, start + width - 1);
    let mut rest = length;
    for slot in out.iter_mut().skip(start - 1).take(width) {
        *slot = rest as u8 | 0x80;
        rest >>= 7;
    }
    if let Some(last) = out.get_mut(start + width - 2) {
        *last &= 0x7f;
    }
}
