//! The store as its users see it: what is found, when, and in how much memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use correlation_store::{Cas, Conflict, Counts, MemorySlots, Shape, SharedSlots, Store, Written};
use trace_context::RequestId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SHAPE: Shape = Shape { slots: 4, ways: 2, max_entry_bytes: 64, ttl_millis: 60_000, on_conflict: Conflict::Last };

fn id(low: u64) -> RequestId {
    RequestId::new(0, low)
}

#[test]
fn what_was_remembered_is_found_until_it_expires() {
    let (store, mut slots, mut counts) = (Store::new(SHAPE, b""), MemorySlots::default(), Counts::default());
    store.remember(&mut slots, id(7), 1000, b"lane", &mut counts);
    assert_eq!(store.look_up(&mut slots, id(7), || Some(1001), &mut counts), Some(b"lane".to_vec()));
    assert_eq!(store.look_up(&mut slots, id(8), || Some(1001), &mut counts), None);
    assert_eq!(store.look_up(&mut slots, id(7), || Some(61_000), &mut counts), None);
    assert_eq!(counts, Counts { hits: 1, misses: 2, ..Counts::default() });
}

#[test]
fn a_miss_does_not_ask_for_the_time() {
    let (store, mut slots) = (Store::new(SHAPE, b""), MemorySlots::default());
    let mut asked = false;
    let now = || {
        asked = true;
        Some(0)
    };
    assert_eq!(store.look_up(&mut slots, id(7), now, &mut Counts::default()), None);
    assert!(!asked);
}

#[test]
fn an_entry_in_use_lives_on_and_is_written_once_per_half_life() {
    let (store, mut slots, mut counts) = (Store::new(SHAPE, b""), MemorySlots::default(), Counts::default());
    store.remember(&mut slots, id(7), 0, b"lane", &mut counts);
    let mut writes = 0;
    for now in (0..300_000).step_by(1000) {
        let before = slots.clone();
        assert!(store.look_up(&mut slots, id(7), || Some(now), &mut counts).is_some(), "at {now}");
        let key = before.keys().next().unwrap().to_owned();
        writes += u32::from(slots.get(&key) != before.clone().get(&key));
    }
    assert_eq!(writes, 9);
}

#[test]
fn owners_do_not_see_each_others_entries() {
    let (mut slots, mut counts) = (MemorySlots::default(), Counts::default());
    let shape = Shape { slots: 1, ..SHAPE };
    let (first, second) = (Store::new(shape, b"first"), Store::new(shape, b"second"));
    first.remember(&mut slots, id(7), 0, b"a", &mut counts);
    assert_eq!(second.look_up(&mut slots, id(7), || Some(1), &mut counts), None);
    second.remember(&mut slots, id(7), 0, b"b", &mut counts);
    assert_eq!(first.look_up(&mut slots, id(7), || Some(1), &mut counts), Some(b"a".to_vec()));
    assert_eq!(counts.conflicts, 0);
}

#[test]
fn a_foreign_value_under_our_key_is_replaced() {
    let (store, mut slots, mut counts) = (Store::new(SHAPE, b""), MemorySlots::default(), Counts::default());
    store.remember(&mut slots, id(7), 0, b"lane", &mut counts);
    let key = slots.keys().next().unwrap().to_owned();
    slots.set(&key, b"{\"not\": \"ours\"}");
    assert_eq!(store.look_up(&mut slots, id(7), || Some(1), &mut counts), None);
    store.remember(&mut slots, id(7), 1, b"lane", &mut counts);
    assert_eq!(store.look_up(&mut slots, id(7), || Some(2), &mut counts), Some(b"lane".to_vec()));
}

/// Slots that another worker writes just before each of the first writes.
struct Contended {
    slots: MemorySlots,
    rivals: u32,
}

impl SharedSlots for Contended {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.slots.get(key)
    }

    fn set_if(&mut self, key: &str, value: &[u8], version: Option<Cas>) -> Written {
        if self.rivals > 0 {
            self.rivals -= 1;
            let mut counts = Counts::default();
            let rival = Store::new(Shape { slots: 1, ..SHAPE }, b"");
            rival.remember(&mut self.slots, id(100 + u64::from(self.rivals)), 0, b"rival", &mut counts);
        }
        self.slots.set_if(key, value, version)
    }
}

#[test]
fn an_outrun_write_is_tried_again_and_loses_nothing() {
    let shape = Shape { slots: 1, ways: 4, ..SHAPE };
    let store = Store::new(shape, b"");
    let (mut slots, mut counts) = (Contended { slots: MemorySlots::default(), rivals: 2 }, Counts::default());
    store.remember(&mut slots, id(7), 0, b"lane", &mut counts);
    for known in [7, 100, 101] {
        assert!(store.look_up(&mut slots, id(known), || Some(1), &mut counts).is_some(), "{known}");
    }
    assert_eq!(counts.cas_drops, 0);
}

#[test]
fn a_write_that_is_always_outrun_is_dropped_and_counted() {
    let store = Store::new(Shape { slots: 1, ..SHAPE }, b"");
    let (mut slots, mut counts) = (Contended { slots: MemorySlots::default(), rivals: 3 }, Counts::default());
    store.remember(&mut slots, id(7), 0, b"lane", &mut counts);
    assert_eq!(counts, Counts { cas_drops: 1, ..Counts::default() });
}

/// Ten thousand requests, each alive until `live` later ones have come, through a store of 256 entries: the share of live
/// requests whose outbound call still finds its entry, in percent, and the most memory that was ever taken.
fn pressure(live: u64) -> (u64, u64, u64) {
    const REQUESTS: u64 = 10_000;
    let shape = Shape { slots: 128, ways: 2, ..SHAPE };
    let (store, mut slots, mut counts) = (Store::new(shape, b""), MemorySlots::default(), Counts::default());
    let mut peak = 0;
    let distinct = |number: u64| RequestId::new(number + 1, trace_context::mix(number));
    for number in 0..REQUESTS + live {
        if number < REQUESTS {
            store.remember(&mut slots, distinct(number), number, &[b'x'; 64], &mut counts);
        }
        if let Some(finished) = number.checked_sub(live) {
            store.look_up(&mut slots, distinct(finished), || Some(number), &mut counts);
        }
        peak = peak.max(slots.bytes());
    }
    assert_eq!(counts.hits + counts.misses, REQUESTS);
    (counts.hits * 100 / REQUESTS, peak, shape.max_bytes())
}

#[test]
fn ten_thousand_requests_through_256_entries_take_no_more_memory_than_stated() {
    for (live, expected_percent) in [(8, 99), (32, 97), (64, 90), (128, 73)] {
        let (percent, peak, bound) = pressure(live);
        assert!(peak <= bound, "{peak} bytes of {bound}");
        assert_eq!(peak, bound, "the store was full");
        assert_eq!(percent, expected_percent, "with {live} live requests");
    }
}
