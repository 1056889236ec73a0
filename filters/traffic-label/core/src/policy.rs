//! The decision on a request, by what its proxy is for.
//!
//! | where | what happens |
//! |---|---|
//! | gateway | what a client sent as a label is taken away; rules and sources decide; the label is written |
//! | sidecar, inbound | what came in is remembered under every identifier of the request; routing is not touched |
//! | sidecar, outbound | the label is written unless the application did: from baggage, store, the pod's label, the default |
//! | waypoint | as outbound, without a store: the requests that come in and go out share no proxy there |
//!
//! Each value from outside costs a host call, so it is fetched last: a request without anything that a label is read from is
//! looked up in the store before its direction is asked for, unless a label has a value of its own.

use crate::carried::Carried;
use crate::configuration::{self, Configuration};
use crate::counts::{Counts, Event};
use crate::explain::{self, Draw, Explain, Reason};
use crate::guard::{Guard, Ticket};
use crate::label::{Label, LabelValue, Seen};
use crate::origin::Origin;
use crate::outgoing::{FilterState, Outgoing};
use crate::source::Source;
use crate::split::NewCookies;
use crate::subject::{Request, Subjects};
use crate::surroundings::{Node, Surroundings};
use correlation_store::{SharedSlots, Store};
use http_exchange::{HeaderEdit, HeaderEdits, Headers, Step};
use proxy_role::{Direction, Role};
use std::borrow::Cow;
use std::fmt;
use strict_config::Problems;
use trace_context::{Identifiers, RequestId};

/// A configured filter in a proxy.
pub struct Policy {
    role: Option<Role>,
    labels: Vec<Label>,
    /// By the place of their label.
    guards: Vec<Option<Guard>>,
    subjects: Subjects,
    correlation: Correlation,
    explain: Option<Explain>,
    uses_baggage: bool,
    counts: Counts,
    /// How many requests there have been.
    requests: u64,
}

/// How an outgoing request finds what came in with the one that caused it.
struct Correlation {
    identifiers: Identifiers,
    /// How many of a request's identifiers are looked up until one is found.
    lookups: usize,
    store: Option<Store>,
}

/// What is remembered of a request until it is answered.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Labels whose guard counts the answer.
    tickets: Vec<(usize, Ticket)>,
    set_cookies: Vec<Vec<u8>>,
    /// `None` where nobody asked.
    reasons: Option<Vec<Reason>>,
}

impl Exchange {
    /// How the labels came to their values, if the request may have it explained.
    pub fn reasons(&self) -> &[Reason] {
        self.reasons.as_deref().unwrap_or_default()
    }
}

/// What is to be done about a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The changes of its headers.
    pub step: Step<'a>,
    /// What goes into the filter state `wasm.<name>`; the route has to be chosen again then.
    pub filter_state: FilterState<'a>,
}

/// A label's value and how it came about.
struct Found<'a> {
    value: LabelValue<'a>,
    origin: Origin,
    rule: Option<&'a str>,
    draw: Option<Draw>,
}

impl<'a> Found<'a> {
    fn new(value: impl Into<LabelValue<'a>>, origin: Origin) -> Option<Self> {
        Some(Self { value: value.into(), origin, rule: None, draw: None })
    }
}

impl Policy {
    /// Reads a configuration, for the proxy that is this node.
    pub fn parse(json: &[u8], node: &mut impl Node) -> Result<Self, Problems> {
        let Configuration { role, labels, guards, subjects, identifiers, lookups, store, explain } =
            configuration::parse(json, node)?;
        let role = role.resolve(|| node.id());
        let uses_baggage = labels.iter().any(|label| label.carriers.baggage.is_some());
        let counts = Counts::new(&labels);
        let store = store.filter(|_| role == Some(Role::Sidecar));
        let correlation = Correlation { identifiers, lookups, store };
        Ok(Self { role, labels, guards, subjects, correlation, explain, uses_baggage, counts, requests: 0 })
    }

    /// Has every request explained, whatever the configuration says: for simulations.
    pub fn explain_everything(&mut self) {
        self.explain = Some(Explain::everything());
    }

    /// Whether the proxy's role is known. If not, requests pass unchanged.
    pub fn knows_its_role(&self) -> bool {
        self.role.is_some()
    }

    /// Whether the answer's headers are needed.
    pub fn reads_response(&self, exchange: &Exchange) -> bool {
        !exchange.tickets.is_empty()
    }

