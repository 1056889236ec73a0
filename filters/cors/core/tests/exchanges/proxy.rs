//! A proxy in memory: what it would give the filter, and what a client gets.

use cors_core::Cors;
use http_exchange::{HeaderEdit, Headers, Next, Part, Route, Step};
use std::fmt;

/// A name and a value.
pub type Header<'h> = (&'h str, &'h str);

/// One filter in front of one upstream.
pub struct Proxy {
    pub cors: Cors,
    /// Whether its route goes to a cluster.
    pub routed: bool,
}

/// What a client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Whether the request went to the upstream.
    pub forwarded: bool,
}

struct Cluster(bool);

impl Route for Cluster {
    fn cluster(&mut self) -> Option<Vec<u8>> {
        self.0.then(|| b"upstream".to_vec())
    }
}

/// The filter with this configuration.
pub fn configured(json: &str) -> Proxy {
    let cors = Cors::parse(json.as_bytes(), 7).unwrap_or_else(|problems| panic!("{json}\n{problems}"));
    Proxy { cors, routed: true }
}

/// The filter with one policy for all requests.
pub fn with(profile: &str, policy: &str) -> Proxy {
    configured(&format!(r#"{{"profile": "{profile}", "policies": [{{"corsPolicy": {policy}}}]}}"#))
}

/// A request's headers: pseudo-headers, then these.
pub fn head<'h>(method: &'h str, url: &'h str, headers: &[Header<'h>]) -> Vec<Header<'h>> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap());
    let pseudo = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)];
    pseudo.into_iter().chain(headers.iter().copied()).collect()
}

fn pairs<'h>(headers: &[Header<'h>]) -> Vec<(&'h [u8], &'h [u8])> {
    headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
}

impl Proxy {
    /// A request for `http://api.example/` that an upstream answers with 200 and these headers.
    pub fn send(&mut self, method: &str, headers: &[Header<'_>], upstream: &[Header<'_>]) -> Answer {
        self.exchange(&head(method, "http://api.example/", headers), 200, upstream)
    }

    /// A request that an upstream, or a filter behind this one, answers so.
    pub fn exchange(&mut self, request: &[Header<'_>], status: u16, upstream: &[Header<'_>]) -> Answer {
        let mut exchange = self.cors.open();
        let shows = |name: Option<&[u8]>, headers: &[Header<'_>]| {
            name.is_none_or(|name| headers.iter().any(|(other, _)| other.as_bytes() == name))
        };
        let needed = shows(self.cors.needs(&exchange, Part::RequestHeaders), request);
        let request = pairs(if needed { request } else { &[] });
        let step = self.cors.on_request_headers(&mut exchange, &Headers::new(&request), &mut Cluster(self.routed));
        assert!(step.edits.is_empty(), "{:?}", step.edits);
        let mut answer = match step.next {
            Next::Continue => {
                let headers = upstream.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                Answer { status, headers: headers.collect(), body: String::new(), forwarded: true }
            }
            Next::Reply(reply) => {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let headers = reply.headers.iter().map(|(name, value)| (text(name), text(value)));
                let body = text(&reply.body);
                Answer { status: reply.status, headers: headers.collect(), body, forwarded: false }
            }
            other => panic!("{other:?}"),
        };
        // A reply of the filter's own comes by it again.
        let shown: Vec<Header<'_>> =
            answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let reads = self.cors.reads(&exchange, Part::ResponseHeaders)
            && shows(self.cors.needs(&exchange, Part::ResponseHeaders), &shown);
        let shown = if reads { pairs(&shown) } else { Vec::new() };
        let Step { edits, next } = self.cors.on_response_headers(&exchange, &Headers::new(&shown));
        assert_eq!(next, Next::Continue);
        assert!(answer.forwarded || edits.is_empty(), "{edits:?}");
        let edits: Vec<_> = edits.iter().map(owned).collect();
        for (name, value) in edits {
            match value {
                Some(value) => {
                    answer.headers.retain(|(known, _)| *known != name);
                    answer.headers.push((name, value));
                }
                None => answer.headers.retain(|(known, _)| *known != name),
            }
        }
        answer
    }

    /// The counts since they were last asked for, those that are not zero.
    pub fn counts(&mut self) -> String {
        let values = self.cors.take_counts().values();
        let counts = cors_core::Counts::NAMES.iter().zip(values).filter(|(_, count)| *count > 0);
        let lines: Vec<_> =
            counts.map(|(name, count)| format!("{} {count}", name.trim_start_matches("cors."))).collect();
        lines.join(", ")
    }
}

fn owned(edit: &HeaderEdit<'_>) -> (String, Option<String>) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    match edit {
        HeaderEdit::Set(name, value) => (text(name), Some(text(value))),
        HeaderEdit::Remove(name) => (text(name), None),
        HeaderEdit::Add(..) => panic!("{edit:?}"),
    }
}

impl Answer {
    /// The value of a header; several lines as a browser combines them.
    pub fn get(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// The headers without the prefix that nearly all of them have.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, if self.forwarded { "forwarded" } else { "answered" })?;
        for (name, value) in &self.headers {
            write!(f, " | {}: {value}", name.trim_start_matches("access-control-"))?;
        }
        if !self.body.is_empty() {
            write!(f, " | {}", self.body.trim_end())?;
        }
        Ok(())
    }
}
