//! The host behind one virtual machine: which context a call acts for, and what the call does there.
//!
//! What happens at once (headers, buffers, shared data) happens here; what Envoy puts off until the callback has returned
//! (continue, close, local reply) becomes an [`Action`] for the worker. The legality of a call in each phase is that of
//! `context.cc` in Envoy; the rows of FIDELITY.md name the tests.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::HeaderMap;
use super::environment::LogLine;
use super::events::{Callout, CalloutId, CalloutResponse, Event, StreamId};
use super::foreign;
use super::metrics::MetricIds;
use super::process::Process;
use super::properties;
use super::queues;
use super::stream_state::{StreamState, View};
use super::trace::TraceEntry;
use crate::abi::{
    AbiVersion, Buffer, GrpcCall, Host, HostCall, HttpCall, LocalResponse, LogLevel, Map, MetricKind, Pairs, Status,
    StreamKind,
};
use crate::bootstrap::{Node, Plugin};

type Answer<T> = Result<T, Status>;

/// The low two bits of a token are its kind.
const GRPC_CALL: u32 = 1;
const GRPC_STREAM: u32 = 2;

/// What the worker does once the callback has returned.
pub(super) enum Action {
    Continue { stream: StreamId, filter: usize, kind: StreamKind },
    Close { stream: StreamId, kind: StreamKind },
    LocalReply { stream: StreamId, filter: usize, response: LocalResponse },
    RootDone { machine_key: String, root: u32 },
}

/// What every virtual machine of a worker shares with the worker.
pub(super) struct WorkerShared {
    pub(super) process: Arc<Process>,
    pub(super) index: u32,
    pub(super) node: Node,
    /// The proxy's clusters, and how many endpoints each has.
    pub(super) clusters: HashMap<String, u64>,
    pub(super) actions: RefCell<VecDeque<Action>>,
    pub(super) events: RefCell<VecDeque<Event>>,
    pub(super) tracing: Cell<bool>,
    pub(super) calls: RefCell<Vec<HostCall>>,
    pub(super) trace: RefCell<Vec<TraceEntry>>,
    pub(super) next_callout: Cell<u64>,
}

/// A context that a module can act for.
#[derive(Clone)]
pub(super) enum Context {
    Root(Rc<RefCell<Root>>),
    Stream(StreamContext),
}

/// The stream context of one filter.
#[derive(Clone)]
pub(super) struct StreamContext {
    pub(super) root: u32,
    pub(super) id: StreamId,
    pub(super) filter: usize,
    pub(super) state: Rc<RefCell<StreamState>>,
    pub(super) view: Rc<RefCell<View>>,
}

/// The root context of one plugin.
pub(super) struct Root {
    pub(super) plugin: Arc<Plugin>,
    /// `proxy_on_configure` runs, so the plugin's configuration can be read.
    pub(super) configuring: bool,
    pub(super) tick_period: Duration,
    pub(super) next_tick: Option<u64>,
    pub(super) callouts: BTreeMap<u64, u32>,
    /// The answer to a callout, while its callback runs.
    pub(super) answer: Option<CalloutResponse>,
    pub(super) call_status: Option<(u32, Vec<u8>)>,
    /// `proxy_on_done` returned false, so `proxy_done` is awaited.
    pub(super) awaits_done: bool,
}

/// The host behind one virtual machine.
pub(super) struct VmHost {
    pub(super) worker: Rc<WorkerShared>,
    pub(super) vm_id: String,
    pub(super) vm_key: String,
    pub(super) plugin: Arc<Plugin>,
    pub(super) version: AbiVersion,
    pub(super) contexts: BTreeMap<u32, Context>,
    /// The context whose callback runs, and the one that calls act for.
    pub(super) current: u32,
    pub(super) effective: u32,
    next_context: u32,
    next_http_token: u32,
    metrics: MetricIds,
}

impl VmHost {
    pub(super) fn new(worker: Rc<WorkerShared>, plugin: Arc<Plugin>, vm_key: String, version: AbiVersion) -> Self {
        Self {
            worker,
            vm_id: plugin.vm_id.clone(),
            vm_key,
            plugin,
            version,
            contexts: BTreeMap::new(),
            current: 0,
            effective: 0,
            next_context: 1,
            next_http_token: 0,
            metrics: MetricIds::default(),
        }
    }

    /// Gives a context its id; roots and streams share one counter.
    pub(super) fn add_context(&mut self, context: Context) -> u32 {
        let id = self.next_context;
        self.next_context = self.next_context.wrapping_add(1).max(1);
        self.contexts.insert(id, context);
        id
    }

