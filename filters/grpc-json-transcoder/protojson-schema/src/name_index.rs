//! Positions by name: a hash table of fixed size that is built once.
//!
//! Names come from descriptors, lookups from clients: a client can ask for any name, but cannot put one into the table, so at
//! half load a lookup compares a bounded number of names whatever is asked for.

use crate::words::word_of;

/// Positions by name; the names themselves are kept by who owns the table.
#[derive(Debug, Default)]
pub struct NameIndex {
    /// A position plus one, or 0; the length is a power of two.
    slots: Box<[u32]>,
}

impl NameIndex {
    /// The index of these names. Where two are the same, the first stays.
    pub fn new<'a>(names: &[(&'a [u8], u32)]) -> Self {
        let mut owners: Vec<Option<(&'a [u8], u32)>> = vec![None; (names.len() * 2).next_power_of_two().max(2)];
        let mask = owners.len() - 1;
        for &(name, position) in names {
            let mut at = hash(name) & mask;
            while let Some(Some((taken, _))) = owners.get(at) {
                if *taken == name {
                    break;
                }
                at = (at + 1) & mask;
            }
            if let Some(owner @ None) = owners.get_mut(at) {
                *owner = Some((name, position));
            }
        }
        Self { slots: owners.into_iter().map(|owner| owner.map_or(0, |(_, position)| position + 1)).collect() }
    }

    /// The position of a name, if `is_it` says so of one that the table offers.
    #[inline]
    pub fn find(&self, name: &[u8], is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(name) & mask;
        loop {
            let position = self.slots.get(at)?.checked_sub(1)?;
            if is_it(position) {
                return Some(position);
            }
            at = (at + 1) & mask;
        }
    }
}

#[inline]
fn hash(name: &[u8]) -> usize {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = name.len() as u64;
    let (chunks, rest) = name.as_chunks::<8>();
    for chunk in chunks {
        state = (state ^ u64::from_le_bytes(*chunk)).wrapping_mul(SPREAD);
        state ^= state >> 32;
    }
    state = (state ^ word_of(rest)).wrapping_mul(SPREAD);
    (state >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn names_are_found_and_others_are_not() {
        let names: Vec<String> = (0..500).map(|number| format!("field_{number}")).collect();
        let entries: Vec<(&[u8], u32)> =
            names.iter().enumerate().map(|(position, name)| (name.as_bytes(), position as u32)).collect();
        let index = NameIndex::new(&entries);
        for (position, name) in names.iter().enumerate() {
            let found = index.find(name.as_bytes(), |candidate| names[candidate as usize] == *name);
            assert_eq!(found, Some(position as u32));
        }
        assert_eq!(index.find(b"field_500", |candidate| names[candidate as usize] == "field_500"), None);
        assert_eq!(NameIndex::new(&[]).find(b"", |_| true), None);
        assert_eq!(NameIndex::default().find(b"", |_| true), None);
    }

    #[test]
    fn of_equal_names_the_first_stays() {
        let index = NameIndex::new(&[(b"a", 0), (b"a", 1)]);
        assert_eq!(index.find(b"a", |_| true), Some(0));
    }
}
