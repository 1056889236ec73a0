//! Maps, and the keys of everything that is one.

use super::error::{ParseError, ParseProblem, Parsed, quoted};
use super::fields::takes_null;
use super::scalar::expected_of;
use super::{Bound, Parser};
use crate::order;
use crate::schema::{FieldEntry, Kind};
use crate::wire::{WireType, append, varint_len, write_delimited, write_varint};

/// Up to how many keys are compared one by one.
const FEW_KEYS: usize = 8;

impl Parser<'_, '_> {
    /// Writes the entries of a map whose bracket is next.
    pub(super) fn map(&mut self, field: &FieldEntry) -> Parsed {
        if self.scanner.peek() != Some(b'{') {
            return Err(self.unexpected("an object"));
        }
        let entry = field.kind.message().and_then(|message| self.schema.message_entry(message));
        let Some([key_field, value_field]) = entry.map(|entry| self.schema.fields_of(entry)) else { return Ok(()) };
        self.scanner.at += 1;
        self.deeper()?;
        let takes_null = takes_null(self.schema, value_field);
        let are_strings = key_field.kind == Kind::String && value_field.kind == Kind::String;
        let siblings = self.keys.len();
        let mut first = true;
        while self.scanner.more(b'}', &mut first)? {
            self.scanner.next_token();
            let key_start = self.scanner.at;
            if are_strings && let Some((key, value)) = self.scanner.two_strings() {
                self.string_entry(field, key, value, siblings, key_start)?;
                continue;
            }
            let key = self.scanner.key()?;
            if self.scanner.next_token() == Some(b'n') && !takes_null {
                if self.options.lenient {
                    self.scanner.literal(b"null", "a value")?;
                    continue;
                }
                return Err(self.unexpected(expected_of(self.schema, value_field.kind)).within(&quoted(&key)));
            }
            if self.skip_unknown_name(value_field.kind)? {
                continue;
            }
            write_varint(self.out, u64::from(field.tag));
            let start = self.begin();
            self.map_key(key_field, &key, key_start)?;
            let key_length = self.out.len() - start;
            self.record(value_field, Bound::default()).map_err(|error| error.within(&quoted(&key)))?;
            self.finish_entry(start, key_length, siblings, key_start, &key)?;
        }
        self.depth -= 1;
        self.close_keys(siblings)
    }

    /// Writes an entry whose length is known beforehand.
    #[inline]
    fn string_entry(&mut self, field: &FieldEntry, key: &[u8], value: &[u8], siblings: usize, at: usize) -> Parsed {
        const KEY: u8 = WireType::Len.tag(1) as u8;
        const VALUE: u8 = WireType::Len.tag(2) as u8;
        let length = 4 + key.len() + value.len();
        if field.tag < 0x80 && length < 0x80 {
            // Every number takes one byte.
            self.out.extend_from_slice(&[field.tag as u8, length as u8, KEY, key.len() as u8]);
            append(self.out, key);
            let end = self.out.len();
            self.out.extend_from_slice(&[VALUE, value.len() as u8]);
            append(self.out, value);
            return self.note_key(end - key.len() - 2, end, siblings, at, key);
        }
        let record = |text: &[u8]| 1 + varint_len(text.len() as u64) + text.len();
        write_varint(self.out, u64::from(field.tag));
        write_varint(self.out, (record(key) + record(value)) as u64);
        let start = self.out.len();
        write_delimited(self.out, 1, key);
        let end = self.out.len();
        write_delimited(self.out, 2, value);
        self.note_key(start, end, siblings, at, key)
    }

    /// Ends an entry, which begins with its key, and notes the key.
    pub(super) fn finish_entry(
        &mut self,
        start: usize,
        key_length: usize,
        siblings: usize,
        key_start: usize,
        key: &[u8],
    ) -> Parsed {
        let length = self.out.len() - start;
        self.finish(start);
        let start = self.out.len() - length;
        self.note_key(start, start + key_length, siblings, key_start, key)
    }

    /// Notes where a key has been written; a few keys are compared as they come.
    #[inline]
    fn note_key(&mut self, start: usize, end: usize, siblings: usize, key_start: usize, key: &[u8]) -> Parsed {
        self.keys.push((start, end));
        let keys = self.keys.get(siblings..).unwrap_or_default();
        let length = |key: &(usize, usize)| key.1 - key.0;
        if let [others @ .., last] = keys
            && keys.len() <= FEW_KEYS
            && others.iter().any(|other| length(other) == length(last) && self.written(other) == self.written(last))
        {
            return Err(ParseError::at(key_start, ParseProblem::KeyTwice(quoted(key))));
        }
        Ok(())
    }

    /// Forgets the keys of a map; many keys are compared now, in order.
    pub(super) fn close_keys(&mut self, siblings: usize) -> Parsed {
        let keys = self.keys.get(siblings..).unwrap_or_default();
        if keys.len() > FEW_KEYS
            && let Some(twice) = order::twice(keys.iter().map(|key| self.written(key)))
        {
            return Err(ParseError::at(self.scanner.at, ParseProblem::KeyTwice(name_of(twice))));
        }
        self.keys.truncate(siblings);
        Ok(())
    }

    fn written(&self, (start, end): &(usize, usize)) -> &[u8] {
        self.out.get(*start..*end).unwrap_or_default()
    }
}

/// A key as a message quotes it, from its record: a string without its tag and length, a number as it is encoded.
fn name_of(record: &[u8]) -> String {
    let mut reader = crate::wire::Reader::new(record);
    match reader.tag().map(|_| reader.delimited()) {
        Ok(Ok(text)) => quoted(text),
        _ => "a number".to_owned(),
    }
}
