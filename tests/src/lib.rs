//! The tests that need more than one crate, and what they share: guests, scenarios and the parts that a machine may lack.

pub mod guests;
pub mod parts;
pub mod scenarios;
pub mod sidecar;
