//! A scenario on a real Envoy: one process with one worker, scripted upstreams and a client around it.
//!
//! Log lines belong to steps although they are read from another process: after each step a request passes through a *fence*, a
//! listener whose Lua filter logs a number. There is one worker thread, so every line that precedes that number in the log was
//! written before, whatever was still being destroyed when the client had its answer.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{ClientError, exchange};
use super::guest_log::Labels;
use super::model::{Request, Scenario, Step};
use super::plan::{self, DEFAULT_CLUSTER};
use super::transcript::{Logged, Section, Transcript};
use super::upstream::Upstreams;
use crate::bootstrap::{
    ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Route, RouteAction, RouteMatch,
    RouteTable, VirtualHost,
};
use crate::envoy_process::{EnvoyBinary, EnvoyProcess, StartError, StartOptions};
use crate::free_port;

/// Why a scenario could not be run; what a proxy does wrong is part of the transcript instead.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The process cannot be run.
    #[error("starting Envoy: {0}")]
    Start(#[from] StartError),
    /// It refuses its configuration though the scenario does not say so, or the other way round.
    #[error("expected Envoy to {expected} its configuration, but it did not:\n{log}")]
    Verdict {
        /// `accept` or `refuse`.
        expected: &'static str,
        /// What it logged.
        log: String,
    },
    /// A socket or a runtime cannot be made.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A request cannot be sent.
    #[error("step {step}: {source}")]
    Client {
        /// The step's number, from 1.
        step: usize,
        /// Why not.
        source: ClientError,
    },
    /// Something that must happen did not.
    #[error("expected {what} within {PATIENCE:?}, but it did not come; the log says:\n{log}")]
    Missing {
        /// What it is.
        what: String,
        /// What Envoy logged.
        log: String,
    },
}

/// How long anything that must happen may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(2);
const FENCE: &str = "fence";

/// Runs a scenario on a real Envoy.
pub fn run_envoy(scenario: &Scenario, binary: &EnvoyBinary) -> Result<Transcript, RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(scenario, binary))
}

async fn run(scenario: &Scenario, binary: &EnvoyBinary) -> Result<Transcript, RunError> {
    let clusters = plan::clusters(scenario);
    let upstreams = Upstreams::start(&clusters).await?;
    let mut listeners = BTreeMap::new();
    for listener in scenario.all_listeners() {
        listeners.insert(listener.name, free_address()?);
    }
    let fence = free_address()?;
    let unknown = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let address = |name: &str| listeners.get(name).copied().unwrap_or(unknown);
    let mut proxy = plan::proxy(scenario, address, |cluster| upstreams.address(cluster));
    proxy.listeners.push(fence_listener(fence));

    let options = StartOptions { component_log_level: "wasm:info,lua:info".to_owned(), ..StartOptions::default() };
    let process = match EnvoyProcess::start(binary, &proxy, &options).await {
        Ok(process) => process,
        // Why it refuses is for a person; that it does is the behaviour.
        Err(StartError::Ended { .. }) if scenario.refused => return Ok(Transcript::refused()),
        Err(error) => return Err(error.into()),
    };
    if scenario.refused {
        return Err(RunError::Verdict { expected: "refuse", log: process.log_lines().join("\n") });
    }
    let labels = Labels::of(scenario);
    let mut run = Run { process, labels, upstreams, fence, fences: 0, read: 0 };
    let mut transcript = Transcript::default();
    transcript.sections.push(run.section("start".to_owned()).await?);
    for (index, step) in scenario.steps.iter().enumerate() {
        let mut behaviours = clusters.clone();
        behaviours.extend(step.upstream.clone().map(|upstream| (DEFAULT_CLUSTER.to_owned(), upstream)));
        run.upstreams.behave(behaviours);
        let listener = step.listener.as_ref().or(listeners.keys().next()).map_or(unknown, |name| address(name));
        transcript.sections.push(run.step(index + 1, step, listener).await?);
    }
    transcript.metrics = run.metrics().await?;
    if scenario.shutdown {
        transcript.sections.push(run.shutdown().await);
    }
    Ok(transcript)
}

struct Run {
    process: EnvoyProcess,
    labels: Labels,
    upstreams: Upstreams,
    fence: SocketAddr,
    fences: usize,
    /// How many of the guests' lines belong to sections that are done.
    read: usize,
}

