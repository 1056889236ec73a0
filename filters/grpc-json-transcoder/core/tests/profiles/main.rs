//! Whole exchanges: a request, what its server is sent and answers, and what the client gets.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod beside_native;
#[path = "../routing/descriptors.rs"]
mod descriptors;
mod hostile;
mod partition;
mod profiles;
mod proxy;
mod scale;
mod site;
mod thousand;
