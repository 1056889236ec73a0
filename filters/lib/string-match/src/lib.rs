//! String matchers with the semantics of Envoy's `StringMatcher`, and sets of names.
//!
//! A [`StringMatch`] tests one value against one pattern; a [`NameSet`] tells whether a name is among many, at a cost that
//! does not grow with their number. Matching is linear in the value's length, whatever the pattern: regular expressions are
//! `regex-lite`'s, match the whole value and are bounded in size. Values are bytes; where they are not UTF-8, a regular
//! expression does not match. It knows nothing of headers.

#![forbid(unsafe_code)]

mod name_set;
mod pattern;

pub use name_set::NameSet;
pub use pattern::StringMatch;

use regex_lite::{Regex, RegexBuilder};

/// The most bytes that one compiled expression may take.
const REGEX_SIZE_LIMIT: usize = 64 * 1024;

/// Compiles expressions into one that matches a whole value which any of them matches.
fn whole_match(patterns: &[&str]) -> Result<Regex, String> {
    let mut whole = String::from(r"\A(?:");
    for (index, pattern) in patterns.iter().enumerate() {
        whole.push_str(if index == 0 { "(?:" } else { "|(?:" });
        whole.push_str(pattern);
        whole.push(')');
    }
    whole.push_str(r")\z");
    compile(&whole)
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let compiled = RegexBuilder::new(pattern).size_limit(REGEX_SIZE_LIMIT).build();
    compiled.map_err(|error| format!("expected a regular expression, but found: {error}"))
}

fn is_match(regex: &Regex, value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|value| regex.is_match(value))
}
