//! Messages whose fields come in order, and lists and maps.

use super::Printer;
use super::error::{PrintError, PrintProblem, Printed};
use super::value::default_of;
use crate::quote;
use crate::schema::{Cardinality, FieldEntry, Kind, MessageEntry, MessageId, Schema, WellKnown};
use crate::wire::{Reader, Value, WireError, WireType, write_delimited};
use std::borrow::Cow;

/// Where a list or a map stands.
pub(super) enum Place<'f> {
    /// It is a member: written with its key, and only if there is an element.
    Member(&'f mut bool),
    /// It stands for its message, as in `google.protobuf.ListValue`, and is written even if it is empty.
    Bare,
}

impl<'a> Printer<'a> {
    pub(super) fn message(&mut self, id: MessageId, wire: &[u8]) -> Printed {
        let Some(entry) = self.schema.message_entry(id) else { return Ok(()) };
        match entry.well_known {
            WellKnown::No | WellKnown::HttpBody => self.object(entry, wire),
            _ => self.well_known(entry, wire),
        }
    }

    fn object(&mut self, entry: &MessageEntry, wire: &[u8]) -> Printed {
        let mut first = true;
        self.open(b'{')?;
        self.members(entry, wire, &mut first)?;
        self.close(b'}', first);
        Ok(())
    }

    pub(super) fn members(&mut self, entry: &MessageEntry, wire: &[u8], first: &mut bool) -> Printed {
        let wire = if entry.message_set { Cow::Owned(of_message_set(wire)?) } else { Cow::Borrowed(wire) };
        if self.ordered {
            self.ordered_members(entry, &wire, first)
        } else {
            self.members_in_order(entry, &wire, first)
        }
    }

    fn members_in_order(&mut self, entry: &MessageEntry, wire: &[u8], first: &mut bool) -> Printed {
        let fields = self.schema.fields_of(entry);
        let mut reader = Reader::new(wire);
        // The position after that of the last field.
        let mut next = 0;
        let mut oneofs = 0_u64;
        while let Some((number, wire_type)) = reader.tag()? {
            let Some(field) = self.field_at(entry, fields, next, number, wire_type) else {
                reader.skip(number, wire_type)?;
                continue;
            };
            let position = field.position as usize;
            if position < next {
                return Err(PrintProblem::OutOfOrder.into());
            }
            if self.options.always_print_primitive_fields {
                self.defaults(fields, next..position, first)?;
            }
            next = position + 1;
            if let Some(oneof) = field.oneof {
                let bit = 1_u64.checked_shl(oneof).ok_or(PrintProblem::OutOfOrder)?;
                if oneofs & bit != 0 {
                    return Err(PrintProblem::OutOfOrder.into());
                }
                oneofs |= bit;
            }
            match field.cardinality {
                Cardinality::Singular => {
                    let raw = reader.value(number, wire_type)?;
                    self.member(field, raw, first)?;
                }
                Cardinality::Repeated => self.list(field, wire_type, &mut reader, Place::Member(first))?,
                Cardinality::Map => self.map(field, &mut reader, Place::Member(first))?,
            }
        }
        if self.options.always_print_primitive_fields {
            self.defaults(fields, next..fields.len(), first)?;
        }
        Ok(())
    }

