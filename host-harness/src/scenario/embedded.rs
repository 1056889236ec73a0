//! A scenario on the embedded engine: no sockets, a clock that moves only when everything waits for it, and randomness from a
//! seed, so that it replays to the byte.
//!
//! This drives a [`Worker`] the way one worker thread of Envoy is driven: all that has arrived is taken in before anything is
//! answered, and answers come in the order of their questions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::embedded_upstream::{Answer, Question, answer};
use super::guest_log::normalised;
use super::model::{Protocol, Request, Scenario, Step, Upstream, trailer_map};
use super::plan::{self, DEFAULT_CLUSTER};
use super::transcript::{End, Logged, Received, Section, Seen, Transcript, grouped};
use crate::abi::LogLevel;
use crate::envoy::{
    Connection, Environment, Event, HeaderMap, LogLine, Metric, Modules, Process, StartError, StreamEvent, StreamId,
    TraceEntry, Worker,
};

/// Why a scenario could not be run; what the engine does wrong is part of the transcript instead.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// A plugin is refused though the scenario does not say so.
    #[error("expected the engine to accept the configuration, but: {0}")]
    Refused(StartError),
    /// No plugin is refused though the scenario says so.
    #[error("expected the engine to refuse the configuration, but it did not")]
    Accepted,
    /// There is no such listener.
    #[error("expected a listener `{0}`")]
    NoListener(String),
    /// Something that must happen does not.
    #[error("expected a guest to log `{0}`, but nothing more happens")]
    Missing(String),
}

/// 2026-01-01T00:00:00Z, where every scenario begins.
const BEGINNING: u64 = 1_767_225_600_000_000_000;
/// How many timers may run in one step: a tick that nothing stops would run for ever.
const TIMERS: usize = 1000;

/// What the engine recorded in one step.
#[derive(Clone, Debug)]
pub struct TraceSection {
    /// As the step is called in the transcript.
    pub title: String,
    /// Each callback.
    pub entries: Vec<TraceEntry>,
}

/// Runs a scenario on the embedded engine; `trace` is given what the engine recorded of every callback.
pub fn run_embedded(
    scenario: &Scenario,
    modules: &Arc<Modules>,
    mut trace: Option<&mut Vec<TraceSection>>,
) -> Result<Transcript, EmbeddedError> {
    let laboratory = Arc::new(Laboratory::default());
    let process = Process::new(Arc::clone(&laboratory) as Arc<dyn Environment>, Arc::clone(modules));
    let proxy = plan::proxy(scenario, |_| loopback(10_000), |_| loopback(20_000));
    // Envoy starts every plugin on its main thread too, before its workers; that one serves no streams but runs timers.
    let main_thread = match Worker::start(Arc::clone(&process), 1, &proxy) {
        Ok(_) if scenario.refused => return Err(EmbeddedError::Accepted),
        Ok(worker) => worker,
        Err(_) if scenario.refused => return Ok(Transcript::refused()),
        Err(error) => return Err(EmbeddedError::Refused(error)),
    };
    let worker = Worker::start(Arc::clone(&process), 0, &proxy).map_err(EmbeddedError::Refused)?;
    worker.set_tracing(trace.is_some());
    let mut run = Run::new(worker, main_thread, laboratory);
    let mut transcript = Transcript::default();
    transcript.sections.push(run.section("start".to_owned()));
    for (index, step) in scenario.steps.iter().enumerate() {
        run.behaviours = plan::clusters(scenario);
        run.behaviours.extend(step.upstream.clone().map(|upstream| (DEFAULT_CLUSTER.to_owned(), upstream)));
        let listener = step.listener.clone().or(proxy.listeners.first().map(|it| it.name.clone()));
        run.step(step, &listener.unwrap_or_default())?;
        transcript.sections.push(run.section(step.title(index + 1)));
        if let Some(trace) = &mut trace {
            trace.push(TraceSection { title: step.title(index + 1), entries: run.worker.take_trace() });
        }
    }
    transcript.metrics = metrics(&process);
    if scenario.shutdown {
        run.worker.shut_down();
        run.main_thread.shut_down();
        transcript.sections.push(run.section("shutdown".to_owned()));
    }
    Ok(transcript)
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn metrics(process: &Process) -> BTreeMap<String, u64> {
    let values = process.metrics().into_iter().filter_map(|(name, metric)| match metric {
        Metric::Counter(value) | Metric::Gauge(value) => Some((name, value)),
        Metric::Histogram(_) => None,
    });
    values.collect()
}

/// The environment of a scenario.
struct Laboratory {
    started: Instant,
    now: AtomicU64,
    random: AtomicU64,
    log: Mutex<Vec<Logged>>,
}

impl Default for Laboratory {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            now: AtomicU64::new(BEGINNING),
            random: AtomicU64::new(1),
            log: Mutex::default(),
        }
    }
}

