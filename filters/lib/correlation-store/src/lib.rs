//! A bounded, expiring store that remembers by request identifier what came in with a request.
//!
//! A Proxy-Wasm host can neither list nor delete shared data, so a key per request would leak for ever. The store uses a fixed
//! set of keys, its slots. A request's identifier chooses the slot; a slot holds a few entries, its ways, oldest first:
//!
//! - an entry is found by its full identifier and its owner, never by the slot alone;
//! - an expired entry is dropped by the next write to its slot, and is not found meanwhile;
//! - a full slot gives up its oldest entry;
//! - a write goes through compare-and-swap and is tried [`ATTEMPTS`] times, then dropped and counted.
//!
//! Memory never exceeds [`Shape::max_bytes`]. Whoever floods the store with identifiers can push others' entries out; they are
//! then requests without a label, never requests with a wrong one. Time and the slots' bytes come in as values.

#![forbid(unsafe_code)]

mod configuration;
mod memory;
mod slot;
mod store;

pub use memory::MemorySlots;
pub use slot::Conflict;
pub use store::{ATTEMPTS, Counts, Shape, Store};

/// The version of a shared value, by which a write sees that another came first.
pub type Cas = u32;

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The value is stored.
    Yes,
    /// Another write came first; nothing is stored.
    Outrun,
    /// The host refuses; nothing is stored.
    Refused,
}

/// Values that all workers of a proxy share.
pub trait SharedSlots {
    /// The value of a key and its version.
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)>;

    /// Stores a value if the key still has that version, or, for `None`, if there is no such key yet.
    fn set_if(&mut self, key: &str, value: &[u8], version: Option<Cas>) -> Written;
}