    /// The field with a number, if its values can come in that encoding. Most often it is the next one.
    #[inline]
    pub(super) fn field_at<'f>(
        &self,
        entry: &MessageEntry,
        fields: &'f [FieldEntry],
        next: usize,
        number: u32,
        wire_type: WireType,
    ) -> Option<&'f FieldEntry> {
        let field = match fields.get(next) {
            Some(field) if field.number == number => field,
            _ => fields.get(self.schema.find_numbered(entry, number)? as usize)?,
        };
        is_encoded_as(field, wire_type).then_some(field)
    }

    /// Writes a singular field unless it is the default of one without presence.
    #[inline]
    pub(super) fn member(&mut self, field: &FieldEntry, raw: Value<'_>, first: &mut bool) -> Printed {
        if !field.presence && raw.is_default() && !self.options.always_print_primitive_fields
            || self.is_unknown(field.kind, raw)
        {
            return Ok(());
        }
        self.separate(first);
        self.member_key(field);
        self.value(field.kind, raw).map_err(|error| self.within_field(error, field))
    }

    #[inline]
    pub(super) fn member_key(&mut self, field: &FieldEntry) {
        let key = if self.options.preserve_proto_field_names { field.proto_key } else { field.json_key };
        self.key(key);
    }

    #[cold]
    pub(super) fn within_field(&self, error: Box<PrintError>, field: &FieldEntry) -> Box<PrintError> {
        error.within(self.schema.text(field.json_name))
    }

    /// Writes fields without presence that are not there.
    pub(super) fn defaults(
        &mut self,
        fields: &[FieldEntry],
        positions: std::ops::Range<usize>,
        first: &mut bool,
    ) -> Printed {
        for field in fields.get(positions).unwrap_or_default() {
            if field.presence || field.extension {
                continue;
            }
            self.separate(first);
            self.member_key(field);
            self.default(field)?;
        }
        Ok(())
    }

    pub(super) fn default(&mut self, field: &FieldEntry) -> Printed {
        match field.cardinality {
            Cardinality::Repeated => self.push(b"[]"),
            Cardinality::Map => self.push(b"{}"),
            Cardinality::Singular => self.value(field.kind, default_of(self.schema, field.kind))?,
        }
        Ok(())
    }

    /// Writes the run of a repeated field's elements that starts here; the tag of the first has been read.
    pub(super) fn list(
        &mut self,
        field: &FieldEntry,
        mut wire_type: WireType,
        reader: &mut Reader<'_>,
        mut place: Place<'_>,
    ) -> Printed {
        let element = field.kind.wire_type();
        let mut count = 0;
        loop {
            if wire_type == WireType::Len && element != WireType::Len {
                let mut packed = Reader::new(reader.delimited()?);
                while !packed.is_at_end() {
                    let raw = packed.value(field.number, element)?;
                    self.element(field, raw, &mut count, &mut place)?;
                }
            } else {
                let raw = reader.value(field.number, wire_type)?;
                self.element(field, raw, &mut count, &mut place)?;
            }
            match next_of(field, reader)? {
                Some(next) => wire_type = next,
                None => break,
            }
        }
        self.close_list(b"[]", count, &place);
        Ok(())
    }

    #[inline]
    fn element(&mut self, field: &FieldEntry, raw: Value<'_>, count: &mut usize, place: &mut Place<'_>) -> Printed {
        if self.is_unknown(field.kind, raw) {
            return Ok(());
        }
        self.open_list(b'[', field, *count, place)?;
        self.separate(&mut (*count == 0));
        let index = *count;
        *count += 1;
        self.value(field.kind, raw).map_err(|error| self.within_field(error.within(&format!("[{index}]")), field))
    }

    #[inline]
    fn open_list(&mut self, bracket: u8, field: &FieldEntry, count: usize, place: &mut Place<'_>) -> Printed {
        if count > 0 {
            return Ok(());
        }
        if let Place::Member(first) = place {
            self.separate(first);
            self.member_key(field);
        }
        self.open(bracket)
    }

    /// Closes a list or a map that was opened by its first element, or writes an empty one.
    fn close_list(&mut self, [open, close]: &[u8; 2], count: usize, place: &Place<'_>) {
        match place {
            _ if count > 0 => self.close(*close, false),
            Place::Bare => self.push(&[*open, *close]),
            Place::Member(_) => {}
        }
    }

    /// Writes the run of a map's entries that starts here; the tag of the first has been read.
    pub(super) fn map(&mut self, field: &FieldEntry, reader: &mut Reader<'_>, mut place: Place<'_>) -> Printed {
        let siblings = self.keys.len();
        let mut count = 0;
        let Some(kinds) = EntryKinds::of(self.schema, field) else { return Ok(()) };
        loop {
            let wire = reader.delimited()?;
            let mut merged = Vec::new();
            let entry = match two_strings(wire) {
                Some(entry) if kinds.are_strings => entry,
                _ => kinds.in_any_order(self, wire, &mut merged)?,
            };
            if !self.is_unknown(kinds.value, entry.value) {
                self.open_list(b'{', field, count, &mut place)?;
                self.separate(&mut (count == 0));
                count += 1;
                self.entry(&kinds, &entry, siblings).map_err(|error| self.within_field(error, field))?;
            }
            if next_of(field, reader)?.is_none() {
                break;
            }
        }
        self.close_keys(siblings)?;
        self.close_list(b"{}", count, &place);
        Ok(())
    }

    #[inline]
    fn entry(&mut self, kinds: &EntryKinds, entry: &MapEntry<'_>, siblings: usize) -> Printed {
        self.map_key(kinds.key, entry.key, siblings)?;
        let written = match kinds.value {
            Kind::String => quote::string(entry.value.bytes(), self.out).map_err(Into::into),
            kind => self.value(kind, entry.value),
        };
        written.map_err(|error: Box<PrintError>| {
            let key = self.keys.get(siblings..).and_then(<[_]>::last).copied().unwrap_or_default();
            error.within(&String::from_utf8_lossy(self.out.get(key.0 as usize..key.1 as usize).unwrap_or_default()))
        })
    }
}