impl Run {
    async fn step(&mut self, number: usize, step: &Step, listener: SocketAddr) -> Result<Section, RunError> {
        let mut client = None;
        if let Some(request) = &step.request {
            let leave = async {
                match &step.client_leaves_after {
                    Some(text) => drop(self.wait_for_line(text).await),
                    None => tokio::time::sleep(PATIENCE).await,
                }
            };
            let seen = exchange(listener, request, leave).await;
            client = Some(seen.map_err(|source| RunError::Client { step: number, source })?);
        }
        if let Some(text) = &step.wait_for {
            self.wait_for_line(text).await?;
        }
        let mut section = self.section(step.title(number)).await?;
        section.client = client;
        Ok(section)
    }

    /// Everything that happened since the last section.
    async fn section(&mut self, title: String) -> Result<Section, RunError> {
        self.pass_fence().await?;
        self.until("every request that reached an upstream to end there", |run| run.upstreams.are_idle()).await?;
        let log: Vec<Logged> = self.unread();
        self.read += log.len();
        Ok(Section { title, log, received: self.upstreams.take_received(), client: None })
    }

    fn unread(&self) -> Vec<Logged> {
        self.labels.logged(&self.process.log_lines()).into_iter().skip(self.read).collect()
    }

    async fn pass_fence(&mut self) -> Result<(), RunError> {
        self.fences += 1;
        let request = Request { path: format!("/{FENCE}-{}.", self.fences), ..Request::default() };
        let passed = exchange(self.fence, &request, tokio::time::sleep(PATIENCE)).await;
        passed.map_err(|source| RunError::Client { step: 0, source })?;
        let mark = request.path.clone();
        self.until("the fence to be logged", |run| {
            run.process.log_lines().iter().any(|line| line.contains("script log") && line.contains(&mark))
        })
        .await
    }

    async fn wait_for_line(&self, text: &str) -> Result<(), RunError> {
        self.until(&format!("a guest to log `{text}`"), |run| {
            run.unread().iter().any(|line| line.message.contains(text))
        })
        .await
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<(), RunError> {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            if Instant::now() > deadline {
                return Err(RunError::Missing { what: what.to_owned(), log: self.process.log_lines().join("\n") });
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// The counters and gauges that guests defined.
    async fn metrics(&self) -> Result<BTreeMap<String, u64>, RunError> {
        let request = Request { path: format!("/stats?filter=^{METRICS}"), ..Request::default() };
        let answer = exchange(self.process.admin(), &request, tokio::time::sleep(PATIENCE)).await;
        let answer = answer.map_err(|source| RunError::Client { step: 0, source })?;
        Ok(String::from_utf8_lossy(&answer.body)
            .lines()
            .filter_map(|line| line.strip_prefix(METRICS)?.split_once(": "))
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect())
    }

    async fn shutdown(self) -> Section {
        let Self { process, labels, read, .. } = self;
        let lines = process.stop().await;
        let log = labels.logged(&lines).into_iter().skip(read).collect();
        Section { title: "shutdown".to_owned(), log, ..Section::default() }
    }
}

/// The namespace of the statistics that guests define.
const METRICS: &str = "wasmcustom.";

/// A port that was free a moment ago.
fn free_address() -> std::io::Result<SocketAddr> {
    free_port::bind()?.local_addr()
}

fn fence_listener(address: SocketAddr) -> Listener {
    let script = "function envoy_on_request(handle) handle:logInfo(handle:headers():get(':path')) end";
    let typed_config = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": script },
    });
    let route = Route {
        name: FENCE.to_owned(),
        matcher: RouteMatch::default(),
        action: RouteAction::Direct { status: 204, body: String::new() },
        timeout: None,
    };
    let host = VirtualHost { name: FENCE.to_owned(), domains: vec!["*".to_owned()], routes: vec![route] };
    Listener {
        name: FENCE.to_owned(),
        address,
        direction: Direction::Unspecified,
        routes: Arc::new(RouteTable { name: FENCE.to_owned(), virtual_hosts: vec![host] }),
        filters: vec![HttpFilter::Native { name: "envoy.filters.http.lua".to_owned(), typed_config }],
        buffer_limit: DEFAULT_BUFFER_LIMIT,
        connection_manager: ConnectionManager::Bare,
    }
}
