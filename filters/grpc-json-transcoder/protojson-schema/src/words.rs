//! Texts by words of eight bytes, which WebAssembly handles in one step on any host.
//!
//! Most texts of a message are so short that a call that compares them, or a loop over their bytes, takes longer.

/// A word with the same byte eight times.
pub const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Less than eight bytes as a word with zeros above them.
#[inline]
pub fn word_of(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        // Two halves that overlap.
        (Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
            first | last << (8 * (bytes.len() - 4))
        }
        _ => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Whether no byte has its highest bit set. Where addresses have 32 bits, the standard library looks at only four bytes at a
/// time.
#[inline]
pub fn is_ascii(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<32>();
    let is_ascii = |bytes: &[u8]| {
        let (words, rest) = bytes.as_chunks::<8>();
        let word = words.iter().fold(word_of(rest), |all, word| all | u64::from_le_bytes(*word));
        word & const { eight(0x80) } == 0
    };
    blocks.iter().all(|block| is_ascii(block)) && is_ascii(rest)
}

/// Whether two texts are the same.
#[inline]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        // The last words may overlap those before.
        (Some(last), Some(of_other)) => {
            last == of_other
                && one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0).all(|(one, other)| one == other)
        }
        _ => word_of(one) == word_of(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_text_is_ascii_if_every_byte_is() {
        for length in 0..70 {
            assert!(is_ascii(&vec![0x7f; length]));
            for place in 0..length {
                let mut text = vec![0; length];
                text[place] = 0x80;
                assert!(!is_ascii(&text), "{length} bytes, of which {place} is none");
            }
        }
    }

    #[test]
    fn texts_are_equal_if_every_byte_is() {
        for length in 0..30_u8 {
            let one: Vec<u8> = (0..length).collect();
            assert!(equal(&one, &one.clone()));
            assert!(!equal(&one, &(0..=length).collect::<Vec<u8>>()));
            for place in 0..usize::from(length) {
                let mut other = one.clone();
                other[place] ^= 0x80;
                assert!(!equal(&one, &other), "{length} bytes, of which {place} differs");
            }
        }
    }
}
