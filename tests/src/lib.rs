//! The tests that need more than one crate.

pub mod parts;
