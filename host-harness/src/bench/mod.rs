//! What a filter costs: processor time per request of one real Envoy, beside what Envoy offers without us.
//!
//! One Envoy with one worker has a listener for each contender, and each listener the contender's routes. A listener answers by
//! itself, so that only the filter is measured; where a filter is nothing without an upstream, there is one, the same for all.
//! Rounds go through all contenders, each round beginning with another one, so that a slow moment of the machine hits all alike.
//! What counts is the processor time of the Envoy process alone: the load may come from this program. Nothing here knows how the
//! result is shown on a terminal.

mod client;
mod contender;
mod report;
mod routes;
mod upstream;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use client::LoadError;
pub use report::{Report, Row};

use crate::bootstrap::{Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Listener, Node, Protocol, Proxy};
use crate::envoy_process::{EnvoyBinary, EnvoyProcess, StartError, StartOptions};
use crate::mesh::Ports;
use client::Client;
use contender::{Contender, Section};
use routes::UPSTREAM;
use upstream::Upstream;

/// How much processor time a round of one contender should take.
const ROUND: Duration = Duration::from_millis(350);

/// How to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Our filters to measure by name; none means all. The references always take part.
    pub filters: Vec<String>,
    /// Requests of one contender in one round; `None` finds a number for each section that takes long enough to be measured.
    pub requests: Option<u32>,
    /// How many rounds.
    pub rounds: u32,
    /// Requests to each contender before anything counts: V8 compiles what runs often anew.
    pub warm_up: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { filters: Vec::new(), requests: None, rounds: 7, warm_up: 10_000 }
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A filter was asked for that there is not.
    #[error("expected filters among {}, but found {}", known.join(", "), unknown.join(", "))]
    UnknownFilter {
        /// What was asked for.
        unknown: Vec<String>,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// No ports for the listeners, or none for the upstream.
    #[error("expected a free port for each listener and the upstream, but: {0}")]
    Ports(io::Error),
    /// Envoy does not serve.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The processor time of Envoy cannot be read.
    #[error("expected the processor time of Envoy in /proc, but found none; measuring needs Linux")]
    NoProcessorTime,
    /// A contender's requests failed.
    #[error("{contender}: {reason}")]
    Load {
        /// The contender's name.
        contender: &'static str,
        /// What went wrong.
        reason: LoadError,
    },
}

/// How far a measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps done; a step is one contender in one round, or its warm-up.
    pub done: u32,
    /// All steps.
    pub of: u32,
    /// Who is next.
    pub contender: &'static str,
}

/// Whether all these filters can be measured.
pub fn check_filters(filters: &[String]) -> Result<(), Error> {
    let mut known: Vec<_> = contender::all().iter().filter_map(|contender| contender.filter).collect();
    known.sort_unstable();
    known.dedup();
    let unknown: Vec<_> = filters.iter().filter(|filter| !known.contains(&filter.as_str())).cloned().collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownFilter { unknown, known }) }
}

/// Measures. Its thread is busy with the load for up to seconds on end; between steps the work can be dropped, and Envoy ends
/// with it.
pub async fn run(binary: &EnvoyBinary, options: &Options, mut progress: impl FnMut(Progress)) -> Result<Report, Error> {
    check_filters(&options.filters)?;
    let wanted = |filter: &str| options.filters.is_empty() || options.filters.iter().any(|it| it == filter);
    let contenders: Vec<_> = contender::all().into_iter().filter(|it| it.filter.is_none_or(wanted)).collect();
    let upstream = Upstream::start(contender::upstream).map_err(Error::Ports)?;
    let proxy = proxy(&contenders, upstream.address).map_err(Error::Ports)?;
    let options_of_envoy = StartOptions {
        component_log_level: "wasm:warning".to_owned(),
        per_route: contenders.iter().filter_map(|it| it.routes.for_native_filters(it.name)).collect(),
        ..StartOptions::default()
    };
    let envoy = EnvoyProcess::start(binary, &proxy, &options_of_envoy).await?;
    if envoy.cpu_time().is_zero() {
        return Err(Error::NoProcessorTime);
    }
    let mut stands = Vec::new();
    for (contender, listener) in contenders.into_iter().zip(&proxy.listeners) {
        stands.push(Stand::open(contender, listener.address)?);
    }

    let steps = u32::try_from(stands.len()).unwrap_or(u32::MAX).saturating_mul(options.rounds.saturating_add(1));
    let mut done = 0;
    let mut step = |contender| {
        progress(Progress { done, of: steps, contender });
        done += 1;
    };
    for stand in &mut stands {
        step(stand.contender.name);
        tokio::task::yield_now().await;
        stand.send(options.warm_up)?;
    }
    let mut requests = BTreeMap::new();
    for stand in stands.iter_mut().filter(|stand| stand.contender.name == stand.contender.section.base) {
        let enough = match options.requests {
            Some(requests) => requests,
            None => long_enough(&envoy, stand)?,
        };
        requests.insert(stand.contender.name, enough);
    }
    for stand in &mut stands {
        stand.requests = requests.get(stand.contender.section.base).copied().unwrap_or_default();
    }
    for round in 0..options.rounds as usize {
        let first = round % stands.len().max(1);
        let (before, from) = stands.split_at_mut(first);
        for stand in from.iter_mut().chain(before) {
            step(stand.contender.name);
            tokio::task::yield_now().await;
            stand.measure(&envoy)?;
        }
    }
    envoy.stop().await;
    let measured = stands.into_iter().map(|Stand { contender, requests, samples, .. }| {
        let Contender { name, filter, section, .. } = contender;
        Measured { name, filter, section, requests, samples }
    });
    Ok(Report::new(options, &measured.collect::<Vec<_>>()))
}

