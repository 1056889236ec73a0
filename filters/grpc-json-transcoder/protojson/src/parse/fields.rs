//! Messages, their members, lists and maps.

use super::error::{ParseError, ParseProblem, Parsed, quoted};
use super::scalar::expected_of;
use super::{Bound, Collision, Parser};
use crate::schema::{Cardinality, FieldEntry, FieldId, Kind, MessageEntry, MessageId, Schema, WellKnown};
use crate::wire::{WireType, write_delimited, write_varint};

/// Which fields and oneofs of a message are set: a bit for each field, then one for each oneof.
struct Seen {
    word: u64,
    /// Where in [`Parser::seen`] the bits are, if they are more than a word has.
    wide: Option<usize>,
}

impl<'p> Parser<'p, '_> {
    /// The message that the whole text is.
    pub(super) fn whole(&mut self, message: MessageId, bound: Bound<'_>) -> Parsed {
        self.scanner.next_token();
        self.message(message, bound)
    }

    /// Writes the content of a message; its first token is next.
    pub(super) fn message(&mut self, message: MessageId, bound: Bound<'_>) -> Parsed {
        let schema = self.schema;
        let Some(entry) = schema.message_entry(message) else { return Ok(()) };
        match entry.well_known {
            WellKnown::No | WellKnown::HttpBody => {
                if self.scanner.peek() != Some(b'{') {
                    return Err(self.unexpected(expected_of(schema, Kind::Message(message))));
                }
                self.object(entry, bound, false)
            }
            _ => self.well_known(entry),
        }
    }

    /// Writes the members of an object whose bracket is next. In a message of an `Any`, `@type` is not one of them.
    pub(super) fn object(&mut self, entry: &MessageEntry, bound: Bound<'_>, in_any: bool) -> Parsed {
        let start = self.out.len();
        self.scanner.at += 1;
        self.deeper()?;
        let mut seen = self.open_seen(entry);
        let members = self.members(entry, bound, in_any, &mut seen);
        if let Some(start) = seen.wide {
            self.seen.truncate(start);
        }
        members?;
        self.depth -= 1;
        if entry.message_set {
            self.as_message_set(start)?;
        }
        Ok(())
    }

    fn members(&mut self, entry: &MessageEntry, bound: Bound<'_>, in_any: bool, seen: &mut Seen) -> Parsed {
        let schema = self.schema;
        let fields = schema.fields_of(entry);
        let (mut first, mut typed) = (true, false);
        let mut next = 0;
        while self.scanner.more(b'}', &mut first)? {
            self.scanner.next_token();
            let start = self.scanner.at;
            // Members most often come in the order of their fields.
            let expected = fields.get(next).filter(|field| self.scanner.take(schema.bytes(field.json_key)));
            let field = match expected {
                Some(field) => field,
                None => match self.named_field(entry, in_any, &mut typed)? {
                    Some(field) => field,
                    None => continue,
                },
            };
            self.scanner.next_token();
            next = field.position as usize + 1;
            if !self.options.lenient && self.set(seen, field.position) {
                return Err(self.set_twice(start, ""));
            }
            let within = |error: Box<ParseError>| error.within(schema.text(field.json_name));
            if self.scanner.peek() == Some(b'n') && !takes_null(schema, field) {
                self.scanner.literal(b"null", "a value").map_err(within)?;
                if self.options.lenient
                    && let Some(oneof) = field.oneof
                    && self.set(seen, entry.field_count + oneof)
                {
                    return Err(ParseError::at(start, ParseProblem::SetTwice("a oneof".to_owned())));
                }
                continue;
            }
            if field.cardinality == Cardinality::Singular && self.skip_unknown_name(field.kind).map_err(within)? {
                continue;
            }
            if let Some(oneof) = field.oneof
                && self.set(seen, entry.field_count + oneof)
            {
                return Err(self.set_twice(start, "the oneof of "));
            }
            if bound.bindings.is_empty() {
                self.field(field, bound).map_err(within)?;
            } else {
                let bound = bound.to(FieldId(entry.first_field + field.position));
                self.bound_field(field, bound).map_err(within)?;
            }
        }
        Ok(())
    }

    /// Takes a name that is looked up. If no field has it, the value is passed over too.
    #[inline(never)]
    fn named_field(&mut self, entry: &MessageEntry, in_any: bool, typed: &mut bool) -> Parsed<Option<&'p FieldEntry>> {
        let start = self.scanner.at;
        let key = self.scanner.key()?;
        if let Some(position) = self.schema.find_named(entry, &key) {
            return Ok(self.schema.field_entry(FieldId(entry.first_field + position)));
        }
        if in_any && *key == *b"@type" {
            if std::mem::replace(typed, true) {
                return Err(ParseError::at(start, ParseProblem::SetTwice(quoted(&key))));
            }
        } else if self.options.reject_unknown_fields {
            return Err(ParseError::at(start, ParseProblem::UnknownField(quoted(&key))));
        }
        self.scanner.skip(self.options.max_depth)?;
        Ok(None)
    }

    /// The error for the member that stands there in the text, or for what it is of.
    #[cold]
    fn set_twice(&mut self, start: usize, of: &str) -> Box<ParseError> {
        self.scanner.at = start;
        match self.scanner.key() {
            Ok(key) => ParseError::at(start, ParseProblem::SetTwice(format!("{of}{}", quoted(&key)))),
            Err(error) => error,
        }
    }

    /// Writes a field that path or query may bind, or fields within.
    fn bound_field(&mut self, field: &FieldEntry, bound: Bound<'_>) -> Parsed {
        let exact = bound.exact().filter(|_| field.cardinality == Cardinality::Singular);
        let start = (self.out.len(), self.scanner.at);
        match exact {
            Some(_) if bound.collision == Collision::DropBody => {
                self.scanner.skip(self.options.max_depth)?;
            }
            Some(binding) if bound.collision == Collision::RejectDifferent => {
                self.field(field, Bound::default())?;
                if self.out.get(start.0..) != Some(&binding.record) {
                    return Err(ParseError::at(start.1, ParseProblem::Collision));
                }
            }
            _ => self.field(field, bound)?,
        }
        Ok(())
    }

    /// Writes the records of a field whose value is next.
    #[inline]
    pub(super) fn field(&mut self, field: &FieldEntry, bound: Bound<'_>) -> Parsed {
        match field.cardinality {
            Cardinality::Singular => self.record(field, bound),
            Cardinality::Repeated => self.list(field),
            Cardinality::Map => self.map(field),
        }
    }

    /// Writes one record: a tag and a value.
    #[inline]
    pub(super) fn record(&mut self, field: &FieldEntry, bound: Bound<'_>) -> Parsed {
        match field.kind {
            Kind::Message(message) => {
                let start = self.begin_record(field.tag);
                self.message(message, bound)?;
                self.finish(start);
                Ok(())
            }
            Kind::Group(message) => {
                write_varint(&mut self.out, u64::from(WireType::StartGroup.tag(field.number)));
                self.message(message, bound)?;
                write_varint(&mut self.out, u64::from(WireType::EndGroup.tag(field.number)));
                Ok(())
            }
            kind => {
                // That of a list that is packed is another.
                let tag = if field.packed { kind.wire_type().tag(field.number) } else { field.tag };
                write_varint(&mut self.out, u64::from(tag));
                self.value(kind)
            }
        }
    }

    /// Writes a scalar; `null` is a value of `google.protobuf.NullValue`.
    #[inline(always)]
    fn value(&mut self, kind: Kind) -> Parsed {
        if let Kind::Enum(id) = kind
            && self.scanner.peek() == Some(b'n')
            && self.schema.enum_entry(id).is_some_and(|entry| entry.null)
        {
            self.scanner.literal(b"null", "a value")?;
            self.out.push(0);
            return Ok(());
        }
        self.scalar(kind)
    }

    fn list(&mut self, field: &FieldEntry) -> Parsed {
        if self.scanner.peek() != Some(b'[') {
            if self.options.lenient {
                // A value that is no list is a list of one.
                return self.record(field, Bound::default());
            }
            return Err(self.unexpected("a list"));
        }
        self.scanner.at += 1;
        self.deeper()?;
        let begin = self.out.len();
        let packed = field.packed.then(|| {
            write_varint(&mut self.out, u64::from(field.tag));
            self.begin()
        });
        let (mut first, mut index) = (true, 0);
        let takes_null = takes_null(self.schema, field);
        while self.scanner.more(b']', &mut first)? {
            if self.scanner.next_token() == Some(b'n') && !takes_null {
                if self.options.lenient {
                    self.scanner.literal(b"null", "a value")?;
                    continue;
                }
                let error = self.unexpected(expected_of(self.schema, field.kind));
                return Err(error.within(&format!("[{index}]")));
            }
            if self.skip_unknown_name(field.kind)? {
                continue;
            }
            let written = if packed.is_some() { self.value(field.kind) } else { self.record(field, Bound::default()) };
            written.map_err(|error| error.within(&format!("[{index}]")))?;
            index += 1;
        }
        self.depth -= 1;
        if let Some(start) = packed {
            if self.out.len() == start {
                self.out.truncate(begin);
            } else {
                self.finish(start);
            }
        }
        Ok(())
    }

    fn open_seen(&mut self, entry: &MessageEntry) -> Seen {
        let bits = entry.field_count + entry.oneof_count;
        let wide = (bits > u64::BITS).then_some(self.seen.len());
        if let Some(start) = wide {
            self.seen.resize(start + bits.div_ceil(u64::BITS) as usize, 0);
        }
        Seen { word: 0, wide }
    }

    /// Sets a bit, and gives whether it was set before.
    #[inline]
    fn set(&mut self, seen: &mut Seen, bit: u32) -> bool {
        let (word, bit) = match seen.wide {
            None => (&mut seen.word, bit),
            Some(start) => match self.seen.get_mut(start + (bit / u64::BITS) as usize) {
                Some(word) => (word, bit % u64::BITS),
                None => return false,
            },
        };
        let mask = 1_u64 << (bit % u64::BITS);
        let was = *word & mask != 0;
        *word |= mask;
        was
    }

    /// Turns the records since `start` into the items of a `MessageSet`.
    fn as_message_set(&mut self, start: usize) -> Parsed {
        let records = self.out.split_off(start);
        let mut reader = crate::wire::Reader::new(&records);
        // They were written a moment ago, so they can be read.
        while let Ok(Some((number, WireType::Len))) = reader.tag() {
            let Ok(message) = reader.delimited() else { break };
            write_varint(&mut self.out, u64::from(WireType::StartGroup.tag(1)));
            write_varint(&mut self.out, u64::from(WireType::Varint.tag(2)));
            write_varint(&mut self.out, u64::from(number));
            write_delimited(&mut self.out, 3, message);
            write_varint(&mut self.out, u64::from(WireType::EndGroup.tag(1)));
        }
        Ok(())
    }
}

/// Whether `null` is a value of a field and not its absence.
pub(super) fn takes_null(schema: &Schema, field: &FieldEntry) -> bool {
    match field.kind {
        Kind::Enum(id) => schema.enum_entry(id).is_some_and(|entry| entry.null),
        Kind::Message(message) | Kind::Group(message) => {
            field.cardinality != Cardinality::Map && schema.well_known(message) == WellKnown::Value
        }
        _ => false,
    }
}
