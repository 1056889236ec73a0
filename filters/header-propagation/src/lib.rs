//! Header propagation as a Proxy-Wasm module: the adapter, which decides nothing.
//!
//! It gives the core what it asks for and reports what the core counted.
#![cfg(target_family = "wasm")]

use header_propagation_core::{Counts, Direction, Policy, Surroundings};
use http_exchange::{Headers, Part, Route, Step};
use strict_config::Problems;
use wasm_adapter::Plugin;
use wasm_adapter::host::{self, Counter, Level, SharedData};

wasm_adapter::register!(HeaderPropagation);

/// How often counts are reported.
const REPORT_MILLISECONDS: u32 = 1000;

struct HeaderPropagation {
    policy: Policy,
    counters: [Counter; Counts::NAMES.len()],
}

impl Plugin for HeaderPropagation {
    type Exchange = ();

    fn configure(configuration: &[u8]) -> Result<Self, Problems> {
        let policy = Policy::parse(configuration, host::node_id)?;
        let level = if policy.knows_its_role() { Level::Info } else { Level::Warn };
        host::log(level, &format!("configured as {policy}"));
        host::set_tick_period(REPORT_MILLISECONDS);
        Ok(Self { policy, counters: Counts::NAMES.map(Counter::define) })
    }

    fn open(&self) {}

    fn reads(&self, (): &(), part: Part) -> bool {
        part == Part::RequestHeaders && self.policy.reads_headers()
    }

    fn on_request_headers<'a>(
        &'a mut self,
        (): &'a mut (),
        head: &Headers<'a>,
        _end_of_stream: bool,
        _route: &mut dyn Route,
    ) -> Step<'a> {
        self.policy.on_request_headers(head, &mut SharedData, &mut Envoy)
    }

    fn on_tick(&mut self) {
        let counts = self.policy.take_counts().values();
        for (counter, count) in self.counters.iter().zip(counts) {
            counter.add(count);
        }
    }
}

/// The proxy around the current stream.
struct Envoy;

impl Surroundings for Envoy {
    fn direction(&mut self) -> Option<Direction> {
        host::listener_direction().and_then(Direction::of_envoy)
    }

    fn unix_millis(&mut self) -> Option<u64> {
        host::unix_millis()
    }
}
