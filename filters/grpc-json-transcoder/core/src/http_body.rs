//! `google.api.HttpBody` on the wire: raw bytes with their media type, in either direction.
//!
//! Source: `google/api/httpbody.proto`; for the extensions, Envoy's `UnknownQueryParams`.

use protojson::wire::{Reader, WireError, WireType, varint_len, write_delimited, write_varint};
use std::borrow::Cow;

const CONTENT_TYPE: u32 = 1;
const DATA: u32 = 2;
const EXTENSIONS: u32 = 3;

const UNKNOWN_QUERY_PARAMETERS: &str =
    "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.UnknownQueryParams";

/// Raw bytes and what they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpBody<'a> {
    /// The value of `content-type`.
    pub content_type: &'a [u8],
    /// The bytes.
    pub data: &'a [u8],
}

impl<'a> HttpBody<'a> {
    /// Reads a serialized `HttpBody`; what else is in it is passed over.
    pub fn read(wire: &'a [u8]) -> Result<Self, WireError> {
        let mut body = Self::default();
        let mut reader = Reader::new(wire);
        while let Some((number, wire_type)) = reader.tag()? {
            match (number, wire_type) {
                (CONTENT_TYPE, WireType::Len) => body.content_type = reader.delimited()?,
                (DATA, WireType::Len) => body.data = reader.delimited()?,
                _ => reader.skip(number, wire_type)?,
            }
        }
        Ok(body)
    }

    /// Appends the body as the field to which these numbers lead, outermost first; without any, as the message itself.
    /// `extensions` are records of [`unknown_query_parameters`].
    pub fn write(&self, path: &[u32], extensions: &[u8], out: &mut Vec<u8>) {
        let field = |number: u32, bytes: &[u8]| {
            if bytes.is_empty() { 0 } else { varint_len(tag(number)) + varint_len(bytes.len() as u64) + bytes.len() }
        };
        // The innermost length is known first, and the outermost is written first.
        let mut length = field(CONTENT_TYPE, self.content_type) + field(DATA, self.data) + extensions.len();
        let mut lengths = Vec::with_capacity(path.len());
        for number in path.iter().rev() {
            lengths.push(length);
            length += varint_len(tag(*number)) + varint_len(length as u64);
        }
        out.reserve(length);
        for (number, length) in path.iter().zip(lengths.iter().rev()) {
            write_varint(out, tag(*number));
            write_varint(out, *length as u64);
        }
        for (number, bytes) in [(CONTENT_TYPE, self.content_type), (DATA, self.data)] {
            if !bytes.is_empty() {
                write_delimited(out, number, bytes);
            }
        }
        out.extend_from_slice(extensions);
    }
}

fn tag(number: u32) -> u64 {
    WireType::Len.tag(number).into()
}

/// The record of `HttpBody.extensions` that carries query parameters which name no field; nothing where there are none.
pub fn unknown_query_parameters(parameters: &[(String, String)]) -> Vec<u8> {
    if parameters.is_empty() {
        return Vec::new();
    }
    // By name, and in their order where the name is the same.
    let mut sorted: Vec<_> = parameters.iter().collect();
    order::sort(&mut sorted, |(one, _), (other, _)| one.cmp(other));
    let mut message = Vec::new();
    for same in sorted.chunk_by(|(one, _), (other, _)| one == other) {
        let (mut entry, mut values) = (Vec::new(), Vec::new());
        for (_, value) in same {
            write_delimited(&mut values, 1, value.as_bytes());
        }
        let name = same.first().map_or("", |(name, _)| name);
        write_delimited(&mut entry, 1, name.as_bytes());
        write_delimited(&mut entry, 2, &values);
        write_delimited(&mut message, 1, &entry);
    }
    let mut any = Vec::new();
    write_delimited(&mut any, 1, UNKNOWN_QUERY_PARAMETERS.as_bytes());
    write_delimited(&mut any, 2, &message);
    let mut record = Vec::new();
    write_delimited(&mut record, EXTENSIONS, &any);
    record
}

