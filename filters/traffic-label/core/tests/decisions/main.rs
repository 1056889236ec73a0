//! What the filter does to requests, at the level of its public interface: a head in, edits out, host calls counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod explain;
mod gateway;
mod pod;
mod sidecar;
mod trust;
