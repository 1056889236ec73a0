//! The values that filter cores take and return: headers, their edits, local replies, callouts, steps.
//!
//! A core is given what came in and answers with a [`Step`]; who applies it, and through which interface, is not known here.
//! Names and values are bytes: a field value need not be UTF-8 (RFC 9110 §5.5). Names are in lower case, as HTTP/2 has them
//! (RFC 9113 §8.2), with the pseudo-headers `:method`, `:path`, `:authority` and `:scheme` among them.

use std::borrow::Cow;

/// A name, a value or a body: borrowed where the filter has it already.
pub type Bytes<'a> = Cow<'a, [u8]>;

/// A borrowed view of the headers or trailers of a message, in order, repeated ones included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    pairs: &'a [(&'a [u8], &'a [u8])],
}

impl<'a> Headers<'a> {
    /// The headers made of these names and values.
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

/// Headers that are kept: their text in one piece, so that however many there are, they take two allocations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedHeaders {
    text: Vec<u8>,
    lengths: Vec<(usize, usize)>,
}

impl OwnedHeaders {
    /// No headers yet, with room for so many and for so many bytes.
    pub fn with_capacity(headers: usize, bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), lengths: Vec::with_capacity(headers) }
    }

    /// Puts a header after those that are there.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(value);
        self.lengths.push((name.len(), value.len()));
    }

    /// All names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        let mut text = &self.text[..];
        self.lengths.iter().map(move |(name, value)| {
            let (name, rest) = text.split_at_checked(*name).unwrap_or_default();
            let (value, rest) = rest.split_at_checked(*value).unwrap_or_default();
            text = rest;
            (name, value)
        })
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

/// A request of the filter's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callout<'a> {
    /// The cluster that is asked.
    pub cluster: Bytes<'a>,
    /// The head, with `:method`, `:path` and `:authority` in it.
    pub headers: OwnedHeaders,
    /// The body; trailers cannot be sent.
    pub body: Bytes<'a>,
    /// In milliseconds; 0 waits for ever.
    pub timeout: u32,
}

/// What comes of a [`Callout`].
#[derive(Debug, Clone, Copy)]
pub enum CallReply<'a> {
    /// The proxy did not send it: there is no such cluster, or none of its endpoints is healthy.
    Refused,
    /// Nothing came back: the connection broke, or the answer was too large for the proxy.
    Broken,
    /// The cluster, or the proxy in its place, answered.
    Answer {
        /// The head, with `:status` in it.
        head: Headers<'a>,
        /// All of the body.
        body: &'a [u8],
        /// What followed the body.
        trailers: Headers<'a>,
    },
}

/// How an exchange goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Next<'a> {
    /// The next filter is called.
    #[default]
    Continue,
    /// The proxy waits until the filter resumes the exchange; a body is held back.
    Pause,
    /// What is held goes on, and the exchange waits as for `Pause`: so something can still be put after a body at its trailers.
    Release,
    /// The proxy sends a request of the filter's own, and waits as for `Pause`.
    Call(Callout<'a>),
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

/// What a filter wants done about a part of a body: the bytes first, then header edits, then how to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyStep<'a> {
    /// What takes the place of the bytes that the proxy holds: those that the filter was given.
    pub replace: Option<Bytes<'a>>,
    /// Changes of the headers of the same message, while they are held too.
    pub edits: HeaderEdits<'a>,
    /// How the exchange goes on.
    pub next: Next<'a>,
}

/// The part of an exchange that a callback is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The head of the request.
    RequestHeaders,
    /// A piece of its body.
    RequestBody,
    /// What follows its body.
    RequestTrailers,
    /// The head of the response.
    ResponseHeaders,
    /// A piece of its body.
    ResponseBody,
    /// What follows its body.
    ResponseTrailers,
}

/// What the proxy knows of the route of a request; it is asked only where the answer is needed, because each costs a call.
pub trait Route {
    /// The cluster that the request is routed to, as its headers were before any edit of the current step.
    fn cluster(&mut self) -> Option<Vec<u8>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn repeated_headers_keep_their_order() {
        let pairs: [(&[u8], &[u8]); 3] = [(b"a", b"1"), (b"b", b"2"), (b"a", b"\xff")];
        let head = Headers::new(&pairs);
        assert_eq!(head.get(b"a"), Some(&b"1"[..]));
        assert_eq!(head.values(b"a").collect::<Vec<_>>(), [&b"1"[..], &b"\xff"[..]]);
        assert_eq!(head.get(b"absent"), None);
    }

    #[test]
    fn kept_headers_are_those_that_were_put_in() {
        let pairs: [(&[u8], &[u8]); 4] = [(b"a", b"1"), (b"", b""), (b"bcd", b""), (b"a", b"\xff2")];
        let mut kept = OwnedHeaders::default();
        pairs.iter().for_each(|(name, value)| kept.push(name, value));
        assert_eq!(kept.iter().collect::<Vec<_>>(), pairs);
        assert_eq!(kept.iter().clone().count(), 4);
    }
}
