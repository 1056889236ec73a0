//! The request itself as the call: messages pass in both directions as they come, in constant memory.
//!
//! Where the host lets a filter hold heads while bodies come (`transport: inline`), the head of a response waits until its status
//! is known: that of one message until the end, that of a stream until its first message. Elsewhere it has to go on at once, as a
//! 200. A proxy takes something after the last piece of a body only from a filter that held that piece: so each is held and
//! released ([`Next::Release`]), and the first one waits for the next where the head was not held.

use super::head::borrowed;
use super::outcome::{End, Outcome};
use crate::configuration::Profile;
use crate::conversion::Conversion;
use crate::failure::Failure;
use crate::reply::ReplyBody;
use crate::request::RequestBody;
use http_exchange::{BodyStep, HeaderEdit, HeaderEdits, Headers, Next, Part, Step};

/// A call that is the request itself.
#[derive(Debug)]
pub(super) struct Inline {
    request: Option<RequestBody>,
    pub(super) reply: ReplyBody,
    holds_heads: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// No response has come.
    Requesting,
    /// All of it is kept until its status is known.
    Collecting {
        body: Vec<u8>,
        /// A piece came, so there is a place for it.
        has_place: bool,
    },
    /// Messages pass as they come.
    Streaming(Streaming),
    /// It failed, and what comes is dropped; this was released before the proxy held anything, and so is still there.
    Failed(Vec<u8>),
}

/// Where a stream of messages stands with the proxy.
#[derive(Debug, Default)]
struct Streaming {
    /// The proxy holds the response, so what is released goes on at once.
    is_held: bool,
    /// A piece of the body came, so there is a place for more at the end.
    has_place: bool,
    /// What was released before the proxy held anything, and so is still there.
    waiting: Vec<u8>,
}

impl Inline {
    pub(super) fn new(request: RequestBody, reply: ReplyBody, holds_heads: bool) -> Self {
        Self { request: Some(request), reply, holds_heads, phase: Phase::Requesting }
    }

    pub(super) fn reads(&self, part: Part) -> bool {
        let is_requesting = matches!(self.phase, Phase::Requesting);
        match part {
            Part::RequestHeaders | Part::RequestTrailers => false,
            Part::RequestBody => self.request.is_some(),
            Part::ResponseHeaders => is_requesting,
            Part::ResponseBody | Part::ResponseTrailers => !is_requesting && !matches!(self.phase, Phase::Failed(_)),
        }
    }

