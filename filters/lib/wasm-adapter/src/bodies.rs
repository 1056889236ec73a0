//! Bodies, trailers and callouts: what only a filter needs that looks beyond heads.
//!
//! A callback costs a call into the module whether anything is done in it or not, so a filter of heads alone is built without the
//! feature `bodies` and exports none of these.

use crate::dispatch::{Action, Event, stream, with};
use crate::host::{self, Buffer, Half, Map};
use crate::pairs;
use crate::plugin::{Configured, Plugin};
use crate::stream::{At, Outcome, Stream, edit, give_up, go_on, take};
use http_exchange::{BodyStep, CallReply, Headers, Next, Part};

/// Where a body is, and the headers that belong to it.
#[derive(Clone, Copy)]
struct Body {
    buffer: Buffer,
    headers: Map,
    half: Half,
}

const REQUEST_BODY: Body = Body { buffer: Buffer::RequestBody, headers: Map::RequestHeaders, half: Half::Request };
const RESPONSE_BODY: Body = Body { buffer: Buffer::ResponseBody, headers: Map::ResponseHeaders, half: Half::Response };

impl<P: Plugin> Stream<P> {
    fn decide_on_trailers(
        &mut self,
        at: At,
        body: Body,
        mut decide: impl for<'a> FnMut(&'a mut P, &'a mut P::Exchange, &Headers<'a>) -> BodyStep<'a>,
    ) -> Action {
        self.decide(&mut |Configured { plugin, .. }, exchange| {
            let buffer = if plugin.reads(exchange, at.part) { host::headers(at.map) } else { Vec::new() };
            let pairs = pairs::decode(&buffer);
            take_body(decide(plugin, exchange, &Headers::new(&pairs)), body)
        })
    }

    fn decide_on_body(
        &mut self,
        size: usize,
        part: Part,
        body: Body,
        mut decide: impl for<'a> FnMut(&'a mut P, &'a mut P::Exchange, &'a [u8]) -> BodyStep<'a>,
    ) -> Action {
        self.decide(&mut |Configured { plugin, .. }, exchange| {
            let reads = size > 0 && plugin.reads(exchange, part);
            let bytes = if reads { host::buffer(body.buffer) } else { Vec::new() };
            take_body(decide(plugin, exchange, &bytes), body)
        })
    }

    pub(crate) fn on_call_reply(&mut self, headers: usize, body_size: usize, trailers: usize) {
        let _paused = self.decide(&mut |Configured { plugin, .. }, exchange| {
            let head = if headers > 0 { host::headers(Map::CallHeaders) } else { Vec::new() };
            let body = if body_size > 0 { host::buffer(Buffer::CallBody) } else { Vec::new() };
            let trailers = if trailers > 0 { host::headers(Map::CallTrailers) } else { Vec::new() };
            let (head, trailers) = (pairs::decode(&head), pairs::decode(&trailers));
            let (head, trailers) = (Headers::new(&head), Headers::new(&trailers));
            let reply = if headers > 0 { CallReply::Answer { head, body: &body, trailers } } else { CallReply::Broken };
            let step = plugin.on_call_reply(exchange, &reply);
            let continues = step.next == Next::Continue;
            let outcome = take(step, Map::RequestHeaders, Half::Request);
            if continues {
                host::continue_stream(Half::Request);
            }
            outcome
        });
    }

    pub(crate) fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.decide_on_body(size, Part::RequestBody, REQUEST_BODY, |plugin, exchange, body| {
            plugin.on_request_body(exchange, body, end_of_stream)
        })
    }

    pub(crate) fn on_request_trailers(&mut self) -> Action {
        let at = At { part: Part::RequestTrailers, map: Map::RequestTrailers, half: Half::Request };
        self.decide_on_trailers(at, REQUEST_BODY, |plugin, exchange, trailers| {
            plugin.on_request_trailers(exchange, trailers)
        })
    }

    pub(crate) fn on_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.decide_on_body(size, Part::ResponseBody, RESPONSE_BODY, |plugin, exchange, body| {
            plugin.on_response_body(exchange, body, end_of_stream)
        })
    }

    pub(crate) fn on_response_trailers(&mut self) -> Action {
        let at = At { part: Part::ResponseTrailers, map: Map::ResponseTrailers, half: Half::Response };
        self.decide_on_trailers(at, RESPONSE_BODY, |plugin, exchange, trailers| {
            plugin.on_response_trailers(exchange, trailers)
        })
    }
}

fn take_body(step: BodyStep<'_>, body: Body) -> Outcome {
    let replaced = step.replace.is_none_or(|bytes| host::replace_buffer(body.buffer, &bytes));
    edit(body.headers, &step.edits);
    match step.next {
        // The bytes that were to be replaced must not pass as they are.
        Next::Continue | Next::Release if !replaced => Outcome::Done(give_up()),
        next => go_on(next, body.half),
    }
}

/// A piece of a request's body is there.
// SAFETY: the name is the ABI's, and nothing else in a module has it.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_request_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
    stream(context, Event::RequestBody { size, end_of_stream: end_of_stream != 0 })
}

/// A request ends with trailers.
// SAFETY: the name is the ABI's, and nothing else in a module has it.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_request_trailers(context: u32, _count: usize) -> u32 {
    stream(context, Event::RequestTrailers)
}

/// A piece of a response's body is there.
// SAFETY: the name is the ABI's, and nothing else in a module has it.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_response_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
    stream(context, Event::ResponseBody { size, end_of_stream: end_of_stream != 0 })
}

/// A response ends with trailers.
// SAFETY: the name is the ABI's, and nothing else in a module has it.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_response_trailers(context: u32, _count: usize) -> u32 {
    stream(context, Event::ResponseTrailers)
}

/// A callout was answered, or came to nothing.
// SAFETY: the name is the ABI's, and nothing else in a module has it.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_http_call_response(
    _root: u32,
    token: u32,
    headers: usize,
    body_size: usize,
    trailers: usize,
) {
    with((), |contexts| contexts.call_reply(token, headers, body_size, trailers));
}
