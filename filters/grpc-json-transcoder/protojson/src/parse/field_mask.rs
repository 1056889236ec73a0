//! The update mask of a PATCH: which fields a body has.
//!
//! A mask names the leaves: a member whose value is an object of an ordinary message is entered, anything else is a path. Source:
//! AIP-134 and what gateways in front of gRPC do for `PATCH` with `body: "resource"`.

use super::ParseOptions;
use super::error::{ParseError, ParseProblem, Parsed};
use super::scanner::Scanner;
use crate::schema::{Cardinality, MessageId, Schema, WellKnown};
use crate::wire::write_delimited;

/// The most bytes of a mask. Paths repeat what they share, so a small body could name a large mask.
const MAX_BYTES: usize = 64 << 10;

/// The wire bytes of the `google.protobuf.FieldMask` that names what the JSON text of a message has.
pub fn field_mask(
    schema: &Schema,
    message: MessageId,
    json: &[u8],
    options: &ParseOptions,
) -> Result<Vec<u8>, ParseError> {
    let mut mask =
        Mask { schema, options, scanner: Scanner::new(json, options.lenient), path: String::new(), out: Vec::new() };
    mask.scanner.next_token();
    mask.object(message, 0).map_err(|error| *error)?;
    Ok(mask.out)
}

struct Mask<'m> {
    schema: &'m Schema,
    options: &'m ParseOptions,
    scanner: Scanner<'m>,
    path: String,
    out: Vec<u8>,
}

impl Mask<'_> {
    fn object(&mut self, message: MessageId, depth: u32) -> Parsed {
        if self.scanner.peek() != Some(b'{') || depth >= self.options.max_depth {
            return self.scanner.skip(self.options.max_depth).map(drop);
        }
        self.scanner.at += 1;
        let (mut first, mut empty) = (true, true);
        while self.scanner.more(b'}', &mut first)? {
            let key = self.scanner.key()?;
            let token = self.scanner.next_token();
            let field = self.schema.field_named(message, &key).and_then(|field| self.schema.field(field));
            let Some(field) = field else {
                self.scanner.skip(self.options.max_depth)?;
                continue;
            };
            empty = false;
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(field.name);
            let inner = field.kind.message().filter(|inner| {
                let plain = matches!(self.schema.well_known(*inner), WellKnown::No | WellKnown::HttpBody);
                token == Some(b'{') && plain && field.cardinality == Cardinality::Singular
            });
            match inner {
                Some(inner) => self.object(inner, depth + 1)?,
                None => {
                    self.scanner.skip(self.options.max_depth)?;
                    self.leaf()?;
                }
            }
            self.path.truncate(length);
        }
        // An empty object sets its message to what it is without any field.
        if empty && !self.path.is_empty() {
            self.leaf()?;
        }
        Ok(())
    }

    fn leaf(&mut self) -> Parsed {
        write_delimited(&mut self.out, 1, self.path.as_bytes());
        if self.out.len() > MAX_BYTES {
            let expected = "an update mask of at most 64 KiB".to_owned();
            let problem = ParseProblem::Value { expected, found: "a longer one".to_owned() };
            return Err(ParseError::at(self.scanner.at, problem));
        }
        Ok(())
    }
}
