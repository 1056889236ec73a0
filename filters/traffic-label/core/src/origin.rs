//! Where the value of a label was found, for metrics and for those who want it explained.

/// Where a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The request had the label's header already.
    Request,
    /// A rule decided.
    Rule,
    /// The request's baggage had it.
    Baggage,
    /// The store knew it from the request that caused this one.
    Store,
    /// A source named a header that the request has.
    Header,
    /// A source said the same for every request: the pod's label, or a value.
    Constant,
    /// Nothing else gave a value.
    Default,
    /// The kill switch put the baseline in its place.
    Guard,
}

impl Origin {
    /// All of them, in the order of their numbers.
    pub(crate) const NAMES: [&str; 8] =
        ["request", "rule", "baggage", "store", "header", "constant", "default", "guard"];

    /// Its name in metrics and explanations.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.get(self as usize).copied().unwrap_or_default()
    }
}
