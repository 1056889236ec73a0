//! Drives one exchange from the proxy's callbacks, and does what its steps say.

use crate::dispatch::Action;
use crate::host::{self, Half, Map};
use crate::pairs;
use crate::plugin::{Configured, Plugin, Shared};
use http_exchange::{CallReply, HeaderEdits, Headers, LocalReply, Next, Part, Route, Step};
use std::borrow::Cow;

/// One exchange; without a configured plugin it passes unchanged.
pub(crate) struct Stream<P: Plugin> {
    plugin: Shared<P>,
    exchange: Option<P::Exchange>,
    /// The token of a callout that has just been sent.
    #[cfg(feature = "bodies")]
    call: Option<u32>,
}

/// What became of a step.
pub(crate) enum Outcome {
    Done(Action),
    /// The exchange waits for the callout with this token.
    #[cfg(feature = "bodies")]
    Called(u32),
    /// Its callout was not sent.
    Refused,
}

impl<P: Plugin> Stream<P> {
    pub(crate) fn new(plugin: Shared<P>) -> Self {
        let exchange =
            plugin.try_borrow().ok().and_then(|plugin| plugin.as_ref().map(|configured| configured.plugin.open()));
        Self {
            plugin,
            exchange,
            #[cfg(feature = "bodies")]
            call: None,
        }
    }

    /// The token of the callout that the last callback sent.
    #[cfg(feature = "bodies")]
    pub(crate) fn take_call(&mut self) -> Option<u32> {
        self.call.take()
    }

    /// Lets the plugin decide, and tells it where the proxy refuses the callout that it asks for.
    pub(crate) fn decide(&mut self, decide: &mut dyn FnMut(&mut Configured<P>, &mut P::Exchange) -> Outcome) -> Action {
        let Ok(mut plugin) = self.plugin.try_borrow_mut() else { return Action::Continue };
        let (Some(plugin), Some(exchange)) = (plugin.as_mut(), self.exchange.as_mut()) else { return Action::Continue };
        let mut outcome = decide(plugin, exchange);
        if let Outcome::Refused = outcome {
            let step = plugin.plugin.on_call_reply(exchange, &CallReply::Refused);
            outcome = take(step, Map::RequestHeaders, Half::Request);
        }
        match outcome {
            Outcome::Done(action) => action,
            #[cfg(feature = "bodies")]
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
        self.decide(&mut |Configured { plugin, had_needed: [request, response] }, exchange| {
            let needed = plugin.needs(exchange, at.part);
            let had_needed = if at.half == Half::Request { request } else { response };
            let reads = plugin.reads(exchange, at.part)
                && needed.is_none_or(|name| *had_needed || host::has_header(at.map, name));
            let buffer = if reads { host::headers(at.map) } else { Vec::new() };
            let mut pairs = pairs::decode(&buffer);
            if let Some(needed) = needed {
                *had_needed = pairs.iter().any(|(name, _)| *name == needed);
                if !*had_needed {
                    pairs.clear();
                }
            }
            take(decide(plugin, exchange, &Headers::new(&pairs)), at.map, at.half)
        })
    }
}

/// Where a callback for headers or trailers is.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) part: Part,
    pub(crate) map: Map,
    pub(crate) half: Half,
}

impl<P: Plugin> Stream<P> {
    pub(crate) fn on_request_headers(&mut self, end_of_stream: bool) -> Action {
        let at = At { part: Part::RequestHeaders, map: Map::RequestHeaders, half: Half::Request };
        self.decide_on_headers(at, |plugin, exchange, head| {
            plugin.on_request_headers(exchange, head, end_of_stream, &mut CurrentRoute)
        })
    }

    pub(crate) fn on_response_headers(&mut self, end_of_stream: bool) -> Action {
        let at = At { part: Part::ResponseHeaders, map: Map::ResponseHeaders, half: Half::Response };
        self.decide_on_headers(at, |plugin, exchange, head| plugin.on_response_headers(exchange, head, end_of_stream))
    }
}

/// The route of the current stream.
struct CurrentRoute;

impl Route for CurrentRoute {
    fn cluster(&mut self) -> Option<Vec<u8>> {
        host::route_cluster()
    }
}

pub(crate) fn take(step: Step<'_>, map: Map, half: Half) -> Outcome {
    edit(map, &step.edits);
    go_on(step.next, half)
}

pub(crate) fn edit(map: Map, edits: &HeaderEdits<'_>) {
    // A proxy of ABI 0.2.1 chooses the route again whenever a filter changed a request header, so no call asks it to.
    host::edit_headers(map, edits);
}

pub(crate) fn go_on(next: Next<'_>, half: Half) -> Outcome {
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
        #[cfg(feature = "bodies")]
        Next::Call(callout) => return host::call(&callout).map_or(Outcome::Refused, Outcome::Called),
        // Its answer would never be heard of.
        #[cfg(not(feature = "bodies"))]
        Next::Call(_) => return Outcome::Refused,
    })
}

/// Ends an exchange with which nothing else can be done; it never waits for ever.
pub(crate) fn give_up() -> Action {
    host::send_local_reply(&LocalReply {
        status: 500,
        headers: Vec::new(),
        body: Cow::Borrowed(b""),
        details: "plugin_could_not_go_on",
    });
    Action::Pause
}
