//! Stamps: constant headers, perhaps under conditions.

use crate::field;
use crate::surroundings::Direction;
use http_exchange::{HeaderEdit, RequestHead};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use strict_config::Problems;
use string_match::{RawStringMatch, StringMatch};

/// A stamp as the user writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawStamp {
    name: String,
    value: String,
    #[serde(default)]
    when: RawConditions,
    #[serde(default)]
    direction: RawDirection,
}

/// Conditions as the user writes them; all must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawConditions {
    headers: BTreeMap<String, RawStringMatch>,
    path: Option<RawStringMatch>,
    method: Option<RawStringMatch>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawDirection {
    Inbound,
    #[default]
    Outbound,
    Both,
}

/// A constant header.
#[derive(Debug)]
pub(crate) struct Stamp {
    name: Vec<u8>,
    value: Vec<u8>,
    conditions: Vec<Condition>,
    /// At sidecars: which requests it is for; `None` is both directions.
    direction: Option<Direction>,
}

#[derive(Debug)]
enum Condition {
    Header(Vec<u8>, StringMatch),
    /// The path without its query, as Envoy's routes match it.
    Path(StringMatch),
}

impl RawStamp {
    /// The compiled stamp; problems are found below `path`.
    pub(crate) fn compile(&self, path: &str, problems: &mut Problems) -> Option<Stamp> {
        let mut conditions = Vec::new();
        for (name, pattern) in &self.when.headers {
            let path = format!("{path}.when.headers.{name}");
            let condition = pattern.compile(&path, problems);
            conditions
                .extend(condition.map(|pattern| Condition::Header(name.to_ascii_lowercase().into_bytes(), pattern)));
        }
        if let Some(pattern) = &self.when.path {
            conditions.extend(pattern.compile(&format!("{path}.when.path"), problems).map(Condition::Path));
        }
        if let Some(pattern) = &self.when.method {
            let condition = pattern.compile(&format!("{path}.when.method"), problems);
            conditions.extend(condition.map(|pattern| Condition::Header(b":method".to_vec(), pattern)));
        }
        let direction = match self.direction {
            RawDirection::Inbound => Some(Direction::Inbound),
            RawDirection::Outbound => Some(Direction::Outbound),
            RawDirection::Both => None,
        };
        let stamp = Stamp::constant(&self.name, &self.value, path, problems)?;
        Some(Stamp { conditions, direction, ..stamp })
    }
}

impl Stamp {
    /// A stamp without conditions for both directions; problems are found at `path`'s `name` and `value`.
    fn constant(name: &str, value: &str, path: &str, problems: &mut Problems) -> Option<Self> {
        let wrong_name = field::problem_with_name(name);
        let name_is_sound = wrong_name.is_none();
        problems_at(problems, format!("{path}.name"), wrong_name);
        let value_is_sound = field::is_value(value.as_bytes());
        problems_at(problems, format!("{path}.value"), (!value_is_sound).then(|| wrong_value(value)));
        (name_is_sound && value_is_sound).then(|| Self {
            name: name.to_ascii_lowercase().into_bytes(),
            value: value.as_bytes().to_vec(),
            conditions: Vec::new(),
            direction: None,
        })
    }

    /// The guides' stamp: two fields of their own names, on every request that the plugin sees.
    pub(crate) fn of_guides(name: &str, value: &str, problems: &mut Problems) -> Option<Self> {
        let mut found = Problems::default();
        let stamp = Self::constant(name, value, "", &mut found);
        for problem in found.iter() {
            problems.push(format!("head_tag_{}", problem.path.trim_start_matches('.')), problem.message.clone());
        }
        stamp
    }

    /// Whether it looks at the request at all.
    pub(crate) fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether the request meets all conditions.
    pub(crate) fn applies_to(&self, head: &RequestHead<'_>) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Header(name, pattern) => head.values(name).any(|value| pattern.matches(value)),
            Condition::Path(pattern) => {
                let path = head.get(b":path").and_then(|path| path.split(|byte| *byte == b'?').next());
                path.is_some_and(|path| pattern.matches(path))
            }
        })
    }

    /// The direction that the stamp asks for, if it asks for one.
    pub(crate) fn direction(&self) -> Option<Direction> {
        self.direction
    }

    /// The header in place of whatever the request has under its name.
    pub(crate) fn edit(&self) -> HeaderEdit<'_> {
        HeaderEdit::Set(self.name.as_slice().into(), self.value.as_slice().into())
    }
}

/// The header and whether it depends on the request.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditional = if self.has_conditions() { " under conditions" } else { "" };
        write!(f, "{}{conditional}", self.name.escape_ascii())
    }
}

fn problems_at(problems: &mut Problems, path: String, found: Option<String>) {
    if let Some(message) = found {
        problems.push(path, message);
    }
}

fn wrong_value(value: &str) -> String {
    format!("expected a header value, but found {value:?}, which has control characters")
}
