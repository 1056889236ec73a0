//! Cross-origin resource sharing as a Proxy-Wasm module: the adapter, which decides nothing.
//!
//! It gives the core what it asks for and reports what the core counted.
#![cfg(target_family = "wasm")]

use cors_core::{Cors, Counts, Exchange};
use http_exchange::{Headers, Part, Route, Step};
use strict_config::Problems;
use wasm_adapter::Plugin;
use wasm_adapter::host::{self, Counter, Level};

wasm_adapter::register!(CorsFilter);

/// How often counts are reported: as often as Envoy flushes its statistics.
const REPORT_MILLISECONDS: u32 = 5000;

struct CorsFilter {
    cors: Cors,
    counters: [Counter; Counts::NAMES.len()],
}

impl Plugin for CorsFilter {
    type Exchange = Exchange;

    fn configure(configuration: &[u8]) -> Result<Self, Problems> {
        let cors = Cors::parse(configuration, host::unix_millis().unwrap_or_default())?;
        for warning in cors.warnings().iter() {
            host::log(Level::Warn, &format!("configuration: {warning}"));
        }
        host::log(Level::Info, &format!("configured as {cors}"));
        host::set_tick_period(REPORT_MILLISECONDS);
        Ok(Self { cors, counters: Counts::NAMES.map(Counter::define) })
    }

    fn open(&self) -> Exchange {
        self.cors.open()
    }

    fn reads(&self, exchange: &Exchange, part: Part) -> bool {
        self.cors.reads(exchange, part)
    }

    fn needs(&self, exchange: &Exchange, part: Part) -> Option<&'static [u8]> {
        self.cors.needs(exchange, part)
    }

    fn on_request_headers<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        head: &Headers<'a>,
        _end_of_stream: bool,
        route: &mut dyn Route,
    ) -> Step<'a> {
        self.cors.on_request_headers(exchange, head, route)
    }

    fn on_response_headers<'a>(
        &'a mut self,
        exchange: &'a mut Exchange,
        head: &Headers<'a>,
        _end_of_stream: bool,
    ) -> Step<'a> {
        self.cors.on_response_headers(exchange, head)
    }

    fn on_tick(&mut self) {
        let counts = self.cors.take_counts().values();
        for (counter, count) in self.counters.iter().zip(counts) {
            counter.add(count);
        }
    }
}
