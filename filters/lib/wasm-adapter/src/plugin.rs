//! What a filter is to the adapter, and its configuration.

use crate::host::{self, Level};
use crate::{dispatch, log_sink};
use http_exchange::{BodyStep, CallReply, Headers, Part, Route, Step};
use std::cell::RefCell;
use std::rc::Rc;
use strict_config::Problems;

/// A configured filter.
///
/// One exists per worker and configuration; [`host`] is what it may ask of the proxy meanwhile. A callback that a filter does not
/// implement, or whose part of the exchange it does not read, costs no call.
pub trait Plugin: Sized + 'static {
    /// What is remembered of one exchange.
    type Exchange: 'static;

    /// Reads the configuration. The proxy refuses a plugin with problems, and they are logged one per line.
    fn configure(configuration: &[u8]) -> Result<Self, Problems>;

    /// Begins an exchange.
    fn open(&self) -> Self::Exchange;

    /// Whether the filter looks at this part of the exchange at all; if not, it is given nothing in its place.
    fn reads(&self, exchange: &Self::Exchange, part: Part) -> bool;

    /// The header without which nothing else in a part matters; where it is absent the filter is given nothing in place of the part.
    /// Where the exchange before had none, the proxy is asked for it first, in a call that copies no more.
    fn needs(&self, _exchange: &Self::Exchange, _part: Part) -> Option<&'static [u8]> {
        None
    }

    /// Decides on a request by its headers.
    fn on_request_headers<'a>(
        &'a mut self,
        exchange: &'a mut Self::Exchange,
        head: &Headers<'a>,
        end_of_stream: bool,
        route: &mut dyn Route,
    ) -> Step<'a>;

    /// Decides on what the proxy holds of the request's body: the latest piece, after those that were held before.
    fn on_request_body<'a>(
        &'a mut self,
        _exchange: &'a mut Self::Exchange,
        _body: &'a [u8],
        _end_of_stream: bool,
    ) -> BodyStep<'a> {
        BodyStep::default()
    }

    /// Decides at the end of a request that has trailers.
    fn on_request_trailers<'a>(
        &'a mut self,
        _exchange: &'a mut Self::Exchange,
        _trailers: &Headers<'a>,
    ) -> BodyStep<'a> {
        BodyStep::default()
    }

    /// Decides on a response by its headers, be it the upstream's or the proxy's.
    fn on_response_headers<'a>(
        &'a mut self,
        _exchange: &'a mut Self::Exchange,
        _head: &Headers<'a>,
        _end_of_stream: bool,
    ) -> Step<'a> {
        Step::default()
    }

    /// Decides on what the proxy holds of the response's body.
    fn on_response_body<'a>(
        &'a mut self,
        _exchange: &'a mut Self::Exchange,
        _body: &'a [u8],
        _end_of_stream: bool,
    ) -> BodyStep<'a> {
        BodyStep::default()
    }

    /// Decides at the end of a response that has trailers.
    fn on_response_trailers<'a>(
        &'a mut self,
        _exchange: &'a mut Self::Exchange,
        _trailers: &Headers<'a>,
    ) -> BodyStep<'a> {
        BodyStep::default()
    }

    /// Decides on the answer to the callout of an earlier step.
    fn on_call_reply<'a>(&'a mut self, _exchange: &'a mut Self::Exchange, _reply: &CallReply<'a>) -> Step<'a> {
        Step::default()
    }

    /// Is called at the period that [`host::set_tick_period`] set.
    fn on_tick(&mut self) {}
}

/// Makes the module one of this plugin; [`crate::register!`] calls it when the module starts.
pub fn start<P: Plugin>() {
    log_sink::install();
    dispatch::install::<P>();
}

/// A filter, and what the exchanges before let expect of the next one.
pub(crate) struct Configured<P> {
    pub(crate) plugin: P,
    /// Whether a request, and a response, had the header that the filter needs.
    pub(crate) had_needed: [bool; 2],
}

/// Empty until it is configured. No callback runs within another, so the cell is never found borrowed; if a proxy did that
/// nevertheless, the request passes unchanged.
pub(crate) type Shared<P> = Rc<RefCell<Option<Configured<P>>>>;

/// A plugin with its configuration.
pub(crate) struct Root<P> {
    plugin: Shared<P>,
}

impl<P> Default for Root<P> {
    fn default() -> Self {
        Self { plugin: Rc::new(RefCell::new(None)) }
    }
}

impl<P: Plugin> Root<P> {
    pub(crate) fn plugin(&self) -> Shared<P> {
        Rc::clone(&self.plugin)
    }

    /// Reads the configuration, and says whether it is sound.
    pub(crate) fn configure(&mut self) -> bool {
        match P::configure(&host::plugin_configuration()) {
            Ok(plugin) => {
                // A new cell: streams that are open go on with the configuration they began with.
                self.plugin = Rc::new(RefCell::new(Some(Configured { plugin, had_needed: [false; 2] })));
                true
            }
            Err(problems) => {
                for problem in problems.iter() {
                    host::log(Level::Error, &format!("configuration: {problem}"));
                }
                false
            }
        }
    }

    pub(crate) fn tick(&mut self) {
        if let Ok(mut plugin) = self.plugin.try_borrow_mut()
            && let Some(Configured { plugin, .. }) = plugin.as_mut()
        {
            plugin.on_tick();
        }
    }
}