/// How many requests take [`ROUND`] of processor time in the cheapest contender of a section.
fn long_enough(envoy: &EnvoyProcess, cheapest: &mut Stand) -> Result<u32, Error> {
    const ENOUGH_TO_TELL: Duration = Duration::from_millis(150);
    const MOST: u32 = 1 << 20;
    let mut requests: u32 = 2000;
    loop {
        let before = envoy.cpu_time();
        cheapest.send(requests)?;
        let took = envoy.cpu_time().saturating_sub(before);
        if took >= ENOUGH_TO_TELL || requests >= MOST {
            let scaled = f64::from(requests) * ROUND.as_secs_f64() / took.max(Duration::from_millis(1)).as_secs_f64();
            // To whole thousands: nobody compares runs by the last digit.
            return Ok((scaled / 1000.0).ceil() as u32 * 1000);
        }
        requests *= 2;
    }
}

/// What was measured of one contender.
struct Measured {
    name: &'static str,
    filter: Option<&'static str>,
    section: &'static Section,
    /// In each round.
    requests: u32,
    /// Microseconds of processor time per request, one for each round.
    samples: Vec<f64>,
}

/// A contender with its open connections and what was measured so far.
struct Stand {
    contender: Contender,
    client: Client,
    /// In each round; the same in a whole section.
    requests: u32,
    /// Microseconds of processor time per request, one for each round.
    samples: Vec<f64>,
}

impl Stand {
    fn open(contender: Contender, address: SocketAddr) -> Result<Self, Error> {
        let name = contender.name;
        let client = Client::connect(address).map_err(|error| Error::Load { contender: name, reason: error.into() })?;
        Ok(Self { contender, client, requests: 0, samples: Vec::new() })
    }

    fn send(&mut self, count: u32) -> Result<(), Error> {
        let Contender { name, requests, answer, .. } = &self.contender;
        self.client.send(requests, count, answer).map_err(|reason| Error::Load { contender: name, reason })
    }

    fn measure(&mut self, envoy: &EnvoyProcess) -> Result<(), Error> {
        let before = envoy.cpu_time();
        self.send(self.requests)?;
        let took = envoy.cpu_time().saturating_sub(before);
        self.samples.push(took.as_secs_f64() * 1e6 / f64::from(self.requests.max(1)));
        Ok(())
    }
}

/// An Envoy of a sidecar, with a listener for each contender.
fn proxy(contenders: &[Contender], upstream: SocketAddr) -> io::Result<Proxy> {
    // The ports are held until all are known, and free again when this returns.
    let mut ports = Ports::default();
    let listeners = contenders.iter().map(|contender| {
        Ok(Listener {
            name: contender.name.to_owned(),
            address: ports.any()?,
            direction: contender.direction,
            routes: Arc::new(contender.routes.table(contender.name)),
            filters: contender.chain.clone(),
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            // An identifier that Envoy makes up would be one that the request has.
            connection_manager: ConnectionManager::Bare,
        })
    });
    Ok(Proxy {
        name: "bench".to_owned(),
        node: Node {
            id: "sidecar~127.0.0.1~bench.default~default.svc.cluster.local".to_owned(),
            cluster: "bench.default".to_owned(),
            ..Node::default()
        },
        listeners: listeners.collect::<io::Result<_>>()?,
        clusters: vec![Cluster { name: UPSTREAM.to_owned(), endpoints: vec![upstream], protocol: Protocol::Http2 }],
        concurrency: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_filter_is_refused_with_those_that_there_are() {
        let asked = ["header-propagation", "nosuch", "neither"].map(str::to_owned);
        let message = check_filters(&asked).expect_err("two unknown filters").to_string();
        assert!(
            message.starts_with("expected filters among cors, grpc-json-transcoder, header-propagation"),
            "{message}"
        );
        assert!(message.ends_with("but found nosuch, neither"), "{message}");
        assert!(check_filters(&[]).is_ok());
    }

    #[test]
    fn every_contender_has_a_listener_of_its_own() {
        let contenders = contender::all();
        let proxy = proxy(&contenders, SocketAddr::from(([127, 0, 0, 1], 1))).expect("free ports");
        let mut addresses: Vec<_> = proxy.listeners.iter().map(|listener| listener.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), contenders.len());
    }
}
