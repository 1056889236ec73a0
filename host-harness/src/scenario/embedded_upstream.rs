//! Scripted upstreams of the embedded engine: what would have reached them, and what they answer.
//!
//! This is also where the part of Envoy's router and asynchronous client stands that the engine leaves to its driver: the
//! headers which they add, and the answers which they make up when an upstream fails.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::model::{Failure, Upstream, trailer_map};
use super::transcript::{Seen, grouped};
use crate::envoy::{Callout, CalloutId, CalloutResponse, HeaderMap, ReplyForm, StreamId, UpstreamFailure, Worker};

/// A request to an upstream, of a stream or of a plugin.
pub struct Question {
    pub asker: Asker,
    pub cluster: String,
    pub seen: Seen,
    pub timeout: Duration,
    /// Its beginning is on its way: a connection to the upstream is there only after all that had arrived was taken in.
    pub sent: bool,
    /// Its answer has come before its end.
    pub answered: bool,
}

/// Who gets the answer.
#[derive(Clone)]
pub enum Asker {
    Stream(StreamId),
    Callout(CalloutId),
}

/// What becomes of a question.
pub enum Answer {
    Message { headers: HeaderMap, body: Vec<Bytes>, trailers: Option<HeaderMap> },
    Failure(UpstreamFailure),
}

impl Question {
    pub fn of_stream(stream: StreamId, cluster: String, headers: HeaderMap, timeout: Duration) -> Self {
        let seen = Seen { headers: Some(headers), ..Seen::default() };
        Self { asker: Asker::Stream(stream), cluster, seen, timeout, sent: false, answered: false }
    }

    pub fn of_callout(callout: Callout) -> Self {
        let mut headers = callout.headers;
        if headers.get(b":scheme").is_none() {
            headers.add(b":scheme", b"http");
        }
        if !callout.body.is_empty() {
            headers.replace(b"content-length", callout.body.len().to_string().as_bytes());
        }
        headers.add(b"x-envoy-internal", b"true");
        if !callout.timeout.is_zero() {
            let timeout = callout.timeout.as_millis().to_string();
            headers.add(b"x-envoy-expected-rq-timeout-ms", timeout.as_bytes());
        }
        // Envoy's asynchronous client sends a message's headers and body, and forgets its trailers.
        let seen = Seen { headers: Some(headers), body: callout.body, ..Seen::default() };
        let asker = Asker::Callout(callout.id);
        Self { asker, cluster: callout.cluster, seen, timeout: callout.timeout, sent: true, answered: false }
    }

    pub fn belongs_to(&self, stream: StreamId) -> bool {
        matches!(self.asker, Asker::Stream(asker) if asker == stream)
    }

    /// The form in which its asker wants to be answered.
    pub fn form(&self) -> ReplyForm {
        ReplyForm::of(self.seen.headers.as_ref())
    }

    /// Whether the upstream does not wait for the end of the request, or has no way to: one that cannot be reached fails at once.
    pub fn is_answered_early(&self, behaviours: &BTreeMap<String, Upstream>) -> bool {
        !self.arrives(behaviours) || behaviours.get(&self.cluster).is_some_and(|upstream| upstream.early)
    }

    /// Whether there is somebody at the other end.
    pub fn arrives(&self, behaviours: &BTreeMap<String, Upstream>) -> bool {
        let fails = behaviours.get(&self.cluster).and_then(|upstream| upstream.fail);
        !matches!(fails, Some(Failure::NoEndpoint | Failure::Refused))
    }
}

/// What the upstream of a question does; `None` when it never answers.
pub fn answer(question: &Question, behaviours: &BTreeMap<String, Upstream>) -> Option<Answer> {
    let upstream = behaviours.get(&question.cluster).cloned().unwrap_or_default();
    match upstream.fail {
        Some(Failure::NoEndpoint) => Some(Answer::Failure(UpstreamFailure::NoHealthyUpstream)),
        Some(Failure::Refused) => Some(Answer::Failure(UpstreamFailure::Connect)),
        Some(Failure::Reset) => Some(Answer::Failure(UpstreamFailure::Reset)),
        Some(Failure::Silent) => None,
        None => Some(Answer::Message {
            // As the upstream's library sends them.
            headers: grouped(&upstream.header_map()),
            body: upstream.body.iter().map(|chunk| chunk.0.clone()).collect(),
            trailers: trailer_map(&upstream.trailers),
        }),
    }
}

impl Answer {
    pub fn timed_out() -> Self {
        Self::Failure(UpstreamFailure::Timeout)
    }

    pub fn deliver(self, worker: &mut Worker, asker: Asker, form: ReplyForm) {
        match (asker, self) {
            (Asker::Stream(stream), Self::Failure(failure)) => worker.upstream_failed(stream, failure),
            (Asker::Stream(stream), Self::Message { headers, body, trailers }) => {
                worker.response_headers(stream, headers, body.is_empty() && trailers.is_none());
                let count = body.len();
                for (index, chunk) in body.into_iter().enumerate() {
                    worker.response_data(stream, chunk, index + 1 == count && trailers.is_none());
                }
                if let Some(trailers) = trailers {
                    worker.response_trailers(stream, trailers);
                }
            }
            (Asker::Callout(callout), Self::Failure(failure)) => {
                worker.callout_response(callout, Some(CalloutResponse::of_failure(failure, form)));
            }
            (Asker::Callout(callout), Self::Message { mut headers, body, trailers }) => {
                headers.add(b"x-envoy-upstream-service-time", b"0");
                let (body, trailers) = (body.concat(), trailers.unwrap_or_default());
                worker.callout_response(callout, Some(CalloutResponse { headers, body, trailers }));
            }
        }
    }
}
