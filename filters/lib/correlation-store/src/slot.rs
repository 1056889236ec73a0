//! One slot: its bytes, and what a lookup or an insertion makes of them.
//!
//! ```text
//! slot  = "WCS" version checksum(4, of what follows) way*
//! way   = owner(4) low(8) high(8, 0 if unknown) expiry(8, Unix milliseconds) mark(1) length(2) payload
//! ```
//! All numbers are little-endian; ways stand oldest first. Every plugin of a pod may share the namespace, so bytes that are
//! not exactly this read as an empty slot: nothing foreign is ever taken for an entry, and the next write replaces it.

use trace_context::RequestId;

const MAGIC: [u8; 4] = *b"WCS\x01";

/// Bytes of a slot before its ways.
pub(crate) const HEADER_BYTES: usize = 8;
/// Bytes of a way beside its payload.
pub(crate) const WAY_BYTES: usize = 31;

const PLAIN: u8 = 0;
const CONFLICTED: u8 = 1;

/// What to do when one identifier comes in again with something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conflict {
    /// The newer one counts.
    #[default]
    Last,
    /// The older one counts until it expires.
    First,
    /// Neither counts: nothing is found for the identifier until the entry expires.
    Baseline,
}

/// Whose entry it is, and for which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) owner: u32,
    pub(crate) id: RequestId,
}

impl Key {
    fn matches(self, other: Key) -> bool {
        self.owner == other.owner && self.id.matches(other.id)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way<'a> {
    pub(crate) key: Key,
    pub(crate) expiry: u64,
    /// `None` after a conflict that left neither.
    pub(crate) payload: Option<&'a [u8]>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slot<'a> {
    ways: Vec<Way<'a>>,
}

/// What an insertion did to a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Insertion {
    /// Whether the slot's bytes changed, so that they must be written.
    pub(crate) changed: bool,
    pub(crate) conflict: bool,
    /// Entries that had not expired and were given up.
    pub(crate) evicted: u64,
}

impl<'a> Slot<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Self {
        Self::try_decode(bytes).unwrap_or_default()
    }

    fn try_decode(bytes: &'a [u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (sum, mut rest) = rest.split_first_chunk()?;
        if *magic != MAGIC || *sum != checksum(rest) {
            return None;
        }
        let mut ways = Vec::new();
        while !rest.is_empty() {
            let way;
            (way, rest) = Way::decode(rest)?;
            ways.push(way);
        }
        Some(Self { ways })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for way in &self.ways {
            way.encode(&mut body);
        }
        [&MAGIC[..], &checksum(&body), &body].concat()
    }

    /// The entry of that key, expired or not.
    pub(crate) fn find(&self, key: Key) -> Option<Way<'a>> {
        self.ways.iter().copied().find(|way| way.key.matches(key))
    }

    /// Puts the entry of that key off to a later expiry.
    pub(crate) fn refresh(&mut self, key: Key, expiry: u64) {
        if let Some(way) = self.ways.iter_mut().find(|way| way.key.matches(key)) {
            way.expiry = expiry;
        }
    }

    /// Makes `entry` the newest of at most `ways` entries. `refresh_before` is the expiry below which an entry that says the
    /// same already is put off; one that lasts longer is not worth a write.
    pub(crate) fn insert(
        &mut self,
        entry: Way<'a>,
        now: u64,
        refresh_before: u64,
        ways: usize,
        policy: Conflict,
    ) -> Insertion {
        let mut insertion = Insertion::default();
        self.ways.retain(|way| way.expiry > now);
        let mut entry = entry;
        if let Some(present) = self.find(entry.key) {
            let marked = present.payload.is_none() && policy == Conflict::Baseline;
            if marked || present.payload == entry.payload {
                insertion.changed = present.expiry < refresh_before;
                self.refresh(entry.key, entry.expiry);
                return insertion;
            }
            insertion.conflict = true;
            match policy {
                Conflict::First => return insertion,
                Conflict::Last => {}
                Conflict::Baseline => entry.payload = None,
            }
            self.ways.retain(|way| !way.key.matches(entry.key));
        }
        // A plugin with fewer ways may meet a slot that one with more has written.
        let surplus = (self.ways.len() + 1).saturating_sub(ways);
        self.ways.drain(..surplus.min(self.ways.len()));
        insertion.evicted = surplus as u64;
        self.ways.push(entry);
        insertion.changed = true;
        insertion
    }
}

impl<'a> Way<'a> {
    fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (owner, rest) = bytes.split_first_chunk()?;
        let (low, rest) = rest.split_first_chunk()?;
        let (high, rest) = rest.split_first_chunk()?;
        let (expiry, rest) = rest.split_first_chunk()?;
        let (mark, rest) = rest.split_first()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (payload, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        let payload = match *mark {
            PLAIN => Some(payload),
            CONFLICTED if payload.is_empty() => None,
            _ => return None,
        };
        let id = RequestId::new(u64::from_le_bytes(*high), u64::from_le_bytes(*low));
        let key = Key { owner: u32::from_le_bytes(*owner), id };
        Some((Self { key, expiry: u64::from_le_bytes(*expiry), payload }, rest))
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        let payload = self.payload.unwrap_or_default();
        // The store refuses longer payloads before they come here.
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        bytes.extend(self.key.owner.to_le_bytes());
        bytes.extend(self.key.id.low().to_le_bytes());
        bytes.extend(self.key.id.high().unwrap_or_default().to_le_bytes());
        bytes.extend(self.expiry.to_le_bytes());
        bytes.push(if self.payload.is_some() { PLAIN } else { CONFLICTED });
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(payload);
    }
}

