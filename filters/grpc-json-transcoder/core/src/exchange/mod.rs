//! One exchange: a JSON request in, one gRPC call, its reply out.
//!
//! A call goes out in one of two ways. As a *callout*, its reply becomes an answer of the proxy's own; a request with a body is
//! sent on meanwhile with its body held back, because a proxy shows a body only to filters that let the head pass (what waits at
//! the upstream is then reset). *Inline* (`inline`), the request itself becomes the call, message by message. Nothing is done
//! here: every function takes what came in and says what is wanted.

mod head;
mod inline;
mod outcome;

use crate::bindings::bind;
use crate::configuration::{Options, Transport};
use crate::failure::Failure;
use crate::reply::ReplyBody;
use crate::request::{BodyHead, RequestBody};
use crate::router::{Lookup, Route as Match};
use crate::rule::CompiledRule;
use crate::transcoder::Transcoder;
use head::{RequestHead, borrowed, is_grpc};
use http_exchange::{BodyStep, Bytes, CallReply, Callout, HeaderEdits, Headers, LocalReply, Next, Part, Route, Step};
use inline::Inline;
use outcome::{compose, untouched};
use std::borrow::Cow;
use std::time::Duration;

/// One exchange.
#[derive(Debug, Default)]
pub struct Exchange {
    state: State,
    /// The path of the method, for the log.
    path: String,
}

#[derive(Debug, Default)]
enum State {
    /// What comes is not for this filter, or has been answered.
    #[default]
    Passing,
    /// The body of a request comes, for a callout.
    Receiving(Box<Receiving>),
    /// A callout is under way.
    Calling { reply: Box<ReplyBody>, parked: Parked },
    /// The request itself is the call.
    Inline(Box<Inline>),
}

/// What waits at an upstream while a callout is prepared and under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parked {
    /// Nothing.
    No,
    /// The call itself, without its messages: an error that comes of it is the call's.
    Call,
    /// The request as the client sent it, because its route is to be kept: what comes of it says nothing.
    Request,
}

#[derive(Debug)]
struct Receiving {
    parked: Parked,
    body: RequestBody,
    messages: Vec<u8>,
    reply: Box<ReplyBody>,
    callout: Callout<'static>,
}

impl Exchange {
    /// Whether a part of the exchange matters from here on.
    pub fn reads(&self, transcoder: &Transcoder, part: Part) -> bool {
        match (&self.state, part) {
            (_, Part::RequestHeaders) => transcoder.is_enabled(),
            (State::Passing, _) => false,
            (State::Receiving(_), part) => matches!(part, Part::RequestBody | Part::ResponseHeaders),
            (State::Calling { parked, .. }, part) => *parked != Parked::No && part == Part::ResponseHeaders,
            (State::Inline(inline), part) => inline.reads(part),
        }
    }

