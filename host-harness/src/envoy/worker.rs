//! One worker thread of Envoy: its listeners, its plugins and its streams, driven from outside.
//!
//! The worker does no I/O. Its driver tells it what came in, then takes from [`Worker::poll_event`] what has to go out.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::HeaderMap;
use super::environment::LogLine;
use super::events::{CalloutId, CalloutResponse, Event, StreamEvent, StreamId, UpstreamFailure};
use super::plugins::{Called, Plugins, StartError};
use super::process::{Process, Waker};
use super::stream::{Half, Stream};
use super::stream_state::{Connection, StreamState};
use super::trace::TraceEntry;
use super::vm_host::{Action, WorkerShared, nanos};
use crate::abi::{Callback, LogLevel, StreamKind};
use crate::bootstrap::{HttpFilter, Listener, Proxy};

/// One listener of a worker's proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(usize);

/// Envoy's default for `initial_stream_window_size`.
const HTTP2_WINDOW: u32 = 16 * 1024 * 1024;

/// One worker thread.
pub struct Worker {
    pub(super) plugins: Plugins,
    listeners: Vec<(Listener, Vec<usize>)>,
    pub(super) streams: BTreeMap<StreamId, Stream>,
    next_stream: u64,
}

impl Worker {
    /// Starts a worker of a proxy: every plugin of every listener is loaded, started and configured.
    pub fn start(process: Arc<Process>, index: u32, proxy: &Proxy) -> Result<Self, StartError> {
        let shared = Rc::new(WorkerShared {
            process,
            index,
            node: proxy.node.clone(),
            clusters: proxy
                .clusters
                .iter()
                .map(|cluster| (cluster.name.clone(), u64::try_from(cluster.endpoints.len()).unwrap_or(u64::MAX)))
                .collect(),
            actions: RefCell::new(VecDeque::new()),
            events: RefCell::new(VecDeque::new()),
            tracing: Cell::new(false),
            calls: RefCell::new(Vec::new()),
            trace: RefCell::new(Vec::new()),
            next_callout: Cell::new(0),
        });
        let mut worker =
            Self { plugins: Plugins::new(shared), listeners: Vec::new(), streams: BTreeMap::new(), next_stream: 0 };
        for listener in &proxy.listeners {
            let mut handles = Vec::new();
            for filter in &listener.filters {
                match filter {
                    HttpFilter::Wasm(plugin) => handles.push(worker.plugins.add(plugin)?),
                    HttpFilter::Native { name, .. } => worker.shared().process.environment.log(LogLine {
                        level: LogLevel::Warn,
                        plugin: name.clone(),
                        message: format!("the embedded engine has no filter {name}: it is left out"),
                        from_host: true,
                    }),
                }
            }
            worker.listeners.push((listener.clone(), handles));
        }
        Ok(worker)
    }

    /// The listener of this name.
    pub fn listener(&self, name: &str) -> Option<ListenerId> {
        self.listeners.iter().position(|(listener, _)| listener.name == name).map(ListenerId)
    }

    /// Lets another thread wake this worker's driver, which then calls [`Self::run_timers`].
    pub fn set_waker(&self, waker: Waker) {
        self.shared().process.set_waker(self.shared().index, waker);
    }

    /// Starts or stops the recording of callbacks.
    pub fn set_tracing(&self, on: bool) {
        self.shared().tracing.set(on);
    }

    /// Takes what has been recorded.
    pub fn take_trace(&self) -> Vec<TraceEntry> {
        std::mem::take(&mut *self.shared().trace.borrow_mut())
    }

    /// Opens a stream on a listener; `None` when there is no such listener.
    pub fn open_stream(&mut self, listener: ListenerId, connection: Connection) -> Option<StreamId> {
        let (listener, handles) = self.listeners.get(listener.0)?;
        self.next_stream += 1;
        let id = StreamId(self.next_stream);
        let environment = &self.plugins.shared.process.environment;
        let mut random = [0; 8];
        environment.fill_random(&mut random);
        let now = environment.unix_nanos();
        let random = u64::from_le_bytes(random);
        let state = StreamState::new(connection, listener.direction, listener.routes.clone(), random, now);
        // A stream of HTTP/2 buffers as much as its window, whatever the listener says.
        let limit = if state.connection.protocol == "HTTP/2" { HTTP2_WINDOW } else { listener.buffer_limit };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.streams.insert(id, Stream::new(state, handles, limit));
        Some(id)
    }

