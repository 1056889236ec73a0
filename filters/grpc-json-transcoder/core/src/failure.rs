//! What this filter itself refuses or cannot do, as an answer to the client.
//!
//! The profile `strict` answers with a `google.rpc.Status` as JSON, `envoy` with the native filter's plain text; statuses and the
//! details for the access log are the native filter's in both.

use crate::configuration::Options;
use crate::elements::ElementError;
use crate::frame::FrameError;
use crate::status::{Code, write_string};
use http_exchange::LocalReply;
use std::borrow::Cow;

/// Why an exchange ends here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The status code of HTTP.
    pub status: u16,
    /// That of gRPC, for the JSON form.
    pub code: Code,
    /// What a client is told.
    pub message: Cow<'static, str>,
    /// What the access log is told.
    pub details: &'static str,
    /// The value of `allow`.
    pub allow: Option<Vec<u8>>,
}

impl Failure {
    fn new(status: u16, code: Code, message: impl Into<Cow<'static, str>>, details: &'static str) -> Self {
        Self { status, code, message: message.into(), details, allow: None }
    }

    /// No rule has the path.
    pub fn unknown_method() -> Self {
        let message = "Could not resolve the path to a method.";
        Self::new(404, Code::NOT_FOUND, message, "early_grpc_json_transcode_failure{NOT_FOUND}")
    }

    /// Rules have the path, but not the method.
    pub fn method_not_allowed(allow: Vec<u8>) -> Self {
        let message = "expected one of the methods in `allow`, but found another";
        let details = "early_grpc_json_transcode_failure{METHOD_NOT_ALLOWED}";
        Self { allow: Some(allow), ..Self::new(405, Code::UNIMPLEMENTED, message, details) }
    }

    /// The path or the query does not fit the message.
    pub fn binding(message: String) -> Self {
        Self::new(400, Code::INVALID_ARGUMENT, message, "early_grpc_json_transcode_failure{INVALID_ARGUMENT}")
    }

    /// The body does not fit the message.
    pub fn body(message: String) -> Self {
        Self::new(400, Code::INVALID_ARGUMENT, message, "grpc_json_transcode_failure{INVALID_ARGUMENT}")
    }

    /// More of a request would have to be kept than is allowed.
    pub fn request_too_large(limit: u32) -> Self {
        let message = format!("expected a body of at most {limit} bytes, but found a larger one");
        let details = "grpc_json_transcode_failure{request_buffer_size_limit_reached}";
        Self::new(413, Code::RESOURCE_EXHAUSTED, message, details)
    }

    /// More of a reply would have to be kept than is allowed.
    pub fn reply_too_large(limit: u32) -> Self {
        let message = format!("expected a reply of at most {limit} bytes, but found a larger one");
        let details = "grpc_json_transcode_failure{response_buffer_size_limit_reached}";
        Self::new(500, Code::RESOURCE_EXHAUSTED, message, details)
    }

    /// The reply cannot be written as JSON.
    pub fn reply(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(502, Code::INTERNAL, message, "grpc_json_transcode_failure{INTERNAL}")
    }

    /// The reply says nothing about how the call ended.
    pub fn no_status() -> Self {
        let message = "expected a `grpc-status` at the end of the reply, but found none";
        Self::new(503, Code::UNAVAILABLE, message, "grpc_json_transcode_failure{MISSING_GRPC_STATUS}")
    }

    /// The call failed where the client can no longer be told how.
    pub fn lost_status() -> Self {
        let message = "expected the call to succeed, but it failed after the head of the response had left";
        Self::new(502, Code::INTERNAL, message, "grpc_json_transcode_failure{LATE_ERROR}")
    }

    /// It is not known which cluster to call.
    pub fn no_cluster() -> Self {
        let message = "expected a route with a cluster, but found none";
        Self::new(503, Code::UNAVAILABLE, message, "grpc_json_transcode_failure{NO_CLUSTER}")
    }

    /// The proxy did not send the call.
    pub fn refused() -> Self {
        let message = "expected a healthy upstream, but found none";
        Self::new(503, Code::UNAVAILABLE, message, "grpc_json_transcode_failure{NO_HEALTHY_UPSTREAM}")
    }

    /// The call came to nothing.
    pub fn broken() -> Self {
        let message = "expected a reply, but the call was reset or its reply is too large";
        Self::new(503, Code::UNAVAILABLE, message, "grpc_json_transcode_failure{CALL_RESET}")
    }

    /// The proxy answered in the place of the upstream, in these words.
    pub fn of_proxy(reason: &[u8]) -> Self {
        let message = String::from_utf8_lossy(reason).into_owned();
        if reason.starts_with(b"upstream request timeout") {
            let details = "grpc_json_transcode_failure{DEADLINE_EXCEEDED}";
            return Self::new(504, Code::DEADLINE_EXCEEDED, message, details);
        }
        Self::new(503, Code::UNAVAILABLE, message, "grpc_json_transcode_failure{UNAVAILABLE}")
    }

    /// What the client sent piece by piece is no array.
    pub fn of_elements(error: ElementError) -> Self {
        match error {
            ElementError::TooLarge { limit } => Self::request_too_large(limit),
            error => Self::body(error.to_string()),
        }
    }

    /// The reply is no sequence of messages.
    pub fn of_frames(error: FrameError) -> Self {
        match error {
            FrameError::TooLarge { limit, .. } => Self::reply_too_large(limit),
            error => Self::reply(error.to_string()),
        }
    }

    /// The JSON of the status that stands for this.
    pub fn json(&self) -> Vec<u8> {
        let mut out = format!("{{\"code\":{},\"message\":", self.code.0).into_bytes();
        write_string(&self.message, &mut out);
        out.extend_from_slice(b",\"details\":[]}");
        out
    }

    /// The answer, and a line in the log where not the client is to blame.
    pub fn into_reply(self, options: &Options, path: &str) -> LocalReply<'static> {
        if self.status >= 500 || self.status == 413 {
            log::warn!("{path}: {} ({})", self.message, self.status);
        }
        let (content_type, body) = match options.json_errors {
            true => (&b"application/json"[..], self.json()),
            false => (&b"text/plain"[..], self.message.into_owned().into_bytes()),
        };
        let mut headers = vec![(Cow::Borrowed(&b"content-type"[..]), Cow::Borrowed(content_type))];
        if let Some(allow) = self.allow {
            headers.push((Cow::Borrowed(b"allow"), Cow::Owned(allow)));
        }
        LocalReply { status: self.status, headers, body: Cow::Owned(body), details: self.details }
    }
}