    /// Decides on a request.
    pub fn on_request_headers<'a>(
        &'a mut self,
        exchange: &mut Exchange,
        head: &Headers<'a>,
        slots: &mut impl SharedSlots,
        surroundings: &mut impl Surroundings,
    ) -> Decision<'a> {
        let Self { role, labels, guards, subjects, correlation, explain, uses_baggage, counts, requests } = self;
        let head = *head;
        let mut passage = Passage {
            request: Request::new(&head, subjects, surroundings),
            out: Outgoing::new(head, *uses_baggage),
            head,
            labels,
            guards,
            counts,
            exchange,
            direction: None,
            store_result: None,
            new_cookies: NewCookies::new(*requests),
        };
        *requests = requests.wrapping_add(1);
        if explain.as_ref().is_some_and(|explain| explain.is_for(&mut passage.request)) {
            passage.exchange.reasons = Some(Vec::new());
        }
        match role {
            None => passage.counts.unknown_role += 1,
            Some(Role::Gateway) => passage.through_gateway(),
            Some(Role::Waypoint) => passage.outbound(&Carried::default()),
            Some(Role::Sidecar) => passage.through_sidecar(correlation, slots),
        }
        passage.exchange.set_cookies = passage.new_cookies.into_values();
        let (edits, filter_state) = passage.out.finish();
        Decision { step: Step { edits, ..Step::default() }, filter_state }
    }

    /// Decides on the answer to a request. The head is needed only where [`Policy::reads_response`] says so.
    pub fn on_response_headers<'a>(&'a mut self, exchange: &mut Exchange, head: &Headers<'_>) -> HeaderEdits<'a> {
        let failed = head.get(b":status").is_some_and(|status| status.first() == Some(&b'5'));
        for (label, ticket) in exchange.tickets.drain(..) {
            let guard = self.guards.get_mut(label).and_then(Option::as_mut);
            match guard.and_then(|guard| guard.report(ticket, failed)) {
                Some(true) => self.counts.event(label, Event::Opened),
                Some(false) => self.counts.event(label, Event::Closed),
                None => {}
            }
        }
        let mut edits = HeaderEdits::new();
        for cookie in exchange.set_cookies.drain(..) {
            edits.push(HeaderEdit::Add(Cow::Borrowed(b"set-cookie"), cookie.into()));
        }
        if let (Some(explain), Some(reasons)) = (&self.explain, exchange.reasons.take()) {
            edits.push(HeaderEdit::Add(explain.header.as_slice().into(), explain::explanation(&reasons).into()));
        }
        edits
    }

    /// A second has passed.
    pub fn tick(&mut self) {
        self.guards.iter_mut().flatten().for_each(Guard::tick);
    }

    /// The metrics' names, in the order of [`Policy::take_counts`].
    pub fn metrics(&self) -> Vec<String> {
        Counts::names(&self.labels)
    }

    /// The counts since they were last taken.
    pub fn take_counts(&mut self) -> Vec<u64> {
        self.counts.take()
    }
}

/// One request on its way through the filter.
struct Passage<'a, 'p> {
    request: Request<'p>,
    out: Outgoing<'a>,
    head: Headers<'a>,
    labels: &'a [Label],
    guards: &'p mut [Option<Guard>],
    counts: &'p mut Counts,
    exchange: &'p mut Exchange,
    direction: Option<Option<Direction>>,
    store_result: Option<&'static str>,
    new_cookies: NewCookies,
}

