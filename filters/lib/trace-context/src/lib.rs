//! Request identifiers of every common trace format, on one canonical key, and W3C Baggage.
//!
//! A trace that enters by one format often goes on in another, and some systems keep only 64 of an identifier's 128 bits. So
//! the canonical key is the low 64 bits, and the high ones count where both sides know them. What is malformed is no
//! identifier; nothing here fails. It never creates or changes an identifier: that is the tracer's work.

#![forbid(unsafe_code)]

pub mod baggage;
mod format;
mod identifiers;
mod request_id;

pub use format::Format;
pub use identifiers::Identifiers;
pub use request_id::{RequestId, hash, mix};
