//! Rules, routes and bindings, on descriptors that `protox` compiles from text.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod bindings;
mod descriptors;
mod random_paths;
mod rules;
mod service_config;
mod sources;
