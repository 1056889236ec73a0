//! Header propagation and stamping: the decisions, without a host.

use http_exchange::{HeaderEdit, RequestHead, Step};
use serde::Deserialize;
use strict_config::Problems;

/// What the user wrote.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfiguration {
    head_tag_name: String,
    #[serde(default)]
    head_tag_value: String,
}

/// A configured filter.
pub struct Policy {
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Policy {
    /// Reads a configuration.
    pub fn parse(json: &[u8]) -> Result<Self, Problems> {
        let raw: RawConfiguration = strict_config::parse(json)?;
        Ok(Self { name: raw.head_tag_name.into_bytes(), value: raw.head_tag_value.into_bytes() })
    }

    /// Decides on a request.
    pub fn on_request_headers<'a>(&'a mut self, _head: &RequestHead<'a>) -> Step<'a> {
        let mut step = Step::default();
        if !self.name.is_empty() {
            step.edits.push(HeaderEdit::Set(self.name.as_slice().into(), self.value.as_slice().into()));
        }
        step
    }
}
