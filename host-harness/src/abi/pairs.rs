//! Lists of key-value pairs as they cross the boundary.
//!
//! The form is `count: u32`, then `count` pairs of `key length: u32, value length: u32`, then each key and each value with a
//! NUL after it; all numbers are little-endian and nothing may be left over. The limits are those of `limits.h` in
//! proxy-wasm-cpp-host.

/// Keys with their values, in order.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The most pairs that a host accepts from a module.
pub const MAX_PAIRS: usize = 1024;
/// The most bytes of pairs that a host accepts from a module.
pub const MAX_PAIRS_SIZE: usize = 1024 * 1024;

/// Encodes pairs; no pairs at all are no bytes at all.
pub fn encode_pairs<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let count = pairs.clone().count();
    if count == 0 {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&length(count));
    for (key, value) in pairs.clone() {
        bytes.extend_from_slice(&length(key.len()));
        bytes.extend_from_slice(&length(value.len()));
    }
    for (key, value) in pairs {
        for part in [key, value] {
            bytes.extend_from_slice(part);
            bytes.push(0);
        }
    }
    bytes
}

fn length(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

/// Decodes pairs; `None` when the bytes are not exactly in the form or pass a limit.
pub fn decode_pairs(bytes: &[u8]) -> Option<Pairs> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    if bytes.len() > MAX_PAIRS_SIZE {
        return None;
    }
    let mut rest = bytes;
    let count = take_length(&mut rest)?;
    if count > MAX_PAIRS {
        return None;
    }
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        lengths.push((take_length(&mut rest)?, take_length(&mut rest)?));
    }
    let mut pairs = Vec::with_capacity(count);
    for (key, value) in lengths {
        pairs.push((take_part(&mut rest, key)?, take_part(&mut rest, value)?));
    }
    rest.is_empty().then_some(pairs)
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    usize::try_from(u32::from_le_bytes(*head)).ok()
}

fn take_part(rest: &mut &[u8], length: usize) -> Option<Vec<u8>> {
    let part = rest.get(..length)?;
    let terminator = rest.get(length)?;
    *rest = rest.get(length + 1..)?;
    (*terminator == 0).then(|| part.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
            let encoded = encode_pairs(pairs.iter().map(|(k, v)| (k.as_slice(), v.as_slice())));
            prop_assert_eq!(decode_pairs(&encoded), Some(pairs));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>) {
            let _ = decode_pairs(&bytes);
        }
    }

    #[test]
    fn malformed_pairs_are_refused() {
        for bytes in [
            &[1, 0, 0][..],
            &[1, 0, 0, 0],
            &[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, b'k', 0, b'v'],
            &[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, b'k', 1, b'v', 0],
            &[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, b'k', 0, b'v', 0, 0],
            &[255, 255, 255, 255],
            &[1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
        ] {
            assert_eq!(decode_pairs(bytes), None, "{bytes:?}");
        }
    }
}