/// The message to which these numbers lead. Protobuf merges the occurrences of a field, which is to read one after the other.
pub fn field_at<'a>(wire: &'a [u8], path: &[u32]) -> Result<Cow<'a, [u8]>, WireError> {
    let mut found = Cow::Borrowed(wire);
    for wanted in path {
        found = match found {
            Cow::Borrowed(wire) => occurrences(wire, *wanted)?,
            Cow::Owned(wire) => Cow::Owned(occurrences(&wire, *wanted)?.into_owned()),
        };
    }
    Ok(found)
}

fn occurrences(wire: &[u8], wanted: u32) -> Result<Cow<'_, [u8]>, WireError> {
    let mut found: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut reader = Reader::new(wire);
    while let Some((number, wire_type)) = reader.tag()? {
        if number == wanted && wire_type == WireType::Len {
            let value = reader.delimited()?;
            if found.is_empty() { found = Cow::Borrowed(value) } else { found.to_mut().extend_from_slice(value) }
        } else {
            reader.skip(number, wire_type)?;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn written(path: &[u32], content_type: &[u8], data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        HttpBody { content_type, data }.write(path, &[], &mut out);
        out
    }

    /// Of HttpBodyUtils: EmptyFieldsList, NestedFieldsList, LargeMessage, LargeContentType.
    #[test]
    fn a_body_is_written_where_its_field_is() {
        assert_eq!(written(&[], b"a/b", b"hi"), b"\x0a\x03a/b\x12\x02hi");
        assert_eq!(written(&[], b"", b""), b"");
        assert_eq!(written(&[3], b"", b"hi"), b"\x1a\x04\x12\x02hi");
        assert_eq!(written(&[3, 100], b"", b"hi"), b"\x1a\x07\xa2\x06\x04\x12\x02hi");
        for (content_type, data) in [(3, 1 << 20), (1 << 20, 3), (200, 200)] {
            let (content_type, data) = (vec![b'c'; content_type], vec![b'd'; data]);
            for path in [&[][..], &[1], &[2, 1, 77]] {
                let wire = written(path, &content_type, &data);
                let inner = field_at(&wire, path).unwrap();
                let expected = HttpBody { content_type: &content_type, data: &data };
                assert_eq!(HttpBody::read(&inner), Ok(expected), "{path:?}");
            }
        }
    }

    /// Of HttpBodyUtils: SkipUnknownFields, FailInvalidLength, FailSkipField, FailShortMessage.
    #[test]
    fn a_body_is_read_or_refused() {
        let wire = b"\x08\x07\x0a\x03a/b\x12\x02hi\x22\x01x";
        assert_eq!(HttpBody::read(wire), Ok(HttpBody { content_type: b"a/b", data: b"hi" }));
        for wire in [&b"\x0a"[..], b"\x0a\x05hi", b"\x12\xff\xff\xff\xff\x0f", b"\x0f", b"\x22\x09x", b"\xff"] {
            assert!(HttpBody::read(wire).is_err(), "{wire:?}");
        }
    }

    #[test]
    fn occurrences_of_a_message_are_merged() {
        let wire = b"\x0a\x05\x0a\x03a/b\x0a\x04\x12\x02hi";
        let inner = field_at(wire, &[1]).unwrap();
        assert_eq!(HttpBody::read(&inner), Ok(HttpBody { content_type: b"a/b", data: b"hi" }));
    }

    /// Of HttpBodyUtils: UnknownQueryParamsAppearInExtension.
    #[test]
    fn unknown_query_parameters_are_an_extension() {
        assert_eq!(unknown_query_parameters(&[]), b"");
        let parameters = [("b", "1"), ("a", "2"), ("b", "3")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let record = unknown_query_parameters(&parameters);
        let message = field_at(&record, &[EXTENSIONS, 2]).unwrap();
        assert_eq!(&*message, b"\x0a\x08\x0a\x01a\x12\x03\x0a\x012\x0a\x0b\x0a\x01b\x12\x06\x0a\x011\x0a\x013");
        assert_eq!(&*field_at(&record, &[EXTENSIONS, 1]).unwrap(), UNKNOWN_QUERY_PARAMETERS.as_bytes());
    }
}
