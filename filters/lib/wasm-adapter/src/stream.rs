//! Drives one exchange from the proxy's callbacks, and does what its steps say.

use crate::dispatch::Action;
use crate::host::{self, Buffer, Half, Map};
use crate::pairs;
use crate::plugin::{Plugin, Shared};
use http_exchange::{BodyStep, CallReply, HeaderEdits, Headers, LocalReply, Next, Part, Route, Step};
use std::borrow::Cow;

/// One exchange; without a configured plugin it passes unchanged.
pub(crate) struct Stream<P: Plugin> {
    plugin: Shared<P>,
    exchange: Option<P::Exchange>,
    /// The token of a callout that has just been sent.
    call: Option<u32>,
}

/// What became of a step.
enum Outcome {
    Done(Action),
    /// The exchange waits for the callout with this token.
    Called(u32),
    /// Its callout was not sent.
    Refused,
}

impl<P: Plugin> Stream<P> {
    pub(crate) fn new(plugin: Shared<P>) -> Self {
        let exchange = plugin.try_borrow().ok().and_then(|plugin| plugin.as_ref().map(P::open));
        Self { plugin, exchange, call: None }
    }

    /// The token of the callout that the last callback sent.
    pub(crate) fn take_call(&mut self) -> Option<u32> {
        self.call.take()
    }

    /// Lets the plugin decide, and tells it where the proxy refuses the callout that it asks for.
    fn decide(&mut self, decide: &mut dyn FnMut(&mut P, &mut P::Exchange) -> Outcome) -> Action {
        let Ok(mut plugin) = self.plugin.try_borrow_mut() else { return Action::Continue };
        let (Some(plugin), Some(exchange)) = (plugin.as_mut(), self.exchange.as_mut()) else { return Action::Continue };
        let mut outcome = decide(plugin, exchange);
        if let Outcome::Refused = outcome {
            let step = plugin.on_call_reply(exchange, &CallReply::Refused);
            outcome = take(step, Map::RequestHeaders, Half::Request);
        }
        match outcome {
            Outcome::Done(action) => action,
            Outcome::Called(token) => {
                self.call = Some(token);
                Action::Pause
            }
            Outcome::Refused => give_up(),
        }
    }

    fn decide_on_headers(
        &mut self,
        at: At,
        mut decide: impl for<'a> FnMut(&'a mut P, &'a mut P::Exchange, &Headers<'a>) -> Step<'a>,
    ) -> Action {
        self.decide(&mut |plugin, exchange| {
            let reads = plugin.reads(exchange, at.part)
                && plugin.needs(exchange, at.part).is_none_or(|name| host::has_header(at.map, name));
            let buffer = if reads { host::headers(at.map) } else { Vec::new() };
            let pairs = pairs::decode(&buffer);
            take(decide(plugin, exchange, &Headers::new(&pairs)), at.map, at.half)
        })
    }

    fn decide_on_trailers(
        &mut self,
        at: At,
        body: Body,
        mut decide: impl for<'a> FnMut(&'a mut P, &'a mut P::Exchange, &Headers<'a>) -> BodyStep<'a>,
    ) -> Action {
        self.decide(&mut |plugin, exchange| {
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
        self.decide(&mut |plugin, exchange| {
            let reads = size > 0 && plugin.reads(exchange, part);
            let bytes = if reads { host::buffer(body.buffer) } else { Vec::new() };
            take_body(decide(plugin, exchange, &bytes), body)
        })
    }
}

/// Where a callback for headers or trailers is.
#[derive(Clone, Copy)]
struct At {
    part: Part,
    map: Map,
    half: Half,
}

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
    pub(crate) fn on_call_reply(&mut self, headers: usize, body_size: usize, trailers: usize) {
        let _paused = self.decide(&mut |plugin, exchange| {
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

    pub(crate) fn on_request_headers(&mut self, end_of_stream: bool) -> Action {
        let at = At { part: Part::RequestHeaders, map: Map::RequestHeaders, half: Half::Request };
        self.decide_on_headers(at, |plugin, exchange, head| {
            plugin.on_request_headers(exchange, head, end_of_stream, &mut CurrentRoute)
        })
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

    pub(crate) fn on_response_headers(&mut self, end_of_stream: bool) -> Action {
        let at = At { part: Part::ResponseHeaders, map: Map::ResponseHeaders, half: Half::Response };
        self.decide_on_headers(at, |plugin, exchange, head| plugin.on_response_headers(exchange, head, end_of_stream))
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

/// The route of the current stream.
struct CurrentRoute;

impl Route for CurrentRoute {
    fn cluster(&mut self) -> Option<Vec<u8>> {
        host::route_cluster()
    }
}

fn take(step: Step<'_>, map: Map, half: Half) -> Outcome {
    edit(map, &step.edits);
    go_on(step.next, half)
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

fn edit(map: Map, edits: &HeaderEdits<'_>) {
    // A proxy of ABI 0.2.1 chooses the route again whenever a filter changed a request header, so no call asks it to.
    host::edit_headers(map, edits);
}

fn go_on(next: Next<'_>, half: Half) -> Outcome {
    Outcome::Done(match next {
        Next::Continue => Action::Continue,
        Next::Pause => Action::Pause,
        Next::Release => {
            host::continue_stream(half);
            Action::Pause
        }
        Next::Reply(reply) => {
            host::send_local_reply(&reply);
            Action::Pause
        }
        Next::Call(callout) => return host::call(&callout).map_or(Outcome::Refused, Outcome::Called),
    })
}

/// Ends an exchange with which nothing else can be done; it never waits for ever.
fn give_up() -> Action {
    host::send_local_reply(&LocalReply {
        status: 500,
        headers: Vec::new(),
        body: Cow::Borrowed(b""),
        details: "plugin_could_not_go_on",
    });
    Action::Pause
}
