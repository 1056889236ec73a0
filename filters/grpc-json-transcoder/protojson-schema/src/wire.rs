//! The protobuf wire format: tags, varints, fixed-width and length-delimited values.
//!
//! Reads within bounds and reports where bytes stop making sense; it knows no schema. Source: the protobuf encoding
//! specification (varint, I32, I64, LEN, SGROUP, EGROUP).

use std::fmt;

/// How a value is encoded: the low three bits of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireType {
    /// A varint: integers, booleans, enums.
    Varint,
    /// Eight bytes, little-endian.
    I64,
    /// A length and that many bytes.
    Len,
    /// The start of a group.
    StartGroup,
    /// The end of a group.
    EndGroup,
    /// Four bytes, little-endian.
    I32,
}

impl WireType {
    fn of(bits: u64) -> Option<Self> {
        Some(match bits {
            0 => Self::Varint,
            1 => Self::I64,
            2 => Self::Len,
            3 => Self::StartGroup,
            4 => Self::EndGroup,
            5 => Self::I32,
            _ => return None,
        })
    }

    /// The tag of a field with this number and type.
    pub const fn tag(self, number: u32) -> u32 {
        let bits = match self {
            Self::Varint => 0,
            Self::I64 => 1,
            Self::Len => 2,
            Self::StartGroup => 3,
            Self::EndGroup => 4,
            Self::I32 => 5,
        };
        number << 3 | bits
    }
}

/// Bytes that are no protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireError {
    /// The byte at which reading stopped, counted from the start of what was read.
    pub offset: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}, but found none", self.expected, self.offset)
    }
}

impl std::error::Error for WireError {}

/// How deep groups may nest in what is skipped.
const MAX_GROUP_DEPTH: u32 = 100;

/// A value as the wire has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A varint.
    Varint(u64),
    /// Four bytes.
    I32(u32),
    /// Eight bytes.
    I64(u64),
    /// Bytes with their length.
    Len(&'a [u8]),
    /// The content of a group.
    Group(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Whether it is the default that a field without presence leaves out. Minus zero is not.
    #[inline]
    pub fn is_default(self) -> bool {
        match self {
            Self::Varint(value) | Self::I64(value) => value == 0,
            Self::I32(value) => value == 0,
            Self::Len(bytes) => bytes.is_empty(),
            Self::Group(_) => false,
        }
    }

    /// The bytes of what has a length or is a group.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Len(bytes) | Self::Group(bytes) => bytes,
            _ => b"",
        }
    }

    /// The number behind any of the numeric encodings.
    #[inline]
    pub fn bits(self) -> u64 {
        match self {
            Self::Varint(value) | Self::I64(value) => value,
            Self::I32(value) => u64::from(value),
            Self::Len(_) | Self::Group(_) => 0,
        }
    }
}

/// A field of a message: its number, its value, and all of its bytes with the tag.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The number of the field.
    pub number: u32,
    /// How the value is encoded.
    pub wire_type: WireType,
    /// The value.
    pub value: Value<'a>,
    /// The tag and the value.
    pub bytes: &'a [u8],
}

