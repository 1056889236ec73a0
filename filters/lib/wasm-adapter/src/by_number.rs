//! Values by the numbers that the proxy gives out, which grow.
//!
//! A sorted list does what a tree would, in a tenth of its code: a new number is nearly always the highest, and what is removed
//! leaves a gap until half of the list is gaps.

/// Values by number.
pub(crate) struct ByNumber<T> {
    /// In ascending order of their number.
    entries: Vec<(u32, Option<T>)>,
    gaps: usize,
}

impl<T> ByNumber<T> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), gaps: 0 }
    }

    fn position(&self, number: u32) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&number, |(number, _)| *number)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let position = self.position(number).ok()?;
        self.entries.get_mut(position)?.1.as_mut()
    }

    /// Puts a value in the place of that with the same number.
    pub(crate) fn insert(&mut self, number: u32, value: T) {
        self.remove(number);
        match self.position(number) {
            Err(position) => self.entries.insert(position, (number, Some(value))),
            Ok(position) => {
                if let Some(entry) = self.entries.get_mut(position) {
                    entry.1 = Some(value);
                    self.gaps -= 1;
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let position = self.position(number).ok()?;
        let removed = self.entries.get_mut(position)?.1.take()?;
        self.gaps += 1;
        if self.gaps * 2 > self.entries.len() {
            self.entries.retain(|(_, value)| value.is_some());
            self.gaps = 0;
        }
        Some(removed)
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map(changes in prop::collection::vec((0..30_u32, any::<Option<u8>>()), 0..200)) {
            let (mut map, mut expected) = (ByNumber::new(), BTreeMap::new());
            for (number, change) in changes {
                match change {
                    Some(value) => {
                        map.insert(number, value);
                        expected.insert(number, value);
                    }
                    None => prop_assert_eq!(map.remove(number), expected.remove(&number)),
                }
                for number in 0..30 {
                    prop_assert_eq!(map.get_mut(number), expected.get_mut(&number));
                }
                prop_assert!(map.entries.len() <= expected.len() * 2 + 1);
            }
        }
    }
}
