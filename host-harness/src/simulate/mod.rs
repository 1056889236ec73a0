//! What a configuration of `traffic-label` would decide about requests that were recorded: who would get which label, and why.
//!
//! ```text
//! lines ─ request ─ the filter's own core, as a gateway's ─ reasons ─┬─ each line's answer
//!                                                                      └─ tally ─ report
//! ```
//! The filter's core decides, compiled for this machine, so there is no second opinion that could differ from it. Memory does
//! not grow with the number of lines: what is counted is counted by label, value and rule, and users are sampled.

mod distribution;
mod report;
mod request;
mod tally;

use std::io::{self, BufRead};

use correlation_store::MemorySlots;
use http_exchange::Headers;
use strict_config::Problems;
use traffic_label_core::{Exchange, Node, Policy, Reason};

pub use distribution::Distribution;
pub use report::{LabelReport, Report, SplitReport, ValueReport};
pub use request::RequestError;

use request::Recorded;
use tally::Tally;

/// Why a line, or all of them, cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The filter would refuse the configuration.
    #[error("{0}")]
    Configuration(Problems),
    /// The requests cannot be read.
    #[error("line {line}: {source}")]
    Unreadable {
        /// Counted from 1.
        line: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// A line is not a request.
    #[error("line {line}: {error}")]
    NotARequest {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        error: RequestError,
    },
}

/// A gateway that decides about recorded requests.
pub struct Simulation {
    policy: Policy,
    slots: MemorySlots,
    tally: Tally,
    /// The time of requests that do not say theirs, in milliseconds since 1970.
    now: u64,
    lines: u64,
}

/// The gateway that is simulated.
struct Gateway;

impl Node for Gateway {
    fn id(&mut self) -> Option<Vec<u8>> {
        Some(b"router~".to_vec())
    }

    fn label(&mut self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn namespace(&mut self) -> Option<Vec<u8>> {
        Some(b"istio-system".to_vec())
    }
}

impl Simulation {
    /// A simulation of a configuration; `now` is the time of requests that do not say theirs, in milliseconds since 1970.
    pub fn new(configuration: &[u8], now: u64) -> Result<Self, SimulateError> {
        let mut policy = Policy::parse(configuration, &mut Gateway).map_err(SimulateError::Configuration)?;
        policy.explain_everything();
        Ok(Self { policy, slots: MemorySlots::default(), tally: Tally::default(), now, lines: 0 })
    }

    /// Decides about every line that is left; `each` is told the line, its reasons and how many bytes have been read so far.
    pub fn run(
        &mut self,
        requests: &mut dyn BufRead,
        each: &mut dyn FnMut(u64, &[Reason], u64),
    ) -> Result<(), SimulateError> {
        let (mut text, mut bytes) = (Vec::new(), 0);
        loop {
            text.clear();
            let line = self.lines + 1;
            let read = requests.read_until(b'\n', &mut text);
            let read = read.map_err(|source| SimulateError::Unreadable { line, source })?;
            if read == 0 {
                return Ok(());
            }
            self.lines = line;
            bytes += read as u64;
            if text.trim_ascii().is_empty() {
                continue;
            }
            let request = Recorded::read(&text).map_err(|error| SimulateError::NotARequest { line, error })?;
            self.decide(&request, |reasons| each(line, reasons, bytes));
        }
    }

    fn decide(&mut self, request: &Recorded, told: impl FnOnce(&[Reason])) {
        let pairs = request.head();
        let mut exchange = Exchange::default();
        let mut surroundings = request.surroundings(self.now);
        self.policy.on_request_headers(&mut exchange, &Headers::new(&pairs), &mut self.slots, &mut surroundings);
        self.tally.add(exchange.reasons());
        told(exchange.reasons());
    }

    /// What has come of all lines so far.
    pub fn report(&self) -> Report {
        self.tally.report()
    }
}
