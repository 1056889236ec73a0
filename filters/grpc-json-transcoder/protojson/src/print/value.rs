//! Single values: scalars, enums, messages, and the keys and values of maps.

use super::error::{PrintProblem, Printed};
use super::{Printer, text};
use crate::quote;
use crate::schema::{EnumId, Kind, Schema};
use crate::wire::{Value, append, unzigzag};

/// The default of a kind.
pub(super) fn default_of(schema: &Schema, kind: Kind) -> Value<'static> {
    match kind {
        Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Group(_) => Value::Len(b""),
        Kind::Enum(id) => Value::Varint(schema.enum_entry(id).map_or(0, |entry| entry.default as u64)),
        _ => Value::Varint(0),
    }
}

impl Printer<'_> {
    #[inline]
    pub(super) fn value(&mut self, kind: Kind, raw: Value<'_>) -> Printed {
        let bits = raw.bits();
        match kind {
            Kind::String => quote::string(raw.bytes(), self.out)?,
            Kind::Int32 | Kind::Sfixed32 => text::signed(i64::from(bits as i32), self.out),
            Kind::Uint32 | Kind::Fixed32 => text::unsigned(u64::from(bits as u32), self.out),
            Kind::Int64 | Kind::Sfixed64 => self.wide(|out| text::signed(bits as i64, out)),
            Kind::Uint64 | Kind::Fixed64 => self.wide(|out| text::unsigned(bits, out)),
            Kind::Sint32 => text::signed(i64::from(unzigzag(u64::from(bits as u32)) as i32), self.out),
            Kind::Sint64 => self.wide(|out| text::signed(unzigzag(bits), out)),
            Kind::Bool => self.push(if bits == 0 { b"false" } else { b"true" }),
            Kind::Enum(id) => self.enumeration(id, bits as i32),
            Kind::Message(message) | Kind::Group(message) => self.message(message, raw.bytes())?,
            Kind::Double => text::double(f64::from_bits(bits), self.out),
            Kind::Float => text::float(f32::from_bits(bits as u32), self.out),
            Kind::Bytes => text::bytes(raw.bytes(), self.out),
        }
        Ok(())
    }

    #[inline]
    fn wide(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.options.int64_as_number {
            write(self.out);
        } else {
            self.out.push(b'"');
            write(self.out);
            self.out.push(b'"');
        }
    }

    fn enumeration(&mut self, id: EnumId, number: i32) {
        let schema = self.schema;
        let Some(entry) = schema.enum_entry(id) else { return };
        if entry.null {
            self.push(b"null");
            return;
        }
        let value = if self.options.always_print_enums_as_ints { None } else { Schema::find_value(entry, number) };
        match value {
            None => text::signed(i64::from(number), self.out),
            Some(value) => {
                let name = if self.options.strip_enum_prefix { value.short_name } else { value.name };
                self.out.push(b'"');
                append(self.out, schema.bytes(name));
                self.out.push(b'"');
            }
        }
    }

    /// Whether a value is one that its closed enum does not have; such a value counts as an unknown field.
    #[inline]
    pub(super) fn is_unknown(&self, kind: Kind, raw: Value<'_>) -> bool {
        let Kind::Enum(id) = kind else { return false };
        let entry = self.schema.enum_entry(id);
        entry.is_some_and(|entry| entry.closed && Schema::find_value(entry, raw.bits() as i32).is_none())
    }

    /// Writes the key of a map with its colon, and remembers where it is. A key that is there already is out of order.
    #[inline]
    pub(super) fn map_key(&mut self, kind: Kind, raw: Value<'_>, siblings: usize) -> Printed {
        let start = self.out.len();
        match kind {
            Kind::String => quote::string(raw.bytes(), self.out)?,
            kind => self.other_key(kind, raw),
        }
        self.keys.push((start as u32, self.out.len() as u32));
        self.push(if self.options.add_whitespace { b": " } else { b":" });
        // A few keys are compared as they come, many when the map is closed.
        if self.keys.len() - siblings <= FEW_KEYS { self.distinct_last(siblings) } else { Ok(()) }
    }

    fn other_key(&mut self, kind: Kind, raw: Value<'_>) {
        self.out.push(b'"');
        let bits = raw.bits();
        match kind {
            Kind::Bool => self.push(if bits == 0 { b"false" } else { b"true" }),
            Kind::Int64 | Kind::Sfixed64 => text::signed(bits as i64, self.out),
            Kind::Uint64 | Kind::Fixed64 => text::unsigned(bits, self.out),
            Kind::Sint64 => text::signed(unzigzag(bits), self.out),
            Kind::Sint32 => text::signed(i64::from(unzigzag(u64::from(bits as u32)) as i32), self.out),
            Kind::Uint32 | Kind::Fixed32 => text::unsigned(u64::from(bits as u32), self.out),
            _ => text::signed(i64::from(bits as i32), self.out),
        }
        self.out.push(b'"');
    }

    #[inline]
    fn distinct_last(&self, siblings: usize) -> Printed {
        let Some([others @ .., last]) = self.keys.get(siblings..) else { return Ok(()) };
        let length = |key: &(u32, u32)| key.1 - key.0;
        if others.iter().any(|other| length(other) == length(last) && self.written(*other) == self.written(*last)) {
            Err(PrintProblem::OutOfOrder.into())
        } else {
            Ok(())
        }
    }

    /// Forgets the keys of a map, which must be distinct.
    pub(super) fn close_keys(&mut self, siblings: usize) -> Printed {
        let count = self.keys.len() - siblings;
        if count > FEW_KEYS {
            let keys = self.keys.get(siblings..).unwrap_or_default();
            if order::twice(keys.iter().map(|key| self.written(*key))).is_some() {
                return Err(PrintProblem::OutOfOrder.into());
            }
        }
        self.keys.truncate(siblings);
        Ok(())
    }

    fn written(&self, (start, end): (u32, u32)) -> &[u8] {
        self.out.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// Up to how many keys are compared one by one.
const FEW_KEYS: usize = 8;