impl Environment for Laboratory {
    fn unix_nanos(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    fn monotonic_nanos(&self) -> u64 {
        // Only a trace shows it, for the time that a guest took; no transcript depends on it.
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            // A linear congruential generator (Knuth's MMIX): its upper bits are good enough for a seed that never changes.
            let next =
                |state: u64| state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let state = next(self.random.load(Ordering::SeqCst));
            self.random.store(state, Ordering::SeqCst);
            *byte = u8::try_from(state >> 56).unwrap_or_default();
        }
    }

    fn log(&self, line: LogLine) {
        if !line.from_host {
            let level = match line.level {
                LogLevel::Trace => "trace",
                LogLevel::Debug => "debug",
                LogLevel::Info => "info",
                LogLevel::Warn => "warning",
                LogLevel::Error => "error",
                LogLevel::Critical => "critical",
            };
            let (level, message) = (level.to_owned(), normalised(&line.message));
            self.lines().push(Logged { level, plugin: line.plugin, message });
        }
    }
}

impl Laboratory {
    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<Logged>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Run {
    worker: Worker,
    main_thread: Worker,
    laboratory: Arc<Laboratory>,
    behaviours: BTreeMap<String, Upstream>,
    connections: u64,
    /// Requests on their way to an upstream, by stream.
    upstream: BTreeMap<StreamId, Question>,
    /// Complete requests and callouts that wait for their answer.
    questions: VecDeque<Question>,
    /// Questions that are answered by a time-out only.
    silent: Vec<(u64, Question)>,
    /// Clusters to which there is a connection, so that a request is on its way at once.
    connected: BTreeSet<String>,
    received: Vec<Received>,
    client: Option<Seen>,
    client_done: bool,
}

impl Run {
    fn new(worker: Worker, main_thread: Worker, laboratory: Arc<Laboratory>) -> Self {
        Self {
            worker,
            main_thread,
            laboratory,
            behaviours: BTreeMap::new(),
            connections: 0,
            upstream: BTreeMap::new(),
            questions: VecDeque::new(),
            silent: Vec::new(),
            connected: BTreeSet::new(),
            received: Vec::new(),
            client: None,
            client_done: false,
        }
    }

    fn section(&mut self, title: String) -> Section {
        let log = std::mem::take(&mut *self.laboratory.lines());
        Section { title, log, received: std::mem::take(&mut self.received), client: self.client.take() }
    }

    fn step(&mut self, step: &Step, listener: &str) -> Result<(), EmbeddedError> {
        if let Some(request) = &step.request {
            let stream = self.open(listener, request.protocol)?;
            (self.client, self.client_done) = (Some(Seen::default()), false);
            let mut headers = request.header_map();
            // What the connection manager adds before any filter.
            headers.replace(b"x-forwarded-proto", b"http");
            match request.protocol {
                Protocol::Http1 => self.send_http1(stream, headers, request),
                Protocol::Http2 => self.send_http2(stream, headers, request),
            }
            let leaves = step.client_leaves_after.as_deref();
            self.run_until(|run| run.client_done || leaves.is_some_and(|text| run.has_logged(text)));
            if !self.client_done {
                self.worker.downstream_reset(stream);
                self.settle();
                self.client.get_or_insert_default().end = End::Left;
            }
            // Envoy's HTTP/1.1 codec sends no trailers.
            if let Some(client) = self.client.as_mut().filter(|_| request.protocol == Protocol::Http1) {
                client.trailers = None;
            }
        }
        if let Some(text) = &step.wait_for
            && !self.run_until(|run| run.has_logged(text))
        {
            return Err(EmbeddedError::Missing(text.clone()));
        }
        self.client = self.client.take().map(|seen| seen.checked().normalised());
        Ok(())
    }

