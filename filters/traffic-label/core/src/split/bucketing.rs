//! Which bucket a unit falls into: a hash, its seed, and the number of buckets.

use super::hash::Hash;
use crate::percent::{Percent, WHOLE};
use std::num::NonZeroU32;
use strict_config::{Object, Position, Reader, Value};

/// As many buckets as there are basis points, so that every percentage is exact.
const BUCKETS: NonZeroU32 = NonZeroU32::new(WHOLE).unwrap();

/// How units are put into buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucketing {
    hash: Hash,
    seed: Vec<u8>,
    buckets: NonZeroU32,
}

impl Bucketing {
    /// The default hash into a bucket for every basis point.
    pub(crate) fn new(hash: Hash, seed: Vec<u8>) -> Self {
        Self { hash, seed, buckets: BUCKETS }
    }

    /// Reads `hash`, `seed` and `modulo` of an object. Where units come again, a seed must be said, since all splits
    /// without one would pick the same users; where `modulo` is said, the split goes on with what another product
    /// began, perhaps without a seed. Requests do not come again, so there each place in a configuration draws by
    /// itself.
    pub(crate) fn read(reader: &Reader, object: &mut Object<'_>, units_come_again: bool) -> Option<Self> {
        let (hash, seed, modulo) = (object.get("hash"), object.get("seed"), object.get("modulo"));
        let hash = hash.map_or(Some(Hash::default()), |hash| reader.one_of(hash, &Hash::NAMES));
        let buckets = modulo.map_or(Some(BUCKETS), |modulo| NonZeroU32::new(reader.integer(modulo, 2..=1_000_000)?));
        let is_seeded = hash.is_none_or(Hash::is_seeded);
        let seed = match seed {
            Some(seed) if !is_seeded => {
                reader.expected("no seed with this hash, which would not make experiments independent", seed);
                None
            }
            Some(seed) => reader.string(seed).map(|seed| seed.as_bytes().to_vec()),
            None if !units_come_again => Some(place(object.value())),
            None if modulo.is_some() || !is_seeded => Some(Vec::new()),
            None => {
                object.missing("seed", "expected a seed that no other experiment has, but found none");
                None
            }
        };
        Some(Self { hash: hash?, seed: seed?, buckets: buckets? })
    }

    /// Where a unit falls, in basis points, below 10,000.
    pub(crate) fn basis_points(&self, unit: &[u8]) -> u32 {
        let bucket = self.hash.bucket(&self.seed, unit, self.buckets);
        (u64::from(bucket) * u64::from(WHOLE) / u64::from(self.buckets.get())) as u32
    }

    /// Notes a percentage that is not at the edge of a bucket, and so would be another.
    pub(crate) fn check(&self, reader: &Reader, value: &Value, basis_points: u32) {
        let whole = |points: u32| (u64::from(points) * u64::from(self.buckets.get())).is_multiple_of(u64::from(WHOLE));
        if !whole(basis_points) {
            let step = (1..WHOLE).find(|step| whole(*step)).unwrap_or(WHOLE);
            let (step, buckets, found) = (Percent(step), self.buckets, Percent(basis_points));
            reader.problem(value, format!("expected a multiple of {step}, as modulo is {buckets}, but found {found}"));
        }
    }
}

/// A seed that differs for every place in a configuration.
pub(crate) fn place(value: &Value) -> Vec<u8> {
    let Position { line, column } = value.position();
    [line.to_le_bytes(), column.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn bucketing(buckets: u32) -> Bucketing {
        Bucketing { hash: Hash::Crc32, seed: Vec::new(), buckets: NonZeroU32::new(buckets).unwrap() }
    }

    /// The check value of CRC-32, 0xcbf43926, is 3,421,780,262.
    #[test]
    fn an_origins_bucket_is_its_share_of_the_whole() {
        for (buckets, basis_points) in
            [(10_000, 262), (100, 6200), (1000, 2620), (4, 5000), (3, 6666), (1_000_000, 7802)]
        {
            assert_eq!(bucketing(buckets).basis_points(b"123456789"), basis_points, "{buckets}");
        }
    }

    #[test]
    fn a_percentage_must_be_at_the_edge_of_a_bucket() {
        let reader = strict_config::read(b"7").unwrap();
        for (buckets, basis_points) in
            [(10_000, 1), (100, 300), (1000, 10), (4, 2500), (3, 10_000), (20_000, 1), (3, 0)]
        {
            bucketing(buckets).check(&reader, reader.root(), basis_points);
        }
        assert!(reader.into_problems().is_empty());
        let reader = strict_config::read(b"7").unwrap();
        for (buckets, basis_points) in [(100, 50), (4, 1250), (3, 3333)] {
            bucketing(buckets).check(&reader, reader.root(), basis_points);
        }
        assert_eq!(
            reader.into_problems().to_string(),
            "expected a multiple of 1, as modulo is 100, but found 0.5 (line 1 column 1)\n\
             expected a multiple of 25, as modulo is 4, but found 12.5 (line 1 column 1)\n\
             expected a multiple of 100, as modulo is 3, but found 33.33 (line 1 column 1)"
        );
    }
}
