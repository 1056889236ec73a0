//! Stamps: constant headers, perhaps under conditions.

use http_exchange::{HeaderEdit, Headers};
use proxy_role::Direction;
use std::fmt;
use strict_config::{Reader, Value};
use string_match::StringMatch;

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

impl Stamp {
    /// Reads one element of `stamp`; `None` where something is wrong.
    pub(crate) fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let mut object = reader.object(value)?;
        let name = object.required("name").and_then(|name| header_field::read_lower_name(reader, name));
        let text = object.required("value").and_then(|text| header_field::read_value(reader, text));
        let conditions = object.get("when").map_or(Some(Vec::new()), |when| read_conditions(reader, when));
        let directions =
            [("outbound", Some(Direction::Outbound)), ("inbound", Some(Direction::Inbound)), ("both", None)];
        let direction = object.one_of("direction", &directions).unwrap_or(Some(Direction::Outbound));
        object.finish();
        Some(Self { name: name?.into_bytes(), value: text?, conditions: conditions?, direction })
    }

    /// The guides' stamp: two fields of their own names, on every request that the plugin sees.
    pub(crate) fn of_guides(reader: &Reader, name: &Value, value: &Value) -> Option<Self> {
        let name = header_field::read_lower_name(reader, name);
        let value = header_field::read_value(reader, value);
        Some(Self { name: name?.into_bytes(), value: value?, conditions: Vec::new(), direction: None })
    }

    /// Whether it looks at the request at all.
    pub(crate) fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Whether the request meets all conditions.
    pub(crate) fn applies_to(&self, head: &Headers<'_>) -> bool {
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

/// Conditions, all of which must hold.
fn read_conditions(reader: &Reader, value: &Value) -> Option<Vec<Condition>> {
    let mut object = reader.object(value)?;
    let mut conditions = Vec::new();
    let headers = object.get("headers").and_then(|headers| reader.members(headers));
    for header in headers.unwrap_or_default() {
        let name = header.name.to_ascii_lowercase().into_bytes();
        conditions.push(StringMatch::read(reader, &header.value).map(|pattern| Condition::Header(name, pattern)));
    }
    if let Some(path) = object.get("path") {
        conditions.push(StringMatch::read(reader, path).map(Condition::Path));
    }
    if let Some(method) = object.get("method") {
        let pattern = StringMatch::read(reader, method);
        conditions.push(pattern.map(|pattern| Condition::Header(b":method".to_vec(), pattern)));
    }
    object.finish();
    conditions.into_iter().collect()
}