/// FNV-1a. It tells entries from foreign or damaged bytes; it is no defence against a plugin that forges them on purpose.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let sum = bytes.iter().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    sum.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn way(low: u64, expiry: u64, payload: &[u8]) -> Way<'_> {
        Way { key: Key { owner: 1, id: RequestId::new(0, low) }, expiry, payload: Some(payload) }
    }

    fn slot(ways: &[Way<'static>]) -> Slot<'static> {
        Slot { ways: ways.to_vec() }
    }

    #[track_caller]
    fn check_insert(
        before: &[Way<'static>],
        policy: Conflict,
        entry: Way<'static>,
        expected: Insertion,
        after: &[Way<'static>],
    ) {
        let mut slot = slot(before);
        assert_eq!(slot.insert(entry, 100, 150, 2, policy), expected);
        assert_eq!(slot.ways, after);
    }

    #[test]
    fn the_oldest_entry_makes_room() {
        let written = Insertion { changed: true, evicted: 1, conflict: false };
        check_insert(
            &[way(1, 190, b"a"), way(2, 180, b"b")],
            Conflict::Last,
            way(3, 200, b"c"),
            written,
            &[way(2, 180, b"b"), way(3, 200, b"c")],
        );
    }

    #[test]
    fn an_expired_entry_makes_room_before_a_live_one() {
        let written = Insertion { changed: true, ..Insertion::default() };
        check_insert(
            &[way(1, 190, b"a"), way(2, 100, b"b")],
            Conflict::Last,
            way(3, 200, b"c"),
            written,
            &[way(1, 190, b"a"), way(3, 200, b"c")],
        );
    }

    #[test]
    fn the_same_again_is_written_only_when_it_would_expire_soon() {
        check_insert(
            &[way(1, 190, b"a")],
            Conflict::Last,
            way(1, 200, b"a"),
            Insertion::default(),
            &[way(1, 200, b"a")],
        );
        let refreshed = Insertion { changed: true, ..Insertion::default() };
        check_insert(&[way(1, 120, b"a")], Conflict::Last, way(1, 200, b"a"), refreshed, &[way(1, 200, b"a")]);
    }

    #[test]
    fn a_conflict_is_settled_by_the_policy() {
        let conflict = Insertion { changed: true, conflict: true, evicted: 0 };
        check_insert(&[way(1, 190, b"a")], Conflict::Last, way(1, 200, b"b"), conflict, &[way(1, 200, b"b")]);
        let kept = Insertion { changed: false, ..conflict };
        check_insert(&[way(1, 190, b"a")], Conflict::First, way(1, 200, b"b"), kept, &[way(1, 190, b"a")]);
        let marker = Way { payload: None, ..way(1, 200, b"") };
        check_insert(&[way(1, 190, b"a")], Conflict::Baseline, way(1, 200, b"b"), conflict, &[marker]);
    }

    #[test]
    fn a_conflict_that_left_neither_stays_so() {
        let marker = Way { payload: None, ..way(1, 190, b"") };
        let unchanged = Insertion::default();
        check_insert(&[marker], Conflict::Baseline, way(1, 200, b"a"), unchanged, &[Way { expiry: 200, ..marker }]);
    }

    #[test]
    fn a_short_identifier_is_found_by_its_long_form_only_if_nothing_contradicts() {
        let long = |high| Key { owner: 1, id: RequestId::new(high, 7) };
        let short = slot(&[way(7, 190, b"a")]);
        assert!(short.find(long(9)).is_some());
        let other = slot(&[Way { key: long(8), ..way(7, 190, b"a") }]);
        assert!(other.find(long(9)).is_none());
        assert!(other.find(Key { owner: 2, ..long(8) }).is_none());
    }

    #[test]
    fn foreign_bytes_read_as_an_empty_slot() {
        let mut damaged = slot(&[way(1, 190, b"payload")]).encode();
        if let Some(byte) = damaged.last_mut() {
            *byte ^= 1;
        }
        for bytes in [&b""[..], b"WCS", b"WCS\x01\0\0\0\0", b"WCS\x02\xc5\x9d\x1c\x81", b"{\"lane\": 1}", &damaged] {
            assert_eq!(Slot::decode(bytes), Slot::default(), "{bytes:?}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn decoding_never_panics(bytes: Vec<u8>) {
                Slot::decode(&bytes);
                Slot::decode(&[&MAGIC[..], &checksum(&bytes), &bytes].concat());
            }

            #[test]
            fn what_is_encoded_is_decoded(entries: Vec<(u32, u64, u64, u64, Option<Vec<u8>>)>) {
                let ways = entries.iter().map(|(owner, high, low, expiry, payload)| Way {
                    key: Key { owner: *owner, id: RequestId::new(*high, *low) },
                    expiry: *expiry,
                    payload: payload.as_deref(),
                });
                let slot = Slot { ways: ways.collect() };
                let bytes = slot.encode();
                prop_assert_eq!(Slot::decode(&bytes), slot);
            }
        }
    }
}