    pub(super) fn on_request_body(
        &mut self,
        conversion: Conversion<'_>,
        piece: &[u8],
        end_of_stream: bool,
    ) -> Result<BodyStep<'static>, Failure> {
        let Some(request) = &mut self.request else { return Ok(BodyStep::default()) };
        let mut out = Vec::new();
        request.push(conversion, piece, end_of_stream, &mut out)?;
        if end_of_stream {
            self.request = None;
        }
        let next = if out.is_empty() && !end_of_stream { Next::Pause } else { Next::Continue };
        Ok(replace(out, next))
    }

    pub(super) fn on_response_headers(&mut self, conversion: Conversion<'_>, headers: &Headers<'_>) -> Step<'static> {
        let mut edits = HeaderEdits::new();
        for name in [&b"content-length"[..], b"trailer"] {
            if headers.get(name).is_some() {
                edits.push(HeaderEdit::Remove(borrowed(name)));
            }
        }
        if self.holds_heads && self.reply.framing().is_none() {
            self.phase = Phase::Collecting { body: Vec::new(), has_place: false };
            return Step { edits, next: Next::Pause };
        }
        let content_type = self.reply.content_type(conversion).to_vec();
        edits.push(HeaderEdit::Set(borrowed(b"content-type"), content_type.into()));
        self.phase = Phase::Streaming(Streaming { is_held: self.holds_heads, ..Streaming::default() });
        Step { edits, next: if self.holds_heads { Next::Pause } else { Next::Continue } }
    }

    pub(super) fn on_response_body(
        &mut self,
        conversion: Conversion<'_>,
        held: &[u8],
        end_of_stream: bool,
    ) -> Result<BodyStep<'static>, Failure> {
        let streaming = match &mut self.phase {
            Phase::Requesting => return Ok(BodyStep::default()),
            Phase::Failed(waiting) => {
                let out = std::mem::take(waiting);
                let next = if out.is_empty() { Next::Pause } else { Next::Release };
                return Ok(replace(out, if end_of_stream { Next::Continue } else { next }));
            }
            Phase::Collecting { body, has_place } => {
                *has_place = true;
                self.reply.push(conversion, held, body)?;
                let limit = conversion.options.max_response_body_size;
                if body.len() > limit as usize {
                    return Err(Failure::reply_too_large(limit));
                }
                return if end_of_stream { Err(Failure::no_status()) } else { Ok(replace(Vec::new(), Next::Pause)) };
            }
            Phase::Streaming(streaming) => streaming,
        };
        streaming.has_place = true;
        // What was released before and is still there comes first.
        let mut out = std::mem::take(&mut streaming.waiting);
        let piece = held.get(out.len()..).unwrap_or_default();
        let was_held = std::mem::replace(&mut streaming.is_held, true);
        let pushed = self.reply.push(conversion, piece, &mut out);
        match pushed {
            Ok(()) if end_of_stream => return self.fail(conversion, Failure::no_status(), out, Next::Continue),
            Err(failure) if end_of_stream => return self.fail(conversion, failure, out, Next::Continue),
            Err(failure) => {
                let step = self.fail(conversion, failure, out, Next::Release)?;
                if !was_held && let Phase::Failed(waiting) = &mut self.phase {
                    *waiting = step.replace.as_deref().unwrap_or_default().to_vec();
                }
                return Ok(step);
            }
            Ok(()) => {}
        }
        if out.is_empty() {
            return Ok(replace(out, Next::Pause));
        }
        if !was_held {
            streaming.waiting.clone_from(&out);
        }
        Ok(replace(out, Next::Release))
    }

    pub(super) fn on_response_trailers<'a>(
        &mut self,
        conversion: Conversion<'_>,
        trailers: &Headers<'a>,
    ) -> Result<BodyStep<'a>, Failure> {
        match &mut self.phase {
            Phase::Requesting | Phase::Failed(_) => Ok(BodyStep::default()),
            Phase::Collecting { body, has_place } => {
                let body = std::mem::take(body);
                self.reply.finish()?;
                let end = End::read(trailers)?;
                Ok(respond(Outcome::new(conversion, &self.reply, &end, false, body)?, &end, *has_place))
            }
            Phase::Streaming(streaming) => {
                let Streaming { has_place, waiting: mut out, .. } = std::mem::take(streaming);
                let end = match self.reply.finish().and_then(|()| End::read(trailers)) {
                    Ok(end) => end,
                    Err(failure) if has_place => return self.fail(conversion, failure, out, Next::Continue),
                    Err(failure) => return Err(failure),
                };
                let is_empty = self.reply.messages() == 0;
                if self.holds_heads && is_empty && !(end.is_ok() && has_place) {
                    let outcome = Outcome::new(conversion, &self.reply, &end, true, Vec::new())?;
                    return Ok(respond(outcome, &end, has_place));
                }
                // Without a place to write to, an end that is good does without, and one that is not cuts the stream.
                match self.reply.framing() {
                    _ if !has_place && end.is_ok() => return Ok(BodyStep::default()),
                    _ if !has_place => return Err(Failure::lost_status()),
                    Some(framing) => end.close(conversion, framing, is_empty, &mut out),
                    None => {}
                }
                Ok(replace(out, Next::Continue))
            }
        }
    }

    /// Ends a stream that has begun with a record that says why; where that cannot be, the client sees it cut.
    fn fail(
        &mut self,
        conversion: Conversion<'_>,
        failure: Failure,
        mut out: Vec<u8>,
        next: Next<'static>,
    ) -> Result<BodyStep<'static>, Failure> {
        let Some(framing) = self.reply.framing() else { return Err(failure) };
        let is_empty = self.reply.messages() == 0;
        if (self.holds_heads && is_empty) || conversion.options.profile == Profile::Envoy {
            return Err(failure);
        }
        log::warn!("a stream ends with an error: {}", failure.message);
        framing.fail(is_empty, &failure.json(), &mut out);
        self.phase = Phase::Failed(Vec::new());
        Ok(replace(out, next))
    }
}

fn replace(bytes: Vec<u8>, next: Next<'static>) -> BodyStep<'static> {
    BodyStep { replace: Some(bytes.into()), edits: HeaderEdits::new(), next }
}

/// Makes the response that is held the one of this outcome. Without a place for its body another response takes its place.
fn respond<'a>(outcome: Outcome, end: &End<'a>, has_place: bool) -> BodyStep<'a> {
    if !has_place && !outcome.body.is_empty() {
        return BodyStep { next: Next::Reply(outcome.into_reply(std::iter::empty(), end)), ..BodyStep::default() };
    }
    let set = |name: &'static [u8], value: Vec<u8>| HeaderEdit::Set(borrowed(name), value.into());
    let mut edits: HeaderEdits<'a> = vec![
        set(b":status", outcome.status.to_string().into_bytes()),
        set(b"content-type", outcome.content_type),
        set(b"content-length", outcome.body.len().to_string().into_bytes()),
    ];
    if !outcome.is_status {
        edits.extend(end.headers().map(|(name, value)| HeaderEdit::Set(name, value)));
    }
    BodyStep { replace: has_place.then(|| outcome.body.into()), edits, next: Next::Continue }
}
