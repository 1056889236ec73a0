//! What the engine asks of the one who drives it, and the names by which they speak of streams and callouts.

use std::time::Duration;

use bytes::Bytes;

use super::HeaderMap;
use super::local_reply::{LocalReply, ReplyForm};

/// One stream of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(super) u64);

/// One HTTP callout of one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalloutId {
    pub(super) number: u64,
    pub(super) vm_key: String,
    pub(super) root: u32,
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something for one stream.
    Stream(StreamId, StreamEvent),
    /// A plugin calls a cluster; answer with [`super::Worker::callout_response`].
    Callout(Callout),
}

/// What has passed all filters of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// To the upstream: where it goes, and the head.
    RequestHeaders {
        /// The head.
        headers: HeaderMap,
        /// Nothing follows.
        end_stream: bool,
        /// One of the proxy's clusters.
        cluster: String,
        /// How long the upstream may take for the whole response; zero means for ever.
        timeout: Duration,
    },
    /// To the upstream: a part of the body.
    RequestData {
        /// May be empty.
        data: Bytes,
        /// Nothing follows.
        end_stream: bool,
    },
    /// To the upstream: the end.
    RequestTrailers(HeaderMap),
    /// To the client: the head.
    ResponseHeaders {
        /// The head.
        headers: HeaderMap,
        /// Nothing follows.
        end_stream: bool,
    },
    /// To the client: a part of the body.
    ResponseData {
        /// May be empty.
        data: Bytes,
        /// Nothing follows.
        end_stream: bool,
    },
    /// To the client: the end.
    ResponseTrailers(HeaderMap),
    /// Both sides are cut.
    Reset,
    /// The stream is over and forgotten; an upstream request that still runs is dropped.
    Done,
}

/// An HTTP request of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callout {
    /// What the answer must name.
    pub id: CalloutId,
    /// One of the proxy's clusters.
    pub cluster: String,
    /// Pseudo-headers included.
    pub headers: HeaderMap,
    /// May be empty.
    pub body: Vec<u8>,
    /// May be empty.
    pub trailers: HeaderMap,
    /// After this long it is answered with 504; zero means never.
    pub timeout: Duration,
}

/// The answer to a callout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalloutResponse {
    /// With `:status`.
    pub headers: HeaderMap,
    /// May be empty.
    pub body: Vec<u8>,
    /// May be empty.
    pub trailers: HeaderMap,
}

impl CalloutResponse {
    /// The answer that Envoy's router makes up when an upstream gave none, in the form that the request asks for.
    pub fn of_failure(failure: UpstreamFailure, form: ReplyForm) -> Self {
        let (headers, body) = LocalReply::upstream_failure(failure).render(form);
        Self { headers, body, trailers: HeaderMap::new() }
    }
}

/// Why an upstream gave no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// The cluster has no endpoint.
    NoHealthyUpstream,
    /// No connection could be made.
    Connect,
    /// The response took too long.
    Timeout,
    /// The upstream reset the stream.
    Reset,
    /// The connection broke before the response ended.
    Disconnect,
}

impl UpstreamFailure {
    /// The status and the body of the answer that Envoy gives in its place.
    pub fn answer(self) -> (u16, String) {
        let reset = |reason| {
            (503, format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}"))
        };
        match self {
            Self::NoHealthyUpstream => (503, "no healthy upstream".to_owned()),
            Self::Connect => reset("remote connection failure"),
            Self::Timeout => (504, "upstream request timeout".to_owned()),
            Self::Reset => reset("remote reset"),
            Self::Disconnect => reset("connection termination"),
        }
    }
}
