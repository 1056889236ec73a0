//! A pod in memory: what a proxy would give the filter, and how many host calls that would have cost.

use correlation_store::{Cas, MemorySlots, SharedSlots, Written};
use http_exchange::{HeaderEdit, Headers};
use std::cell::Cell;
use std::rc::Rc;
use traffic_label_core::{Direction, Exchange, Node, Policy, Surroundings};

pub use traffic_label_core::Direction::{Inbound, Outbound};

/// A name and a value.
pub type Header<'h> = (&'h str, &'h [u8]);

/// The slots of one pod, its time and its metadata; each policy put into it is one worker.
#[derive(Default)]
pub struct Pod {
    slots: MemorySlots,
    /// Milliseconds since 1970.
    now: u64,
    /// Claims and other dynamic metadata by their whole path.
    pub metadata: Vec<(&'static str, &'static str)>,
    /// The client's address.
    pub source: &'static str,
    calls: Rc<Cell<u32>>,
}

struct CountedSlots<'p>(&'p mut MemorySlots, Rc<Cell<u32>>);

impl SharedSlots for CountedSlots<'_> {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.1.update(|calls| calls + 1);
        self.0.get(key)
    }

    fn set_if(&mut self, key: &str, value: &[u8], version: Option<Cas>) -> Written {
        self.1.update(|calls| calls + 1);
        self.0.set_if(key, value, version)
    }
}

struct Around<'p> {
    direction: Option<Direction>,
    now: u64,
    metadata: &'p [(&'static str, &'static str)],
    source: &'static str,
    calls: Rc<Cell<u32>>,
}

impl Surroundings for Around<'_> {
    fn direction(&mut self) -> Option<Direction> {
        self.calls.update(|calls| calls + 1);
        self.direction
    }

    fn unix_millis(&mut self) -> Option<u64> {
        self.calls.update(|calls| calls + 1);
        Some(self.now)
    }

    fn source_address(&mut self) -> Option<Vec<u8>> {
        self.calls.update(|calls| calls + 1);
        Some(self.source.as_bytes().to_vec())
    }

    fn metadata(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.calls.update(|calls| calls + 1);
        let path = path.join("/");
        self.metadata.iter().find(|(known, _)| *known == path).map(|(_, value)| value.as_bytes().to_vec())
    }
}

/// A node with one label.
pub struct Workload<'w> {
    pub role: &'w str,
    pub label: (&'w str, &'w str),
}

impl Node for Workload<'_> {
    fn id(&mut self) -> Option<Vec<u8>> {
        Some(format!("{}~10.0.0.1~a.shop~shop.svc.cluster.local", self.role).into_bytes())
    }

    fn label(&mut self, name: &str) -> Option<Vec<u8>> {
        (self.label.0 == name).then(|| self.label.1.as_bytes().to_vec())
    }

    fn namespace(&mut self) -> Option<Vec<u8>> {
        Some(b"shop".to_vec())
    }
}

/// A sidecar's filter.
pub fn sidecar(json: &str) -> Policy {
    sidecar_of(json, ("app", "a"))
}

/// The filter in the sidecar of a pod with a label.
pub fn sidecar_of(json: &str, label: (&str, &str)) -> Policy {
    Policy::parse(json.as_bytes(), &mut Workload { role: "sidecar", label }).unwrap_or_else(|error| panic!("{error}"))
}

/// A gateway's filter.
pub fn gateway(json: &str) -> Policy {
    let node = &mut Workload { role: "router", label: ("app", "gateway") };
    Policy::parse(json.as_bytes(), node).unwrap_or_else(|error| panic!("{error}"))
}

impl Pod {
    pub fn at(now: u64) -> Self {
        Self { now, ..Self::default() }
    }

    pub fn wait(&mut self, millis: u64) {
        self.now += millis;
    }

    /// Sends a request through the filter: the edits and what goes into the filter state, one per line.
    pub fn send(
        &mut self,
        policy: &mut Policy,
        direction: impl Into<Option<Direction>>,
        head: &[Header<'_>],
    ) -> String {
        self.exchange(policy, direction, head, b"200").0
    }

    /// Sends a request through the filter and answers it: what is done to the request, and what to the answer.
    pub fn exchange(
        &mut self,
        policy: &mut Policy,
        direction: impl Into<Option<Direction>>,
        head: &[Header<'_>],
        status: &[u8],
    ) -> (String, String) {
        let pairs: Vec<(&[u8], &[u8])> = head.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
        // Reading the head is one call.
        self.calls.set(1);
        let mut around = Around {
            direction: direction.into(),
            now: self.now,
            metadata: &self.metadata,
            source: self.source,
            calls: Rc::clone(&self.calls),
        };
        let mut slots = CountedSlots(&mut self.slots, Rc::clone(&self.calls));
        let mut exchange = Exchange::default();
        let decision = policy.on_request_headers(&mut exchange, &Headers::new(&pairs), &mut slots, &mut around);
        let (edits, state) = (decision.step.edits, decision.filter_state);
        self.calls.update(|calls| calls + (edits.len() + state.len()) as u32);
        let state = state.iter().map(|(name, value)| format!("wasm.{name} = {}", value.escape_ascii()));
        let request = lines(edits.iter().map(line).chain(state));
        let pairs: &[(&[u8], &[u8])] = &[(b":status", status)];
        let response = Headers::new(if policy.reads_response(&exchange) { pairs } else { &[] });
        let edits = policy.on_response_headers(&mut exchange, &response);
        (request, lines(edits.iter().map(line)))
    }

    /// The host calls of the last request, its edits included.
    pub fn calls(&self) -> u32 {
        self.calls.get()
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// The metrics that are not 0, as `name value` per line.
pub fn metrics(policy: &mut Policy) -> String {
    let names = policy.metrics();
    let counts = policy.take_counts();
    assert_eq!(names.len(), counts.len());
    let counted = names.iter().zip(counts).filter(|(_, count)| *count > 0);
    lines(counted.map(|(name, count)| format!("{} {count}", name.strip_prefix("traffic_label.").unwrap())))
}

fn line(edit: &HeaderEdit<'_>) -> String {
    match edit {
        HeaderEdit::Set(name, value) => format!("{}: {}", name.escape_ascii(), value.escape_ascii()),
        HeaderEdit::Add(name, value) => format!("+{}: {}", name.escape_ascii(), value.escape_ascii()),
        HeaderEdit::Remove(name) => format!("-{}", name.escape_ascii()),
    }
}
