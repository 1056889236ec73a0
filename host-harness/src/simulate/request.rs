//! A recorded request: one line of JSON.
//!
//! ```json
//! {"method": "GET", "path": "/?a=b", "host": "shop.test", "headers": {"user-agent": "…", "cookie": ["a=1", "b=2"]},
//!  "source": "192.0.2.7", "time": "2026-12-01T12:00:00Z", "claims": {"sub": "eric"}}
//! ```
//! Every member may be left out. `claims` are those of the verified token, wherever the configuration looks for them in
//! metadata; where it looks for a header, the header is to be given.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;
use traffic_label_core::{Direction, Surroundings};

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It is no JSON, or not the JSON of a request.
    #[error("expected a request as a JSON object, but found: {0}")]
    Json(#[from] serde_json::Error),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default = "get")]
    method: String,
    #[serde(default = "root")]
    path: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    headers: BTreeMap<String, OneOrMany>,
    source: Option<IpAddr>,
    time: Option<jiff::Timestamp>,
    #[serde(default)]
    claims: Value,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

/// A request that was recorded.
#[derive(Debug)]
pub(super) struct Recorded {
    headers: Vec<(String, String)>,
    source: Option<IpAddr>,
    time: Option<u64>,
    claims: Value,
}

impl Recorded {
    /// Reads a line.
    pub(super) fn read(line: &[u8]) -> Result<Self, RequestError> {
        let Line { method, path, host, headers, source, time, claims } = serde_json::from_slice(line)?;
        let mut all = vec![(":method".to_owned(), method), (":path".to_owned(), path), (":authority".to_owned(), host)];
        for (name, values) in headers {
            let values = match values {
                OneOrMany::One(value) => vec![value],
                OneOrMany::Many(values) => values,
            };
            all.extend(values.into_iter().map(|value| (name.to_ascii_lowercase(), value)));
        }
        let time = time.and_then(|time| u64::try_from(time.as_millisecond()).ok());
        Ok(Self { headers: all, source, time, claims })
    }

    /// Its head, as a filter sees it.
    pub(super) fn head(&self) -> Vec<(&[u8], &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
    }

    /// What a proxy would know of it beside its head.
    pub(super) fn surroundings(&self, now: u64) -> Around<'_> {
        Around { request: self, now: self.time.unwrap_or(now) }
    }
}

/// What a proxy would know of a request beside its head.
pub(super) struct Around<'r> {
    request: &'r Recorded,
    now: u64,
}

impl Surroundings for Around<'_> {
    fn direction(&mut self) -> Option<Direction> {
        Some(Direction::Outbound)
    }

    fn unix_millis(&mut self) -> Option<u64> {
        Some(self.now)
    }

    fn source_address(&mut self) -> Option<Vec<u8>> {
        let address = match self.request.source? {
            IpAddr::V4(address) => format!("{address}:1"),
            IpAddr::V6(address) => format!("[{address}]:1"),
        };
        Some(address.into_bytes())
    }

    fn metadata(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        // Where the claims stand in the metadata is the configuration's affair: the last parts of the path are the claim.
        let claim = (0..path.len()).find_map(|from| {
            let mut parts = path.get(from..)?.iter();
            parts.try_fold(&self.request.claims, |value, part| value.get(part))
        })?;
        match claim {
            Value::String(text) => Some(text.clone().into_bytes()),
            Value::Number(_) | Value::Bool(_) => Some(claim.to_string().into_bytes()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_may_be_left_out() {
        let request = Recorded::read(b"{}").expect("a request");
        assert_eq!(request.head(), [(&b":method"[..], &b"GET"[..]), (b":path", b"/"), (b":authority", b"")]);
        assert_eq!(request.surroundings(7).unix_millis(), Some(7));
    }

    #[test]
    fn claims_are_found_wherever_the_metadata_has_them() {
        let request = Recorded::read(br#"{"claims": {"sub": "eric", "realm": {"tier": 3}}}"#).expect("a request");
        let mut around = request.surroundings(0);
        assert_eq!(around.metadata(&["envoy.filters.http.jwt_authn", "payload", "sub"]), Some(b"eric".to_vec()));
        assert_eq!(around.metadata(&["x", "realm", "tier"]), Some(b"3".to_vec()));
        assert_eq!(around.metadata(&["x", "realm"]), None);
    }

    #[test]
    fn what_is_no_request_is_named() {
        let error = Recorded::read(br#"{"user": 1}"#).expect_err("an unknown member").to_string();
        assert!(error.starts_with("expected a request as a JSON object, but found: unknown field `user`"), "{error}");
        assert!(Recorded::read(br#"{"time": "yesterday"}"#).is_err());
    }
}