    /// Decides on a request by its headers.
    pub fn on_request_headers<'a>(
        &'a mut self,
        transcoder: &'a Transcoder,
        headers: &Headers<'a>,
        end_of_stream: bool,
        route: &mut dyn Route,
    ) -> Step<'a> {
        if !transcoder.is_enabled() {
            return Step::default();
        }
        let options = transcoder.options();
        let head = RequestHead::read(headers, options);
        if head.is_call() {
            return Step::default();
        }
        let step = match transcoder.router().find(head.method, head.path) {
            Lookup::Found(found) => self.begin(transcoder, &head, &found, end_of_stream, route),
            Lookup::MethodNotAllowed(allow) if options.method_not_allowed => Err(Failure::method_not_allowed(allow)),
            _ if options.validation.reject_unknown_method => Err(Failure::unknown_method()),
            _ => Ok(Step::default()),
        };
        step.unwrap_or_else(|failure| reply(self.refuse(transcoder, failure)))
    }

    fn begin<'a>(
        &mut self,
        transcoder: &'a Transcoder,
        head: &RequestHead<'a>,
        found: &Match<'a>,
        end_of_stream: bool,
        route: &mut dyn Route,
    ) -> Result<Step<'a>, Failure> {
        let (conversion, options, rule) = (transcoder.conversion(), transcoder.options(), found.rule);
        let bindings = match bind(conversion.schema, found, conversion.binding) {
            Ok(bindings) => bindings,
            // A query that fits no method passes as a path that fits none.
            Err(error) if error.is_unknown_field() && !options.validation.reject_unknown_query_parameters => {
                return Ok(Step::default());
            }
            Err(error) => return Err(Failure::binding(error.to_string())),
        };
        self.path.clone_from(&rule.grpc_path);
        let body_head = BodyHead { method: head.method, content_type: head.content_type };
        let mut body = RequestBody::new(conversion, rule, bindings, body_head);
        let reply = ReplyBody::new(conversion, rule, head.accept);
        if !end_of_stream && is_inline(options, rule) {
            let holds_heads = options.transport == Transport::Inline;
            self.state = State::Inline(Box::new(Inline::new(body, reply, holds_heads)));
            let next = if holds_heads { Next::Pause } else { Next::Continue };
            return Ok(Step { edits: head.edits(&rule.grpc_path), next });
        }
        let cluster: Bytes<'a> = match options.cluster.of(rule.service()) {
            Some(cluster) => borrowed(cluster.as_bytes()),
            None => route.cluster().filter(|cluster| !cluster.is_empty()).ok_or_else(Failure::no_cluster)?.into(),
        };
        let (reply, timeout) = (Box::new(reply), milliseconds(head.timeout.unwrap_or(options.timeout)));
        if end_of_stream {
            let mut messages = Vec::new();
            body.push(conversion, &[], true, &mut messages)?;
            self.state = State::Calling { reply, parked: Parked::No };
            let headers = head.call(&rule.grpc_path);
            let callout = Callout { cluster, headers, body: messages.into(), timeout };
            return Ok(Step { edits: HeaderEdits::new(), next: Next::Call(callout) });
        }
        let headers = head.call(&rule.grpc_path);
        let callout = Callout { cluster: owned(cluster), headers, body: borrowed(b""), timeout };
        // A proxy chooses the route again as soon as a header changes.
        let (parked, edits) = match options.match_incoming_request_route {
            true => (Parked::Request, HeaderEdits::new()),
            false => (Parked::Call, head.waits(&rule.grpc_path)),
        };
        self.state = State::Receiving(Box::new(Receiving { parked, body, messages: Vec::new(), reply, callout }));
        let holds_heads = options.transport == Transport::Inline;
        Ok(Step { edits, next: if holds_heads { Next::Pause } else { Next::Continue } })
    }

    /// Decides on a piece of the request's body.
    pub fn on_request_body(&mut self, transcoder: &Transcoder, piece: &[u8], end_of_stream: bool) -> BodyStep<'static> {
        let step = match &mut self.state {
            State::Passing => Ok(BodyStep::default()),
            State::Calling { .. } => Ok(drain(Next::Pause)),
            State::Inline(inline) => inline.on_request_body(transcoder.conversion(), piece, end_of_stream),
            State::Receiving(receiving) => {
                receiving.push(transcoder, piece, end_of_stream).map(|()| drain(Next::Pause))
            }
        };
        match step {
            Ok(_) if end_of_stream && matches!(self.state, State::Receiving(_)) => self.call(),
            Ok(step) => step,
            Err(failure) => BodyStep { next: Next::Reply(self.refuse(transcoder, failure)), ..BodyStep::default() },
        }
    }

    /// Decides at the trailers of a request: they end its body, and are no part of the call.
    pub fn on_request_trailers(&mut self, transcoder: &Transcoder) -> BodyStep<'static> {
        let step = self.on_request_body(transcoder, &[], true);
        // Where nothing was held there is no place to write to; so nothing is written where nothing is to be.
        BodyStep { replace: step.replace.filter(|bytes| !bytes.is_empty()), ..step }
    }

    fn call(&mut self) -> BodyStep<'static> {
        let State::Receiving(receiving) = std::mem::take(&mut self.state) else { return BodyStep::default() };
        let Receiving { parked, messages, reply, mut callout, .. } = *receiving;
        callout.body = messages.into();
        self.state = State::Calling { reply, parked };
        drain(Next::Call(callout))
    }

    /// Decides on a response by its headers: the answer to a request that waits without its body, or to one that is the call.
    pub fn on_response_headers<'a>(
        &'a mut self,
        transcoder: &'a Transcoder,
        headers: &Headers<'a>,
        end_of_stream: bool,
    ) -> Step<'a> {
        let conversion = transcoder.conversion();
        let reply_body = match &mut self.state {
            State::Passing | State::Calling { parked: Parked::No, .. } => return Step::default(),
            State::Receiving(receiving) if receiving.parked == Parked::Request => return hold(),
            State::Calling { parked: Parked::Request, .. } => return hold(),
            _ if !is_reply(headers, end_of_stream) => {
                if transcoder.options().json_errors
                    && let Some(failure) = failure_of_proxy(headers)
                {
                    return reply(self.refuse(transcoder, failure));
                }
                let status = headers.get(b":status").unwrap_or_default().escape_ascii();
                log::warn!("{}: expected a gRPC reply, but found an answer with status {status}", self.path);
                self.state = State::Passing;
                return Step::default();
            }
            State::Inline(inline) if !end_of_stream => return inline.on_response_headers(conversion, headers),
            // These headers alone say nothing; the callout is the same call, and its answer comes.
            State::Receiving(_) | State::Calling { .. } if !end_of_stream => return hold(),
            State::Receiving(receiving) => &mut receiving.reply,
            State::Calling { reply, .. } => reply,
            State::Inline(inline) => &mut inline.reply,
        };
        match compose(conversion, reply_body, headers, &[], &Headers::default()) {
            Ok(answer) => {
                self.state = State::Passing;
                reply(answer)
            }
            Err(failure) => reply(self.refuse(transcoder, failure)),
        }
    }

    /// Decides on a piece of the response's body.
    pub fn on_response_body(
        &mut self,
        transcoder: &Transcoder,
        piece: &[u8],
        end_of_stream: bool,
    ) -> BodyStep<'static> {
        let State::Inline(inline) = &mut self.state else { return BodyStep::default() };
        let step = inline.on_response_body(transcoder.conversion(), piece, end_of_stream);
        step.unwrap_or_else(|failure| BodyStep {
            next: Next::Reply(self.refuse(transcoder, failure)),
            ..BodyStep::default()
        })
    }

    /// Decides at the trailers of a response.
    pub fn on_response_trailers<'a>(&mut self, transcoder: &Transcoder, trailers: &Headers<'a>) -> BodyStep<'a> {
        let State::Inline(inline) = &mut self.state else { return BodyStep::default() };
        let step = inline.on_response_trailers(transcoder.conversion(), trailers);
        step.unwrap_or_else(|failure| BodyStep {
            next: Next::Reply(self.refuse(transcoder, failure)),
            ..BodyStep::default()
        })
    }

    /// Decides on what came of the callout.
    pub fn on_call_reply<'a>(&'a mut self, transcoder: &'a Transcoder, answer: &CallReply<'a>) -> Step<'a> {
        let State::Calling { reply: mut reply_body, .. } = std::mem::take(&mut self.state) else {
            // The client has its answer.
            return hold();
        };
        let composed = match answer {
            CallReply::Refused => Err(Failure::refused()),
            CallReply::Broken => Err(Failure::broken()),
            CallReply::Answer { head, .. } if is_of_proxy(head) => {
                Err(Failure::of_proxy(head.get(b"grpc-message").unwrap_or_default()))
            }
            CallReply::Answer { head, body, trailers } if is_reply(head, false) => {
                compose(transcoder.conversion(), &mut reply_body, head, body, trailers)
            }
            CallReply::Answer { head, body, .. } => {
                let status = status(head);
                log::warn!("{}: expected a gRPC reply, but found an answer with status {status}", self.path);
                Ok(untouched(status, head, body))
            }
        };
        reply(composed.unwrap_or_else(|failure| self.refuse(transcoder, failure)))
    }

    /// Ends the exchange.
    fn refuse(&mut self, transcoder: &Transcoder, failure: Failure) -> LocalReply<'static> {
        self.state = State::Passing;
        failure.into_reply(transcoder.options(), &self.path)
    }
}

