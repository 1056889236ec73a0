//! The headers that travel, and how they are kept in the store.
//!
//! ```text
//! payload = header*
//! header  = name length(2) value length(2) name value
//! ```
//! Numbers are little-endian. Repeated headers stand as often as they came, in order.

/// Bytes of a header in a payload beside its name and value.
pub(crate) const HEADER_BYTES: usize = 4;

/// Headers in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Captured(Vec<(Vec<u8>, Vec<u8>)>);

impl Captured {
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8]) {
        self.0.push((name.to_vec(), value.to_vec()));
    }

    /// Forgets every value of a header.
    pub(crate) fn remove(&mut self, name: &[u8]) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers' names, each once, in order, with their values.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = (&[u8], Vec<&[u8]>)> {
        let is_first = |at: usize, name: &[u8]| !self.0.iter().take(at).any(|(earlier, _)| earlier == name);
        let first = self.0.iter().enumerate().filter(move |(at, (name, _))| is_first(*at, name));
        first.map(|(_, (name, _))| (name.as_slice(), self.values(name)))
    }

    pub(crate) fn values(&self, name: &[u8]) -> Vec<&[u8]> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_slice()).collect()
    }

    /// The payload; a header that is longer than a length can say is left out.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for (name, value) in &self.0 {
            let (Ok(name_length), Ok(value_length)) = (u16::try_from(name.len()), u16::try_from(value.len())) else {
                continue;
            };
            payload.extend(name_length.to_le_bytes());
            payload.extend(value_length.to_le_bytes());
            payload.extend_from_slice(name);
            payload.extend_from_slice(value);
        }
        payload
    }

    /// The headers in a payload, up to the first byte that makes no sense.
    pub(crate) fn decode(payload: &[u8]) -> Self {
        let mut captured = Self::default();
        let mut rest = payload;
        while let Some((name, value, after)) = header(rest) {
            captured.push(name, value);
            rest = after;
        }
        captured
    }
}

fn header(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name_length, rest) = bytes.split_first_chunk()?;
    let (value_length, rest) = rest.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*name_length)))?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*value_length)))?;
    Some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn captured(headers: &[(&str, &[u8])]) -> Captured {
        let mut captured = Captured::default();
        for (name, value) in headers {
            captured.push(name.as_bytes(), value);
        }
        captured
    }

    #[test]
    fn headers_come_back_in_order_and_as_bytes() {
        let headers = captured(&[("a", b"1"), ("b", b"\xff\0"), ("a", b"")]);
        assert_eq!(Captured::decode(&headers.encode()), headers);
        let by_name: Vec<_> = headers.by_name().collect();
        assert_eq!(by_name, [(&b"a"[..], vec![&b"1"[..], b""]), (b"b", vec![b"\xff\0"])]);
    }

    #[test]
    fn a_cut_payload_gives_what_is_whole() {
        let payload = captured(&[("a", b"1"), ("b", b"2")]).encode();
        assert_eq!(Captured::decode(payload.split_last().unwrap().1), captured(&[("a", b"1")]));
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn decoding_never_panics(payload: Vec<u8>) {
                Captured::decode(&payload);
            }

            #[test]
            fn what_is_encoded_is_decoded(headers: Vec<(Vec<u8>, Vec<u8>)>) {
                let headers = Captured(headers);
                prop_assert_eq!(Captured::decode(&headers.encode()), headers);
            }
        }
    }
}
