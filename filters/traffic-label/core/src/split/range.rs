//! Ranges of buckets and the value that each stands for.

use super::bucketing::Bucketing;
use crate::label::shown;
use crate::percent::{self, Percent, WHOLE};
use std::fmt;
use strict_config::{Member, Quoted, Reader, Value};

/// Buckets from one on and before another, in basis points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Range {
    /// Reads `[from, to]` in percent.
    pub(crate) fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let [from, to] = reader.array(value)? else {
            reader.expected("[from, to] in percent", value);
            return None;
        };
        let (from, to) = percent::read(reader, from).zip(percent::read(reader, to))?;
        let range = Self { from, to };
        if from > to {
            reader.problem(value, format!("expected a range that ends after its start, but found {range}"));
            return None;
        }
        Some(range)
    }

    pub(crate) fn contains(self, bucket: u32) -> bool {
        (self.from..self.to).contains(&bucket)
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}]", Percent(self.from), Percent(self.to))
    }
}

/// Values by ranges that do not overlap, sorted.
#[derive(Debug)]
pub(crate) struct Ranges(Vec<(Range, Vec<u8>)>);

impl Ranges {
    /// Reads weights in percent, `[{"gray": 10}, {"base": 90}]`: each value has the buckets after those of the values before it.
    /// So a value that grows takes from those after it, and its own users stay. It is an array because a configuration that
    /// goes through a mesh does not keep the order of an object's members.
    pub(crate) fn of_weights(reader: &Reader, value: &Value, bucketing: Option<&Bucketing>) -> Option<Self> {
        const FORM: &str = r#"an array such as [{"gray": 10}, {"base": 90}]"#;
        let Some(elements) = value.as_array() else {
            reader.expected(FORM, value);
            return None;
        };
        let mut ranges: Vec<(Range, Vec<u8>)> = Vec::with_capacity(elements.len());
        let mut sum = 0_u32;
        for element in elements {
            let Some([member]) = element.as_object() else {
                reader.expected("an object of one value with its weight", element);
                continue;
            };
            let label = read_label_value(reader, member);
            let Some((label, weight)) = label.zip(percent::read(reader, &member.value)) else { continue };
            if ranges.iter().any(|(_, known)| *known == label) {
                reader.problem(element, format!("expected each value once, but found {} again", Quoted(&member.name)));
            }
            if let Some(bucketing) = bucketing {
                bucketing.check(reader, &member.value, weight);
            }
            let from = sum;
            sum = sum.saturating_add(weight);
            ranges.push((Range { from, to: sum }, label));
        }
        if ranges.len() < elements.len() {
            return None;
        }
        if sum != WHOLE {
            reader.problem(value, format!("expected weights with a sum of 100, but found a sum of {}", Percent(sum)));
            return None;
        }
        Some(Self(ranges))
    }

    /// Reads a range in percent for each value. What no range has, has no value.
    pub(crate) fn of_ranges(reader: &Reader, value: &Value, bucketing: Option<&Bucketing>) -> Option<Self> {
        let members = reader.members(value)?;
        if members.is_empty() {
            reader.problem(value, "expected a range for each value, but found none");
        }
        let mut ranges: Vec<(Range, Vec<u8>)> = Vec::with_capacity(members.len());
        for member in members {
            let label = read_label_value(reader, member);
            let Some((label, range)) = label.zip(Range::read(reader, &member.value)) else { continue };
            if let Some(bucketing) = bucketing {
                bucketing.check(reader, &member.value, range.from);
                bucketing.check(reader, &member.value, range.to);
            }
            if let Some((other, label)) = ranges.iter().find(|(other, _)| range.overlaps(*other)) {
                let label = shown(label);
                let message =
                    format!("expected ranges apart from each other, but found {range} beside {label}'s {other}");
                reader.problem(&member.value, message);
            }
            let at = ranges.partition_point(|(other, _)| (other.from, other.to) <= (range.from, range.to));
            ranges.insert(at, (range, label));
        }
        (!ranges.is_empty() && ranges.len() == members.len()).then_some(Self(ranges))
    }

    /// The value that a bucket stands for.
    pub(crate) fn find(&self, bucket: u32) -> Option<&[u8]> {
        let at = self.0.partition_point(|(range, _)| range.to <= bucket);
        let (range, value) = self.0.get(at)?;
        range.contains(bucket).then_some(value)
    }

    /// All values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|(_, value)| value.as_slice())
    }
}

/// The value of a label, which a header must be able to carry.
fn read_label_value(reader: &Reader, member: &Member) -> Option<Vec<u8>> {
    let name = &member.name;
    if name.is_empty() || !header_field::is_value(name.as_bytes()) {
        reader.problem(&member.value, format!("expected a value for a header, but found {}", Quoted(name)));
        return None;
    }
    Some(name.as_bytes().to_vec())
}
