//! One matcher against the values of one subject.

use super::bounds::Bounds;
use std::borrow::Cow;
use strict_config::{Reader, Value};
use string_match::StringMatch;

/// What is asked of a subject.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// To be one of these texts, which are sorted.
    Among(Vec<Box<[u8]>>),
    /// To match a pattern.
    Pattern(StringMatch),
    /// To be there, or not to be.
    Present(bool),
    /// To keep bounds.
    Within(Bounds),
}

/// What a user may write, one of them.
const KINDS: [&str; 9] = ["exact", "prefix", "suffix", "contains", "regex", "in", "present", "number", "semver"];

impl Matcher {
    /// Reads a text, which is exact, or an object with one of `exact`, `prefix`, `suffix`, `contains`, `regex` (whole,
    /// as [`StringMatch`] has them), `in`, `present`, `number` and `semver`.
    pub(super) fn read(reader: &Reader, value: &Value) -> Option<Self> {
        if let Some(text) = value.as_str() {
            return Some(Self::exactly(text));
        }
        if value.as_object().is_none() {
            reader.expected("a text or a matcher such as {\"prefix\": \"v2\"}", value);
            return None;
        }
        let mut object = reader.object(value)?;
        let (name, operand) = match object.only(&KINDS) {
            Ok(given) => given,
            Err(problem) => {
                object.get("ignore_case");
                object.finish();
                reader.problem(value, problem);
                return None;
            }
        };
        let matcher = match name {
            "in" => read_texts(reader, operand).map(Self::Among),
            "present" => reader.boolean(operand).map(Self::Present),
            "number" => Bounds::of_numbers(reader, operand).map(Self::Within),
            "semver" => Bounds::of_versions(reader, operand).map(Self::Within),
            _ => {
                let pattern = StringMatch::read(reader, value)?;
                let is_plain = name == "exact" && value.get("ignore_case").and_then(Value::as_bool) != Some(true);
                // What is found by its value stands in an index.
                return Some(operand.as_str().filter(|_| is_plain).map_or(Self::Pattern(pattern), Self::exactly));
            }
        };
        object.finish();
        matcher
    }

    fn exactly(text: &str) -> Self {
        Self::Among(vec![text.as_bytes().into()])
    }

    /// Whether one of the values matches. What is absent matches only where its absence is asked for.
    pub(super) fn holds(&self, values: &[Cow<'_, [u8]>]) -> bool {
        let any = |matches: &dyn Fn(&[u8]) -> bool| values.iter().any(|value| matches(value));
        match self {
            Self::Among(texts) => any(&|value| texts.binary_search_by(|text| (**text).cmp(value)).is_ok()),
            Self::Pattern(pattern) => any(&|value| pattern.matches(value)),
            Self::Present(wanted) => *wanted != values.is_empty(),
            Self::Within(bounds) => any(&|value| bounds.hold(value)),
        }
    }
}

/// The texts of an array, sorted, each once.
fn read_texts(reader: &Reader, value: &Value) -> Option<Vec<Box<[u8]>>> {
    let values = reader.array(value)?;
    if values.is_empty() {
        reader.problem(value, "expected at least one text, but found none");
    }
    let mut texts: Vec<Box<[u8]>> = Vec::with_capacity(values.len());
    for value in values {
        texts.extend(reader.string(value).map(|text| text.as_bytes().into()));
    }
    let is_sound = texts.len() == values.len();
    order::sort(&mut texts, Ord::cmp);
    texts.dedup();
    is_sound.then_some(texts)
}
