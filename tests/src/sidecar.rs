//! One sidecar in the embedded engine, with one plugin on both of its listeners and a clock that the test moves.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use host_harness::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Module, Node, Plugin, Protocol,
    Proxy, Route, RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::envoy::{
    Connection, Environment, Event, HeaderMap, LogLine, Metric, Modules, Process, StreamEvent, TraceEntry, Worker,
};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);

/// Compiled modules, shared by all sidecars of a test.
fn modules() -> Arc<Modules> {
    static MODULES: OnceLock<Arc<Modules>> = OnceLock::new();
    MODULES.get_or_init(|| Modules::new().expect("the engine starts")).clone()
}

/// A clock that the test moves, and randomness that repeats.
struct Laboratory {
    now: AtomicU64,
    random: AtomicU64,
}

impl Environment for Laboratory {
    fn unix_nanos(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            *byte = next.to_be_bytes()[0];
        }
    }

    fn log(&self, line: LogLine) {
        assert!(!line.from_host, "the host had to say: {}", line.message);
    }
}

/// A sidecar with one plugin on both of its listeners, as an Istio WasmPlugin without a match puts it there.
pub struct Sidecar {
    laboratory: Arc<Laboratory>,
    /// What its workers share.
    pub process: Arc<Process>,
    workers: Vec<Worker>,
}

/// What a client gets.
#[derive(Debug, Default)]
pub struct Exchanged {
    /// The head of the response.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether the request got to the upstream.
    pub forwarded: bool,
}

impl Sidecar {
    /// A sidecar whose plugin is that filter with this configuration.
    pub fn with(filter: &str, configuration: &str, workers: u32) -> Self {
        let laboratory =
            Arc::new(Laboratory { now: AtomicU64::new(1_700_000_000_000_000_000), random: AtomicU64::new(1) });
        let process = Process::new(laboratory.clone(), modules());
        let module = artifacts::module(filter).expect("the module is built in");
        let module = Module { name: module.name.to_owned(), bytes: Arc::from(module.bytes) };
        let plugin = Arc::new(Plugin::new(filter, module, configuration));
        let route = Route {
            name: "default".to_owned(),
            matcher: RouteMatch::default(),
            action: RouteAction::Cluster("upstream".to_owned()),
            timeout: None,
        };
        let host = VirtualHost { name: "all".to_owned(), domains: vec!["*".to_owned()], routes: vec![route] };
        let routes = Arc::new(RouteTable { name: "test".to_owned(), virtual_hosts: vec![host] });
        let listener = |name: &str, direction| Listener {
            name: name.to_owned(),
            address: LOOPBACK,
            direction,
            routes: routes.clone(),
            filters: vec![HttpFilter::Wasm(plugin.clone())],
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            connection_manager: ConnectionManager::Bare,
        };
        let proxy = Proxy {
            name: "pod".to_owned(),
            node: Node { id: "sidecar~127.0.0.1~pod.default~default.svc.cluster.local".to_owned(), ..Node::default() },
            listeners: vec![listener("inbound", Direction::Inbound), listener("outbound", Direction::Outbound)],
            clusters: vec![Cluster {
                name: "upstream".to_owned(),
                endpoints: vec![LOOPBACK],
                protocol: Protocol::Http1,
            }],
            concurrency: workers,
        };
        let workers = (0..workers)
            .map(|index| Worker::start(process.clone(), index, &proxy).expect("the plugin is configured"))
            .collect();
        Self { laboratory, process, workers }
    }

    /// The head of a bodyless request with these headers.
    pub fn head<N: AsRef<[u8]>, V: AsRef<[u8]>>(headers: &[(N, V)]) -> HeaderMap {
        let mut head = HeaderMap::from_pairs([
            (":method", "GET"),
            (":path", "/hello/eric"),
            (":authority", "hello2-svc:8001"),
            ("x-forwarded-proto", "http"),
        ]);
        for (name, value) in headers {
            head.add(name.as_ref(), value.as_ref());
        }
        head
    }

    /// Sends a bodyless request through a listener and answers the head that leaves, and the trace of it.
    pub fn send<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &mut self,
        worker: usize,
        listener: &str,
        headers: &[(N, V)],
    ) -> (HeaderMap, Vec<TraceEntry>) {
        let worker = &mut self.workers[worker];
        let connection = Connection { id: 1, source: LOOPBACK, destination: LOOPBACK, protocol: "HTTP/1.1".to_owned() };
        let listener = worker.listener(listener).expect("the listener is there");
        let stream = worker.open_stream(listener, connection).expect("the listener is there");
        let head = Self::head(headers);
        worker.set_tracing(true);
        worker.request_headers(stream, head, true);
        worker.set_tracing(false);
        let mut left = None;
        while let Some(event) = worker.poll_event() {
            if let Event::Stream(_, StreamEvent::RequestHeaders { headers, .. }) = event {
                left = Some(headers);
            }
        }
        worker.downstream_reset(stream);
        while worker.poll_event().is_some() {}
        (left.expect("the request reaches the router"), worker.take_trace())
    }

    /// Sends a bodyless request with this head through a listener, has the upstream answer with that head and no body if it gets
    /// there, and says what the client gets.
    pub fn exchange(&mut self, listener: &str, request: HeaderMap, upstream: &HeaderMap) -> Exchanged {
        let worker = &mut self.workers[0];
        let connection = Connection { id: 1, source: LOOPBACK, destination: LOOPBACK, protocol: "HTTP/1.1".to_owned() };
        let listener = worker.listener(listener).expect("the listener is there");
        let stream = worker.open_stream(listener, connection).expect("the listener is there");
        worker.request_headers(stream, request, true);
        let mut exchanged = Exchanged::default();
        while let Some(event) = worker.poll_event() {
            let Event::Stream(_, event) = event else { continue };
            match event {
                StreamEvent::RequestHeaders { .. } => {
                    exchanged.forwarded = true;
                    worker.response_headers(stream, upstream.clone(), true);
                }
                StreamEvent::ResponseHeaders { headers, .. } => exchanged.headers = headers,
                StreamEvent::ResponseData { data, .. } => exchanged.body.extend_from_slice(&data),
                _ => {}
            }
        }
        exchanged
    }

    /// The value of the one counter whose name contains this.
    pub fn counter(&self, name: &str) -> u64 {
        let metrics = self.process.metrics();
        match metrics.iter().find(|(key, _)| key.contains(name)).map(|(_, value)| value) {
            Some(Metric::Counter(value)) => *value,
            other => panic!("expected a counter {name}, but found {other:?} among {metrics:?}"),
        }
    }

    /// Lets time pass, and the ticks in it happen.
    pub fn pass(&mut self, time: Duration) {
        self.laboratory.now.fetch_add(u64::try_from(time.as_nanos()).expect("a short time"), Ordering::Relaxed);
        for worker in &mut self.workers {
            worker.run_timers();
        }
    }
}
