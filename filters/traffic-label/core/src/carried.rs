//! The values of labels that came in with a request, as the store keeps them.
//!
//! ```text
//! payload = entry*
//! entry   = label(1) length(2) value
//! ```
//! A label is its place in the configuration, which is part of the store's owner; the length is little-endian. What is
//! remembered is what a label is worth, whichever header it came in by.

use std::borrow::Cow;

/// Values by the place of their label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Carried<'a>(Vec<(u8, Cow<'a, [u8]>)>);

impl<'a> Carried<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the value of a label.
    pub(crate) fn push(&mut self, label: u8, value: Cow<'a, [u8]>) {
        self.0.push((label, value));
    }

    /// The value of a label.
    pub(crate) fn get(&self, label: u8) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == label).map(|(_, value)| &**value)
    }

    /// The payload; a value that is longer than a length can say is left out.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for (label, value) in &self.0 {
            if let Ok(length) = u16::try_from(value.len()) {
                payload.push(*label);
                payload.extend(length.to_le_bytes());
                payload.extend_from_slice(value);
            }
        }
        payload
    }

    /// The values in a payload, up to the first byte that makes no sense.
    pub(crate) fn decode(payload: &[u8]) -> Carried<'static> {
        let mut carried = Carried::default();
        let mut rest = payload;
        while let Some((label, value, after)) = entry(rest) {
            carried.push(label, Cow::Owned(value.to_vec()));
            rest = after;
        }
        carried
    }
}

fn entry(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (label, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((*label, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn values_come_back_as_bytes() {
        let mut carried = Carried::default();
        carried.push(0, Cow::Borrowed(b"version-gray"));
        carried.push(7, Cow::Borrowed(b"\xff"));
        let decoded = Carried::decode(&carried.encode());
        assert_eq!(decoded, carried);
        assert_eq!(decoded.get(7), Some(&b"\xff"[..]));
        assert_eq!(decoded.get(1), None);
    }

    #[test]
    fn a_cut_payload_gives_what_is_whole() {
        let mut carried = Carried::default();
        carried.push(0, Cow::Borrowed(b"a"));
        carried.push(1, Cow::Borrowed(b"b"));
        let payload = carried.encode();
        let cut = Carried::decode(payload.split_last().unwrap().1);
        assert_eq!((cut.get(0), cut.get(1)), (Some(&b"a"[..]), None));
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn decoding_never_panics(payload: Vec<u8>) {
                Carried::decode(&payload);
            }

            #[test]
            fn what_is_encoded_is_decoded(values: Vec<(u8, Vec<u8>)>) {
                let carried = Carried(values.into_iter().map(|(label, value)| (label, Cow::Owned(value))).collect());
                prop_assert_eq!(Carried::decode(&carried.encode()), carried);
            }
        }
    }
}
