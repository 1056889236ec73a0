//! gRPC's messages on the wire: one byte that says whether it is compressed, four that say how long it is, and the message.
//!
//! [`FrameReader`] takes a body in pieces of any size and gives out its messages; one that is compressed or too large is refused
//! by its first five bytes, before anything of it is kept. Source: `PROTOCOL-HTTP2.md` of gRPC, "Length-Prefixed-Message".

use std::fmt;

const PREFIX: usize = 5;

/// Why a body is no sequence of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// The first byte is not 0: the message is compressed, or this is no gRPC.
    Flag(u8),
    /// A message is larger than is allowed.
    TooLarge {
        /// The size that its prefix says.
        size: u32,
        /// The size that is allowed.
        limit: u32,
    },
    /// The body ends within a message.
    Incomplete,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // As the native filter says it.
            Self::Flag(flag) => write!(f, "Unsupported gRPC frame flag: {flag}"),
            Self::TooLarge { size, limit } => {
                write!(f, "expected a gRPC message of at most {limit} bytes, but found one of {size}")
            }
            Self::Incomplete => f.write_str("expected a whole gRPC message, but found its beginning only"),
        }
    }
}

/// Reads messages from a body that comes in pieces.
#[derive(Debug, Clone)]
pub struct FrameReader {
    /// The beginning of a message whose end has not come.
    partial: Vec<u8>,
    /// The message in `partial` was given out.
    taken: bool,
    limit: u32,
}

impl FrameReader {
    /// A reader of messages of at most this many bytes.
    pub fn new(limit: u32) -> Self {
        Self { partial: Vec::new(), taken: false, limit }
    }

    /// Takes the next message from a piece of the body; `None` when the piece is used up. A message that is whole in the piece is
    /// not copied.
    pub fn next<'r, 'p: 'r>(&'r mut self, piece: &mut &'p [u8]) -> Result<Option<&'r [u8]>, FrameError> {
        if std::mem::take(&mut self.taken) {
            self.partial.clear();
        }
        if self.partial.is_empty() {
            match piece.split_first_chunk::<PREFIX>() {
                Some((prefix, rest)) => {
                    let size = self.size(*prefix)?;
                    if let Some((message, rest)) = rest.split_at_checked(size) {
                        *piece = rest;
                        return Ok(Some(message));
                    }
                }
                None if piece.is_empty() => return Ok(None),
                None => {}
            }
        }
        self.keep(piece, PREFIX);
        let Some((prefix, _)) = self.partial.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let size = self.size(*prefix)?;
        self.keep(piece, PREFIX + size);
        if self.partial.len() < PREFIX + size {
            return Ok(None);
        }
        self.taken = true;
        Ok(self.partial.get(PREFIX..))
    }

    /// Whether the body may end here.
    pub fn finish(&self) -> Result<(), FrameError> {
        if self.taken || self.partial.is_empty() { Ok(()) } else { Err(FrameError::Incomplete) }
    }

    fn size(&self, prefix: [u8; PREFIX]) -> Result<usize, FrameError> {
        let [flag, size @ ..] = prefix;
        let size = u32::from_be_bytes(size);
        match flag {
            0 if size <= self.limit => Ok(size as usize),
            0 => Err(FrameError::TooLarge { size, limit: self.limit }),
            flag => Err(FrameError::Flag(flag)),
        }
    }

    /// Moves bytes of the piece to those that are kept, until there are so many.
    fn keep(&mut self, piece: &mut &[u8], length: usize) {
        let missing = length.saturating_sub(self.partial.len()).min(piece.len());
        let (taken, rest) = piece.split_at_checked(missing).unwrap_or_default();
        self.partial.extend_from_slice(taken);
        *piece = rest;
    }
}

/// Begins a message whose bytes are appended next; [`end_frame`] is told where it began.
pub fn begin_frame(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; PREFIX]);
    out.len()
}

/// Writes the length of a message that [`begin_frame`] began.
pub fn end_frame(out: &mut [u8], start: usize) {
    let size = u32::try_from(out.len().saturating_sub(start)).unwrap_or(u32::MAX);
    if let Some(prefix) = start.checked_sub(4).and_then(|at| out.get_mut(at..start)) {
        prefix.copy_from_slice(&size.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn frame(message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let start = begin_frame(&mut out);
        out.extend_from_slice(message);
        end_frame(&mut out, start);
        out
    }

    fn read(limit: u32, pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut reader = FrameReader::new(limit);
        let mut messages = Vec::new();
        for piece in pieces {
            let mut piece = *piece;
            while let Some(message) = reader.next(&mut piece)? {
                messages.push(message.to_vec());
            }
        }
        reader.finish()?;
        Ok(messages)
    }

    #[test]
    fn a_message_is_prefixed_by_its_length() {
        assert_eq!(frame(b"hi"), b"\0\0\0\0\x02hi");
        assert_eq!(read(10, &[&frame(b"hi")]), Ok(vec![b"hi".to_vec()]));
    }

    #[test]
    fn messages_are_the_same_however_the_body_is_cut() {
        let body = [frame(b"one"), frame(b""), frame(b"three"), frame(b"")].concat();
        let expected = read(10, &[&body]);
        assert_eq!(expected.as_ref().map(Vec::len), Ok(4));
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let pieces = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(read(10, &pieces), expected, "cut at {first} and {second}");
            }
        }
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(read(10, &bytes), expected);
    }

    /// Of MessageReader: a compressed message, an incomplete prefix, an incomplete message.
    #[test]
    fn what_is_no_message_is_refused() {
        let check = |body: &[u8], expected: &str| {
            let whole = read(10, &[body]).unwrap_err().to_string();
            assert_eq!(whole, expected, "{body:?}");
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            assert_eq!(read(10, &bytes).unwrap_err().to_string(), expected, "{body:?} byte by byte");
        };
        check(b"\x01\0\0\0\x02hi", "Unsupported gRPC frame flag: 1");
        check(b"\0\0\0\0\x02hi\x80\0\0\0\0", "Unsupported gRPC frame flag: 128");
        check(b"\0\0\0\0\x0b", "expected a gRPC message of at most 10 bytes, but found one of 11");
        check(b"\0\xff\xff\xff\xff", "expected a gRPC message of at most 10 bytes, but found one of 4294967295");
        check(b"\0\0\0", "expected a whole gRPC message, but found its beginning only");
        check(b"\0\0\0\0\x02h", "expected a whole gRPC message, but found its beginning only");
    }
}
