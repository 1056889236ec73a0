//! Scalars: from JSON, and from the text that a string, a key, a path or a query holds.

use super::Parser;
use super::error::Parsed;
use super::number;
use crate::schema::{Cardinality, EnumId, FieldEntry, Kind, Schema, WellKnown};
use crate::wire::{WireType, append, write_varint, zigzag};
use crate::words::equal;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const TOLERANT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, TOLERANT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, TOLERANT);

/// What a value of a kind has to be, in words.
pub(super) fn expected_of(schema: &Schema, kind: Kind) -> String {
    match kind {
        Kind::Double | Kind::Float => "a number in range".to_owned(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "an integer of 32 bits".to_owned(),
        Kind::Uint32 | Kind::Fixed32 => "an integer of 32 bits without a sign".to_owned(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "an integer of 64 bits".to_owned(),
        Kind::Uint64 | Kind::Fixed64 => "an integer of 64 bits without a sign".to_owned(),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::String => "a string".to_owned(),
        Kind::Bytes => "a string in base64".to_owned(),
        Kind::Enum(id) => format!("a value of the enum {}", schema.enum_name(id)),
        Kind::Message(message) | Kind::Group(message) => format!("the message {}", schema.message_name(message)),
    }
}

impl Parser<'_, '_> {
    /// Writes a scalar without its tag.
    #[inline]
    pub(super) fn scalar(&mut self, kind: Kind) -> Parsed {
        match self.scanner.peek() {
            Some(b'-' | b'0'..=b'9') if !matches!(kind, Kind::String | Kind::Bytes | Kind::Bool) => {
                let start = self.scanner.at;
                let text = self.scanner.number()?;
                self.number(kind, text).ok_or_else(|| self.refused(start, expected_of(self.schema, kind), text))
            }
            Some(b'"') if kind == Kind::String => {
                let start = self.begin();
                self.string(start)
            }
            found if self.scanner.is_quote(found) => {
                let start = self.scanner.at;
                let text = match self.scanner.plain_string() {
                    Some(text) => return self.text_at(start, kind, text),
                    None => self.scanner.escaped_string()?,
                };
                self.text_at(start, kind, &text)
            }
            Some(first @ (b't' | b'f')) if kind == Kind::Bool => {
                self.scanner.literal(if first == b't' { b"true" } else { b"false" }, "a value")?;
                self.out.push(u8::from(first == b't'));
                Ok(())
            }
            _ => Err(self.unexpected(expected_of(self.schema, kind))),
        }
    }

    /// Writes the string in double quotes that is next. Where it starts, its length comes before it.
    #[inline]
    pub(super) fn string(&mut self, start: usize) -> Parsed {
        if let Some(end) = self.scanner.copy_string(self.scanner.at, &mut self.out) {
            self.scanner.at = end;
            return Ok(());
        }
        self.out.truncate(start);
        let text = self.scanner.string()?;
        append(&mut self.out, &text);
        self.finish(start);
        Ok(())
    }

    /// Writes the value of a kind from the content of a string that has been taken from there.
    #[inline]
    fn text_at(&mut self, start: usize, kind: Kind, text: &[u8]) -> Parsed {
        self.text(kind, text).ok_or_else(|| self.refused(start, expected_of(self.schema, kind), text))
    }

    /// Writes the value of a kind from the content of a string.
    #[inline]
    pub(super) fn text(&mut self, kind: Kind, text: &[u8]) -> Option<()> {
        match kind {
            Kind::String => {
                write_varint(&mut self.out, text.len() as u64);
                append(&mut self.out, text);
            }
            Kind::Bytes => return self.base64(text),
            // A string is one only where the parser is lenient.
            Kind::Bool if !self.options.lenient => return None,
            Kind::Bool => self.boolean(text)?,
            Kind::Enum(id) => return self.enumeration(id, text),
            Kind::Double | Kind::Float => {
                let value = match text {
                    b"NaN" => f64::NAN,
                    b"Infinity" => f64::INFINITY,
                    b"-Infinity" => f64::NEG_INFINITY,
                    _ => return self.number(kind, text),
                };
                if kind == Kind::Double {
                    self.out.extend_from_slice(&value.to_le_bytes());
                } else {
                    self.out.extend_from_slice(&(value as f32).to_le_bytes());
                }
            }
            _ => return self.number(kind, text),
        }
        Some(())
    }

    /// Writes the value of a numeric kind from the text of a number.
    #[inline]
    pub(super) fn number(&mut self, kind: Kind, text: &[u8]) -> Option<()> {
        match kind {
            Kind::Double => self.out.extend_from_slice(&number::double(text)?.to_le_bytes()),
            Kind::Float => self.out.extend_from_slice(&number::float(text)?.to_le_bytes()),
            Kind::Bool | Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Group(_) => return None,
            _ => return self.integer(kind, number::integer(text)?),
        }
        Some(())
    }

    #[inline]
    fn integer(&mut self, kind: Kind, (is_negative, magnitude): (bool, u64)) -> Option<()> {
        let signed64 = || {
            if is_negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
        };
        let unsigned64 = || (!is_negative || magnitude == 0).then_some(magnitude);
        let signed32 = || i32::try_from(signed64()?).ok();
        let unsigned32 = || u32::try_from(unsigned64()?).ok();
        let varint = match kind {
            Kind::Int32 | Kind::Enum(_) => i64::from(signed32()?) as u64,
            Kind::Sint32 => u64::from(zigzag(i64::from(signed32()?)) as u32),
            Kind::Int64 => signed64()? as u64,
            Kind::Sint64 => zigzag(signed64()?),
            Kind::Uint32 => u64::from(unsigned32()?),
            Kind::Uint64 => unsigned64()?,
            Kind::Sfixed32 | Kind::Fixed32 => {
                let bits = if kind == Kind::Fixed32 { unsigned32()? } else { signed32()? as u32 };
                self.out.extend_from_slice(&bits.to_le_bytes());
                return Some(());
            }
            Kind::Sfixed64 | Kind::Fixed64 => {
                let bits = if kind == Kind::Fixed64 { unsigned64()? } else { signed64()? as u64 };
                self.out.extend_from_slice(&bits.to_le_bytes());
                return Some(());
            }
            _ => return None,
        };
        self.write_varint(varint);
        Some(())
    }

    /// Passes over the name of an enum value that the enum does not have, where that is wanted.
    #[inline]
    pub(super) fn skip_unknown_name(&mut self, kind: Kind) -> Parsed<bool> {
        match kind {
            Kind::Enum(id) if self.options.ignore_unknown_enum_names => self.skip_unknown_name_of(id),
            _ => Ok(false),
        }
    }

    fn skip_unknown_name_of(&mut self, id: EnumId) -> Parsed<bool> {
        let found = self.scanner.peek();
        if !self.scanner.is_quote(found) {
            return Ok(false);
        }
        let (start, end) = (self.scanner.at, self.out.len());
        let text = self.scanner.string()?;
        let known = self.enumeration(id, &text).is_some();
        self.out.truncate(end);
        if known {
            self.scanner.at = start;
        }
        Ok(!known)
    }

    fn enumeration(&mut self, id: EnumId, text: &[u8]) -> Option<()> {
        let schema = self.schema;
        let entry = schema.enum_entry(id)?;
        let find = |name: &[u8]| {
            entry.names.find(name, |position| {
                entry.values.get(position as usize).is_some_and(|value| {
                    let is_it = |span| equal(schema.bytes(span), name);
                    is_it(value.name) || is_it(value.short_name)
                })
            })
        };
        let found = match find(text) {
            None if self.options.case_insensitive_enums => find(&text.to_ascii_uppercase()),
            found => found,
        };
        if let Some(value) = found.and_then(|position| entry.values.get(position as usize)) {
            write_varint(&mut self.out, i64::from(value.number) as u64);
            return Some(());
        }
        let numeric = self.options.lenient && text.first().is_some_and(|first| matches!(first, b'-' | b'0'..=b'9'));
        if numeric { self.number(Kind::Enum(id), text) } else { None }
    }

    fn base64(&mut self, text: &[u8]) -> Option<()> {
        let url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
        let engine = if url_safe { &URL_SAFE } else { &STANDARD };
        let start = self.begin();
        self.out.resize(start + text.len().div_ceil(4) * 3, 0);
        let decoded = engine.decode_slice(text, self.out.get_mut(start..)?).ok()?;
        self.out.truncate(start + decoded);
        self.finish(start);
        Some(())
    }

    /// Writes the record of a field from a text that is no JSON: a path or query value.
    pub(super) fn text_record(&mut self, field: &FieldEntry, text: &[u8]) -> Parsed {
        let refused = |parser: &Self| {
            let error = parser.refused(0, expected_of(parser.schema, field.kind), text);
            error.within(parser.schema.text(field.name))
        };
        write_varint(&mut self.out, u64::from(field.kind.wire_type().tag(field.number)));
        match (field.kind, field.kind.message()) {
            (Kind::Bool, _) => self.boolean(text).ok_or_else(|| refused(self))?,
            (Kind::Enum(id), _) => {
                self.enumeration(id, text).or_else(|| self.number(field.kind, text)).ok_or_else(|| refused(self))?;
            }
            (kind, None) => self.text(kind, text).ok_or_else(|| refused(self))?,
            (kind, Some(message)) => {
                if field.cardinality == Cardinality::Map {
                    return Err(refused(self));
                }
                let start = if matches!(kind, Kind::Group(_)) { self.out.len() } else { self.begin() };
                self.text_message(message, text).ok_or_else(|| refused(self))?;
                if matches!(kind, Kind::Group(_)) {
                    write_varint(&mut self.out, u64::from(WireType::EndGroup.tag(field.number)));
                } else {
                    self.finish(start);
                }
            }
        }
        Ok(())
    }

    /// Writes a boolean from its word, or leniently from one of those that the native filter knows, in any case.
    fn boolean(&mut self, text: &[u8]) -> Option<()> {
        let is_true = match text {
            b"true" => true,
            b"false" => false,
            _ if !self.options.lenient => return None,
            _ => match &*text.to_ascii_lowercase() {
                b"true" | b"t" | b"yes" | b"y" | b"1" => true,
                b"false" | b"f" | b"no" | b"n" | b"0" => false,
                _ => return None,
            },
        };
        self.out.push(u8::from(is_true));
        Some(())
    }

    /// Writes the content of a well-known message from its string form.
    fn text_message(&mut self, message: crate::schema::MessageId, text: &[u8]) -> Option<()> {
        let entry = self.schema.message_entry(message)?;
        match entry.well_known {
            WellKnown::Timestamp => self.timestamp(text),
            WellKnown::Duration => self.duration(text),
            WellKnown::FieldMask => self.field_mask(text),
            WellKnown::Value => {
                crate::wire::write_delimited(&mut self.out, 3, text);
                Some(())
            }
            WellKnown::Wrapper => {
                let field = self.schema.fields_of(entry).first()?;
                write_varint(&mut self.out, u64::from(field.tag));
                match field.kind {
                    Kind::Bool => self.boolean(text),
                    kind => self.text(kind, text),
                }
            }
            _ => None,
        }
    }

    /// Writes the key of a map with its tag.
    pub(super) fn map_key(&mut self, field: &FieldEntry, text: &[u8], start: usize) -> Parsed {
        write_varint(&mut self.out, u64::from(field.tag));
        let written = match (field.kind, text) {
            (Kind::Bool, b"true" | b"false") => {
                self.out.push(u8::from(text == b"true"));
                Some(())
            }
            (Kind::Bool, _) => None,
            (kind, text) => self.text(kind, text),
        };
        written.ok_or_else(|| {
            let expected = format!("a key that is {}", expected_of(self.schema, field.kind));
            self.refused(start, expected, text)
        })
    }
}
