//! Drives a [`Plugin`] from the SDK's callbacks.

use crate::{host, log_sink, pairs};
use http_exchange::{Next, RequestHead, Step};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::cell::RefCell;
use std::rc::Rc;
use strict_config::Problems;

/// A configured filter.
///
/// One exists per worker and configuration; [`host`] is what it may ask of the proxy meanwhile.
pub trait Plugin: Sized + 'static {
    /// Reads the configuration. The proxy refuses a plugin with problems, and they are logged one per line.
    fn configure(configuration: &[u8]) -> Result<Self, Problems>;

    /// Whether the filter looks at request headers at all; if not, it is given an empty head, which costs no call.
    fn reads_request_headers(&self) -> bool;

    /// Decides on a request by its headers.
    fn on_request_headers<'a>(&'a mut self, head: &RequestHead<'a>) -> Step<'a>;

    /// Is called at the period that [`host::set_tick_period`] set.
    fn on_tick(&mut self) {}
}

/// Registers the plugin with the SDK; [`crate::register!`] calls it when the module starts.
pub fn start<P: Plugin>() {
    log_sink::install();
    proxy_wasm::set_root_context(|_| Box::new(Root::<P> { plugin: Rc::new(RefCell::new(None)) }));
}

/// Empty until it is configured. No callback runs within another, so the cell is never found borrowed; if a proxy did that
/// nevertheless, the request passes unchanged.
type Shared<P> = Rc<RefCell<Option<P>>>;

struct Root<P> {
    plugin: Shared<P>,
}

impl<P: Plugin> Context for Root<P> {}

impl<P: Plugin> RootContext for Root<P> {
    fn on_configure(&mut self, _size: usize) -> bool {
        match P::configure(&host::plugin_configuration()) {
            Ok(plugin) => {
                // A new cell: streams that are open go on with the configuration they began with.
                self.plugin = Rc::new(RefCell::new(Some(plugin)));
                true
            }
            Err(problems) => {
                for problem in problems.iter() {
                    log::error!("configuration: {problem}");
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Ok(mut plugin) = self.plugin.try_borrow_mut()
            && let Some(plugin) = plugin.as_mut()
        {
            plugin.on_tick();
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { plugin: Rc::clone(&self.plugin) }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream<P> {
    plugin: Shared<P>,
}

impl<P: Plugin> Context for Stream<P> {}

impl<P: Plugin> HttpContext for Stream<P> {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let Ok(mut plugin) = self.plugin.try_borrow_mut() else { return Action::Continue };
        let Some(plugin) = plugin.as_mut() else { return Action::Continue };
        let buffer = if plugin.reads_request_headers() { host::request_headers() } else { Vec::new() };
        let pairs = pairs::decode(&buffer);
        apply(plugin.on_request_headers(&RequestHead::new(&pairs)))
    }
}

fn apply(step: Step<'_>) -> Action {
    // A proxy of ABI 0.2.1 chooses the route again whenever a filter changed a request header, so no call asks it to.
    host::edit_request_headers(&step.edits);
    match step.next {
        Next::Continue => Action::Continue,
        Next::Pause => Action::Pause,
        Next::Reply(reply) => {
            host::send_local_reply(&reply);
            Action::Pause
        }
    }
}
