//! Maps, and the keys of everything that is one.

use super::error::{ParseError, ParseProblem, Parsed, quoted};
use super::fields::takes_null;
use super::scalar::expected_of;
use super::{Bound, Parser};
use crate::schema::{FieldEntry, Kind};
use crate::wire::WireType;
use crate::words::equal;

/// Up to how many keys are compared one by one.
const FEW_KEYS: usize = 8;

/// The keys of an open map.
pub(super) struct Keys {
    /// Where in [`Parser::keys`] they start.
    first: usize,
    /// A bit for how a key starts, ends and how long it is: while it is not set, no key is the same.
    marks: u64,
}

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
        let mut keys = self.open_keys();
        let mut first = true;
        while self.scanner.more(b'}', &mut first)? {
            self.scanner.next_token();
            let key_start = self.scanner.at;
            if are_strings && self.string_entries(field, &mut keys)? {
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
            let start = self.begin_record(field.tag);
            self.map_key(key_field, &key, key_start)?;
            let key_length = self.out.len() - start;
            self.record(value_field, Bound::default()).map_err(|error| error.within(&quoted(&key)))?;
            self.finish_entry(start, key_length, &mut keys, key_start)?;
        }
        self.depth -= 1;
        self.close_keys(keys)
    }

    /// Writes entries as long as their keys and values are strings that can be copied as they are. `false`: the first is none.
    #[inline(never)]
    fn string_entries(&mut self, field: &FieldEntry, keys: &mut Keys) -> Parsed<bool> {
        let mut at = self.scanner.at;
        let mut is_any = false;
        while let Some(end) = self.string_entry(field, at, keys)? {
            is_any = true;
            self.scanner.at = end;
            let comma = self.scanner.token(end);
            if self.scanner.text.get(comma) != Some(&b',') {
                break;
            }
            at = self.scanner.token(comma + 1);
        }
        Ok(is_any)
    }

    /// Writes the entry that is there and gives where it ends; otherwise nothing is written.
    #[inline(always)]
    fn string_entry(&mut self, field: &FieldEntry, at: usize, keys: &mut Keys) -> Parsed<Option<usize>> {
        const KEY: u8 = WireType::Len.tag(1) as u8;
        const VALUE: u8 = WireType::Len.tag(2) as u8;
        let begin = self.out.len();
        let start = self.begin_record(field.tag);
        self.out.extend_from_slice(&[KEY, 0]);
        let scanner = &self.scanner;
        if let Some(end) = scanner.copy_string(at, &mut self.out)
            && let colon = scanner.token(end)
            && scanner.text.get(colon) == Some(&b':')
        {
            let key_length = self.out.len() - start;
            self.out.extend_from_slice(&[VALUE, 0]);
            if let Some(end) = scanner.copy_string(scanner.token(colon + 1), &mut self.out) {
                self.finish_entry(start, key_length, keys, at)?;
                return Ok(Some(end));
            }
        }
        self.out.truncate(begin);
        Ok(None)
    }

    /// Ends an entry, which begins with its key, and notes the key.
    #[inline(always)]
    pub(super) fn finish_entry(&mut self, start: usize, key_length: usize, keys: &mut Keys, at: usize) -> Parsed {
        let length = self.out.len() - start;
        self.finish(start);
        let start = self.out.len() - length;
        self.note_key(start, start + key_length, keys, at)
    }

    /// Notes where a key has been written; a few keys are compared as they come.
    #[inline(always)]
    fn note_key(&mut self, start: usize, end: usize, keys: &mut Keys, at: usize) -> Parsed {
        let key = self.written(&(start, end));
        // Of a string the third byte is the first letter.
        let [first, last] = [key.get(2), key.last()].map(|byte| usize::from(byte.copied().unwrap_or_default()));
        let mark = 1 << ((key.len() + 5 * first + 11 * last) % 64);
        if keys.marks & mark != 0 {
            let others = self.keys.get(keys.first..).unwrap_or_default();
            if others.len() < FEW_KEYS && others.iter().any(|other| equal(self.written(other), key)) {
                return Err(self.key_twice(at));
            }
        }
        keys.marks |= mark;
        self.keys.push((start, end));
        Ok(())
    }

    /// The error for the key that stands there in the text.
    #[cold]
    fn key_twice(&mut self, at: usize) -> Box<ParseError> {
        self.scanner.at = at;
        match self.scanner.key() {
            Ok(key) => ParseError::at(at, ParseProblem::KeyTwice(quoted(&key))),
            Err(error) => error,
        }
    }

    /// Starts the keys of a map.
    pub(super) fn open_keys(&self) -> Keys {
        Keys { first: self.keys.len(), marks: 0 }
    }

    /// Forgets the keys of a map; many keys are compared now, in order.
    pub(super) fn close_keys(&mut self, Keys { first, .. }: Keys) -> Parsed {
        let keys = self.keys.get(first..).unwrap_or_default();
        if keys.len() > FEW_KEYS
            && let Some(twice) = order::twice(keys.iter().map(|key| self.written(key)))
        {
            return Err(ParseError::at(self.scanner.at, ParseProblem::KeyTwice(name_of(twice))));
        }
        self.keys.truncate(first);
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
