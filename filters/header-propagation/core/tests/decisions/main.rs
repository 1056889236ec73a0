//! What the filter does to requests, at the level of its public interface: a head in, edits out, host calls counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod pod;
mod propagation;
#[cfg(not(target_arch = "wasm32"))]
mod random;
mod stamps;
