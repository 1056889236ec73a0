//! Messages whose fields come in any order: put in order, merged, and written.
//!
//! What the wire says twice means what protobuf says it means: of a scalar the last counts, messages are merged, which on the
//! wire is to put their bytes one after the other, the last member of a oneof wins, and so does the last entry of a map's key.

use super::Printer;
use super::error::Printed;
use super::fields::{EntryKinds, Place};
use crate::schema::{Cardinality, FieldEntry, Kind, MessageEntry};
use crate::wire::{Reader, Record, Value, WireError, WireType, write_varint};

/// A record: the position of its field, and its bytes with the tag.
#[derive(Clone, Copy)]
struct Placed<'w> {
    position: u32,
    bytes: &'w [u8],
}

impl Printer<'_> {
    pub(super) fn ordered_members(&mut self, entry: &MessageEntry, wire: &[u8], first: &mut bool) -> Printed {
        let fields = self.schema.fields_of(entry);
        let mut records = Vec::new();
        // For each oneof the position of the member that was set last, and since which record.
        let mut winners = vec![(u32::MAX, 0); entry.oneof_count as usize];
        let mut reader = Reader::new(wire);
        while let Some(Record { number, wire_type, value, bytes }) = reader.record()? {
            let Some(field) = self.field_at(entry, fields, usize::MAX, number, wire_type) else { continue };
            if self.is_unknown(field.kind, value) && field.cardinality == Cardinality::Singular {
                continue;
            }
            if let Some(winner) = field.oneof.and_then(|oneof| winners.get_mut(oneof as usize))
                && winner.0 != field.position
            {
                *winner = (field.position, records.len());
            }
            records.push((Placed { position: field.position, bytes }, records.len()));
        }
        records.retain(|(record, index)| {
            let oneof = fields.get(record.position as usize).and_then(|field| field.oneof);
            let winner = oneof.and_then(|oneof| winners.get(oneof as usize));
            winner.is_none_or(|(position, since)| *position == record.position && index >= since)
        });
        // Records of one field stay in the order of the wire.
        order::sort(&mut records, |(one, _), (other, _)| one.position.cmp(&other.position));

        let mut next = 0;
        for group in records.chunk_by(|(one, _), (other, _)| one.position == other.position) {
            let position = group.first().map_or(0, |(record, _)| record.position as usize);
            let Some(field) = fields.get(position) else { continue };
            if self.options.always_print_primitive_fields {
                self.defaults(fields, next..position, first)?;
            }
            next = position + 1;
            let mut run = Vec::new();
            match (field.cardinality, group) {
                (_, [(only, _)]) => self.run(field, only.bytes, first)?,
                (Cardinality::Singular, [.., (last, _)]) if field.kind.message().is_none() => {
                    self.run(field, last.bytes, first)?;
                }
                _ => {
                    group.iter().for_each(|(record, _)| run.extend_from_slice(record.bytes));
                    self.run(field, &run, first)?;
                }
            }
        }
        if self.options.always_print_primitive_fields {
            self.defaults(fields, next..fields.len(), first)?;
        }
        Ok(())
    }

    /// Writes a field from all of its records.
    fn run(&mut self, field: &FieldEntry, records: &[u8], first: &mut bool) -> Printed {
        let mut reader = Reader::new(records);
        let Some((_, wire_type)) = reader.tag()? else { return Ok(()) };
        match field.cardinality {
            Cardinality::Repeated => self.list(field, wire_type, &mut reader, Place::Member(first)),
            Cardinality::Map => {
                let last = last_of_each_key(self, field, records)?;
                let mut reader = Reader::new(&last);
                reader.tag()?;
                self.map(field, &mut reader, Place::Member(first))
            }
            Cardinality::Singular => {
                let merged = merged(field, records)?;
                self.member(field, merged.raw(), first)
            }
        }
    }

    /// Writes a field's value without its key, from all of its records; without any, its default, `null` for a message.
    pub(super) fn bare_field(&mut self, field: &FieldEntry, records: &[u8]) -> Printed {
        let mut reader = Reader::new(records);
        let Some((_, wire_type)) = reader.tag()? else {
            let unset = field.cardinality == Cardinality::Singular && field.kind.message().is_some();
            return if unset {
                self.push(b"null");
                Ok(())
            } else {
                self.default(field)
            };
        };
        let printed = match field.cardinality {
            Cardinality::Repeated => self.list(field, wire_type, &mut reader, Place::Bare),
            Cardinality::Map => {
                let last = last_of_each_key(self, field, records)?;
                let mut reader = Reader::new(&last);
                reader.tag()?;
                self.map(field, &mut reader, Place::Bare)
            }
            Cardinality::Singular => {
                let merged = merged(field, records)?;
                self.value(field.kind, merged.raw())
            }
        };
        printed.map_err(|error| self.within_field(error, field))
    }
}

/// A singular value from all of its records.
struct Merged<'w> {
    last: Value<'w>,
    together: Option<Vec<u8>>,
}

impl Merged<'_> {
    fn raw(&self) -> Value<'_> {
        self.together.as_ref().map_or(self.last, |together| Value::Len(together))
    }
}

/// Of scalars the last; messages put together.
fn merged<'w>(field: &FieldEntry, records: &'w [u8]) -> Result<Merged<'w>, WireError> {
    let is_message = field.kind.message().is_some();
    let mut reader = Reader::new(records);
    let mut merged = Merged { last: Value::Varint(0), together: None };
    let mut count = 0;
    while let Some(record) = reader.record()? {
        let before = merged.last;
        merged.last = record.value;
        if count > 0 && is_message {
            let together = merged.together.get_or_insert_with(|| before.bytes().to_vec());
            together.extend_from_slice(merged.last.bytes());
        }
        count += 1;
    }
    Ok(merged)
}

/// A map's records without those whose key comes again later.
fn last_of_each_key(
    printer: &Printer<'_>,
    field: &FieldEntry,
    records: &[u8],
) -> Result<Vec<u8>, Box<super::PrintError>> {
    let Some(kinds) = EntryKinds::of(printer.schema, field) else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    let mut reader = Reader::new(records);
    while let Some(record) = reader.record()? {
        let bytes = record.value.bytes();
        let key = kinds.key_of(printer.schema, bytes)?;
        entries.push((key.bytes(), key.bits().to_be_bytes(), bytes));
    }
    let mut keys: Vec<(&[u8], u32)> = Vec::with_capacity(entries.len());
    for ((text, bits, _), position) in entries.iter().zip(0..) {
        keys.push((if kinds.key == Kind::String { text } else { bits }, position));
    }
    order::sort(&mut keys, |(one, _), (other, _)| one.cmp(other));
    let mut is_last = vec![true; entries.len()];
    for [(one, position), (other, _)] in keys.array_windows() {
        if one == other
            && let Some(is_last) = is_last.get_mut(*position as usize)
        {
            *is_last = false;
        }
    }
    let last = entries.iter().zip(is_last).filter(|(_, is_last)| *is_last).map(|((_, _, bytes), _)| bytes);
    let mut kept = Vec::with_capacity(records.len());
    for bytes in last {
        write_varint(&mut kept, u64::from(WireType::Len.tag(field.number)));
        write_varint(&mut kept, bytes.len() as u64);
        kept.extend_from_slice(bytes);
    }
    Ok(kept)
}
