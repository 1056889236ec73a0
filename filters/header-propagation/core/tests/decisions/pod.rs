//! A pod in memory: what a proxy would give the filter, and how many host calls that would have cost.

use correlation_store::{Cas, MemorySlots, SharedSlots, Written};
use header_propagation_core::{Direction, Policy, Surroundings};
use http_exchange::{HeaderEdit, Headers};
use std::cell::Cell;
use std::rc::Rc;

pub use header_propagation_core::Direction::{Inbound, Outbound};

/// A name and a value.
pub type Header<'h> = (&'h str, &'h [u8]);

/// The slots of one pod and its time; each policy put into it is one worker.
#[derive(Default)]
pub struct Pod {
    slots: MemorySlots,
    now: u64,
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

struct Around {
    direction: Option<Direction>,
    now: u64,
    calls: Rc<Cell<u32>>,
}

impl Surroundings for Around {
    fn direction(&mut self) -> Option<Direction> {
        self.calls.update(|calls| calls + 1);
        self.direction
    }

    fn unix_millis(&mut self) -> Option<u64> {
        self.calls.update(|calls| calls + 1);
        Some(self.now)
    }
}

/// A sidecar's filter.
pub fn sidecar(json: &str) -> Policy {
    Policy::parse(json.as_bytes(), || Some(b"sidecar~10.0.0.1~a.b~b.svc.cluster.local".to_vec())).unwrap()
}

impl Pod {
    pub fn wait(&mut self, millis: u64) {
        self.now += millis;
    }

    /// Sends a request through the filter: the edits, one per line.
    pub fn send(
        &mut self,
        policy: &mut Policy,
        direction: impl Into<Option<Direction>>,
        head: &[Header<'_>],
    ) -> String {
        let pairs: Vec<(&[u8], &[u8])> = head.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
        // Reading the head is one call, if it is read.
        self.calls.set(u32::from(policy.reads_headers()));
        let head: &[_] = if policy.reads_headers() { &pairs } else { &[] };
        let mut around = Around { direction: direction.into(), now: self.now, calls: Rc::clone(&self.calls) };
        let mut slots = CountedSlots(&mut self.slots, Rc::clone(&self.calls));
        let step = policy.on_request_headers(&Headers::new(head), &mut slots, &mut around);
        self.calls.update(|calls| calls + step.edits.len() as u32);
        step.edits.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The host calls of the last request, its edits included.
    pub fn calls(&self) -> u32 {
        self.calls.get()
    }
}

fn line(edit: &HeaderEdit<'_>) -> String {
    match edit {
        HeaderEdit::Set(name, value) => format!("{}: {}", name.escape_ascii(), value.escape_ascii()),
        HeaderEdit::Add(name, value) => format!("+{}: {}", name.escape_ascii(), value.escape_ascii()),
        HeaderEdit::Remove(name) => format!("-{}", name.escape_ascii()),
    }
}
