//! What can be observed of a scenario from outside, and its text form.
//!
//! Left out, because it cannot be equal in two runs or is no behaviour of the host's:
//! - the response header `date`, which the connection manager adds;
//! - the value of `x-forwarded-for` on callouts, which is the machine's own address (shown as `<address>`);
//! - the milliseconds in `x-envoy-upstream-service-time`, which is added to the answers of callouts (shown as `<ms>`);
//! - the chunks in which a body arrives at the other end: only its bytes are shown;
//! - the order of log lines against what travels: a step shows its log lines first, then what upstreams received, then what
//!   the client got;
//! - the order of what different clusters received: they are shown by name, and what one received in the order in which it was
//!   complete;
//! - repeated headers that stood apart are shown together where the first one stood, and pseudo-headers in one order.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::envoy::HeaderMap;

/// Everything that was observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The start, every step, and what came at the end.
    pub sections: Vec<Section>,
    /// The metrics that guests defined, by name, at the end.
    pub metrics: BTreeMap<String, u64>,
}

/// One part of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// `start`, or the step's number and request.
    pub title: String,
    /// What guests logged.
    pub log: Vec<Logged>,
    /// What upstreams received, in the order in which it was complete.
    pub received: Vec<Received>,
    /// What the client got; nothing for a step without one.
    pub client: Option<Seen>,
}

/// One line that a guest logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// In lower case: `info`, `warn`, …
    pub level: String,
    /// Of the plugin that logged it.
    pub plugin: String,
    /// The line.
    pub message: String,
}

/// One request that an upstream received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where.
    pub cluster: String,
    /// What.
    pub message: Seen,
}

/// A message as one end saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// With the pseudo-headers; `None` if none arrived.
    pub headers: Option<HeaderMap>,
    /// All of the body.
    pub body: Vec<u8>,
    /// After the body.
    pub trailers: Option<HeaderMap>,
    /// How it ended.
    pub end: End,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// As it should.
    #[default]
    Complete,
    /// The stream was reset.
    Reset,
    /// The receiver went away before its end.
    Left,
}

/// Bodies longer than this are shown by their size and digest, header values by their size.
const LONG: usize = 200;

impl Transcript {
    /// The transcript of a proxy that refused its configuration.
    pub(super) fn refused() -> Self {
        let section = Section { title: "the configuration is refused".to_owned(), ..Section::default() };
        Self { sections: vec![section], ..Self::default() }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            write!(f, "{section}")?;
        }
        if !self.metrics.is_empty() {
            writeln!(f, "== metrics")?;
            for (name, value) in &self.metrics {
                writeln!(f, "{name} = {value}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "== {}", self.title)?;
        for Logged { level, plugin, message } in &self.log {
            writeln!(f, "[{plugin}] {}{message}", if level == "info" { String::new() } else { format!("{level}: ") })?;
        }
        let mut received: Vec<&Received> = self.received.iter().collect();
        received.sort_by_key(|received| &received.cluster);
        for Received { cluster, message } in received {
            writeln!(f, "{cluster} <-")?;
            write!(f, "{message}")?;
        }
        if let Some(client) = &self.client {
            writeln!(f, "client <-")?;
            write!(f, "{client}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(headers) = &self.headers {
            write_map(f, headers, "  ")?;
        }
        if self.body.len() > LONG {
            let digest: String = Sha256::digest(&self.body).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            writeln!(f, "  | {} bytes, SHA-256 {digest}…", self.body.len())?;
        } else if !self.body.is_empty() {
            writeln!(f, "  | {}", self.body.escape_ascii())?;
        }
        if let Some(trailers) = &self.trailers {
            writeln!(f, "  trailers")?;
            write_map(f, trailers, "    ")?;
        }
        match self.end {
            End::Complete => Ok(()),
            End::Reset => writeln!(f, "  reset"),
            End::Left if self.headers.is_none() => writeln!(f, "  nothing, and leaves"),
            End::Left => writeln!(f, "  leaves"),
        }
    }
}

fn write_map(f: &mut fmt::Formatter<'_>, map: &HeaderMap, indent: &str) -> fmt::Result {
    for (name, value) in map.iter() {
        let name = name.escape_ascii();
        if value.len() > LONG {
            writeln!(f, "{indent}{name}: ({} bytes)", value.len())?;
        } else {
            writeln!(f, "{indent}{name}: {}", value.escape_ascii())?;
        }
    }
    Ok(())
}

impl Seen {
    /// What an HTTP/2 implementation makes of a message whose `content-length` is not the length of its body: it is malformed
    /// (RFC 9113, section 8.1.1), so the stream is reset and the body never given out.
    pub(super) fn checked(mut self) -> Self {
        let announced = self.headers.as_ref().and_then(|headers| headers.get(b"content-length"));
        if let Some(announced) = announced
            && !self.body.is_empty()
            && announced != self.body.len().to_string().as_bytes()
        {
            self.body.clear();
            self.trailers = None;
            self.end = End::Reset;
        }
        self
    }

    /// Leaves out what the module's documentation says is left out.
    pub(super) fn normalised(mut self) -> Self {
        if let Some(headers) = &mut self.headers {
            headers.remove(b"date");
            if headers.get(b"x-forwarded-for").is_some() {
                headers.replace(b"x-forwarded-for", b"<address>");
            }
            if headers.get(b"x-envoy-upstream-service-time").is_some() {
                headers.replace(b"x-envoy-upstream-service-time", b"<ms>");
            }
        }
        self.headers = self.headers.map(|headers| grouped(&headers));
        self.trailers = self.trailers.map(|trailers| grouped(&trailers));
        self
    }
}

/// The same entries with those of one name together where the first of them stood, and pseudo-headers first.
pub(super) fn grouped(map: &HeaderMap) -> HeaderMap {
    const PSEUDO: [&[u8]; 5] = [b":method", b":scheme", b":authority", b":path", b":status"];
    let mut grouped = HeaderMap::new();
    for name in PSEUDO {
        if let Some(value) = map.get(name) {
            grouped.add(name, value);
        }
    }
    for (name, _) in map.iter() {
        if grouped.get(name).is_none() {
            for value in map.get_all(name) {
                grouped.add(name, value);
            }
        }
    }
    grouped
}
