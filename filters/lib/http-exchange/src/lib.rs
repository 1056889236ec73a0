//! The values that filter cores take and return: request heads, header edits, local replies, steps.
//!
//! A core is given what came in and answers with a [`Step`]; who applies it, and through which interface, is not known here.
//! Names and values are bytes: a field value need not be UTF-8 (RFC 9110 §5.5). Names are in lower case, as HTTP/2 has them
//! (RFC 9113 §8.2), with the pseudo-headers `:method`, `:path`, `:authority` and `:scheme` among them.

use std::borrow::Cow;

/// A name, a value or a body: borrowed where the filter has it already.
pub type Bytes<'a> = Cow<'a, [u8]>;

/// A borrowed view of a request's headers, in order, repeated ones included.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    pairs: &'a [(&'a [u8], &'a [u8])],
}

impl<'a> RequestHead<'a> {
    /// The head made of these names and values.
    pub fn new(pairs: &'a [(&'a [u8], &'a [u8])]) -> Self {
        Self { pairs }
    }

    /// All names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.pairs.iter().copied()
    }

    /// The first value of a header.
    pub fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// All values of a header, in order.
    pub fn values<'n>(&self, name: &'n [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.iter().filter(move |(header, _)| *header == name).map(|(_, value)| value)
    }
}

/// One change of a header map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderEdit<'a> {
    /// Replaces every value of the header by this one; adds the header where it is absent.
    Set(Bytes<'a>, Bytes<'a>),
    /// Adds a value after those that are there.
    Add(Bytes<'a>, Bytes<'a>),
    /// Removes every value of the header.
    Remove(Bytes<'a>),
}

/// Changes of a header map, applied in order.
pub type HeaderEdits<'a> = Vec<HeaderEdit<'a>>;

/// An answer that the proxy gives in place of the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalReply<'a> {
    /// The status code, 200 to 599.
    pub status: u16,
    /// Headers beside those that the proxy adds by itself.
    pub headers: Vec<(Bytes<'a>, Bytes<'a>)>,
    /// The body.
    pub body: Bytes<'a>,
    /// The reason for the access log, without white space.
    pub details: &'static str,
}

/// How an exchange goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Next<'a> {
    /// The next filter is called.
    #[default]
    Continue,
    /// The proxy waits until the filter resumes the exchange.
    Pause,
    /// The proxy answers by itself.
    Reply(LocalReply<'a>),
}

/// What a filter wants done: header edits first, then how to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step<'a> {
    /// Changes of the headers that the callback is about.
    pub edits: HeaderEdits<'a>,
    /// How the exchange goes on.
    pub next: Next<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn repeated_headers_keep_their_order() {
        let pairs: [(&[u8], &[u8]); 3] = [(b"a", b"1"), (b"b", b"2"), (b"a", b"\xff")];
        let head = RequestHead::new(&pairs);
        assert_eq!(head.get(b"a"), Some(&b"1"[..]));
        assert_eq!(head.values(b"a").collect::<Vec<_>>(), [&b"1"[..], &b"\xff"[..]]);
        assert_eq!(head.get(b"absent"), None);
    }
}