    fn send_http2(&mut self, stream: StreamId, headers: HeaderMap, request: &Request) {
        let trailers = trailer_map(&request.trailers);
        // As the client's library sends them.
        self.worker.request_headers(stream, grouped(&headers), request.body.is_empty() && trailers.is_none());
        for (index, chunk) in request.body.iter().enumerate() {
            let last = index + 1 == request.body.len() && trailers.is_none();
            self.worker.request_data(stream, chunk.0.clone(), last);
        }
        if let Some(trailers) = trailers {
            self.worker.request_trailers(stream, trailers);
        }
    }

    /// Envoy's HTTP/1.1 codec gives out all of the body that one read brought, and the end of it by itself. Its pseudo-headers
    /// come in the order in which a request line has them.
    fn send_http1(&mut self, stream: StreamId, headers: HeaderMap, request: &Request) {
        let headers = HeaderMap::from_pairs(
            [&b":authority"[..], b":path", b":method", b":scheme"]
                .iter()
                .filter_map(|name| Some((*name, headers.get(name)?)))
                .chain(headers.iter().filter(|(name, _)| !name.starts_with(b":"))),
        );
        if request.body.is_empty() {
            return self.worker.request_headers(stream, headers, true);
        }
        self.worker.request_headers(stream, headers, false);
        let body: Vec<u8> = request.body.iter().flat_map(|chunk| chunk.0.iter().copied()).collect();
        self.worker.request_data(stream, body.into(), false);
        self.worker.request_data(stream, Bytes::new(), true);
    }

    fn open(&mut self, listener: &str, protocol: Protocol) -> Result<StreamId, EmbeddedError> {
        self.connections += 1;
        let connection = Connection {
            id: self.connections,
            source: loopback(40_000),
            destination: loopback(10_000),
            protocol: match protocol {
                Protocol::Http1 => "HTTP/1.1".to_owned(),
                Protocol::Http2 => "HTTP/2".to_owned(),
            },
        };
        let found = self.worker.listener(listener).and_then(|listener| self.worker.open_stream(listener, connection));
        found.ok_or_else(|| EmbeddedError::NoListener(listener.to_owned()))
    }

    fn has_logged(&self, text: &str) -> bool {
        self.laboratory.lines().iter().any(|line| line.message.contains(text))
    }

    /// Lets time pass until a condition holds, and says whether it does.
    fn run_until(&mut self, holds: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..TIMERS {
            self.settle();
            if holds(self) {
                return true;
            }
            let timeout = self.silent.iter().map(|(at, _)| *at).min();
            let timers = [self.worker.next_deadline(), self.main_thread.next_deadline(), timeout];
            let Some(next) = timers.into_iter().flatten().min() else { return false };
            self.laboratory.now.fetch_max(next, Ordering::SeqCst);
            self.time_out();
            self.main_thread.run_timers();
            self.worker.run_timers();
        }
        false
    }

    /// Answers everything that can be answered without time passing.
    fn settle(&mut self) {
        loop {
            while let Some(event) = self.worker.poll_event() {
                match event {
                    Event::Stream(stream, event) => self.take_event(stream, event),
                    Event::Callout(callout) => {
                        let question = Question::of_callout(callout);
                        self.ask(question);
                    }
                }
            }
            if self.worker.next_deadline() == Some(0) {
                self.worker.run_timers();
                continue;
            }
            self.upstream.values_mut().for_each(|question| question.sent = true);
            if self.answer_early() {
                continue;
            }
            let Some(question) = self.questions.pop_front() else { return };
            self.answer(question);
        }
    }

