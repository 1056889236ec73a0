//! The callbacks of Proxy-Wasm ABI 0.2.1: which context a call of the proxy is for.
//!
//! The published SDK does the same, and panics on whatever it does not expect; a panic is a trap. Here a callback for a context
//! that does not exist, or inside another callback, lets the exchange go on. Callbacks that no filter needs are not
//! exported, so the proxy does not call them. A proxy keeps its plugins' contexts apart by number; so does this.

use crate::by_number::ByNumber;
use crate::plugin::{Plugin, Root};
use crate::stream::Stream;
use std::cell::RefCell;

/// What a callback for headers, a body or trailers answers with, by its number in the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Continue = 0,
    Pause = 1,
}

/// All contexts of the module.
struct Contexts<P: Plugin> {
    contexts: ByNumber<Context<P>>,
    /// The streams that wait for a callout, by its token.
    #[cfg(feature = "bodies")]
    calls: ByNumber<u32>,
}

/// A root for each configured plugin, a stream for each open exchange.
enum Context<P: Plugin> {
    Root(Root<P>),
    Stream(Stream<P>),
}

impl<P: Plugin> Contexts<P> {
    fn find_root(&mut self, context: u32) -> Option<&mut Root<P>> {
        if let Context::Root(root) = self.contexts.get_mut(context)? { Some(root) } else { None }
    }

    fn find_stream(&mut self, context: u32) -> Option<&mut Stream<P>> {
        if let Context::Stream(stream) = self.contexts.get_mut(context)? { Some(stream) } else { None }
    }
}

/// A callback for one stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    RequestHeaders {
        end_of_stream: bool,
    },
    #[cfg(feature = "bodies")]
    RequestBody {
        size: usize,
        end_of_stream: bool,
    },
    #[cfg(feature = "bodies")]
    RequestTrailers,
    ResponseHeaders {
        end_of_stream: bool,
    },
    #[cfg(feature = "bodies")]
    ResponseBody {
        size: usize,
        end_of_stream: bool,
    },
    #[cfg(feature = "bodies")]
    ResponseTrailers,
}

/// [`Contexts`] whatever its plugin is, since the proxy's functions have no type parameters.
pub(crate) trait Callbacks {
    fn create(&mut self, context: u32, root: u32);
    fn configure(&mut self, context: u32) -> bool;
    fn tick(&mut self, context: u32);
    fn stream(&mut self, context: u32, event: Event) -> Action;
    #[cfg(feature = "bodies")]
    fn call_reply(&mut self, token: u32, headers: usize, body: usize, trailers: usize);
    fn delete(&mut self, context: u32);
}

impl<P: Plugin> Callbacks for Contexts<P> {
    fn create(&mut self, context: u32, root: u32) {
        if root == 0 {
            self.contexts.insert(context, Context::Root(Root::default()));
        } else if let Some(root) = self.find_root(root) {
            let stream = Stream::new(root.plugin());
            self.contexts.insert(context, Context::Stream(stream));
        }
    }

    fn configure(&mut self, context: u32) -> bool {
        self.find_root(context).is_some_and(Root::configure)
    }

    fn tick(&mut self, context: u32) {
        if let Some(root) = self.find_root(context) {
            root.tick();
        }
    }

    fn stream(&mut self, context: u32, event: Event) -> Action {
        let Some(stream) = self.find_stream(context) else { return Action::Continue };
        let action = match event {
            Event::RequestHeaders { end_of_stream } => stream.on_request_headers(end_of_stream),
            #[cfg(feature = "bodies")]
            Event::RequestBody { size, end_of_stream } => stream.on_request_body(size, end_of_stream),
            #[cfg(feature = "bodies")]
            Event::RequestTrailers => stream.on_request_trailers(),
            Event::ResponseHeaders { end_of_stream } => stream.on_response_headers(end_of_stream),
            #[cfg(feature = "bodies")]
            Event::ResponseBody { size, end_of_stream } => stream.on_response_body(size, end_of_stream),
            #[cfg(feature = "bodies")]
            Event::ResponseTrailers => stream.on_response_trailers(),
        };
        #[cfg(feature = "bodies")]
        if let Some(token) = stream.take_call() {
            self.calls.insert(token, context);
        }
        action
    }