    fn context(&self) -> Option<&Context> {
        self.contexts.get(&self.effective)
    }

    fn stream(&self) -> Option<&StreamContext> {
        match self.context()? {
            Context::Stream(stream) => Some(stream),
            Context::Root(_) => None,
        }
    }

    /// The root that a call acts for, be it made by a root or by a stream.
    fn root(&self) -> Option<(u32, Rc<RefCell<Root>>)> {
        let id = match self.context()? {
            Context::Root(_) => self.effective,
            Context::Stream(stream) => stream.root,
        };
        match self.contexts.get(&id)? {
            Context::Root(root) => Some((id, root.clone())),
            Context::Stream(_) => None,
        }
    }

    fn plugin(&self) -> Arc<Plugin> {
        self.root().map_or_else(|| self.plugin.clone(), |(_, root)| root.borrow().plugin.clone())
    }

    fn process(&self) -> &Process {
        &self.worker.process
    }

    /// Reads a map where the phase allows it.
    fn read_map<T>(&self, map: Map, read: impl FnOnce(&HeaderMap) -> T) -> Option<T> {
        if matches!(map, Map::CalloutResponseHeaders | Map::CalloutResponseTrailers) {
            let (_, root) = self.root()?;
            let root = root.borrow();
            let answer = root.answer.as_ref()?;
            return Some(read(if map == Map::CalloutResponseHeaders { &answer.headers } else { &answer.trailers }));
        }
        let context = self.stream()?;
        let (view, state) = (context.view.borrow(), context.state.borrow());
        let (visible, found) = match map {
            Map::RequestHeaders => (view.request.headers || view.logging, &state.request.headers),
            Map::RequestTrailers => (view.request.trailers, &state.request.trailers),
            Map::ResponseHeaders => (view.response.headers || view.logging, &state.response.headers),
            Map::ResponseTrailers => (view.response.trailers || view.logging, &state.response.trailers),
            _ => return None,
        };
        if visible { found.as_ref().map(read) } else { None }
    }

    /// Changes a map where the phase allows it. Touching the trailers in the last body callback makes them.
    fn change_map<T>(&mut self, map: Map, change: impl FnOnce(&mut HeaderMap) -> T) -> Answer<T> {
        let context = self.stream().ok_or(Status::BadArgument)?;
        let (mut view, mut state) = (context.view.borrow_mut(), context.state.borrow_mut());
        let (half, message) = match map {
            Map::RequestHeaders | Map::RequestTrailers => (&mut view.request, &mut state.request),
            Map::ResponseHeaders | Map::ResponseTrailers => (&mut view.response, &mut state.response),
            _ => return Err(Status::BadArgument),
        };
        let found = if matches!(map, Map::RequestHeaders | Map::ResponseHeaders) {
            half.headers.then_some(message.headers.as_mut()).flatten()
        } else {
            if !half.trailers && half.body && half.end_of_stream {
                half.trailers = true;
                message.trailers.get_or_insert_default();
            }
            half.trailers.then_some(message.trailers.as_mut()).flatten()
        };
        let answer = change(found.ok_or(Status::BadArgument)?);
        drop(view);
        drop(state);
        Ok(answer)
    }

    /// As [`Self::change_map`], for changes of the content: those of request headers make the route be found anew, as hosts
    /// do for every ABI up to 0.2.1.
    fn edit_map(&mut self, map: Map, edit: impl FnOnce(&mut HeaderMap)) -> Answer<()> {
        self.change_map(map, edit)?;
        if map == Map::RequestHeaders { self.clear_route_cache() } else { Ok(()) }
    }

    /// Reads a buffer where the phase allows it. Body buffers that are out of reach are empty.
    fn read_buffer<T>(&self, buffer: Buffer, read: impl FnOnce(&[u8]) -> T) -> Answer<T> {
        match buffer {
            Buffer::RequestBody | Buffer::ResponseBody => {
                let Some(context) = self.stream() else { return Ok(read(&[])) };
                let (view, state) = (context.view.borrow(), context.state.borrow());
                let (half, message) = match buffer {
                    Buffer::RequestBody => (&view.request, &state.request),
                    _ => (&view.response, &state.response),
                };
                Ok(if half.buffering {
                    read(message.buffered.as_deref().unwrap_or_default())
                } else if half.body {
                    read(&message.chunk)
                } else {
                    read(&[])
                })
            }
            Buffer::VmConfiguration => Ok(read(&self.plugin().vm_configuration)),
            Buffer::PluginConfiguration => match self.root() {
                Some((_, root)) if root.borrow().configuring => Ok(read(&self.plugin().configuration)),
                _ => Err(Status::NotFound),
            },
            Buffer::CalloutResponseBody => {
                let (_, root) = self.root().ok_or(Status::NotFound)?;
                let root = root.borrow();
                root.answer.as_ref().map(|answer| read(&answer.body)).ok_or(Status::NotFound)
            }
            Buffer::DownstreamData | Buffer::UpstreamData | Buffer::GrpcReceiveBuffer => Ok(read(&[])),
            Buffer::CallData => Err(Status::NotFound),
        }
    }
}

