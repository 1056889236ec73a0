//! Whether a name is among many, by index: the cost grows with the name's length and the logarithm of the set's size.

use crate::{compile, is_match, whole_match};
use regex_lite::Regex;
use strict_config::{Object, Reader, Value};

/// A compiled set of names. A name is in it if any part of it says so. Most sets are read in lower case, for names that come in
/// lower.
#[derive(Debug, Clone, Default)]
pub struct NameSet {
    exact: Vec<Box<[u8]>>,
    prefixes: Prefixes,
    /// Reversed, so that an end is a beginning.
    suffixes: Prefixes,
    regex: Option<Regex>,
}

impl NameSet {
    /// Reads `exact`, `prefix`, `suffix` and `regex` of an object that may have more, in lower case; `None` where a part is
    /// empty or an expression does not compile.
    pub fn read(reader: &Reader, object: &mut Object<'_>) -> Option<Self> {
        Self::read_parts(reader, object, Case::Lower)
    }

    /// Reads the same parts as they are written, for values whose case matters.
    pub fn read_as_written(reader: &Reader, object: &mut Object<'_>) -> Option<Self> {
        Self::read_parts(reader, object, Case::AsWritten)
    }

    /// Reads an array of hosts as Istio writes them, `*`, `*.example.com` or a whole name, in lower case; `None` where one is
    /// none.
    pub fn read_hosts(reader: &Reader, values: &[Value]) -> Option<Self> {
        let (mut exact, mut suffixes) = (Vec::new(), Vec::new());
        let mut sound = true;
        for value in values {
            let host = reader.string(value).unwrap_or_default();
            let name = host.to_ascii_lowercase();
            let is_plain = |name: &str| !name.is_empty() && !name.bytes().any(|byte| b"* /".contains(&byte));
            match name.strip_prefix('*') {
                Some("") => suffixes.push(Box::default()),
                Some(end) if end.starts_with('.') && is_plain(end) => suffixes.push(end.bytes().rev().collect()),
                None if is_plain(&name) => exact.push(name.into_bytes().into_boxed_slice()),
                _ => {
                    if value.as_str().is_some() {
                        reader.expected("a host, *.domain or *", value);
                    }
                    sound = false;
                }
            }
        }
        let (exact, suffixes) = (sorted(exact), Prefixes::new(sorted(suffixes)));
        sound.then(|| Self { exact, suffixes, ..Self::default() })
    }

    fn read_parts(reader: &Reader, object: &mut Object<'_>, case: Case) -> Option<Self> {
        let exact = names(reader, object.array("exact"), case, false);
        let prefixes = names(reader, object.array("prefix"), case, false);
        let suffixes = names(reader, object.array("suffix"), case, true);
        let regex = object.get("regex");
        let patterns = regex.map_or(Some(Vec::new()), |value| expressions(reader, value));
        let (exact, prefixes, suffixes, patterns) = (exact?, prefixes?, suffixes?, patterns?);
        let regex = match regex {
            Some(value) if !patterns.is_empty() => {
                Some(whole_match(&patterns).map_err(|problem| reader.problem(value, problem)).ok()?)
            }
            _ => None,
        };
        Some(Self { exact, prefixes: Prefixes::new(prefixes), suffixes: Prefixes::new(suffixes), regex })
    }

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

    /// The place of the name among those that are spelt out.
    pub fn place(&self, name: &[u8]) -> Option<usize> {
        self.exact.binary_search_by(|known| (**known).cmp(name)).ok()
    }

