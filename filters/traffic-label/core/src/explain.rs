//! Explanations: for an authorised request a response header says how each label came to its value.
//!
//! ```text
//! x-label-explain: lane=version-gray; from=rule; rule=iphone, team=blue; from=rule; rule=1; unit=cookie uid; bucket=4711
//! ```
//! Values are shown as they were sent on; what a client sent and was ignored is not shown.

use crate::condition::Condition;
use crate::subject::{Request, Subjects};
use crate::surroundings::Node;
use strict_config::{Reader, Value};

const HEADER: &str = "x-label-explain";

/// Who gets explanations, and in which header.
pub(crate) struct Explain {
    pub(crate) header: Vec<u8>,
    /// `None` is everyone.
    when: Option<Condition>,
}

impl Explain {
    /// Reads `{"header": "x-label-explain", "when": {...}}`.
    pub(crate) fn read(reader: &Reader, value: &Value, subjects: &mut Subjects, node: &mut dyn Node) -> Option<Self> {
        let mut object = reader.object(value)?;
        let header = match object.get("header") {
            Some(header) => header_field::read_lower_name(reader, header),
            None => Some(HEADER.to_owned()),
        };
        let when = object.required("when").and_then(|when| Condition::read(reader, when, subjects, node));
        object.finish();
        Some(Self { header: header?.into_bytes(), when: Some(when?) })
    }

    /// Explains everything to everyone: for simulations.
    pub(crate) fn everything() -> Self {
        Self { header: HEADER.as_bytes().to_vec(), when: None }
    }

    /// Whether the request may have its labels explained.
    pub(crate) fn is_for(&self, request: &mut Request<'_>) -> bool {
        self.when.as_ref().is_none_or(|when| when.holds(request))
    }
}

/// How one label came to its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The label's name.
    pub label: String,
    /// What it was given, if anything.
    pub value: Option<Vec<u8>>,
    /// Where the value came from, as the metrics name it.
    pub origin: Option<&'static str>,
    /// What the store had for the request, where it was asked: `hit` or `miss`.
    pub store: Option<&'static str>,
    /// The rule that decided: its name, or its place among the rules.
    pub rule: Option<String>,
    /// What the rule's split went by.
    pub draw: Option<Draw>,
}

/// What a split went by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The unit that was found, such as `cookie uid`.
    pub unit: String,
    /// A hash of what the request has for it, equal for equal ones.
    pub id: u64,
    /// Its bucket, in basis points.
    pub bucket: u32,
}

/// Reasons as the header has them.
pub fn explanation(reasons: &[Reason]) -> Vec<u8> {
    let mut text = Vec::new();
    for (index, reason) in reasons.iter().enumerate() {
        let Reason { label, value, origin, store, rule, draw } = reason;
        let separator: &[u8] = if index == 0 { b"" } else { b", " };
        for piece in [separator, label.as_bytes(), b"=", value.as_deref().unwrap_or(b"-")] {
            text.extend_from_slice(piece);
        }
        let mut part = |name: &str, value: &str| {
            for piece in ["; ", name, "=", value] {
                text.extend_from_slice(piece.as_bytes());
            }
        };
        if let Some(origin) = origin {
            part("from", origin);
        }
        if let Some(store) = store {
            part("store", store);
        }
        if let Some(rule) = rule {
            part("rule", rule);
        }
        if let Some(Draw { unit, bucket, .. }) = draw {
            part("unit", unit);
            part("bucket", &format!("{bucket}"));
        }
    }
    text
}
