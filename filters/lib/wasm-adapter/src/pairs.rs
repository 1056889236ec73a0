//! How the ABI carries a map: `u32 n`, `n` times `u32 name length, u32 value length`, then `n` times `name 0 value 0`, all
//! numbers little-endian.
//!
//! Reading borrows from the buffer; a map that is not well-formed reads as empty, as Envoy itself does.

/// The names and values in a buffer, in order.
pub fn decode(buffer: &[u8]) -> Vec<(&[u8], &[u8])> {
    try_decode(buffer).unwrap_or_default()
}

fn try_decode(buffer: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let (count, rest) = number(buffer)?;
    let (mut lengths, mut text) = rest.split_at_checked(count.checked_mul(8)?)?;
    // The table of lengths is there, so the count is no larger than what the proxy really sent.
    let mut pairs = Vec::with_capacity(count);
    while !lengths.is_empty() {
        let (name_length, rest) = number(lengths)?;
        let (value_length, rest) = number(rest)?;
        lengths = rest;
        let (name, rest) = terminated(text, name_length)?;
        let (value, rest) = terminated(rest, value_length)?;
        text = rest;
        pairs.push((name, value));
    }
    Some(pairs)
}

fn number(buffer: &[u8]) -> Option<(usize, &[u8])> {
    let (bytes, rest) = buffer.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*bytes)).ok()?, rest))
}

/// The text of that length, with the zero after it taken off.
fn terminated(buffer: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = buffer.split_at_checked(length)?;
    let (_zero, rest) = rest.split_first()?;
    Some((text, rest))
}

/// The buffer that carries these names and values.
pub fn encode<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
    let (mut count, mut size) = (0_u32, 4);
    for (name, value) in pairs.clone() {
        count = count.saturating_add(1);
        size += 4 + name.len() + 1 + 4 + value.len() + 1;
    }
    let mut buffer = Vec::with_capacity(size);
    buffer.extend_from_slice(&count.to_le_bytes());
    for (name, value) in pairs.clone() {
        buffer.extend_from_slice(&length(name));
        buffer.extend_from_slice(&length(value));
    }
    for (name, value) in pairs {
        for text in [name, value] {
            buffer.extend_from_slice(text);
            buffer.push(0);
        }
    }
    buffer
}

// Not on wasm, where a test would need a proxy for this crate's imports.
#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_is_that_of_the_specification() {
        let pairs: [(&[u8], &[u8]); 1] = [(b"ab", b"c")];
        assert_eq!(encode(pairs.iter().copied()), b"\x01\0\0\0\x02\0\0\0\x01\0\0\0ab\0c\0");
    }

    #[test]
    fn a_cut_or_boastful_map_reads_as_empty() {
        for buffer in [
            &b""[..],
            b"\x01",
            b"\x01\0\0\0\x02\0\0\0\x01\0\0\0ab\0c",
            b"\xff\xff\xff\xff",
            b"\xff\xff\xff\x1f\0\0\0\0",
        ] {
            assert!(decode(buffer).is_empty(), "{buffer:?}");
        }
    }

    proptest! {
        #[test]
        fn decoding_never_panics(buffer: Vec<u8>) {
            decode(&buffer);
        }

        #[test]
        fn what_is_encoded_is_decoded(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
            let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            let buffer = encode(pairs.iter().copied());
            prop_assert_eq!(decode(&buffer), pairs);
        }
    }
}
