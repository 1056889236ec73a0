//! Propagation at a sidecar: which headers are taken from a request that comes in, where they are kept, and what is added to a
//! request that goes out.

use crate::captured::{Captured, HEADER_BYTES};
use crate::counts::Counts;
use correlation_store::{SharedSlots, Store};
use http_exchange::{HeaderEdit, Headers};
use std::fmt;
use string_match::NameSet;
use trace_context::baggage::Baggage;
use trace_context::{Identifiers, RequestId};

const BAGGAGE: &[u8] = b"baggage";

/// The compiled rules of propagation.
#[derive(Debug)]
pub(crate) struct Propagation {
    pub(crate) names: NameSet,
    /// Whether a remembered header replaces one that the application set itself.
    pub(crate) overwrite: bool,
    pub(crate) max_headers: usize,
    pub(crate) max_bytes: usize,
    pub(crate) identifiers: Identifiers,
    /// How many of a request's identifiers are looked up until one is found.
    pub(crate) lookups: usize,
    /// The store, and the most bytes of one entry.
    pub(crate) store: Option<(Store, usize)>,
    pub(crate) baggage: bool,
}

impl Propagation {
    /// The identifiers of a request that the store may know it by.
    pub(crate) fn identify(&self, head: &Headers<'_>) -> Vec<RequestId> {
        if self.store.is_some() { self.identifiers.find(head.iter()) } else { Vec::new() }
    }

    /// The headers that travel, and how many do not although the rules name them, because a limit is reached. Such a header
    /// stays behind with all its values: half of a repeated header would say something else.
    pub(crate) fn capture(&self, head: &Headers<'_>) -> (Captured, u64) {
        let entry_limit = self.store.as_ref().map_or(usize::MAX, |(_, limit)| *limit);
        let (mut captured, mut refused) = (Captured::default(), Vec::new());
        let (mut count, mut bytes) = (0, 0);
        for (name, value) in head.iter() {
            if refused.contains(&name) || !self.travels(name) {
                continue;
            }
            count += 1;
            bytes += name.len() + value.len();
            let entry = bytes + count * HEADER_BYTES;
            if count <= self.max_headers && bytes <= self.max_bytes && entry <= entry_limit {
                captured.push(name, value);
            } else {
                count -= 1;
                bytes -= name.len() + value.len();
                captured.remove(name);
                refused.push(name);
            }
        }
        (captured, refused.len() as u64)
    }

    fn travels(&self, name: &[u8]) -> bool {
        let by_pattern = || header_field::travels_by_pattern(name) && !self.identifiers.contains(name);
        self.names.names_exactly(name) || (self.names.covers(name) && by_pattern())
    }

    /// Whether a request that has these headers could be given more.
    pub(crate) fn could_add_to(&self, captured: &Captured) -> bool {
        let complete = || self.names.exact_names().all(|name| !captured.values(name).is_empty());
        self.overwrite || self.names.has_patterns() || !complete()
    }

    /// Remembers headers under every identifier of the request: which of them the application forwards is its affair.
    pub(crate) fn remember(
        &self,
        ids: &[RequestId],
        captured: &Captured,
        now: u64,
        slots: &mut impl SharedSlots,
        counts: &mut Counts,
    ) {
        let Some((store, _)) = &self.store else { return };
        let payload = captured.encode();
        for id in ids {
            store.remember(slots, *id, now, &payload, &mut counts.store);
        }
    }

    /// The edit that makes the headers members of the request's baggage, if it lacks any.
    pub(crate) fn announce<'a>(
        &self,
        head: &Headers<'a>,
        captured: &Captured,
        counts: &mut Counts,
    ) -> Option<HeaderEdit<'a>> {
        let mut baggage = Baggage::read(head.values(BAGGAGE));
        let mut changed = false;
        for (name, values) in captured.by_name().filter(|_| self.baggage) {
            let present: Vec<_> = baggage.iter().filter(|(key, _)| *key == name).map(|(_, value)| value).collect();
            if present == values {
                continue;
            }
            match baggage.set(name, &values) {
                true => changed = true,
                false => counts.oversized += 1,
            }
        }
        changed.then(|| HeaderEdit::Set(BAGGAGE.into(), baggage.write().into()))
    }

    /// What is known to travel with the request: from its own baggage, otherwise from the store.
    pub(crate) fn recall(
        &self,
        head: &Headers<'_>,
        ids: &[RequestId],
        mut now: impl FnMut() -> Option<u64>,
        slots: &mut impl SharedSlots,
        counts: &mut Counts,
    ) -> Captured {
        let members = self.read_baggage(head);
        if !members.is_empty() {
            return members;
        }
        let Some((store, _)) = &self.store else { return Captured::default() };
        let mut candidates = ids.iter().take(self.lookups);
        let payload = candidates.find_map(|id| store.look_up(slots, *id, &mut now, &mut counts.store));
        payload.map_or_else(Captured::default, |payload| Captured::decode(&payload))
    }

    /// Members whose keys are headers that travel. A value that would break out of its header is none.
    fn read_baggage(&self, head: &Headers<'_>) -> Captured {
        let mut captured = Captured::default();
        if self.baggage {
            let baggage = Baggage::read(head.values(BAGGAGE));
            let members = baggage.iter().filter(|(key, value)| self.travels(key) && header_field::is_value(value));
            for (key, value) in members.take(self.max_headers) {
                captured.push(key, &value);
            }
        }
        captured
    }

    /// The edits that add remembered headers to a request.
    pub(crate) fn restore(&self, head: &Headers<'_>, recalled: &Captured) -> Vec<HeaderEdit<'static>> {
        let mut edits = Vec::new();
        for (name, values) in recalled.by_name() {
            let present = head.get(name).is_some();
            if present && (!self.overwrite || head.values(name).eq(values.iter().copied())) {
                continue;
            }
            for (index, value) in values.iter().enumerate() {
                let (name, value) = (name.to_vec().into(), value.to_vec().into());
                edits.push(if index == 0 { HeaderEdit::Set(name, value) } else { HeaderEdit::Add(name, value) });
            }
        }
        edits
    }
}

/// The carriers and what they may cost.
impl fmt::Display for Propagation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let baggage = if self.baggage { " by baggage" } else { "" };
        write!(f, "propagation{baggage}")?;
        if let Some((store, _)) = &self.store {
            write!(f, ", store of at most {} bytes", store.shape().max_bytes())?;
        }
        Ok(())
    }
}
