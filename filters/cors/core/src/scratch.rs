//! Room for a short text that is put together during a request, without an allocation.

/// More than any origin, host or header name that is looked up has.
const ROOM: usize = 336;

/// A text of at most 336 bytes.
pub(crate) struct Scratch {
    bytes: [u8; ROOM],
    length: usize,
}

impl Scratch {
    /// The text of these bytes; `None` where they do not fit.
    pub(crate) fn of(text: impl Iterator<Item = u8>) -> Option<Self> {
        let mut scratch = Self { bytes: [0; ROOM], length: 0 };
        for byte in text {
            *scratch.bytes.get_mut(scratch.length)? = byte;
            scratch.length += 1;
        }
        Some(scratch)
    }

    /// This text in lower case.
    pub(crate) fn lower_case(text: &[u8]) -> Option<Self> {
        Self::of(text.iter().map(u8::to_ascii_lowercase))
    }

    /// This text backwards, so that an end becomes a beginning.
    pub(crate) fn reversed(text: &[u8]) -> Option<Self> {
        Self::of(text.iter().rev().copied())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(Scratch::lower_case(b"X-Trace").unwrap().as_bytes(), b"x-trace");
        assert_eq!(Scratch::reversed(b"abc").unwrap().as_bytes(), b"cba");
        assert!(Scratch::reversed(&[b'a'; ROOM]).is_some());
        assert!(Scratch::reversed(&[b'a'; ROOM + 1]).is_none());
    }
}
