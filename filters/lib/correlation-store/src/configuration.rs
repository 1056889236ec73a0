//! The store's limits as a configuration has them.

use crate::{Conflict, Shape};
use std::time::Duration;
use strict_config::{Reader, Value};

/// The most bytes that all slots of a store may take.
const MAX_STORE_BYTES: u64 = 256 << 20;

impl Shape {
    /// The store where nothing is said about it.
    pub const DEFAULT: Self =
        Self { slots: 4096, ways: 2, max_entry_bytes: 512, ttl_millis: 60_000, on_conflict: Conflict::Last };

    /// Reads `slots`, `ways`, `max_entry_bytes`, `ttl` and `on_conflict`, each of which has a default; `None` where something is
    /// wrong.
    pub fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let mut object = reader.object(value)?;
        let slots = object.get("slots").map_or(Some(Self::DEFAULT.slots), |slots| {
            let found = reader.integer(slots, 1..=1 << 24)?;
            if !found.is_power_of_two() {
                reader.expected("a power of two", slots);
            }
            found.is_power_of_two().then_some(found)
        });
        let mut number = |name, range, default| match object.get(name) {
            Some(value) => reader.integer(value, range),
            None => Some(default),
        };
        let ways = number("ways", 1..=16, Self::DEFAULT.ways);
        let max_entry_bytes = number("max_entry_bytes", 16..=16_384, u32::from(Self::DEFAULT.max_entry_bytes));
        let ttl = object.duration("ttl", Duration::from_secs(1)..=Duration::from_secs(24 * 3600));
        let conflicts = [("last", Conflict::Last), ("first", Conflict::First), ("baseline", Conflict::Baseline)];
        let on_conflict = object.one_of("on_conflict", &conflicts).unwrap_or_default();
        object.finish();
        let shape = Self {
            slots: slots?,
            ways: ways?,
            max_entry_bytes: u16::try_from(max_entry_bytes?).ok()?,
            ttl_millis: ttl.map_or(Some(Self::DEFAULT.ttl_millis), |ttl| u64::try_from(ttl.as_millis()).ok())?,
            on_conflict,
        };
        if shape.max_bytes() > MAX_STORE_BYTES {
            let found = shape.max_bytes();
            let message =
                format!("expected a store of at most {MAX_STORE_BYTES} bytes, but found one of up to {found}");
            reader.problem(value, message);
        }
        Some(shape)
    }
}