    #[cfg(feature = "bodies")]
    fn call_reply(&mut self, token: u32, headers: usize, body: usize, trailers: usize) {
        let Some(context) = self.calls.remove(token) else { return };
        // The exchange may be over; the proxy's answer comes to the root.
        let Some(stream) = self.find_stream(context) else { return };
        if crate::host::set_effective_context(context) {
            stream.on_call_reply(headers, body, trailers);
            if let Some(token) = stream.take_call() {
                self.calls.insert(token, context);
            }
        }
    }

    fn delete(&mut self, context: u32) {
        self.contexts.remove(context);
    }
}

thread_local! {
    static CONTEXTS: RefCell<Option<Box<dyn Callbacks>>> = const { RefCell::new(None) };
}

/// Makes the module one of this plugin.
pub(crate) fn install<P: Plugin>() {
    let contexts = Contexts::<P> {
        contexts: ByNumber::new(),
        #[cfg(feature = "bodies")]
        calls: ByNumber::new(),
    };
    CONTEXTS.with(|cell| {
        if let Ok(mut cell) = cell.try_borrow_mut() {
            *cell = Some(Box::new(contexts));
        }
    });
}

/// Runs a callback; inside another one, or before the module is initialized, there is nothing that could run.
pub(crate) fn with<T>(otherwise: T, run: impl FnOnce(&mut dyn Callbacks) -> T) -> T {
    CONTEXTS.with(|cell| match cell.try_borrow_mut() {
        Ok(mut cell) => match cell.as_mut() {
            Some(contexts) => run(contexts.as_mut()),
            None => otherwise,
        },
        Err(_) => otherwise,
    })
}

pub(crate) fn stream(context: u32, event: Event) -> u32 {
    with(Action::Continue, |contexts| contexts.stream(context, event)) as u32
}

/// Says which version of the ABI the module is written for.
// SAFETY: this name, like all that follow, is the ABI's, and nothing else in a module has it.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_abi_version_0_2_1() {}

/// Gives the proxy memory to hand bytes over in; `host::received` takes it back.
// SAFETY: see above.
#[unsafe(export_name = "malloc")]
pub extern "C" fn allocate(size: usize) -> *mut u8 {
    // The proxy writes all of it, so that it need not be zero before.
    Box::into_raw(Box::<[u8]>::new_uninit_slice(size)).cast()
}

/// A plugin's root context, whose root is 0, or that of a stream.
// SAFETY: see above.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_context_create(context: u32, root: u32) {
    with((), |contexts| contexts.create(context, root));
}

/// The virtual machine needs no configuration of its own.
// SAFETY: see above.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_vm_start(_context: u32, _size: usize) -> u32 {
    1
}

/// The plugin's configuration can be read.
// SAFETY: see above.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_configure(context: u32, _size: usize) -> u32 {
    u32::from(with(false, |contexts| contexts.configure(context)))
}

/// The period has passed.
// SAFETY: see above.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_tick(context: u32) {
    with((), |contexts| contexts.tick(context));
}

/// A request begins.
// SAFETY: see above.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_request_headers(context: u32, _count: usize, end_of_stream: u32) -> u32 {
    stream(context, Event::RequestHeaders { end_of_stream: end_of_stream != 0 })
}

/// A response begins.
// SAFETY: see above.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_response_headers(context: u32, _count: usize, end_of_stream: u32) -> u32 {
    stream(context, Event::ResponseHeaders { end_of_stream: end_of_stream != 0 })
}

/// A context is over.
// SAFETY: see above.
#[unsafe(no_mangle)]
pub extern "C" fn proxy_on_delete(context: u32) {
    with((), |contexts| contexts.delete(context));
}