impl Receiving {
    fn push(&mut self, transcoder: &Transcoder, piece: &[u8], end_of_stream: bool) -> Result<(), Failure> {
        self.body.push(transcoder.conversion(), piece, end_of_stream, &mut self.messages)?;
        // One message has been measured as it came; many of them are kept here.
        let limit = transcoder.options().max_request_body_size;
        if self.body.is_stream() && self.messages.len() > limit as usize {
            return Err(Failure::request_too_large(limit));
        }
        Ok(())
    }
}

fn reply(reply: LocalReply<'_>) -> Step<'_> {
    Step { edits: HeaderEdits::new(), next: Next::Reply(reply) }
}

/// Waits for the callout.
fn hold() -> Step<'static> {
    Step { edits: HeaderEdits::new(), next: Next::Pause }
}

/// Takes what the proxy holds of a body away.
fn drain(next: Next<'static>) -> BodyStep<'static> {
    BodyStep { replace: Some(borrowed(b"")), edits: HeaderEdits::new(), next }
}

fn owned(bytes: Bytes<'_>) -> Bytes<'static> {
    Cow::Owned(bytes.into_owned())
}

/// Whether a request with a body is itself the call.
fn is_inline(options: &Options, rule: &CompiledRule) -> bool {
    // What changes a request's head changes its route.
    !options.match_incoming_request_route
        && match options.transport {
            Transport::Callout => false,
            Transport::Inline => true,
            // A head that cannot wait says 200 and one media type: true of a stream of JSON, whatever comes of it, but neither of
            // a single reply, whose status is that of the call, nor of raw bytes, which have a media type of their own.
            Transport::Auto => rule.server_streaming && !rule.gives_http_body,
        }
}

/// Whether this is the head of a reply to a gRPC call.
fn is_reply(head: &Headers<'_>, is_all: bool) -> bool {
    head.get(b":status") == Some(b"200")
        && is_grpc(head.get(b"content-type").unwrap_or_default())
        && (!is_all || head.get(b"grpc-status").is_some())
}

/// Whether the proxy answered a callout in the place of an upstream: as a server would, but without the time that one took.
fn is_of_proxy(head: &Headers<'_>) -> bool {
    head.get(b"grpc-status") == Some(b"14") && head.get(b"x-envoy-upstream-service-time").is_none()
}

/// Why the proxy answered a request that waits at its upstream, or is the call, if it did: no server of gRPC answers in plain text.
fn failure_of_proxy(head: &Headers<'_>) -> Option<Failure> {
    let is_text = head.get(b"content-type") == Some(b"text/plain");
    match status(head) {
        503 if is_text => Some(Failure::refused()),
        504 if is_text => Some(Failure::of_proxy(b"upstream request timeout")),
        _ => None,
    }
}

/// The status of an answer; what is none is a bad gateway.
fn status(head: &Headers<'_>) -> u16 {
    let status = head.get(b":status").and_then(|value| str::from_utf8(value).ok()?.parse().ok());
    status.filter(|status| (200..600).contains(status)).unwrap_or(502)
}

/// At least one, because none at all would be for ever.
fn milliseconds(timeout: Duration) -> u32 {
    u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1)
}
