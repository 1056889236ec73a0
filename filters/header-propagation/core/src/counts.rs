//! What happened, to be reported as metrics.
//!
//! Each report is a host call, so nothing is reported during a request: counts add up in memory until they are taken.

use correlation_store as store;

/// Counts since they were last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub(crate) store: store::Counts,
    pub(crate) oversized: u64,
    pub(crate) unknown_role: u64,
    pub(crate) unknown_direction: u64,
}

impl Counts {
    /// The metrics' names, in the order of [`Counts::values`].
    pub const NAMES: [&str; 8] = [
        "header_propagation.hits",
        "header_propagation.misses",
        "header_propagation.evictions",
        "header_propagation.conflicts",
        "header_propagation.cas_drops",
        "header_propagation.oversized",
        "header_propagation.unknown_role",
        "header_propagation.unknown_direction",
    ];

    /// The counts, in the order of [`Counts::NAMES`].
    pub fn values(&self) -> [u64; 8] {
        let store::Counts { hits, misses, evictions, conflicts, cas_drops } = self.store;
        [hits, misses, evictions, conflicts, cas_drops, self.oversized, self.unknown_role, self.unknown_direction]
    }
}
