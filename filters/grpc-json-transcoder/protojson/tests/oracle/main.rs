//! Conversions agree with an implementation of its own, prost-reflect, on random messages of random schemas.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod message;
mod mutations;
mod properties;
mod rewrite;
mod schema;
mod tape;