    /// The request's head has come.
    pub fn request_headers(&mut self, stream: StreamId, mut headers: HeaderMap, end_stream: bool) {
        // Envoy's connection manager takes a fragment off the path before any filter sees it.
        if let Some(path) = headers.get(b":path")
            && let Some(at) = path.iter().position(|byte| *byte == b'#')
        {
            let path = path.get(..at).unwrap_or_default().to_vec();
            headers.overwrite(b":path", &path);
        }
        self.receive_headers(stream, Half::Request, headers, end_stream);
        self.settle(stream);
    }

    /// A part of the request's body has come.
    pub fn request_data(&mut self, stream: StreamId, data: Bytes, end_stream: bool) {
        self.receive_data(stream, Half::Request, &data, end_stream);
        self.settle(stream);
    }

    /// The request's trailers have come, and with them its end.
    pub fn request_trailers(&mut self, stream: StreamId, trailers: HeaderMap) {
        self.receive_trailers(stream, Half::Request, trailers);
        self.settle(stream);
    }

    /// The response's head has come from the upstream.
    pub fn response_headers(&mut self, stream: StreamId, headers: HeaderMap, end_stream: bool) {
        if self.awaits_upstream(stream) {
            if let Some(stream) = self.streams.get(&stream) {
                stream.state.borrow_mut().response_details = Some("via_upstream".to_owned());
            }
            self.receive_headers(stream, Half::Response, headers, end_stream);
            self.settle(stream);
        }
    }

    /// A part of the response's body has come from the upstream.
    pub fn response_data(&mut self, stream: StreamId, data: Bytes, end_stream: bool) {
        if self.awaits_upstream(stream) {
            self.receive_data(stream, Half::Response, &data, end_stream);
            self.settle(stream);
        }
    }

    /// The response's trailers have come from the upstream.
    pub fn response_trailers(&mut self, stream: StreamId, trailers: HeaderMap) {
        if self.awaits_upstream(stream) {
            self.receive_trailers(stream, Half::Response, trailers);
            self.settle(stream);
        }
    }

    /// The upstream gave no response, or broke off in its middle.
    pub fn upstream_failed(&mut self, stream: StreamId, failure: UpstreamFailure) {
        if self.awaits_upstream(stream) {
            self.fail_upstream(stream, failure);
            self.settle(stream);
        }
    }

    /// Says which endpoint of the cluster serves a stream, for the property `upstream.address`.
    pub fn upstream_selected(&mut self, stream: StreamId, address: std::net::SocketAddr) {
        if let Some(stream) = self.streams.get(&stream) {
            stream.state.borrow_mut().upstream_address = Some(address);
        }
    }

    /// The client went away.
    pub fn downstream_reset(&mut self, stream: StreamId) {
        self.finish(stream);
    }

    /// Answers a callout; `None` when the connection broke or the answer was too large.
    pub fn callout_response(&mut self, callout: CalloutId, response: Option<CalloutResponse>) {
        let Some(machine) = self.plugins.machine_of(&callout.vm_key) else { return };
        let Some(root) = self.plugins.root(machine, callout.root) else { return };
        let Some(token) = root.borrow_mut().callouts.remove(&callout.number) else { return };
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let arguments = match &response {
            Some(answer) => {
                [token, count(answer.headers.len()), count(answer.body.len()), count(answer.trailers.len())]
            }
            None => [token, 0, 0, 0],
        };
        root.borrow_mut().call_status = response.is_none().then(|| (11, b"reset".to_vec()));
        root.borrow_mut().answer = response;
        self.call(machine, callout.root, Callback::HttpCallResponse, &arguments, None);
        root.borrow_mut().answer = None;
        root.borrow_mut().call_status = None;
        self.settle_all();
    }

