//! The header-propagation module in the embedded engine: what it costs, and how its store behaves under pressure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use host_harness::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Module, Node, Plugin, Protocol,
    Proxy, Route, RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::envoy::{
    Connection, Environment, Event, HeaderMap, LogLine, Metric, Modules, Process, StreamEvent, TraceEntry, Worker,
};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);

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
struct Sidecar {
    laboratory: Arc<Laboratory>,
    process: Arc<Process>,
    workers: Vec<Worker>,
}

impl Sidecar {
    fn with(configuration: &str, workers: u32) -> Self {
        let laboratory =
            Arc::new(Laboratory { now: AtomicU64::new(1_700_000_000_000_000_000), random: AtomicU64::new(1) });
        let process = Process::new(laboratory.clone(), Modules::new().expect("the engine starts"));
        let module = artifacts::module("header-propagation").expect("the module is built in");
        let module = Module { name: module.name.to_owned(), bytes: Arc::from(module.bytes) };
        let plugin = Arc::new(Plugin::new("header-propagation", module, configuration));
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
            clusters: vec![Cluster { name: "upstream".to_owned(), endpoints: vec![], protocol: Protocol::Http1 }],
            concurrency: workers,
        };
        let workers = (0..workers)
            .map(|index| Worker::start(process.clone(), index, &proxy).expect("the plugin is configured"))
            .collect();
        Self { laboratory, process, workers }
    }

    /// Sends a bodyless request through a listener and answers the head that leaves, and the trace of it.
    fn send(&mut self, worker: usize, listener: &str, headers: &[(&str, &str)]) -> (HeaderMap, Vec<TraceEntry>) {
        let worker = &mut self.workers[worker];
        let connection = Connection { id: 1, source: LOOPBACK, destination: LOOPBACK, protocol: "HTTP/1.1".to_owned() };
        let listener = worker.listener(listener).expect("the listener is there");
        let stream = worker.open_stream(listener, connection).expect("the listener is there");
        let mut head = HeaderMap::from_pairs([
            (":method", "GET"),
            (":path", "/hello/eric"),
            (":authority", "hello2-svc:8001"),
            ("x-forwarded-proto", "http"),
        ]);
        for (name, value) in headers {
            head.add(name.as_bytes(), value.as_bytes());
        }
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

    fn counter(&self, name: &str) -> u64 {
        let metrics = self.process.metrics();
        match metrics.iter().find(|(key, _)| key.contains(name)).map(|(_, value)| value) {
            Some(Metric::Counter(value)) => *value,
            other => panic!("expected a counter {name}, but found {other:?} among {metrics:?}"),
        }
    }

    /// Lets time pass, and the ticks in it happen.
    fn pass(&mut self, time: Duration) {
        self.laboratory.now.fetch_add(u64::try_from(time.as_nanos()).expect("a short time"), Ordering::Relaxed);
        for worker in &mut self.workers {
            worker.run_timers();
        }
    }
}

fn host_calls(trace: &[TraceEntry]) -> Vec<&str> {
    let entries = trace.iter().filter(|entry| entry.callback == "proxy_on_request_headers");
    entries.flat_map(|entry| entry.calls.iter().map(|call| call.function)).collect()
}

const PROPAGATE: &str = r#"{"propagate": {"exact": ["route-v"]}}"#;

#[test]
fn a_header_that_came_in_goes_out_on_another_worker() {
    let mut sidecar = Sidecar::with(PROPAGATE, 2);
    let id = ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124");
    sidecar.send(0, "inbound", &[id, ("route-v", "v2")]);
    let (out, _) = sidecar.send(1, "outbound", &[id]);
    assert_eq!(out.get(b"route-v"), Some(&b"v2"[..]));
    let (other, _) = sidecar.send(1, "outbound", &[("x-b3-traceid", "000000000000000048485a3953bb0000")]);
    assert_eq!(other.get(b"route-v"), None);
}

#[test]
fn a_request_with_nothing_to_propagate_costs_at_most_two_host_calls() {
    let mut sidecar = Sidecar::with(PROPAGATE, 1);
    let id = ("x-request-id", "a8d1c0a8-5d0d-4f0e-9c3b-0d7b7a7f7f10");
    for (listener, headers) in [
        ("inbound", &[][..]),
        ("outbound", &[]),
        ("inbound", &[id]),
        ("outbound", &[id]),
        ("inbound", &[("route-v", "v2")]),
    ] {
        let (_, trace) = sidecar.send(0, listener, headers);
        let calls = host_calls(&trace);
        assert!(calls.len() <= 2, "{listener} {headers:?}: {calls:?}");
    }
}

#[test]
fn ten_thousand_traces_through_256_entries_keep_memory_flat_and_live_requests_hit() {
    const LIVE: usize = 32;
    let configuration = r#"{"propagate": {"exact": ["route-v"]}, "store": {"slots": 128, "ways": 2}}"#;
    let mut sidecar = Sidecar::with(configuration, 2);
    let id = |number: usize| {
        format!("{:032x}", (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    };
    let (mut hits, mut asked, mut peak) = (0, 0, (0, 0));
    for number in 0..10_000 {
        let lane = format!("lane-{}", number % 7);
        sidecar.send(number % 2, "inbound", &[("x-b3-traceid", &id(number)), ("route-v", &lane)]);
        let size = sidecar.process.shared_data_size();
        peak = (peak.0.max(size.0), peak.1.max(size.1));
        // Each request makes its call while LIVE others are under way.
        let Some(caller) = number.checked_sub(LIVE) else { continue };
        let (out, _) = sidecar.send((caller + 1) % 2, "outbound", &[("x-b3-traceid", &id(caller))]);
        asked += 1;
        if let Some(found) = out.get(b"route-v") {
            assert_eq!(found, format!("lane-{}", caller % 7).as_bytes(), "a lane of another request");
            hits += 1;
        }
        if number % 1000 == 0 {
            sidecar.pass(Duration::from_millis(5));
        }
    }
    sidecar.pass(Duration::from_secs(6));
    println!(
        "256 entries, {LIVE} live requests, 10000 traces: {hits} of {asked} calls hit ({:.2} %), \
         {} keys and {} bytes of shared data at most",
        100.0 * f64::from(hits) / f64::from(asked),
        peak.0,
        peak.1
    );
    assert!(peak.0 <= 128 && peak.1 <= 128 * 1024, "the store grew to {peak:?}");
    assert!(f64::from(hits) >= 0.9 * f64::from(asked), "only {hits} of {asked} calls hit");
    assert_eq!(sidecar.counter("hit"), u64::try_from(hits).expect("no negative count"));
}