/// Reads values one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether everything has been read.
    #[inline]
    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// How many bytes have been read.
    #[inline]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The bytes from an offset up to where the reader stands.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    fn error(&self, expected: &'static str) -> WireError {
        WireError { offset: self.at, expected }
    }

    /// The next tag as field number and wire type; `None` at the end.
    #[inline]
    pub fn tag(&mut self) -> Result<Option<(u32, WireType)>, WireError> {
        if self.is_at_end() {
            return Ok(None);
        }
        let start = self.at;
        let tag = self.varint()?;
        let error = WireError { offset: start, expected: "a field's tag" };
        let wire_type = WireType::of(tag & 7).ok_or(error)?;
        match u32::try_from(tag >> 3) {
            Ok(number @ 1..=MAX_FIELD_NUMBER) => Ok(Some((number, wire_type))),
            _ => Err(error),
        }
    }

    /// The next varint; of more than 64 bits the lowest count.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, WireError> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    #[inline]
    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for (index, &byte) in self.bytes.get(self.at..).unwrap_or_default().iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.at += index + 1;
                return Ok(value);
            }
        }
        Err(self.error("a varint"))
    }

    /// The next four bytes.
    #[inline]
    pub fn fixed32(&mut self) -> Result<u32, WireError> {
        let chunk = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk).ok_or(self.error("four bytes"))?;
        self.at += 4;
        Ok(u32::from_le_bytes(*chunk))
    }

    /// The next eight bytes.
    #[inline]
    pub fn fixed64(&mut self) -> Result<u64, WireError> {
        let chunk = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk).ok_or(self.error("eight bytes"))?;
        self.at += 8;
        Ok(u64::from_le_bytes(*chunk))
    }

    /// The next length and the bytes that it counts.
    #[inline]
    pub fn delimited(&mut self) -> Result<&'a [u8], WireError> {
        let length = self.varint()?;
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        let content = end.and_then(|end| self.bytes.get(self.at..end));
        let content = content.ok_or(self.error("as many bytes as the length says"))?;
        self.at += content.len();
        Ok(content)
    }

    /// The content of a group whose start tag has been read; its end tag is read too.
    pub fn group(&mut self, number: u32) -> Result<&'a [u8], WireError> {
        let start = self.at;
        let mut end = start;
        self.skip_group(number, 0, &mut end)?;
        Ok(self.bytes.get(start..end).unwrap_or_default())
    }

    /// The value of a field whose tag has been read.
    #[inline(always)]
    pub fn value(&mut self, number: u32, wire_type: WireType) -> Result<Value<'a>, WireError> {
        Ok(match wire_type {
            WireType::Varint => Value::Varint(self.varint()?),
            WireType::I32 => Value::I32(self.fixed32()?),
            WireType::I64 => Value::I64(self.fixed64()?),
            WireType::Len => Value::Len(self.delimited()?),
            WireType::StartGroup => Value::Group(self.group(number)?),
            WireType::EndGroup => return Err(self.error("a value, not the end of a group that never started")),
        })
    }

    /// The next field, whatever it is; `None` at the end. What is not read often is read with this: it is not inlined, and a
    /// module is smaller for it.
    #[inline(never)]
    pub fn record(&mut self) -> Result<Option<Record<'a>>, WireError> {
        let start = self.at;
        let Some((number, wire_type)) = self.tag()? else { return Ok(None) };
        let value = self.value(number, wire_type)?;
        Ok(Some(Record { number, wire_type, value, bytes: self.since(start) }))
    }

    /// Passes over the value of a field whose tag has been read.
    pub fn skip(&mut self, number: u32, wire_type: WireType) -> Result<(), WireError> {
        self.skip_nested(number, wire_type, 0)
    }

    fn skip_nested(&mut self, number: u32, wire_type: WireType, depth: u32) -> Result<(), WireError> {
        match wire_type {
            WireType::Varint => self.varint().map(drop),
            WireType::I64 => self.fixed64().map(drop),
            WireType::Len => self.delimited().map(drop),
            WireType::I32 => self.fixed32().map(drop),
            WireType::StartGroup => self.skip_group(number, depth, &mut 0),
            WireType::EndGroup => Err(self.error("a value, not the end of a group that never started")),
        }
    }

    fn skip_group(&mut self, number: u32, depth: u32, end: &mut usize) -> Result<(), WireError> {
        if depth >= MAX_GROUP_DEPTH {
            return Err(self.error("fewer groups within each other"));
        }
        loop {
            *end = self.at;
            match self.tag()? {
                None => return Err(self.error("the end of a group")),
                Some((ended, WireType::EndGroup)) if ended == number => return Ok(()),
                Some((inner, wire_type)) => self.skip_nested(inner, wire_type, depth + 1)?,
            }
        }
    }
}

/// The highest field number.
pub const MAX_FIELD_NUMBER: u32 = (1 << 29) - 1;

/// Appends a varint. Most take one byte.
#[inline]
pub fn write_varint(out: &mut Vec<u8>, value: u64) {
    match value {
        ..0x80 => out.push(value as u8),
        _ => write_wide_varint(out, value),
    }
}

