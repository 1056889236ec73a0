//! One pattern against one value.

use crate::{compile, is_match, whole_match};
use regex_lite::Regex;
use strict_config::{Reader, Value};

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

/// What a user may write, one of them.
const PATTERNS: [&str; 5] = ["exact", "prefix", "suffix", "contains", "regex"];

impl StringMatch {
    /// Reads a matcher as Envoy and Istio have it: one of `exact`, `prefix`, `suffix`, `contains` and `regex`, and perhaps
    /// `ignore_case` for ASCII letters (not for `regex`, which has `(?i)`). `None` where something is wrong.
    pub fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let mut object = reader.object(value)?;
        let given = object.only(&PATTERNS);
        let ignore_case = object.boolean("ignore_case").unwrap_or(false);
        object.finish();
        let (name, pattern) = given.map_err(|problem| reader.problem(value, problem)).ok()?;
        let text = reader.string(pattern)?;
        if name == "regex" {
            if ignore_case {
                reader.problem(value, "expected (?i) at the beginning of the regex, but found ignore_case");
            }
            // Alone first: wrapped, `a)|(b` would be well-formed.
            let compiled = compile(text).and_then(|_| whole_match(&[text]));
            let regex = compiled.map_err(|problem| reader.problem(pattern, problem)).ok()?;
            return Some(Self { pattern: Pattern::Regex(regex), ignore_case: false });
        }
        if text.is_empty() && name != "exact" {
            reader.problem(pattern, "expected some text, but found none, which every value matches");
            return None;
        }
        let mut bytes = text.as_bytes().to_vec();
        if ignore_case {
            bytes.make_ascii_lowercase();
        }
        let pattern = match name {
            "exact" => Pattern::Exact(bytes),
            "prefix" => Pattern::Prefix(bytes),
            "suffix" => Pattern::Suffix(bytes),
            _ => Pattern::Contains(bytes),
        };
        Some(Self { pattern, ignore_case })
    }

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
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let compiled = StringMatch::read(&reader, reader.root());
        let problems = reader.into_problems();
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
        for (json, expected) in [
            ("{}", "expected one of exact, prefix, suffix, contains and regex, but found none (line 1 column 1)"),
            (
                r#"{"exact": "a", "regex": "b"}"#,
                "expected one of exact, prefix, suffix, contains and regex, but found exact and regex (line 1 column 1)",
            ),
            (r#"{"exact": 1}"#, "exact: expected a string, but found 1 (line 1 column 11)"),
            (
                r#"{"prefix": ""}"#,
                "prefix: expected some text, but found none, which every value matches (line 1 column 12)",
            ),
            (
                r#"{"regex": "a", "ignore_case": true}"#,
                "expected (?i) at the beginning of the regex, but found ignore_case (line 1 column 1)",
            ),
            (
                r#"{"exact": "a", "ignoreCase": true}"#,
                "ignoreCase: expected ignore_case, but found \"ignoreCase\" (line 1 column 16)",
            ),
        ] {
            assert_eq!(problem(json), expected);
        }
        assert!(problem(r#"{"regex": "a)|(b"}"#).starts_with("regex: expected a regular expression, but found: "));
        assert!(problem(r#"{"regex": "(a{1000}){1000}"}"#).starts_with("regex: "));
    }
}
