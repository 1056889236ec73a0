//! Header propagation as a Proxy-Wasm module: the adapter, which decides nothing.
#![cfg(target_family = "wasm")]

use header_propagation_core::Policy;
use http_exchange::{RequestHead, Step};
use strict_config::Problems;
use wasm_adapter::Plugin;

wasm_adapter::register!(HeaderPropagation);

struct HeaderPropagation(Policy);

impl Plugin for HeaderPropagation {
    fn configure(configuration: &[u8]) -> Result<Self, Problems> {
        Policy::parse(configuration).map(Self)
    }

    fn reads_request_headers(&self) -> bool {
        false
    }

    fn on_request_headers<'a>(&'a mut self, head: &RequestHead<'a>) -> Step<'a> {
        self.0.on_request_headers(head)
    }
}