impl<'a> Passage<'a, '_> {
    fn direction(&mut self) -> Option<Direction> {
        *self.direction.get_or_insert_with(|| {
            let direction = self.request.direction();
            self.counts.unknown_direction += u64::from(direction.is_none());
            direction
        })
    }

    /// A value that the request has for a label, if it may have it.
    fn allowed(&mut self, at: usize, seen: Seen<'a>) -> Option<&'a [u8]> {
        match seen {
            Seen::Value(value) => Some(value),
            Seen::Absent => None,
            Seen::Ignored => {
                self.counts.event(at, Event::Ignored);
                None
            }
        }
    }

    /// The value that the baggage has for a label, if it may have it.
    fn member(&mut self, at: usize, label: &Label) -> Option<Vec<u8>> {
        let member = self.out.member(label)?;
        if !label.allows(&member) || !header_field::is_value(&member) {
            self.counts.event(at, Event::Ignored);
            return None;
        }
        Some(member)
    }

    fn through_gateway(&mut self) {
        for (at, label) in self.labels.iter().enumerate() {
            let found = if label.scope.includes(&self.head) { self.find_at_gateway(at, label) } else { None };
            if !label.client_chooses {
                let is_replaced = found.is_some() && label.carriers.header;
                let is_there = if is_replaced { label.is_written_in(&self.head) } else { self.out.take(label) };
                if is_there {
                    self.counts.event(at, Event::Stripped);
                }
            }
            self.settle(at, label, found);
        }
    }

    /// What a gateway gives a label. The request that came in is the one that goes out.
    fn find_at_gateway(&mut self, at: usize, label: &'a Label) -> Option<Found<'a>> {
        if label.client_chooses {
            let seen = label.read_header(&self.head, &label.header);
            if let Some(value) = self.allowed(at, seen) {
                return Found::new(value, Origin::Request);
            }
            if let Some(member) = self.member(at, label) {
                return Found::new(member, Origin::Baggage);
            }
        }
        let rules = label.rules.as_ref();
        if let Some(verdict) = rules.and_then(|rules| rules.decide(&mut self.request, &mut self.new_cookies)) {
            let draw = if self.exchange.reasons.is_some() { verdict.draw() } else { None };
            return Some(Found { value: verdict.value.into(), origin: Origin::Rule, rule: Some(verdict.rule), draw });
        }
        for source in &label.sources {
            let found = match source {
                Source::Inbound(name) | Source::Outbound(name) => {
                    let seen = label.read_header(&self.head, name);
                    self.allowed(at, seen).and_then(|value| Found::new(value, Origin::Header))
                }
                Source::Constant(value) => Found::new(value.as_slice(), Origin::Constant),
                Source::Nothing => None,
            };
            if found.is_some() {
                return found;
            }
        }
        label.default.as_deref().and_then(|value| Found::new(value, Origin::Default))
    }

    fn through_sidecar(&mut self, correlation: &Correlation, slots: &mut impl SharedSlots) {
        let is_in = |label: &Label| label.is_in(&self.head) || self.out.member(label).is_some();
        let brings_something = self.labels.iter().any(is_in);
        if brings_something || self.labels.iter().any(Label::has_value_of_its_own) {
            match self.direction() {
                Some(Direction::Inbound) if brings_something => self.inbound(correlation, slots),
                Some(Direction::Outbound) => {
                    let carried = if self.needs_store() { self.recall(correlation, slots) } else { Carried::default() };
                    self.outbound(&carried);
                }
                _ => {}
            }
            return;
        }
        let carried = self.recall(correlation, slots);
        if !carried.is_empty() && self.direction() == Some(Direction::Outbound) {
            self.outbound(&carried);
        }
    }

    /// Whether a label that travels by the store is not in the request already.
    fn needs_store(&self) -> bool {
        self.labels.iter().any(|label| {
            label.carriers.store
                && label.propagates()
                && !matches!(label.read_header(&self.head, &label.header), Seen::Value(_))
        })
    }

    fn identify(&self, correlation: &Correlation) -> Vec<RequestId> {
        if correlation.store.is_some() { correlation.identifiers.find(self.head.iter()) } else { Vec::new() }
    }

    /// What came in with the request that caused this one.
    fn recall(&mut self, correlation: &Correlation, slots: &mut impl SharedSlots) -> Carried<'static> {
        let Some(store) = &correlation.store else { return Carried::default() };
        let ids = self.identify(correlation);
        let counts = &mut self.counts.store;
        let request = &mut self.request;
        let mut candidates = ids.iter().take(correlation.lookups);
        let payload = candidates.find_map(|id| store.look_up(slots, *id, || request.unix_millis(), counts));
        self.store_result = (!ids.is_empty()).then_some(if payload.is_some() { "hit" } else { "miss" });
        payload.map_or_else(Carried::default, |payload| Carried::decode(&payload))
    }

    /// Remembers what came in for each label that goes on.
    fn inbound(&mut self, correlation: &Correlation, slots: &mut impl SharedSlots) {
        let mut carried = Carried::default();
        for (at, label) in self.labels.iter().enumerate() {
            let Some(value) = self.arrived(at, label) else { continue };
            self.out.announce(label, &value);
            if label.carriers.store
                && label.propagates()
                && let Ok(at) = u8::try_from(at)
            {
                carried.push(at, value);
            }
        }
        let Some(store) = &correlation.store else { return };
        let ids = self.identify(correlation);
        if carried.is_empty() || ids.is_empty() {
            return;
        }
        let Some(now) = self.request.unix_millis() else { return };
        let payload = carried.encode();
        for id in ids {
            store.remember(slots, id, now, &payload, &mut self.counts.store);
        }
    }

    /// The value that a label came in with.
    fn arrived(&mut self, at: usize, label: &'a Label) -> Option<LabelValue<'a>> {
        let seen = label.read_header(&self.head, &label.header);
        if let Some(signer) = &label.signer {
            // Only what a proxy of the mesh has signed counts, and the application must not see anything else.
            let signature = self.head.get(&signer.header).unwrap_or_default();
            return match seen {
                Seen::Absent => None,
                Seen::Value(value) if self.is_signed(label, value, signature) => Some(value.into()),
                _ => {
                    self.out.take(label);
                    self.counts.event(at, Event::Forged);
                    None
                }
            };
        }
        if let Some(value) = self.allowed(at, seen) {
            return Some(value.into());
        }
        for source in &label.sources {
            if let Source::Inbound(name) = source {
                let seen = label.read_header(&self.head, name);
                if let Some(value) = self.allowed(at, seen) {
                    return Some(value.into());
                }
            }
        }
        self.member(at, label).map(Cow::Owned)
    }

    fn is_signed(&mut self, label: &Label, value: &[u8], signature: &[u8]) -> bool {
        let (Some(signer), Some(now)) = (&label.signer, self.request.unix_millis()) else { return false };
        signer.accepts(&label.header, value, signature, now)
    }

    fn outbound(&mut self, carried: &Carried<'static>) {
        for (at, label) in self.labels.iter().enumerate() {
            if label.is_scrubbed_from(&self.head) {
                if self.out.take(label) {
                    self.counts.event(at, Event::Scrubbed);
                }
            } else if label.scope.includes(&self.head) {
                let found = self.find_outbound(at, label, carried);
                self.settle(at, label, found);
            }
        }
    }

    /// What a label is worth on a request that goes out.
    fn find_outbound(&mut self, at: usize, label: &'a Label, carried: &Carried<'static>) -> Option<Found<'a>> {
        let seen = label.read_header(&self.head, &label.header);
        if let Some(value) = self.allowed(at, seen) {
            return Found::new(value, Origin::Request);
        }
        if let Some(member) = self.member(at, label) {
            return Found::new(member, Origin::Baggage);
        }
        for source in &label.sources {
            let found = match source {
                Source::Inbound(_) => {
                    let value = u8::try_from(at).ok().and_then(|at| carried.get(at));
                    // Other plugins of the pod write to the same shared data.
                    let value = value.filter(|value| label.allows(value) && header_field::is_value(value));
                    value.and_then(|value| Found::new(value.to_vec(), Origin::Store))
                }
                Source::Outbound(name) => {
                    let seen = label.read_header(&self.head, name);
                    self.allowed(at, seen).and_then(|value| Found::new(value, Origin::Header))
                }
                Source::Constant(value) => Found::new(value.as_slice(), Origin::Constant),
                Source::Nothing => None,
            };
            if found.is_some() {
                return found;
            }
        }
        label.default.as_deref().and_then(|value| Found::new(value, Origin::Default))
    }

    /// Lets the guard have its say, writes the label, counts and explains it.
    fn settle(&mut self, at: usize, label: &'a Label, found: Option<Found<'a>>) {
        let found = found.map(|found| self.guarded(at, label, found));
        if let Some(reasons) = &mut self.exchange.reasons {
            let found = found.as_ref();
            reasons.push(Reason {
                label: label.name.clone(),
                value: found.map(|found| found.value.to_vec()),
                origin: found.map(|found| found.origin.name()),
                store: self.store_result,
                rule: found.and_then(|found| found.rule).map(str::to_owned),
                draw: found.and_then(|found| found.draw.clone()),
            });
        }
        if let Some(found) = found {
            self.counts.value(at, label.place(&found.value), found.origin);
            self.out.give(label, found.value, || self.request.unix_millis());
        }
    }

    fn guarded(&mut self, at: usize, label: &Label, found: Found<'a>) -> Found<'a> {
        let guard = self.guards.get_mut(at).and_then(Option::as_mut);
        let Some(guard) = guard.filter(|guard| guard.baseline != *found.value) else { return found };
        match guard.admit(label.place(&found.value)) {
            Some(ticket) => {
                self.exchange.tickets.push((at, ticket));
                found
            }
            None => Found { value: Cow::Owned(guard.baseline.clone()), origin: Origin::Guard, ..found },
        }
    }
}

/// What the filter will do, in a line for the log.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.role {
            Some(Role::Gateway) => "gateway:",
            Some(Role::Sidecar) => "sidecar:",
            Some(Role::Waypoint) => "waypoint:",
            None => {
                return f.write_str(
                    "nothing: the node id does not begin with an Istio role, so requests pass unchanged; configure `role`",
                );
            }
        })?;
        for (at, label) in self.labels.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { " " } else { ", " }, label.name)?;
        }
        if let Some(store) = &self.correlation.store {
            write!(f, "; store of at most {} bytes", store.shape().max_bytes())?;
        }
        Ok(())
    }
}