    /// When [`Self::run_timers`] is to be called next, in nanoseconds since the Unix epoch; zero means at once.
    pub fn next_deadline(&self) -> Option<u64> {
        if self.shared().process.queues.has_ready(self.shared().index) {
            return Some(0);
        }
        let roots = self.plugins.handles().filter_map(|handle| self.plugins.root(handle.machine, handle.root));
        roots.filter_map(|root| root.borrow().next_tick).min()
    }

    /// Calls `proxy_on_tick` where it is time, and `proxy_on_queue_ready` where a message waits.
    pub fn run_timers(&mut self) {
        let now = self.shared().process.environment.unix_nanos();
        let due: Vec<(usize, u32)> = self.plugins.handles().map(|handle| (handle.machine, handle.root)).collect();
        for (machine, id) in due {
            let Some(root) = self.plugins.root(machine, id) else { continue };
            if root.borrow().next_tick.is_none_or(|next| next > now) {
                continue;
            }
            root.borrow_mut().next_tick = None;
            self.call(machine, id, Callback::Tick, &[], None);
            // The period runs from the end of the callback, and only where the callback did not set another.
            let mut root = root.borrow_mut();
            if root.next_tick.is_none() && !root.tick_period.is_zero() {
                let now = self.plugins.shared.process.environment.unix_nanos();
                root.next_tick = Some(now.saturating_add(nanos(root.tick_period)));
            }
        }
        for (listener, queue) in self.shared().process.queues.take_ready(self.shared().index) {
            if let Some(machine) = self.plugins.machine_of(&listener.vm_key) {
                self.call(machine, listener.root, Callback::QueueReady, &[queue], None);
            }
        }
        self.settle_all();
    }

    /// Ends the worker as Envoy drains one: streams first, then each root is asked whether it is done.
    pub fn shut_down(&mut self) {
        for stream in self.streams.keys().copied().collect::<Vec<_>>() {
            self.finish(stream);
        }
        let roots: Vec<(usize, u32)> = self.plugins.handles().map(|handle| (handle.machine, handle.root)).collect();
        for (machine, root) in roots {
            let asks = self.plugins.has(machine, Callback::Done);
            match self.call(machine, root, Callback::Done, &[], None) {
                // A root that is not done yet says so later with `proxy_done`.
                Called::Returned(0) if asks => self.plugins.await_done(machine, root),
                Called::Returned(_) => self.delete_root(machine, root),
                Called::Failed => {}
            }
        }
    }

    /// What has to be done next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.shared().events.borrow_mut().pop_front()
    }

    pub(super) fn shared(&self) -> &WorkerShared {
        &self.plugins.shared
    }

    pub(super) fn emit(&self, stream: StreamId, event: StreamEvent) {
        self.shared().events.borrow_mut().push_back(Event::Stream(stream, event));
    }

    /// Calls a callback, then does what Envoy had put off until its return, in order.
    pub(super) fn call(
        &mut self,
        machine: usize,
        context: u32,
        callback: Callback,
        arguments: &[u32],
        stream: Option<StreamId>,
    ) -> Called {
        let called = self.plugins.call(machine, context, callback, arguments, stream);
        loop {
            let action = self.shared().actions.borrow_mut().pop_front();
            match action {
                Some(Action::Continue { stream, filter, kind: StreamKind::Request }) => {
                    self.resume(stream, Half::Request, filter);
                }
                Some(Action::Continue { stream, filter, .. }) => self.resume(stream, Half::Response, filter),
                Some(Action::Close { stream, kind }) => self.plugin_close(stream, kind),
                Some(Action::LocalReply { stream, filter, response }) => self.plugin_reply(stream, filter, response),
                Some(Action::RootDone { machine_key, root }) => {
                    if let Some(machine) = self.plugins.machine_of(&machine_key) {
                        self.delete_root(machine, root);
                    }
                }
                None => return called,
            }
        }
    }

    fn delete_root(&mut self, machine: usize, root: u32) {
        self.call(machine, root, Callback::Delete, &[], None);
        if let Some(host) = self.plugins.host_mut(machine) {
            host.contexts.remove(&root);
        }
    }

    fn settle_all(&mut self) {
        for stream in self.streams.keys().copied().collect::<Vec<_>>() {
            self.settle(stream);
        }
    }
}