/// The encoding of the next record, if it belongs to the same list; its tag is then read.
#[inline]
fn next_of(field: &FieldEntry, reader: &mut Reader<'_>) -> Result<Option<WireType>, WireError> {
    let mut ahead = *reader;
    match ahead.tag()? {
        Some((number, wire_type)) if number == field.number && is_encoded_as(field, wire_type) => {
            *reader = ahead;
            Ok(Some(wire_type))
        }
        _ => Ok(None),
    }
}

/// Whether a field's values can come in that encoding: lists of numbers packed and one by one, whatever was declared.
#[inline]
pub(super) fn is_encoded_as(field: &FieldEntry, wire_type: WireType) -> bool {
    let own = field.kind.wire_type();
    own == wire_type
        || wire_type == WireType::Len
            && field.cardinality == Cardinality::Repeated
            && matches!(own, WireType::Varint | WireType::I32 | WireType::I64)
}

/// An entry of a map.
struct MapEntry<'w> {
    key: Value<'w>,
    value: Value<'w>,
}

/// An entry of a short key and a short value, as serializers write it.
#[inline]
fn two_strings(wire: &[u8]) -> Option<MapEntry<'_>> {
    let (key, rest) = short(wire, WireType::Len.tag(1))?;
    let (value, rest) = short(rest, WireType::Len.tag(2))?;
    rest.is_empty().then_some(MapEntry { key: Value::Len(key), value: Value::Len(value) })
}

/// The bytes of a field whose length takes one byte, and what comes after it.
#[inline]
fn short(wire: &[u8], expected: u32) -> Option<(&[u8], &[u8])> {
    match wire {
        [tag, length @ 0..0x80, rest @ ..] if u32::from(*tag) == expected => {
            rest.split_at_checked(usize::from(*length))
        }
        _ => None,
    }
}

/// What the entries of a map are made of.
pub(super) struct EntryKinds {
    pub(super) key: Kind,
    value: Kind,
    are_strings: bool,
}

impl EntryKinds {
    pub(super) fn of(schema: &Schema, map: &FieldEntry) -> Option<Self> {
        match schema.fields_of(schema.message_entry(map.kind.message()?)?) {
            [key, value] => {
                let are_strings = key.kind == Kind::String && value.kind == Kind::String;
                Some(Self { key: key.kind, value: value.kind, are_strings })
            }
            _ => None,
        }
    }

    /// The key of an entry, of several the last.
    pub(super) fn key_of<'w>(&self, schema: &Schema, wire: &'w [u8]) -> Result<Value<'w>, WireError> {
        let mut key = default_of(schema, self.key);
        let mut reader = Reader::new(wire);
        while let Some(record) = reader.record()? {
            if record.number == 1 && record.wire_type == self.key.wire_type() {
                key = record.value;
            }
        }
        Ok(key)
    }

    /// An entry whatever it is like. `merged` takes a value that comes in pieces, which are merged by putting them together.
    fn in_any_order<'w>(
        &self,
        printer: &Printer<'_>,
        wire: &'w [u8],
        merged: &'w mut Vec<u8>,
    ) -> Result<MapEntry<'w>, Box<PrintError>> {
        let key = self.key_of(printer.schema, wire)?;
        let mut value = default_of(printer.schema, self.value);
        let mut pieces = 0;
        let mut reader = Reader::new(wire);
        while let Some(record) = reader.record()? {
            if record.number == 2 && record.wire_type == self.value.wire_type() {
                if self.value.message().is_some() {
                    pieces += 1;
                    merged.extend_from_slice(record.value.bytes());
                }
                value = record.value;
            }
        }
        if pieces > 1 {
            if !printer.ordered {
                return Err(PrintProblem::OutOfOrder.into());
            }
            value = Value::Len(merged);
        }
        Ok(MapEntry { key, value })
    }
}

/// The items of a `MessageSet` (groups of a type and a message) as the fields that they stand for.
fn of_message_set(wire: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut fields = Vec::with_capacity(wire.len());
    let mut reader = Reader::new(wire);
    while let Some(record) = reader.record()? {
        let (1, Value::Group(item)) = (record.number, record.value) else {
            fields.extend_from_slice(record.bytes);
            continue;
        };
        let mut item = Reader::new(item);
        let (mut type_id, mut message): (Option<u32>, Option<&[u8]>) = (None, None);
        while let Some(record) = item.record()? {
            match (record.number, record.value) {
                (2, Value::Varint(value)) => type_id = u32::try_from(value).ok(),
                (3, Value::Len(bytes)) => message = Some(bytes),
                _ => {}
            }
        }
        if let (Some(type_id), Some(message)) =
            (type_id.filter(|id| (1..=crate::wire::MAX_FIELD_NUMBER).contains(id)), message)
        {
            write_delimited(&mut fields, type_id, message);
        }
    }
    Ok(fields)
}
