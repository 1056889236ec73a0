//! Whether a name is among many, by index: the cost grows with the name's length and the logarithm of the set's size.

use crate::{compile, is_match, whole_match};
use regex_lite::Regex;
use serde::Deserialize;
use strict_config::Problems;

/// A set of names as the user writes it. A name is in it if any of the four says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawNameSet {
    /// Whole names.
    pub exact: Vec<String>,
    /// Beginnings of names.
    pub prefix: Vec<String>,
    /// Ends of names.
    pub suffix: Vec<String>,
    /// Regular expressions for whole names.
    pub regex: Vec<String>,
}

/// A compiled set of names, which are compared in lower case: the patterns are lowered, names come in lower.
#[derive(Debug, Clone, Default)]
pub struct NameSet {
    exact: Vec<Box<[u8]>>,
    prefixes: Prefixes,
    /// Reversed, so that an end is a beginning.
    suffixes: Prefixes,
    regex: Option<Regex>,
}

impl RawNameSet {
    /// The compiled set; `None` and problems below `path` where an expression does not compile or a part is empty.
    pub fn compile(&self, path: &str, problems: &mut Problems) -> Option<NameSet> {
        let mut sound = true;
        let mut lowered = |field: &str, texts: &[String], reverse: bool| {
            let mut names = Vec::with_capacity(texts.len());
            for (index, text) in texts.iter().enumerate() {
                if text.is_empty() {
                    problems.push(format!("{path}.{field}[{index}]"), "expected a part of a name, but found nothing");
                    sound = false;
                }
                let mut name = text.to_ascii_lowercase().into_bytes();
                if reverse {
                    name.reverse();
                }
                names.push(name.into_boxed_slice());
            }
            names.sort_unstable();
            names.dedup();
            names
        };
        let exact = lowered("exact", &self.exact, false);
        let prefixes = Prefixes::new(lowered("prefix", &self.prefix, false));
        let suffixes = Prefixes::new(lowered("suffix", &self.suffix, true));
        for (index, pattern) in self.regex.iter().enumerate() {
            if let Err(problem) = compile(pattern) {
                problems.push(format!("{path}.regex[{index}]"), problem);
                sound = false;
            }
        }
        if !sound {
            return None;
        }
        let regex = if self.regex.is_empty() { Ok(None) } else { whole_match(&self.regex).map(Some) };
        let regex = regex.map_err(|problem| problems.push(format!("{path}.regex"), problem)).ok()?;
        Some(NameSet { exact, prefixes, suffixes, regex })
    }
}

impl NameSet {
    /// Whether the set can hold no name at all.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && !self.has_patterns()
    }

    /// Whether the set holds names that it does not spell out.
    pub fn has_patterns(&self) -> bool {
        !self.prefixes.0.is_empty() || !self.suffixes.0.is_empty() || self.regex.is_some()
    }

    /// The names that are spelt out, sorted.
    pub fn exact_names(&self) -> impl Iterator<Item = &[u8]> {
        self.exact.iter().map(|name| &**name)
    }

    /// Whether the name is spelt out.
    pub fn names_exactly(&self, name: &[u8]) -> bool {
        self.exact.binary_search_by(|known| (**known).cmp(name)).is_ok()
    }

    /// Whether a beginning, an end or an expression covers the name.
    pub fn covers(&self, name: &[u8]) -> bool {
        self.prefixes.begin(name.iter())
            || self.suffixes.begin(name.iter().rev())
            || self.regex.as_ref().is_some_and(|regex| is_match(regex, name))
    }

    /// Whether the name is in the set.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.names_exactly(name) || self.covers(name)
    }
}

/// Sorted, and none begins with another: so of all of them only the last that is not greater than a name can begin it.
#[derive(Debug, Clone, Default)]
struct Prefixes(Vec<Box<[u8]>>);

impl Prefixes {
    fn new(mut sorted: Vec<Box<[u8]>>) -> Self {
        // What begins with a shorter one stands right after it and adds nothing.
        sorted.dedup_by(|longer, shorter| longer.starts_with(shorter));
        Self(sorted)
    }

    fn begin<'a>(&self, name: impl Iterator<Item = &'a u8> + Clone) -> bool {
        let after = self.0.partition_point(|prefix| prefix.iter().le(name.clone()));
        let candidate = after.checked_sub(1).and_then(|last| self.0.get(last));
        candidate.is_some_and(|prefix| prefix.iter().eq(name.take(prefix.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn raw(json: &str) -> RawNameSet {
        serde_json::from_str(json).unwrap()
    }

    fn set(json: &str) -> NameSet {
        let mut problems = Problems::default();
        let set = raw(json).compile("names", &mut problems);
        assert_eq!(problems, Problems::default());
        set.unwrap()
    }

    #[test]
    fn a_name_is_found_by_any_kind_of_pattern() {
        let set = set(
            r#"{"exact": ["Route-V", "a"], "prefix": ["x-canary-", "x-canary-eu-", "x-b"], "suffix": ["-tag", "-lane"],
                "regex": ["team-[0-9]+", "[a-z]"]}"#,
        );
        for name in
            ["route-v", "a", "x-canary-", "x-canary-eu-1", "x-canary-z", "x-bee", "my-tag", "-lane", "team-42", "b"]
        {
            assert!(set.contains(name.as_bytes()), "{name}");
        }
        for name in ["", "route-v2", "x-canary", "x-a", "x-c", "tag", "my-tags", "team-", "xteam-1", "bb"] {
            assert!(!set.contains(name.as_bytes()), "{name}");
        }
        assert!(set.names_exactly(b"a") && !set.names_exactly(b"b"));
    }

    #[test]
    fn an_empty_set_holds_nothing() {
        assert!(set("{}").is_empty());
        assert!(!set("{}").contains(b""));
        assert!(!set(r#"{"exact": ["a"]}"#).has_patterns());
    }

    #[test]
    fn every_bad_part_is_named() {
        let mut problems = Problems::default();
        let raw = raw(r#"{"exact": [""], "prefix": ["a", ""], "suffix": [""], "regex": ["a", "("]}"#);
        assert!(raw.compile("propagate", &mut problems).is_none());
        let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["propagate.exact[0]", "propagate.prefix[1]", "propagate.suffix[0]", "propagate.regex[1]"]);
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn the_index_agrees_with_a_search(
                prefixes in proptest::collection::vec("[ab]{1,4}", 0..8),
                suffixes in proptest::collection::vec("[ab]{1,4}", 0..8),
                name in "[abc]{0,8}",
            ) {
                let raw = RawNameSet { prefix: prefixes.clone(), suffix: suffixes.clone(), ..RawNameSet::default() };
                let set = raw.compile("", &mut Problems::default()).unwrap();
                let expected = prefixes.iter().any(|prefix| name.starts_with(prefix))
                    || suffixes.iter().any(|suffix| name.ends_with(suffix));
                prop_assert_eq!(set.contains(name.as_bytes()), expected);
            }
        }
    }
}
