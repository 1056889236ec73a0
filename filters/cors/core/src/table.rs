//! Texts by index: which of many a text is, or begins with, at a cost that grows with its length and the logarithm of their
//! number.

use std::cmp::Ordering;

/// Texts, each with a number that says what it stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// In the order of their texts, no text twice.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) text: Box<[u8]>,
    pub(crate) value: usize,
    /// The longest other text that begins this one.
    parent: Option<usize>,
}

impl Entry {
    pub(crate) fn new(text: &[u8], value: usize) -> Self {
        Self { text: text.into(), value, parent: None }
    }

    fn order(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text).then(self.value.cmp(&other.value))
    }
}

impl Table {
    /// The table of these entries, and the values of those whose text has a lower value already.
    pub(crate) fn new(mut entries: Vec<Entry>) -> (Self, Vec<usize>) {
        order::sort(&mut entries, Entry::order);
        let (mut table, mut repeated) = (Self::default(), Vec::new());
        for mut entry in entries {
            match table.entries.last() {
                Some(last) if last.text == entry.text => repeated.push(entry.value),
                _ => {
                    // What begins this text begins its predecessor, too, or is that.
                    entry.parent = table.beginning(&entry.text, table.entries.len().checked_sub(1));
                    table.entries.push(entry);
                }
            }
        }
        (table, repeated)
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a text.
    pub(crate) fn get(&self, text: &[u8]) -> Option<usize> {
        let index = self.entries.binary_search_by(|entry| (*entry.text).cmp(text)).ok()?;
        self.entries.get(index).map(|entry| entry.value)
    }

    /// The value of the longest text that begins this one.
    pub(crate) fn longest(&self, text: &[u8]) -> Option<usize> {
        let after = self.entries.partition_point(|entry| *entry.text <= *text);
        let index = self.beginning(text, after.checked_sub(1))?;
        self.entries.get(index).map(|entry| entry.value)
    }

    /// The first of an entry, its parent, and so on, that begins a text.
    fn beginning(&self, text: &[u8], mut candidate: Option<usize>) -> Option<usize> {
        while let Some(index) = candidate {
            let entry = self.entries.get(index)?;
            if text.starts_with(&entry.text) {
                return Some(index);
            }
            candidate = entry.parent;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn table(texts: &[&str]) -> (Table, Vec<usize>) {
        Table::new(texts.iter().enumerate().map(|(value, text)| Entry::new(text.as_bytes(), value)).collect())
    }

    #[test]
    fn the_longest_beginning_is_found() {
        let (table, repeated) = table(&["/", "/api/", "/api/v1/", "/b", "/api/v1/x"]);
        assert!(repeated.is_empty());
        for (text, value) in [
            ("", None),
            ("/", Some(0)),
            ("/api", Some(0)),
            ("/api/v2", Some(1)),
            ("/api/v1/y", Some(2)),
            ("/bc", Some(3)),
        ] {
            assert_eq!(table.longest(text.as_bytes()), value, "{text}");
        }
        assert_eq!((table.get(b"/b"), table.get(b"/c")), (Some(3), None));
    }

    #[test]
    fn of_equal_texts_the_first_counts() {
        let (table, repeated) = table(&["b", "a", "b", "b"]);
        assert_eq!((table.get(b"b"), repeated), (Some(0), vec![2, 3]));
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn the_index_agrees_with_a_search(texts in prop::collection::vec("[ab]{0,5}", 0..10), text in "[abc]{0,8}") {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let (table, repeated) = table(&texts);
                let beginning = texts.iter().filter(|known| text.starts_with(**known)).max_by_key(|known| known.len());
                let value = |known: &str| texts.iter().position(|text| *text == known);
                prop_assert_eq!(table.longest(text.as_bytes()), beginning.and_then(|known| value(known)));
                prop_assert_eq!(table.get(text.as_bytes()), value(&text));
                prop_assert_eq!(table.entries.len() + repeated.len(), texts.len());
            }
        }
    }
}