    /// Answers a request that is not complete, of an upstream that does not wait for the rest, and says whether there was one.
    fn answer_early(&mut self) -> bool {
        let behaviours = &self.behaviours;
        let hasty = |question: &&mut Question| !question.answered && question.is_answered_early(behaviours);
        let Some(question) = self.upstream.values_mut().find(hasty) else { return false };
        question.answered = true;
        let (asker, form, reply) = (question.asker.clone(), question.form(), answer(question, behaviours));
        if let Some(reply) = reply {
            reply.deliver(&mut self.worker, asker, form);
        }
        true
    }

    fn take_event(&mut self, stream: StreamId, event: StreamEvent) {
        match event {
            StreamEvent::RequestHeaders { headers, end_stream, cluster, timeout } => {
                let sent = self.connected.contains(&cluster);
                let question = Question { sent, ..Question::of_stream(stream, cluster, headers, timeout) };
                self.upstream.insert(stream, question);
                self.asked_if(stream, end_stream);
            }
            StreamEvent::RequestData { data, end_stream } => {
                if let Some(question) = self.upstream.get_mut(&stream) {
                    question.seen.body.extend(data);
                }
                self.asked_if(stream, end_stream);
            }
            StreamEvent::RequestTrailers(trailers) => {
                if let Some(question) = self.upstream.get_mut(&stream) {
                    question.seen.trailers = Some(trailers);
                }
                self.asked_if(stream, true);
            }
            StreamEvent::ResponseHeaders { headers, end_stream } => {
                self.client.get_or_insert_default().headers = Some(headers);
                self.client_done |= end_stream;
            }
            StreamEvent::ResponseData { data, end_stream } => {
                self.client.get_or_insert_default().body.extend(data);
                self.client_done |= end_stream;
            }
            StreamEvent::ResponseTrailers(trailers) => {
                self.client.get_or_insert_default().trailers = Some(trailers);
                self.client_done = true;
            }
            StreamEvent::Reset => {
                if !self.client_done {
                    self.client.get_or_insert_default().end = End::Reset;
                }
                self.client_done = true;
                self.drop_upstream(stream);
            }
            StreamEvent::Done => self.drop_upstream(stream),
        }
    }

    /// The proxy gave up a request before its end.
    fn drop_upstream(&mut self, stream: StreamId) {
        self.questions.retain(|question| !question.belongs_to(stream));
        self.silent.retain(|(_, question)| !question.belongs_to(stream));
        if let Some(mut question) = self.upstream.remove(&stream)
            && question.sent
            && question.arrives(&self.behaviours)
        {
            question.seen.end = End::Reset;
            self.receive(&question);
        }
    }

    fn asked_if(&mut self, stream: StreamId, complete: bool) {
        if complete && let Some(question) = self.upstream.remove(&stream) {
            self.ask(question);
        }
    }

    fn ask(&mut self, question: Question) {
        if question.arrives(&self.behaviours) {
            self.receive(&question);
        }
        if !question.answered {
            self.questions.push_back(question);
        }
    }

    fn receive(&mut self, question: &Question) {
        self.connected.insert(question.cluster.clone());
        self.received.push(question.received());
    }

    fn answer(&mut self, question: Question) {
        match answer(&question, &self.behaviours) {
            Some(reply) => self.deliver(question, reply),
            None => {
                // Zero means that it may take for ever, and so it does.
                if !question.timeout.is_zero() {
                    self.silent.push((self.laboratory.unix_nanos() + nanos(question.timeout), question));
                }
            }
        }
    }

    fn time_out(&mut self) {
        let now = self.laboratory.unix_nanos();
        let (due, waiting) = std::mem::take(&mut self.silent).into_iter().partition(|(at, _)| *at <= now);
        self.silent = waiting;
        let due: Vec<(u64, Question)> = due;
        for (_, question) in due {
            self.deliver(question, Answer::timed_out());
        }
    }

    fn deliver(&mut self, question: Question, answer: Answer) {
        let form = question.form();
        answer.deliver(&mut self.worker, question.asker, form);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Question {
    /// What the upstream sees of it.
    fn received(&self) -> Received {
        Received { cluster: self.cluster.clone(), message: self.seen.clone().checked().normalised() }
    }
}
