//! Traffic labels as a Proxy-Wasm module: the adapter, which decides nothing.
//!
//! It gives the core what it asks for, applies what it decides and reports what it counted.
#![cfg(target_family = "wasm")]

use http_exchange::{Headers, Next, Part, Route, Step};
use strict_config::Problems;
use traffic_label_core::{Decision, Direction, Exchange, Node, Policy, Surroundings};
use wasm_adapter::Plugin;
use wasm_adapter::host::{self, Counter, Level, SharedData};

wasm_adapter::register!(TrafficLabel);

/// How often counts are reported, which is also the core's tick.
const TICK_MILLISECONDS: u32 = 1000;

struct TrafficLabel {
    policy: Policy,
    counters: Vec<Counter>,
}

impl Plugin for TrafficLabel {
    type Exchange = Exchange;

    fn configure(configuration: &[u8]) -> Result<Self, Problems> {
        let policy = Policy::parse(configuration, &mut Envoy)?;
        let level = if policy.knows_its_role() { Level::Info } else { Level::Warn };
        host::log(level, &format!("configured as {policy}"));
        host::set_tick_period(TICK_MILLISECONDS);
        let mut counters = Vec::new();
        for name in policy.metrics() {
            counters.push(Counter::define(&name));
        }
        Ok(Self { policy, counters })
    }

    fn open(&self) -> Exchange {
        Exchange::default()
    }

    fn reads(&self, exchange: &Exchange, part: Part) -> bool {
        match part {
            Part::RequestHeaders => self.policy.knows_its_role(),
            Part::ResponseHeaders => self.policy.reads_response(exchange),
            _ => false,
        }
    }

    fn on_request_headers<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        head: &Headers<'a>,
        _end_of_stream: bool,
        _route: &mut dyn Route,
    ) -> Step<'a> {
        let Decision { step, filter_state } =
            self.policy.on_request_headers(exchange, head, &mut SharedData, &mut Envoy);
        let mut is_set = false;
        for (name, value) in &filter_state {
            is_set |= host::set_filter_state(name, value);
        }
        if is_set && step.edits.is_empty() {
            host::clear_route_cache();
        }
        step
    }

    fn on_response_headers<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        head: &Headers<'a>,
        _end_of_stream: bool,
    ) -> Step<'a> {
        Step { edits: self.policy.on_response_headers(exchange, head), next: Next::Continue }
    }

    fn on_tick(&mut self) {
        self.policy.tick();
        for (counter, count) in self.counters.iter().zip(self.policy.take_counts()) {
            counter.add(count);
        }
    }
}

/// The proxy around the current stream.
struct Envoy;

impl Node for Envoy {
    fn id(&mut self) -> Option<Vec<u8>> {
        host::node_id()
    }

    fn label(&mut self, name: &str) -> Option<Vec<u8>> {
        host::workload_label(name)
    }

    fn namespace(&mut self) -> Option<Vec<u8>> {
        host::workload_namespace()
    }
}

impl Surroundings for Envoy {
    fn direction(&mut self) -> Option<Direction> {
        host::listener_direction().and_then(Direction::of_envoy)
    }

    fn unix_millis(&mut self) -> Option<u64> {
        host::unix_millis()
    }

    fn source_address(&mut self) -> Option<Vec<u8>> {
        host::source_address()
    }

    fn metadata(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        host::metadata(path)
    }
}
