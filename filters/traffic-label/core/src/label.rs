//! One label: what may be its value, where that comes from, and how it travels.

use crate::label_rules::LabelRules;
use crate::scope::{self, Scope};
use crate::signature::Signer;
use crate::source::Source;
use http_exchange::Headers;
use std::borrow::Cow;
use string_match::NameSet;

/// The most bytes of a value where no allow-list says what a value is.
const MAX_VALUE: usize = 256;

/// A compiled label.
pub(crate) struct Label {
    pub(crate) name: String,
    /// The header that routes match on, in lower case.
    pub(crate) header: Vec<u8>,
    /// The values it may have; `None` is any.
    pub(crate) values: Option<NameSet>,
    pub(crate) carriers: Carriers,
    /// Whether the value is written to the filter state `wasm.<name>`, too.
    pub(crate) filter_state: bool,
    pub(crate) sources: Vec<Source>,
    pub(crate) default: Option<Vec<u8>>,
    /// Whether a client of a gateway may choose the value by the label's own header.
    pub(crate) client_chooses: bool,
    pub(crate) rules: Option<LabelRules>,
    pub(crate) scope: Scope,
    pub(crate) scrub: Option<Scrub>,
    pub(crate) signer: Option<Signer>,
}

/// What takes a value from one proxy to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carriers {
    /// The label's header.
    pub(crate) header: bool,
    /// A member of the request's W3C baggage, by its key.
    pub(crate) baggage: Option<Vec<u8>>,
    /// The store that a sidecar's listeners share.
    pub(crate) store: bool,
}

/// The hosts towards which a label is removed.
pub(crate) enum Scrub {
    /// These.
    Hosts(NameSet),
    /// All but these.
    Except(NameSet),
}

impl Scrub {
    fn includes(&self, head: &Headers<'_>) -> bool {
        match self {
            Self::Hosts(hosts) => scope::is_for(hosts, head),
            Self::Except(hosts) => !scope::is_for(hosts, head),
        }
    }
}

/// What came of a value that a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    /// There is none.
    Absent,
    /// It is not one that the label may have.
    Ignored,
    /// It may be the label's.
    Value(&'a [u8]),
}

impl Label {
    /// Whether bytes may be the label's value.
    pub(crate) fn allows(&self, value: &[u8]) -> bool {
        match &self.values {
            Some(values) => values.contains(value),
            None => (1..=MAX_VALUE).contains(&value.len()) && header_field::is_value(value),
        }
    }

    /// What a header of the request has for the label.
    pub(crate) fn read_header<'a>(&self, head: &Headers<'a>, name: &[u8]) -> Seen<'a> {
        match head.get(name) {
            None | Some([]) => Seen::Absent,
            Some(value) if self.allows(value) => Seen::Value(value),
            Some(_) => Seen::Ignored,
        }
    }

    /// Whether what comes in with a request goes on with those that it causes.
    pub(crate) fn propagates(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::Inbound(_)))
    }

    /// Whether a request that brings nothing may be given a value nevertheless.
    pub(crate) fn has_value_of_its_own(&self) -> bool {
        let is_own = |source: &Source| matches!(source, Source::Constant(_) | Source::Outbound(_));
        self.default.is_some() || self.sources.iter().any(is_own)
    }

    /// Whether the request has the label's own header.
    pub(crate) fn is_written_in(&self, head: &Headers<'_>) -> bool {
        head.get(&self.header).is_some()
    }

    /// Whether the request has a header that the label is read from.
    pub(crate) fn is_in(&self, head: &Headers<'_>) -> bool {
        let is_named = |source: &Source| match source {
            Source::Inbound(name) | Source::Outbound(name) => head.get(name).is_some(),
            Source::Constant(_) | Source::Nothing => false,
        };
        self.is_written_in(head) || self.sources.iter().any(is_named)
    }

    /// Whether the label must not leave with a request.
    pub(crate) fn is_scrubbed_from(&self, head: &Headers<'_>) -> bool {
        self.scrub.as_ref().is_some_and(|scrub| scrub.includes(head))
    }

    /// The place of a value among those that the allow-list spells out.
    pub(crate) fn place(&self, value: &[u8]) -> Option<usize> {
        self.values.as_ref().and_then(|values| values.place(value))
    }
}

/// A value as messages and metrics have it. Those that a configuration spells out are text.
pub(crate) fn shown(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap_or("what is no text")
}

/// The value that one of several guards' labels falls back to is read where it stands; every other one is borrowed.
pub(crate) type LabelValue<'a> = Cow<'a, [u8]>;
