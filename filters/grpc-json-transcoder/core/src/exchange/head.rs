//! Heads: what a request says about itself, what a gRPC server is told in its place, and what of a reply a client may see.
//!
//! Sources: the native filter for the headers that it changes; RFC 9110 §7.6.1 for those of one connection only;
//! `PROTOCOL-HTTP2.md` of gRPC for metadata, whose values are ASCII.

use crate::configuration::Options;
use crate::deadline::{grpc_timeout, parse_grpc_timeout, parse_timeout};
use http_exchange::{Bytes, HeaderEdit, HeaderEdits, Headers, OwnedHeaders};
use std::borrow::Cow;
use std::time::Duration;

/// Names and values that are sent.
pub(super) type Pairs<'a> = Vec<(Bytes<'a>, Bytes<'a>)>;

/// What a request says about itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RequestHead<'a> {
    pub(super) method: &'a [u8],
    pub(super) path: &'a [u8],
    pub(super) content_type: &'a [u8],
    pub(super) accept: Option<&'a [u8]>,
    /// How long the client waits.
    pub(super) timeout: Option<Duration>,
    /// It said so in a header of the operator's.
    sets_timeout: bool,
    is_connect: bool,
    has_content_length: bool,
    has_accept_encoding: bool,
    headers: Headers<'a>,
}

impl<'a> RequestHead<'a> {
    pub(super) fn read(headers: &Headers<'a>, options: &Options) -> Self {
        let mut head = Self { headers: *headers, ..Self::default() };
        let timeout_header = options.timeout_header.as_ref().map(String::as_bytes);
        for (name, value) in headers.iter() {
            match name {
                b":method" => head.method = value,
                b":path" => head.path = value,
                b"content-type" => head.content_type = value,
                b"content-length" => head.has_content_length = true,
                b"accept" => head.accept = Some(value),
                b"connect-protocol-version" => head.is_connect = true,
                b"grpc-accept-encoding" => head.has_accept_encoding = true,
                b"grpc-timeout" if !head.sets_timeout => head.timeout = parse_grpc_timeout(value),
                name if Some(name) == timeout_header => {
                    if let Some(timeout) = parse_timeout(value) {
                        (head.timeout, head.sets_timeout) = (Some(timeout), true);
                    }
                }
                _ => {}
            }
        }
        head
    }

    /// Whether it is a call already, of gRPC, gRPC-Web or Connect.
    pub(super) fn is_call(&self) -> bool {
        self.is_connect || is_grpc(self.content_type) || has_prefix(self.content_type, b"application/connect+")
    }

    /// The head of a call of the filter's own: what the client sent becomes metadata.
    pub(super) fn call(&self, path: &str) -> OwnedHeaders {
        let mut call = OwnedHeaders::with_capacity(24, 768);
        call.push(b":method", b"POST");
        call.push(b":path", path.as_bytes());
        call.push(b"content-type", b"application/grpc");
        call.push(b"te", b"trailers");
        for (name, value) in self.headers.iter() {
            if self.is_metadata(name) && is_printable(value) {
                call.push(name, value);
            }
        }
        call.push(b"x-envoy-original-path", self.path);
        call.push(b"x-envoy-original-method", self.method);
        if let Some(timeout) = self.timeout_to_set() {
            call.push(b"grpc-timeout", &timeout);
        }
        call
    }

    /// What lets the request wait at the upstream of the call: as one without a message yet, which is all that a server may judge.
    pub(super) fn waits<'c>(&self, path: &'c str) -> HeaderEdits<'c> {
        let mut edits = HeaderEdits::with_capacity(4);
        edits.push(set(b":path", path.as_bytes()));
        edits.push(set(b"content-type", b"application/grpc"));
        edits.push(set(b"te", b"trailers"));
        if self.method != b"POST" {
            edits.push(set(b":method", b"POST"));
        }
        edits
    }

    /// What makes a call of the request itself.
    pub(super) fn edits<'c>(&self, path: &'c str) -> HeaderEdits<'c>
    where
        'a: 'c,
    {
        let mut edits = vec![
            set(b"x-envoy-original-path", self.path),
            set(b"x-envoy-original-method", self.method),
            set(b":path", path.as_bytes()),
            set(b"content-type", b"application/grpc"),
            set(b"te", b"trailers"),
        ];
        if self.method != b"POST" {
            edits.push(set(b":method", b"POST"));
        }
        if self.has_content_length {
            edits.push(HeaderEdit::Remove(borrowed(b"content-length")));
        }
        // A compressed message could not be read.
        if self.has_accept_encoding {
            edits.push(HeaderEdit::Remove(borrowed(b"grpc-accept-encoding")));
        }
        edits.extend(self.timeout_to_set().map(|timeout| HeaderEdit::Set(borrowed(b"grpc-timeout"), timeout)));
        edits
    }

    fn timeout_to_set(&self) -> Option<Bytes<'static>> {
        let timeout = self.timeout.filter(|_| self.sets_timeout)?;
        Some(Cow::Owned(grpc_timeout(timeout).into_bytes()))
    }

    fn is_metadata(&self, name: &[u8]) -> bool {
        match name {
            b":authority" | b":scheme" => true,
            b"content-type"
            | b"content-length"
            | b"te"
            | b"expect"
            | b"grpc-accept-encoding"
            | b"grpc-encoding"
            | b"x-envoy-original-path"
            | b"x-envoy-original-method" => false,
            b"grpc-timeout" => !self.sets_timeout,
            name => !name.starts_with(b":") && !is_of_connection(name),
        }
    }
}

fn set<'a>(name: &'static [u8], value: &'a [u8]) -> HeaderEdit<'a> {
    HeaderEdit::Set(borrowed(name), borrowed(value))
}

/// Bytes that are not copied.
pub(super) fn borrowed(bytes: &[u8]) -> Bytes<'_> {
    Cow::Borrowed(bytes)
}

/// Whether a media type is gRPC's, or gRPC-Web's.
pub(super) fn is_grpc(content_type: &[u8]) -> bool {
    has_prefix(content_type, b"application/grpc")
}

/// Whether a header of a call's reply is shown to the client; what is about the call itself is not.
pub(super) fn is_for_client(name: &[u8]) -> bool {
    let is_of_call = matches!(
        name,
        b"content-type"
            | b"content-length"
            | b"grpc-encoding"
            | b"grpc-accept-encoding"
            | b"grpc-status"
            | b"grpc-message"
            | b"grpc-status-details-bin"
    );
    !is_of_call && !name.starts_with(b":") && !is_of_connection(name)
}

/// Whether a header is about one connection only.
pub(super) fn is_of_connection(name: &[u8]) -> bool {
    matches!(name, b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" | b"trailer")
}

/// Whether a value is visible ASCII and spaces, as metadata has to be.
pub(super) fn is_printable(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

fn has_prefix(content_type: &[u8], prefix: &[u8]) -> bool {
    content_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