    /// Whether the name is spelt out.
    pub fn names_exactly(&self, name: &[u8]) -> bool {
        self.place(name).is_some()
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

/// How names are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    AsWritten,
}

/// Names in order, each once.
fn sorted(mut names: Vec<Box<[u8]>>) -> Vec<Box<[u8]>> {
    order::sort(&mut names, Ord::cmp);
    names.dedup();
    names
}

/// The names of an array, sorted.
fn names(reader: &Reader, texts: &[Value], case: Case, reverse: bool) -> Option<Vec<Box<[u8]>>> {
    let mut names = Vec::with_capacity(texts.len());
    for value in texts {
        let Some(text) = reader.string(value) else { continue };
        if text.is_empty() {
            reader.problem(value, "expected a part of a name, but found nothing");
            continue;
        }
        let mut name = text.as_bytes().to_vec();
        if case == Case::Lower {
            name.make_ascii_lowercase();
        }
        if reverse {
            name.reverse();
        }
        names.push(name.into_boxed_slice());
    }
    (names.len() == texts.len()).then(|| sorted(names))
}

/// The regular expressions of an array, each of which compiles alone.
fn expressions<'v>(reader: &Reader, value: &'v Value) -> Option<Vec<&'v str>> {
    let texts = reader.array(value)?;
    let mut patterns = Vec::with_capacity(texts.len());
    for text in texts {
        let Some(pattern) = reader.string(text) else { continue };
        match compile(pattern) {
            Ok(_) => patterns.push(pattern),
            Err(problem) => reader.problem(text, problem),
        }
    }
    (patterns.len() == texts.len()).then_some(patterns)
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
    use strict_config::Problems;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(json: &str) -> (Option<NameSet>, Problems) {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let mut object = reader.object(reader.root()).unwrap();
        let set = NameSet::read(&reader, &mut object);
        object.finish();
        (set, reader.into_problems())
    }

    fn set(json: &str) -> NameSet {
        let (set, problems) = read(json);
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
    fn values_are_kept_as_they_are_written() {
        let reader = strict_config::read(br#"{"exact": ["Gray", "base"], "prefix": ["V-"]}"#).unwrap();
        let mut object = reader.object(reader.root()).unwrap();
        let set = NameSet::read_as_written(&reader, &mut object).unwrap();
        assert!(set.contains(b"Gray") && set.contains(b"V-1") && !set.contains(b"gray") && !set.contains(b"v-1"));
        assert_eq!([set.place(b"Gray"), set.place(b"base"), set.place(b"V-1")], [Some(0), Some(1), None]);
    }

    #[test]
    fn hosts_are_whole_names_or_domains() {
        let hosts = |json: &str| {
            let reader = strict_config::read(json.as_bytes()).unwrap();
            let set = NameSet::read_hosts(&reader, reader.root().as_array().unwrap());
            let problems = reader.into_problems();
            problems.unless_any(()).map_err(|problems| problems.to_string()).map(|()| set.unwrap())
        };
        let some = hosts(r#"["a.test", "*.svc.cluster.local", "*.B.test"]"#).unwrap();
        for host in ["a.test", "x.svc.cluster.local", "y.x.svc.cluster.local", "c.b.test"] {
            assert!(some.contains(host.as_bytes()), "{host}");
        }
        for host in ["b.test", "svc.cluster.local", "aa.test", ""] {
            assert!(!some.contains(host.as_bytes()), "{host}");
        }
        assert!(hosts(r#"["*"]"#).unwrap().contains(b"anything"));
        assert!(!hosts("[]").unwrap().contains(b"anything"));
        assert_eq!(
            hosts(r#"["", "*x.test", 1, "a/b"]"#).unwrap_err(),
            "[0]: expected a host, *.domain or *, but found \"\" (line 1 column 2)\n\
             [1]: expected a host, *.domain or *, but found \"*x.test\" (line 1 column 6)\n\
             [2]: expected a string, but found 1 (line 1 column 17)\n\
             [3]: expected a host, *.domain or *, but found \"a/b\" (line 1 column 20)"
        );
    }

    #[test]
    fn an_empty_set_holds_nothing() {
        assert!(set("{}").is_empty());
        assert!(!set("{}").contains(b""));
        assert!(!set(r#"{"exact": ["a"]}"#).has_patterns());
    }

    #[test]
    fn every_bad_part_is_named() {
        let (set, problems) =
            read(r#"{"exact": ["", 1], "prefix": ["a", ""], "suffix": [""], "regex": ["a", "(", 2], "sufix": []}"#);
        assert!(set.is_none());
        let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["exact[0]", "exact[1]", "prefix[1]", "suffix[0]", "regex[1]", "regex[2]", "sufix"]);
        assert!(read(r#"{"regex": "a"}"#).0.is_none());
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
                let set = set(&format!(r#"{{"prefix": {prefixes:?}, "suffix": {suffixes:?}}}"#));
                let expected = prefixes.iter().any(|prefix| name.starts_with(prefix))
                    || suffixes.iter().any(|suffix| name.ends_with(suffix));
                prop_assert_eq!(set.contains(name.as_bytes()), expected);
            }
        }
    }
}