impl Host for VmHost {
    fn record(&mut self, call: HostCall) {
        self.worker.calls.borrow_mut().push(call);
    }

    fn is_recording(&self) -> bool {
        self.worker.tracing.get()
    }

    fn allows(&self, capability: &str) -> bool {
        let allowed = &self.plugin.allowed_capabilities;
        allowed.is_empty() || allowed.iter().any(|have| have == capability)
    }

    fn unix_nanos(&self) -> u64 {
        self.process().environment.unix_nanos()
    }

    fn fill_random(&mut self, bytes: &mut [u8]) {
        self.process().environment.fill_random(bytes);
    }

    fn environment(&self) -> Vec<String> {
        self.plugin.environment.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    fn log(&mut self, level: LogLevel, message: &[u8]) {
        if level < self.log_level() {
            return;
        }
        let plugin = self.plugin();
        let line = LogLine {
            level,
            plugin: plugin.name.clone(),
            message: String::from_utf8_lossy(message).into_owned(),
            from_host: false,
        };
        self.process().environment.log(line);
    }

    fn log_level(&self) -> LogLevel {
        self.process().environment.log_level()
    }

    fn call_status(&mut self) -> Answer<(u32, Vec<u8>)> {
        let status = self.root().and_then(|(_, root)| root.borrow().call_status.clone());
        Ok(status.unwrap_or_default())
    }

    fn configuration(&mut self) -> Answer<Vec<u8>> {
        let buffer = match self.root() {
            Some((_, root)) if root.borrow().configuring => Buffer::PluginConfiguration,
            _ => Buffer::VmConfiguration,
        };
        self.read_buffer(buffer, <[u8]>::to_vec)
    }

    fn property(&mut self, path: &[u8]) -> Answer<Vec<u8>> {
        let plugin = self.plugin();
        let stream = self.stream().cloned();
        let source = properties::Source { node: &self.worker.node, plugin: &plugin, stream: stream.as_ref() };
        properties::get(&source, path)
    }

    fn set_property(&mut self, path: &[u8], value: &[u8]) -> Answer<()> {
        let context = self.stream().ok_or(Status::NotFound)?;
        let key = [b"wasm.", path].concat();
        context.state.borrow_mut().filter_state.insert(key, value.to_vec());
        Ok(())
    }

    fn header(&mut self, map: Map, name: &[u8]) -> Answer<Vec<u8>> {
        match self.read_map(map, |headers| headers.get(name).map(<[u8]>::to_vec)) {
            Some(Some(value)) => Ok(value),
            // Modules of ABI 0.1.0 get an empty value for a header that is not there.
            Some(None) if self.version == AbiVersion::V0_1_0 => Ok(Vec::new()),
            Some(None) => Err(Status::NotFound),
            None if self.stream().is_some_and(|context| context.view.borrow().logging) => Err(Status::NotFound),
            None => Err(Status::BadArgument),
        }
    }

    fn headers(&mut self, map: Map) -> Answer<Pairs> {
        let listed =
            |headers: &HeaderMap| headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        Ok(self.read_map(map, listed).unwrap_or_default())
    }

    fn headers_size(&mut self, map: Map) -> Answer<usize> {
        if matches!(map, Map::CalloutResponseHeaders | Map::CalloutResponseTrailers) {
            return Err(Status::BadArgument);
        }
        self.change_map(map, |headers| headers.byte_size())
    }

    fn set_headers(&mut self, map: Map, headers: Pairs) -> Answer<()> {
        self.edit_map(map, |existing| *existing = HeaderMap::from_pairs(headers))
    }

    fn add_header(&mut self, map: Map, name: &[u8], value: &[u8]) -> Answer<()> {
        self.edit_map(map, |headers| headers.add(name, value))
    }

    fn replace_header(&mut self, map: Map, name: &[u8], value: &[u8]) -> Answer<()> {
        self.edit_map(map, |headers| headers.replace(name, value))
    }

    fn remove_header(&mut self, map: Map, name: &[u8]) -> Answer<()> {
        self.edit_map(map, |headers| {
            headers.remove(name);
        })
    }

    fn buffer_size(&mut self, buffer: Buffer) -> Answer<usize> {
        self.read_buffer(buffer, <[u8]>::len)
    }

    fn buffer(&mut self, buffer: Buffer, start: usize, length: usize) -> Answer<Vec<u8>> {
        self.read_buffer(buffer, |bytes| {
            let rest = bytes.get(start..).unwrap_or_default();
            rest.get(..length).unwrap_or(rest).to_vec()
        })
    }

    fn set_buffer(&mut self, buffer: Buffer, start: usize, length: usize, data: &[u8]) -> Answer<()> {
        let context = self.stream().ok_or(Status::BadArgument)?;
        let (view, mut state) = (context.view.borrow(), context.state.borrow_mut());
        let (half, message) = match buffer {
            Buffer::RequestBody => (&view.request, &mut state.request),
            Buffer::ResponseBody => (&view.response, &mut state.response),
            _ => return self.read_buffer(buffer, |_| ()).and(Err(Status::BadArgument)),
        };
        let target = if half.buffering {
            message.buffered.as_mut()
        } else if half.body {
            Some(&mut message.chunk)
        } else {
            None
        };
        let target = target.ok_or(Status::BadArgument)?;
        if start == 0 {
            target.splice(..length.min(target.len()), data.iter().copied());
            Ok(())
        } else if start >= target.len() {
            target.extend_from_slice(data);
            Ok(())
        } else {
            Err(Status::BadArgument)
        }
    }

    fn send_local_response(&mut self, response: LocalResponse) -> Answer<()> {
        // From a root context the call succeeds and does nothing.
        if let Some(context) = self.stream() {
            let action = Action::LocalReply { stream: context.id, filter: context.filter, response };
            self.worker.actions.borrow_mut().push_back(action);
        }
        Ok(())
    }

    fn continue_stream(&mut self, kind: StreamKind) -> Answer<()> {
        let Some(context) = self.stream() else { return Err(Status::Unimplemented) };
        if matches!(kind, StreamKind::Downstream | StreamKind::Upstream) {
            // An HTTP stream has no such half; the call is taken and nothing comes of it.
            return Ok(());
        }
        self.worker.actions.borrow_mut().push_back(Action::Continue {
            stream: context.id,
            filter: context.filter,
            kind,
        });
        // Either direction takes the request's maps and buffers away, and only the request's.
        context.view.borrow_mut().request.close();
        Ok(())
    }

    fn close_stream(&mut self, kind: StreamKind) -> Answer<()> {
        let Some(context) = self.stream() else { return Err(Status::Unimplemented) };
        if matches!(kind, StreamKind::Request | StreamKind::Response) {
            self.worker.actions.borrow_mut().push_back(Action::Close { stream: context.id, kind });
        }
        Ok(())
    }

    fn clear_route_cache(&mut self) -> Answer<()> {
        if let Some(context) = self.stream() {
            context.state.borrow_mut().clear_route_cache();
        }
        Ok(())
    }

    fn shared_data(&mut self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        self.process().shared_data.get(&self.vm_id, key)
    }

    fn set_shared_data(&mut self, key: &[u8], value: &[u8], cas: u32) -> Answer<()> {
        self.process().shared_data.set(&self.vm_id, key, value, cas)
    }

    fn register_queue(&mut self, name: &[u8]) -> Answer<u32> {
        let (root, _) = self.root().ok_or(Status::BadArgument)?;
        let listener = queues::Listener { worker: self.worker.index, vm_key: self.vm_key.clone(), root };
        Ok(self.process().queues.register(&self.vm_id, name, listener))
    }

    fn resolve_queue(&mut self, vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        let vm_id = if vm_id.is_empty() { self.vm_id.clone() } else { String::from_utf8_lossy(vm_id).into_owned() };
        self.process().queues.resolve(&vm_id, name)
    }

    fn dequeue(&mut self, queue: u32) -> Answer<Vec<u8>> {
        self.process().queues.dequeue(queue)
    }

    fn enqueue(&mut self, queue: u32, message: &[u8]) -> Answer<()> {
        let worker = self.process().queues.enqueue(queue, message)?;
        self.process().wake(worker);
        Ok(())
    }

    fn define_metric(&mut self, kind: MetricKind, name: &[u8]) -> Answer<u32> {
        let name = String::from_utf8_lossy(name).into_owned();
        self.process().metrics.define(kind, &name);
        Ok(self.metrics.define(kind, &name))
    }

    fn increment_metric(&mut self, metric: u32, delta: i64) -> Answer<()> {
        self.process().metrics.increment(self.metrics.name(metric)?, delta)
    }

    fn record_metric(&mut self, metric: u32, value: u64) -> Answer<()> {
        // Unlike its neighbours, this call does not look at the kind first.
        let name = self.metrics.name(metric).map_err(|_| Status::NotFound)?;
        self.process().metrics.record(name, value)
    }

    fn metric(&mut self, metric: u32) -> Answer<u64> {
        self.process().metrics.get(self.metrics.name(metric)?)
    }

    fn http_call(&mut self, call: HttpCall) -> Answer<u32> {
        let cluster = String::from_utf8_lossy(&call.upstream).into_owned();
        let headers = HeaderMap::from_pairs(call.headers);
        let complete = [&b":method"[..], b":path", b":authority"].iter().all(|name| headers.get(name).is_some());
        let endpoints = self.worker.clusters.get(&cluster).copied().filter(|_| complete);
        // Without an endpoint Envoy fails at once, before it has given out a token.
        if endpoints.ok_or(Status::BadArgument)? == 0 {
            return Err(Status::InternalFailure);
        }
        let (root_id, root) = self.root().ok_or(Status::BadArgument)?;
        // The low two bits of a token are its kind; an HTTP call's are zero.
        self.next_http_token = self.next_http_token.wrapping_add(4);
        let token = self.next_http_token;
        let id = self.worker.next_callout.get() + 1;
        self.worker.next_callout.set(id);
        root.borrow_mut().callouts.insert(id, token);
        let callout = Callout {
            id: CalloutId { number: id, vm_key: self.vm_key.clone(), root: root_id },
            cluster,
            headers,
            body: call.body,
            trailers: HeaderMap::from_pairs(call.trailers),
            timeout: call.timeout,
        };
        self.worker.events.borrow_mut().push_back(Event::Callout(callout));
        Ok(token)
    }

    fn grpc_call(&mut self, call: GrpcCall) -> Answer<u32> {
        // What is neither a cluster nor a serialized `GrpcService` cannot be read; calls themselves are not modelled.
        let known = self.worker.clusters.contains_key(&*String::from_utf8_lossy(&call.upstream));
        Err(if known { Status::Unimplemented } else { Status::ParseFailure })
    }

    fn grpc_send(&mut self, token: u32, _message: &[u8], _end_stream: bool) -> Answer<()> {
        Err(if token & 3 == GRPC_STREAM { Status::NotFound } else { Status::BadArgument })
    }

    fn grpc_cancel(&mut self, token: u32) -> Answer<()> {
        Err(if matches!(token & 3, GRPC_CALL | GRPC_STREAM) { Status::NotFound } else { Status::BadArgument })
    }

    fn grpc_close(&mut self, token: u32) -> Answer<()> {
        self.grpc_cancel(token)
    }

    fn set_tick_period(&mut self, period: Duration) -> Answer<()> {
        let now = self.process().environment.unix_nanos();
        let (_, root) = self.root().ok_or(Status::BadArgument)?;
        let mut root = root.borrow_mut();
        root.tick_period = period;
        root.next_tick = (!period.is_zero()).then(|| now.saturating_add(nanos(period)));
        Ok(())
    }

    fn set_effective_context(&mut self, context: u32) -> Answer<()> {
        // Context 0 stands for the one whose callback runs.
        if context != 0 && !self.contexts.contains_key(&context) {
            return Err(Status::BadArgument);
        }
        self.effective = if context == 0 { self.current } else { context };
        Ok(())
    }

    fn done(&mut self) -> Answer<()> {
        match self.context() {
            Some(Context::Root(root)) if root.borrow().awaits_done => root.borrow_mut().awaits_done = false,
            _ => return Err(Status::NotFound),
        }
        let action = Action::RootDone { machine_key: self.vm_key.clone(), root: self.effective };
        self.worker.actions.borrow_mut().push_back(action);
        Ok(())
    }

    fn call_foreign_function(&mut self, name: &[u8], arguments: &[u8]) -> Answer<Vec<u8>> {
        match name {
            b"clear_route_cache" => self.clear_route_cache().map(|()| Vec::new()),
            name => foreign::call(name, arguments),
        }
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
