//! What happened, to be reported as metrics.
//!
//! Each report is a host call, so nothing is reported during a request: counts add up in memory until they are taken.

/// Counts since they were last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub(crate) origin_valid: u64,
    pub(crate) origin_invalid: u64,
    pub(crate) preflight_ok: u64,
    pub(crate) preflight_origin: u64,
    pub(crate) preflight_method: u64,
    pub(crate) preflight_header: u64,
}

impl Counts {
    /// The metrics' names, in the order of [`Counts::values`].
    pub const NAMES: [&str; 6] = [
        "cors.origin_valid",
        "cors.origin_invalid",
        "cors.preflight_ok",
        "cors.preflight_origin",
        "cors.preflight_method",
        "cors.preflight_header",
    ];

    /// The counts, in the order of [`Counts::NAMES`].
    pub fn values(&self) -> [u64; 6] {
        let Self { origin_valid, origin_invalid, preflight_ok, preflight_origin, preflight_method, preflight_header } =
            *self;
        [origin_valid, origin_invalid, preflight_ok, preflight_origin, preflight_method, preflight_header]
    }

    pub(crate) fn count_origin(&mut self, allowed: bool) {
        *(if allowed { &mut self.origin_valid } else { &mut self.origin_invalid }) += 1;
    }
}
