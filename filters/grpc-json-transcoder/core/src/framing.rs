//! How the messages of a stream are put one after the other: an array, lines, or server-sent events.
//!
//! Sources: Envoy's `print_options` for the three forms; <https://html.spec.whatwg.org/multipage/server-sent-events.html> for
//! events. A failure in the middle is a record of its own, so that a stream that ends too early does not look complete.

use crate::configuration::StreamFraming;

impl StreamFraming {
    /// The framing that `accept` prefers among those there are; `otherwise` where it names none.
    pub fn negotiate(accept: &[u8], otherwise: Self) -> Self {
        let mut best = (0, otherwise);
        for range in accept.split(|byte| *byte == b',') {
            let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let framing = match parts.next().unwrap_or_default() {
                media if media.eq_ignore_ascii_case(b"application/x-ndjson") => Self::NewlineDelimited,
                media if media.eq_ignore_ascii_case(b"text/event-stream") => Self::ServerSentEvents,
                media if media.eq_ignore_ascii_case(b"application/json") => Self::Array,
                _ => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix(b"q=")).map_or(1000, thousandths);
            if quality > best.0 {
                best = (quality, framing);
            }
        }
        best.1
    }

    /// The value of `content-type`; the native filter calls lines `application/json`, too.
    pub fn content_type(self, native: bool) -> &'static [u8] {
        match self {
            Self::ServerSentEvents => b"text/event-stream",
            Self::NewlineDelimited if !native => b"application/x-ndjson",
            Self::Array | Self::NewlineDelimited => b"application/json",
        }
    }

    /// Appends what stands before a message.
    pub fn begin(self, is_first: bool, out: &mut Vec<u8>) {
        match self {
            Self::Array => out.push(if is_first { b'[' } else { b',' }),
            Self::NewlineDelimited => {}
            Self::ServerSentEvents => out.extend_from_slice(b"data: "),
        }
    }

    /// Appends what stands after a message.
    pub fn end(self, out: &mut Vec<u8>) {
        match self {
            Self::Array => {}
            Self::NewlineDelimited => out.push(b'\n'),
            Self::ServerSentEvents => out.extend_from_slice(b"\n\n"),
        }
    }

    /// Appends what ends the stream.
    pub fn close(self, is_empty: bool, out: &mut Vec<u8>) {
        if self == Self::Array {
            out.extend_from_slice(if is_empty { b"[]" } else { b"]" });
        }
    }

    /// Appends the record that says why the stream fails, and what ends it; `status` is JSON in one line.
    pub fn fail(self, is_first: bool, status: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Array | Self::NewlineDelimited => {
                self.begin(is_first, out);
                out.extend_from_slice(b"{\"error\":");
                out.extend_from_slice(status);
                out.push(b'}');
            }
            Self::ServerSentEvents => {
                out.extend_from_slice(b"event: error\n");
                self.begin(is_first, out);
                out.extend_from_slice(status);
            }
        }
        self.end(out);
        self.close(false, out);
    }
}

/// A quality such as `0.8` in thousandths (RFC 9110 §12.4.2); 0 for what is none.
fn thousandths(value: &[u8]) -> u32 {
    let (whole, fraction) = match value.split_first() {
        Some((b'1', _)) => return 1000,
        Some((b'0', rest)) => (0, rest.strip_prefix(b".").unwrap_or_default()),
        _ => return 0,
    };
    let digits = fraction.iter().chain(std::iter::repeat(&b'0')).take(3);
    digits.fold(whole, |number, digit| number * 10 + u32::from(digit.saturating_sub(b'0').min(9)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use StreamFraming::{Array, NewlineDelimited, ServerSentEvents};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_client_chooses_by_accept() {
        let check = |accept: &str, expected| {
            assert_eq!(StreamFraming::negotiate(accept.as_bytes(), Array), expected, "{accept}");
        };
        check("", Array);
        check("*/*", Array);
        check("text/event-stream", ServerSentEvents);
        check("Application/X-NDJSON; charset=utf-8", NewlineDelimited);
        check("application/json, text/event-stream", Array);
        check("application/json;q=0.5, text/event-stream;q=0.9", ServerSentEvents);
        check("text/event-stream;q=0, */*", Array);
        assert_eq!(StreamFraming::negotiate(b"application/json", ServerSentEvents), Array);
        assert_eq!(StreamFraming::negotiate(b"*/*", ServerSentEvents), ServerSentEvents);
    }

    fn stream(framing: StreamFraming, messages: &[&str], error: Option<&str>) -> String {
        let mut out = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            framing.begin(index == 0, &mut out);
            out.extend_from_slice(message.as_bytes());
            framing.end(&mut out);
        }
        match error {
            Some(error) => framing.fail(messages.is_empty(), error.as_bytes(), &mut out),
            None => framing.close(messages.is_empty(), &mut out),
        }
        String::from_utf8(out).unwrap()
    }

    /// Of ResponseToJson: StreamingDirectTest, StreamingNewlineDelimitedDirectTest, StreamingSSEStyleDelimitedDirectTest.
    #[test]
    fn messages_are_put_one_after_the_other() {
        let check = |framing, messages: &[&str], expected: &str| assert_eq!(stream(framing, messages, None), expected);
        check(Array, &[], "[]");
        check(Array, &["{}"], "[{}]");
        check(Array, &["{}", "7"], "[{},7]");
        check(NewlineDelimited, &[], "");
        check(NewlineDelimited, &["{}", "7"], "{}\n7\n");
        check(ServerSentEvents, &["{}", "7"], "data: {}\n\ndata: 7\n\n");
    }

    #[test]
    fn a_failure_is_the_last_record() {
        let check = |framing, messages: &[&str], expected: &str| {
            assert_eq!(stream(framing, messages, Some("{\"code\":5}")), expected);
        };
        check(Array, &["1"], "[1,{\"error\":{\"code\":5}}]");
        check(Array, &[], "[{\"error\":{\"code\":5}}]");
        check(NewlineDelimited, &["1"], "1\n{\"error\":{\"code\":5}}\n");
        check(ServerSentEvents, &["1"], "data: 1\n\nevent: error\ndata: {\"code\":5}\n\n");
    }
}