/// Puts eight of a varint's bytes in their place at once.
#[inline]
fn write_wide_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 1 << 56 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    // Halves are moved apart, each to the start of its place: those of 56 bits, then of 28, then of 14.
    let apart = |bits: u64, low: u64, by: u32| bits & low | (bits & !low) << by;
    let bytes = apart(value, 0x0fff_ffff, 4);
    let bytes = apart(bytes, 0x0000_3fff_0000_3fff, 2);
    let bytes = apart(bytes, 0x007f_007f_007f_007f, 1);
    let width = varint_len(value);
    let more = const { crate::words::eight(0x80) } >> 8 >> (64 - 8 * width);
    out.extend_from_slice(&(bytes | more).to_le_bytes());
    out.truncate(out.len() - (8 - width));
}

/// Appends bytes, of which there are most often so few that a call to copy them would take longer.
#[inline]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() > 64 {
        return out.extend_from_slice(bytes);
    }
    let (chunks, rest) = bytes.as_chunks::<8>();
    chunks.iter().for_each(|chunk| out.extend_from_slice(chunk));
    let (chunks, rest) = rest.as_chunks::<4>();
    chunks.iter().for_each(|chunk| out.extend_from_slice(chunk));
    rest.iter().for_each(|byte| out.push(*byte));
}

/// Appends a field: its tag, and bytes with their length.
#[inline]
pub fn write_delimited(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    write_varint(out, u64::from(WireType::Len.tag(number)));
    write_varint(out, bytes.len() as u64);
    append(out, bytes);
}

/// The number of bytes that [`write_varint`] appends.
#[inline]
pub fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// A signed number as zigzag: 0, -1, 1, -2 become 0, 1, 2, 3.
#[inline]
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The signed number of a zigzag.
#[inline]
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn varints_come_back_and_say_their_length() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                write_varint(&mut bytes, value);
                assert_eq!(bytes.len(), varint_len(value));
                assert_eq!(Reader::new(&bytes).varint(), Ok(value));
            }
        }
    }

    #[test]
    fn zigzag_comes_back() {
        for value in [0, -1, 1, i64::MIN, i64::MAX, -123_456] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        assert_eq!([0, -1, 1, -2].map(zigzag), [0, 1, 2, 3]);
    }

    #[track_caller]
    fn skips(bytes: &[u8]) -> String {
        let mut reader = Reader::new(bytes);
        loop {
            match reader.tag().and_then(|tag| tag.map(|(number, kind)| reader.skip(number, kind)).transpose()) {
                Ok(Some(())) => {}
                Ok(None) => return "end".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
    }

    #[test]
    fn what_is_no_message_is_named_with_its_offset() {
        assert_eq!(skips(&[0x08, 0x96, 0x01, 0x12, 0x01, 0x61]), "end");
        assert_eq!(skips(&[0x08, 0x96]), "expected a varint at byte 1, but found none");
        assert_eq!(skips(&[0x12, 0x02, 0x61]), "expected as many bytes as the length says at byte 2, but found none");
        assert_eq!(skips(&[0x0f, 0x02]), "expected a field's tag at byte 0, but found none");
        assert_eq!(skips(&[0x00]), "expected a field's tag at byte 0, but found none");
        assert_eq!(skips(&[0x0b, 0x08, 0x01]), "expected the end of a group at byte 3, but found none");
        assert_eq!(skips(&[0x0b, 0x08, 0x01, 0x0c]), "end");
        assert_eq!(
            skips(&[0x0c]),
            "expected a value, not the end of a group that never started at byte 1, but found none"
        );
        assert_eq!(skips(&[0x0b; 300]), "expected fewer groups within each other at byte 101, but found none");
        assert_eq!(skips(&[0x80; 11]), "expected a varint at byte 0, but found none");
    }

    #[test]
    fn a_group_is_given_without_its_end() {
        let mut reader = Reader::new(&[0x08, 0x01, 0x13, 0x14, 0x0c, 0x10]);
        assert_eq!(reader.group(1), Ok(&[0x08, 0x01, 0x13, 0x14][..]));
        assert_eq!(reader.offset(), 5);
    }
}
