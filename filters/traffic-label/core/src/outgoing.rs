//! A request on its way: what labels write to it and take from it, gathered until all of them are decided.
//!
//! A header is written only where it changes, because the proxy chooses the route again after every change. All labels' members
//! of the baggage are one edit; members of others stay as they are.

use crate::label::{Label, LabelValue};
use http_exchange::{HeaderEdit, HeaderEdits, Headers};
use trace_context::baggage::Baggage;

const BAGGAGE: &[u8] = b"baggage";

/// A value for the filter state: the label's name, and what it is.
pub type FilterState<'a> = Vec<(&'a str, LabelValue<'a>)>;

/// A request and what will be changed of it.
pub(crate) struct Outgoing<'a> {
    head: Headers<'a>,
    /// Read only where a label travels by it.
    baggage: Option<Baggage>,
    baggage_changed: bool,
    edits: HeaderEdits<'a>,
    filter_state: FilterState<'a>,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn new(head: Headers<'a>, uses_baggage: bool) -> Self {
        let baggage = uses_baggage.then(|| Baggage::read(head.values(BAGGAGE)));
        Self { head, baggage, baggage_changed: false, edits: Vec::new(), filter_state: Vec::new() }
    }

    /// The value that the request's baggage has for a label.
    pub(crate) fn member(&self, label: &Label) -> Option<Vec<u8>> {
        let key = label.carriers.baggage.as_deref()?;
        self.baggage.as_ref()?.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Gives a label its value, by each of its carriers.
    pub(crate) fn give(&mut self, label: &'a Label, value: LabelValue<'a>, now: impl FnOnce() -> Option<u64>) {
        self.announce(label, &value);
        if label.filter_state {
            self.filter_state.push((&label.name, value.clone()));
        }
        if !label.carriers.header {
            return;
        }
        if let Some(signer) = &label.signer {
            // Without the time there is no signature, and a signature that came along is not this proxy's.
            self.edits.push(match now().and_then(|now| signer.sign(&label.header, &value, now)) {
                Some(signature) => HeaderEdit::Set(signer.header.as_slice().into(), signature.into()),
                None => HeaderEdit::Remove(signer.header.as_slice().into()),
            });
        }
        let mut present = self.head.values(&label.header);
        let is_same = present.next() == Some(&value) && present.next().is_none();
        if !is_same {
            self.edits.push(HeaderEdit::Set(label.header.as_slice().into(), value));
        }
    }

    /// Makes a value the label's member of the baggage.
    pub(crate) fn announce(&mut self, label: &Label, value: &[u8]) {
        let is_same = self.member(label).is_some_and(|member| member == value);
        if let (Some(baggage), Some(key), false) = (&mut self.baggage, &label.carriers.baggage, is_same) {
            // Where it does not fit, the label travels by its other carriers.
            self.baggage_changed |= baggage.set(key, &[value]);
        }
    }

    /// Takes a label from the request, and says whether it was there.
    pub(crate) fn take(&mut self, label: &'a Label) -> bool {
        let mut found = self.remove(&label.header);
        if let Some(signer) = &label.signer {
            found |= self.remove(&signer.header);
        }
        if self.member(label).is_some()
            && let (Some(baggage), Some(key)) = (&mut self.baggage, &label.carriers.baggage)
        {
            self.baggage_changed |= baggage.set(key, &[]);
            found = true;
        }
        found
    }

    fn remove(&mut self, name: &'a [u8]) -> bool {
        let found = self.head.get(name).is_some();
        if found {
            self.edits.push(HeaderEdit::Remove(name.into()));
        }
        found
    }

    /// All edits, and what goes into the filter state.
    pub(crate) fn finish(mut self) -> (HeaderEdits<'a>, FilterState<'a>) {
        if let Some(baggage) = self.baggage.filter(|_| self.baggage_changed) {
            let text = baggage.write();
            self.edits.push(match text.is_empty() {
                true => HeaderEdit::Remove(BAGGAGE.into()),
                false => HeaderEdit::Set(BAGGAGE.into(), text.into()),
            });
        }
        (self.edits, self.filter_state)
    }
}
