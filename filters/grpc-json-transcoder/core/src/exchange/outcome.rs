//! How a call ended, as an HTTP response: its status, its headers and its body.
//!
//! A call that failed has the status that stands for its code, and its `google.rpc.Status` as the body where that is asked for;
//! a stream that failed after some messages keeps them, and says so in a last record (`strict`) or not at all (`envoy`).

use super::head::{Pairs, borrowed, is_for_client, is_of_connection, is_printable};
use crate::configuration::{Profile, StreamFraming};
use crate::conversion::Conversion;
use crate::failure::Failure;
use crate::reply::ReplyBody;
use crate::status::{Code, StatusForm, decode_binary, decode_message, write_status};
use http_exchange::{Bytes, Headers, LocalReply};
use std::borrow::Cow;

/// What the headers or trailers of a reply say about its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    code: Code,
    message: Option<&'a [u8]>,
    details: Option<&'a [u8]>,
}

impl<'a> End<'a> {
    /// The end in these headers or trailers.
    pub(super) fn read(headers: &Headers<'a>) -> Result<Self, Failure> {
        let code = headers.get(b"grpc-status").and_then(Code::parse).ok_or_else(Failure::no_status)?;
        let (message, details) = (headers.get(b"grpc-message"), headers.get(b"grpc-status-details-bin"));
        Ok(Self { code, message, details })
    }

    /// Whether the call succeeded.
    pub(super) fn is_ok(&self) -> bool {
        self.code == Code::OK
    }

    /// The status as JSON, where it has that form.
    fn json(&self, conversion: Conversion<'_>) -> Option<Vec<u8>> {
        let is_native = conversion.options.profile == Profile::Envoy;
        let form = if is_native { StatusForm::Native } else { StatusForm::Complete };
        let message = decode_message(self.message.unwrap_or_default());
        let details = self.details.and_then(decode_binary);
        let options = conversion.options.print;
        let mut out = Vec::new();
        let mut write = |details: Option<&[u8]>| {
            write_status(conversion.schema, &options, form, (self.code, &message), details, &mut out)
        };
        // Details that have no form do not hide the status itself; the native filter gives no body then.
        let written = write(details.as_deref()) || (!is_native && write(None));
        written.then_some(out)
    }

    /// The status as headers of the response; its details have no form but that of JSON.
    pub(super) fn headers(&self) -> impl Iterator<Item = (Bytes<'a>, Bytes<'a>)> + use<'a> {
        let code = Cow::Owned(self.code.0.to_string().into_bytes());
        let message = self.message.map(|message| (borrowed(b"grpc-message"), borrowed(message)));
        std::iter::once((borrowed(b"grpc-status"), code)).chain(message)
    }

    /// Appends the end of a stream, and in `strict` why it came too early.
    pub(super) fn close(&self, conversion: Conversion<'_>, framing: StreamFraming, is_empty: bool, out: &mut Vec<u8>) {
        let is_told = !self.is_ok() && conversion.options.profile == Profile::Strict;
        match self.json(conversion).filter(|_| is_told) {
            Some(status) => framing.fail(is_empty, &status, out),
            None => framing.close(is_empty, out),
        }
    }
}

/// A response but for the headers that pass as they are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: u16,
    pub(super) content_type: Vec<u8>,
    pub(super) body: Vec<u8>,
    /// The body is the status of the call, so that no header has to say it.
    pub(super) is_status: bool,
}

impl Outcome {
    /// The response to a call that ended so, after messages that became `body`. `is_early`: nothing but headers came.
    pub(super) fn new(
        conversion: Conversion<'_>,
        reply: &ReplyBody,
        end: &End<'_>,
        is_early: bool,
        mut body: Vec<u8>,
    ) -> Result<Self, Failure> {
        let options = conversion.options;
        let (is_native, is_empty) = (options.profile == Profile::Envoy, reply.messages() == 0);
        let framing = reply.framing();
        // A message beside an error is no answer to anything; the native filter keeps it.
        let is_replaced = !end.is_ok() && (is_empty || (!is_native && framing.is_none()));
        if is_replaced
            && options.convert_grpc_status
            && let Some(json) = end.json(conversion)
        {
            let content_type = b"application/json".to_vec();
            return Ok(Self { status: end.code.http(), content_type, body: json, is_status: true });
        }
        if is_empty && framing.is_none() && end.is_ok() && !is_native {
            return Err(Failure::reply("expected a message in the reply, but found none"));
        }
        let mut status = end.code.http();
        if let Some(framing) = framing {
            if is_empty && !end.is_ok() {
                framing.close(true, &mut body);
            } else {
                end.close(conversion, framing, is_empty, &mut body);
            }
            // The native filter has sent the head of a stream by then, unless it says at once how the call ended.
            if !is_empty || (is_native && !is_early) {
                status = 200;
            }
        }
        let content_type = match reply.content_type(conversion) {
            // What is not said, or cannot be said in a header.
            content_type if content_type.is_empty() || !is_printable(content_type) => b"application/octet-stream",
            content_type => content_type,
        };
        Ok(Self { status, content_type: content_type.to_vec(), body, is_status: false })
    }

    /// The response as an answer of the proxy's own, with these headers of the reply.
    pub(super) fn into_reply<'a>(
        self,
        metadata: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        end: &End<'a>,
    ) -> LocalReply<'a> {
        let mut headers: Pairs<'a> = Vec::with_capacity(8);
        headers.push((borrowed(b"content-type"), self.content_type.into()));
        headers.extend(metadata.map(|(name, value)| (borrowed(name), borrowed(value))));
        if !self.is_status {
            headers.extend(end.headers());
        }
        LocalReply { status: self.status, headers, body: self.body.into(), details: "grpc_json_transcoder" }
    }
}

/// The response to a call whose reply is all there.
pub(super) fn compose<'a>(
    conversion: Conversion<'_>,
    reply: &mut ReplyBody,
    head: &Headers<'a>,
    body: &[u8],
    trailers: &Headers<'a>,
) -> Result<LocalReply<'a>, Failure> {
    let limit = conversion.options.max_response_body_size;
    if body.len() > limit as usize {
        return Err(Failure::reply_too_large(limit));
    }
    let is_early = trailers.get(b"grpc-status").is_none();
    let end = End::read(if is_early { head } else { trailers })?;
    let mut out = Vec::with_capacity(body.len().saturating_mul(2));
    reply.push(conversion, body, &mut out)?;
    reply.finish()?;
    let outcome = Outcome::new(conversion, reply, &end, is_early, out)?;
    let metadata = head.iter().chain(trailers.iter()).filter(|(name, _)| is_for_client(name));
    Ok(outcome.into_reply(metadata, &end))
}

/// An answer that is no reply to a call, as it is.
pub(super) fn untouched<'a>(status: u16, head: &Headers<'a>, body: &'a [u8]) -> LocalReply<'a> {
    let passes = |name: &[u8]| !name.starts_with(b":") && !is_of_connection(name) && name != b"content-length";
    let headers = head.iter().filter(|(name, _)| passes(name));
    let headers = headers.map(|(name, value)| (borrowed(name), borrowed(value))).collect();
    LocalReply { status, headers, body: borrowed(body), details: "grpc_json_transcoder{no_grpc_reply}" }
}
