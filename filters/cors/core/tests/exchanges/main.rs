//! What the filter does to whole exchanges, at the level of its public interface: a request in, and what a client gets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod envoy_tests;
mod gateway_api;
mod hostile;
mod inheritance;
mod istio;
mod preflights;
mod proxy;
mod responses;
mod rollout;

#[cfg(not(target_arch = "wasm32"))]
mod browser;
#[cfg(not(target_arch = "wasm32"))]
mod model;
#[cfg(not(target_arch = "wasm32"))]
mod random;
#[cfg(not(target_arch = "wasm32"))]
mod wpt;
