//! What a number or a version is compared with.

use super::{number, version};
use std::cmp::Ordering;
use strict_config::{Kind, Object, Reader, Value};

/// Bounds, all of which a value keeps. What is not of their kind keeps none.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    compare: fn(&[u8], &[u8]) -> Option<Ordering>,
    bounds: Vec<(Relation, Box<[u8]>)>,
}

/// How a value stands to a bound.
type Relation = fn(Ordering) -> bool;

const RELATIONS: [(&str, Relation); 5] = [
    ("lt", Ordering::is_lt),
    ("le", Ordering::is_le),
    ("gt", Ordering::is_gt),
    ("ge", Ordering::is_ge),
    ("eq", Ordering::is_eq),
];

impl Bounds {
    /// Reads bounds that are JSON numbers.
    pub(super) fn of_numbers(reader: &Reader, value: &Value) -> Option<Self> {
        let text = |bound: &Value| if let Kind::Number(text) = bound.kind() { Some(text.clone()) } else { None };
        Self::read(reader, value, number::compare, &text, "a number")
    }

    /// Reads bounds that are versions.
    pub(super) fn of_versions(reader: &Reader, value: &Value) -> Option<Self> {
        let text = |bound: &Value| bound.as_str().map(str::to_owned);
        Self::read(reader, value, version::compare, &text, "a version such as \"5.2.0\"")
    }

    fn read(
        reader: &Reader,
        value: &Value,
        compare: fn(&[u8], &[u8]) -> Option<Ordering>,
        text: &dyn Fn(&Value) -> Option<String>,
        what: &str,
    ) -> Option<Self> {
        let mut object: Object<'_> = reader.object(value)?;
        let mut bounds = Vec::new();
        let mut count = 0;
        for (name, relation) in RELATIONS {
            let Some(value) = object.get(name) else { continue };
            count += 1;
            // What compares with itself is of the kind.
            let bound = text(value).map(String::into_bytes).filter(|bound| compare(bound, bound).is_some());
            if bound.is_none() {
                reader.expected(what, value);
            }
            bounds.extend(bound.map(|bound| (relation, bound.into_boxed_slice())));
        }
        object.finish();
        if count == 0 {
            reader.problem(value, "expected at least one of lt, le, gt, ge and eq, but found none");
        }
        (bounds.len() == count).then_some(Self { compare, bounds })
    }

    /// Whether a value keeps all of them.
    pub(super) fn hold(&self, value: &[u8]) -> bool {
        self.bounds.iter().all(|(relation, bound)| (self.compare)(value, bound).is_some_and(relation))
    }
}
