//! One pattern against one value.

use crate::{compile, is_match, whole_match};
use regex_lite::Regex;
use serde::Deserialize;
use strict_config::Problems;

/// A matcher as the user writes it, like Envoy's and Istio's: one of the five patterns, and `ignore_case`.
///
/// It is a table of optional fields and not an enum, because `ignore_case` stands beside the pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawStringMatch {
    /// The value is this.
    pub exact: Option<String>,
    /// The value begins so.
    pub prefix: Option<String>,
    /// The value ends so.
    pub suffix: Option<String>,
    /// The value has this in it.
    pub contains: Option<String>,
    /// The whole value matches this regular expression.
    pub regex: Option<String>,
    /// Whether ASCII letters match in either case. Not for `regex`, which has `(?i)`.
    #[serde(default)]
    pub ignore_case: bool,
}

/// A compiled matcher.
#[derive(Debug, Clone)]
pub struct StringMatch {
    pattern: Pattern,
    ignore_case: bool,
}

#[derive(Debug, Clone)]
enum Pattern {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Vec<u8>),
    Regex(Regex),
}

impl RawStringMatch {
    /// The compiled matcher, or `None` and problems below `path`.
    pub fn compile(&self, path: &str, problems: &mut Problems) -> Option<StringMatch> {
        let fields = [
            ("exact", &self.exact),
            ("prefix", &self.prefix),
            ("suffix", &self.suffix),
            ("contains", &self.contains),
            ("regex", &self.regex),
        ];
        let given: Vec<_> = fields.iter().filter_map(|(name, text)| Some((*name, text.as_ref()?))).collect();
        let [(name, text)] = given.as_slice() else {
            let names: Vec<_> = given.iter().map(|(name, _)| *name).collect();
            let found = if names.is_empty() { "none".to_owned() } else { names.join(" and ") };
            problems
                .push(path, format!("expected one of exact, prefix, suffix, contains and regex, but found {found}"));
            return None;
        };
        if *name == "regex" {
            if self.ignore_case {
                problems.push(path, "expected (?i) at the beginning of the regex, but found ignore_case");
            }
            // Alone first: wrapped, `a)|(b` would be well-formed.
            let compiled = compile(text).and_then(|_| whole_match(&[(*text).clone()]));
            let regex = compiled.map_err(|problem| problems.push(format!("{path}.regex"), problem)).ok()?;
            return Some(StringMatch { pattern: Pattern::Regex(regex), ignore_case: false });
        }
        if text.is_empty() && *name != "exact" {
            problems.push(format!("{path}.{name}"), "expected some text, but found none, which every value matches");
            return None;
        }
        let mut bytes = text.as_bytes().to_vec();
        if self.ignore_case {
            bytes.make_ascii_lowercase();
        }
        let pattern = match *name {
            "exact" => Pattern::Exact(bytes),
            "prefix" => Pattern::Prefix(bytes),
            "suffix" => Pattern::Suffix(bytes),
            _ => Pattern::Contains(bytes),
        };
        Some(StringMatch { pattern, ignore_case: self.ignore_case })
    }
}

impl StringMatch {
    /// Whether the value matches.
    pub fn matches(&self, value: &[u8]) -> bool {
        let same = |value: &[u8], text: &[u8]| {
            if self.ignore_case { value.eq_ignore_ascii_case(text) } else { value == text }
        };
        match &self.pattern {
            Pattern::Exact(text) => same(value, text),
            Pattern::Prefix(text) => value.get(..text.len()).is_some_and(|start| same(start, text)),
            Pattern::Suffix(text) => {
                value.len().checked_sub(text.len()).and_then(|at| value.get(at..)).is_some_and(|end| same(end, text))
            }
            Pattern::Contains(text) => value.windows(text.len()).any(|part| same(part, text)),
            Pattern::Regex(regex) => is_match(regex, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn compiled(json: &str) -> Result<StringMatch, String> {
        let raw: RawStringMatch = serde_json::from_str(json).unwrap();
        let mut problems = Problems::default();
        let compiled = raw.compile("match", &mut problems);
        problems.unless_any(()).map_err(|problems| problems.to_string()).map(|()| compiled.unwrap())
    }

    #[track_caller]
    fn check(json: &str, matching: &[&str], others: &[&str]) {
        let pattern = compiled(json).unwrap();
        for value in matching {
            assert!(pattern.matches(value.as_bytes()), "{json} {value}");
        }
        for value in others {
            assert!(!pattern.matches(value.as_bytes()), "{json} {value}");
        }
    }

    #[test]
    fn each_pattern_matches_its_own_part() {
        check(r#"{"exact": "v2"}"#, &["v2"], &["V2", "v2 ", ""]);
        check(r#"{"exact": ""}"#, &[""], &["v"]);
        check(r#"{"prefix": "v2"}"#, &["v2", "v2-gray"], &["v", "xv2"]);
        check(r#"{"suffix": "gray"}"#, &["gray", "v2-gray"], &["gra", "gray2"]);
        check(r#"{"contains": "iPhone13"}"#, &["Mozilla (iPhone13)"], &["iphone13", "iPhone"]);
        check(r#"{"regex": "version-(base|gray)"}"#, &["version-gray"], &["version-gray2", "a-version-gray"]);
        check(r#"{"regex": "a|b"}"#, &["a", "b"], &["ab", "a\n"]);
    }

    #[test]
    fn case_is_ignored_on_demand() {
        check(r#"{"exact": "Gray", "ignore_case": true}"#, &["GRAY", "gray"], &["grey"]);
        check(r#"{"prefix": "Gr", "ignore_case": true}"#, &["gray"], &["g"]);
        check(r#"{"suffix": "AY", "ignore_case": true}"#, &["gray"], &["y"]);
        check(r#"{"contains": "RA", "ignore_case": true}"#, &["gray"], &["gary"]);
        check(r#"{"regex": "(?i)gray"}"#, &["GRAY"], &["grey"]);
    }

    #[test]
    fn bytes_that_are_not_utf8_match_as_bytes_and_no_regex() {
        assert!(compiled(r#"{"prefix": "a"}"#).unwrap().matches(b"a\xff"));
        assert!(!compiled(r#"{"regex": "a.*"}"#).unwrap().matches(b"a\xff"));
    }

    #[test]
    fn problems_name_the_place() {
        let problem = |json: &str| compiled(json).unwrap_err();
        assert_eq!(problem("{}"), "match: expected one of exact, prefix, suffix, contains and regex, but found none");
        assert_eq!(
            problem(r#"{"exact": "a", "regex": "b"}"#),
            "match: expected one of exact, prefix, suffix, contains and regex, but found exact and regex"
        );
        assert!(
            problem(r#"{"regex": "a)|(b"}"#).starts_with("match.regex: expected a regular expression, but found: ")
        );
        assert!(problem(r#"{"regex": "(a{1000}){1000}"}"#).starts_with("match.regex: "));
        assert_eq!(
            problem(r#"{"prefix": ""}"#),
            "match.prefix: expected some text, but found none, which every value matches"
        );
        assert_eq!(
            problem(r#"{"regex": "a", "ignore_case": true}"#),
            "match: expected (?i) at the beginning of the regex, but found ignore_case"
        );
    }
}
