//! The store: which slot, how often to try, what to count.

use crate::slot::{Conflict, HEADER_BYTES, Key, Slot, WAY_BYTES, Way};
use crate::{SharedSlots, Written};
use trace_context::RequestId;

/// How often a write is tried when others come first.
pub const ATTEMPTS: u32 = 3;

/// Every key of the store begins so: other plugins of the pod may share the namespace.
const KEY_PREFIX: &str = "weft.correlation/";
/// A slot's number in the key, in hexadecimal.
const KEY_DIGITS: usize = 6;

/// The store's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Number of slots, a power of two up to 2^24.
    pub slots: u32,
    /// Entries per slot.
    pub ways: u32,
    /// Bytes of an entry's payload.
    pub max_entry_bytes: u16,
    /// Milliseconds for which an entry is found after it was last written.
    pub ttl_millis: u64,
    /// What counts when one identifier comes in with different payloads.
    pub on_conflict: Conflict,
}

impl Shape {
    /// The most bytes that keys and values of the store ever take in the proxy. The proxy's own map adds its nodes, some
    /// hundred bytes per slot.
    ///
    /// ```
    /// use correlation_store::{Conflict, Shape};
    ///
    /// let shape = Shape { slots: 4096, ways: 2, max_entry_bytes: 512, ttl_millis: 60_000, on_conflict: Conflict::Last };
    /// assert_eq!(shape.max_bytes(), 4096 * (23 + 8 + 2 * (31 + 512)));
    /// ```
    pub const fn max_bytes(&self) -> u64 {
        let key = (KEY_PREFIX.len() + KEY_DIGITS) as u64;
        let entry = WAY_BYTES as u64 + self.max_entry_bytes as u64;
        self.slots as u64 * (key + HEADER_BYTES as u64 + self.ways as u64 * entry)
    }
}

/// What happened, to be added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lookups that found a live entry.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Live entries that made room for newer ones.
    pub evictions: u64,
    /// Identifiers that came in again with a different payload.
    pub conflicts: u64,
    /// Writes given up because others came first every time, or because the proxy refused.
    pub cas_drops: u64,
}

/// The store of one owner. Stores of different owners share slots and never see each other's entries.
#[derive(Debug, Clone)]
pub struct Store {
    shape: Shape,
    owner: u32,
}

impl Store {
    /// A store of that shape. `owner` separates those who remember different things under the same identifiers: everyone
    /// with equal rules passes equal bytes.
    pub fn new(shape: Shape, owner: &[u8]) -> Self {
        Self { shape, owner: trace_context::hash(owner) as u32 }
    }

    /// The store's limits.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The payload remembered for the request. `now`, in Unix milliseconds, is asked for only where there is an entry.
    ///
    /// An entry with less than half of its time left is given its full time again: a request that keeps calling keeps its
    /// entry, at the price of one write per half life and not of one per call.
    pub fn look_up(
        &self,
        slots: &mut impl SharedSlots,
        id: RequestId,
        now: impl FnOnce() -> Option<u64>,
        counts: &mut Counts,
    ) -> Option<Vec<u8>> {
        let payload = self.find(slots, id, now);
        match payload {
            Some(_) => counts.hits += 1,
            None => counts.misses += 1,
        }
        payload
    }

    fn find(&self, slots: &mut impl SharedSlots, id: RequestId, now: impl FnOnce() -> Option<u64>) -> Option<Vec<u8>> {
        let (slot_key, key) = self.keys(id);
        let (bytes, version) = slots.get(&slot_key)?;
        let mut slot = Slot::decode(&bytes);
        let way = slot.find(key)?;
        let now = now()?;
        if way.expiry <= now {
            return None;
        }
        let payload = way.payload?.to_vec();
        if way.expiry < self.refresh_before(now) {
            slot.refresh(key, self.expiry(now));
            // Whoever came first has written the slot anew; the entry is no worse off than before.
            let _outcome = slots.set_if(&slot_key, &slot.encode(), Some(version));
        }
        Some(payload)
    }

    /// Remembers a payload for the request. One that is longer than the shape allows is not remembered.
    pub fn remember(&self, slots: &mut impl SharedSlots, id: RequestId, now: u64, payload: &[u8], counts: &mut Counts) {
        if payload.len() > usize::from(self.shape.max_entry_bytes) {
            return;
        }
        let (slot_key, key) = self.keys(id);
        for _ in 0..ATTEMPTS {
            let current = slots.get(&slot_key);
            let (bytes, version) = match &current {
                Some((bytes, version)) => (bytes.as_slice(), Some(*version)),
                None => (&[][..], None),
            };
            let mut slot = Slot::decode(bytes);
            let entry = Way { key, expiry: self.expiry(now), payload: Some(payload) };
            let insertion = slot.insert(
                entry,
                now,
                self.refresh_before(now),
                usize::try_from(self.shape.ways).unwrap_or(usize::MAX),
                self.shape.on_conflict,
            );
            let written =
                if insertion.changed { slots.set_if(&slot_key, &slot.encode(), version) } else { Written::Yes };
            match written {
                Written::Yes => {
                    counts.evictions += insertion.evicted;
                    counts.conflicts += u64::from(insertion.conflict);
                    return;
                }
                Written::Outrun => {}
                Written::Refused => break,
            }
        }
        counts.cas_drops += 1;
    }

    fn keys(&self, id: RequestId) -> (String, Key) {
        let owner = u64::from(self.owner);
        // Identifiers need not be random, so their bits are mixed before some of them choose the slot.
        let mixed = trace_context::mix(id.low() ^ (owner << 32 | owner));
        let slot = mixed & u64::from(self.shape.slots.saturating_sub(1));
        (format!("{KEY_PREFIX}{slot:0KEY_DIGITS$x}"), Key { owner: self.owner, id })
    }

    fn expiry(&self, now: u64) -> u64 {
        now.saturating_add(self.shape.ttl_millis)
    }

    fn refresh_before(&self, now: u64) -> u64 {
        now.saturating_add(self.shape.ttl_millis / 2)
    }
}
