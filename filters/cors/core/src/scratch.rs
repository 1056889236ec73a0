//! Room for a short text that is put together during a request, without an allocation.

/// More than any origin, host or header name that is looked up has.
const ROOM: usize = 336;

/// A text of at most 336 bytes.
pub(crate) struct Scratch {
    bytes: [u8; ROOM],
    length: usize,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; ROOM], length: 0 }
    }

    /// This text in lower case; `None` where it does not fit.
    pub(crate) fn lower_case(text: &[u8]) -> Option<Self> {
        let mut scratch = Self::new();
        scratch.push(text)?.make_ascii_lowercase();
        Some(scratch)
    }

    /// This text backwards, so that an end becomes a beginning; `None` where it does not fit.
    pub(crate) fn reversed(text: &[u8]) -> Option<Self> {
        let mut scratch = Self::new();
        scratch.push(text)?.reverse();
        Some(scratch)
    }

    /// Puts a text after what is there, and gives it to be changed; `None` where it does not fit.
    pub(crate) fn push(&mut self, text: &[u8]) -> Option<&mut [u8]> {
        let room = self.bytes.get_mut(self.length..)?.get_mut(..text.len())?;
        room.copy_from_slice(text);
        self.length += text.len();
        Some(room)
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
