//! Responses of the proxy's own, and the end of a stream.
//!
//! A local reply that comes before any response passes the whole chain of response filters, the filter that sent it included;
//! one that comes while a response is on its way through the filters goes straight to the client; one that comes after the
//! head has left can only cut the stream.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;

use super::HeaderMap;
use super::events::{StreamEvent, StreamId, UpstreamFailure};
use super::stream::Half;
use super::worker::Worker;
use crate::abi::{Callback, LocalResponse, Pairs, StreamKind};

/// A response of the proxy's own.
pub(super) struct LocalReply {
    status: u32,
    body: Vec<u8>,
    headers: Pairs,
    grpc_status: Option<u32>,
    details: String,
    flags: u64,
    transport_failure: Option<&'static str>,
}

/// The form in which a client wants to be answered. It is that of its request as it came, whatever filters make of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyForm {
    is_grpc: bool,
    is_head: bool,
}

impl ReplyForm {
    /// The form that a request with these headers asks for.
    pub fn of(request: Option<&HeaderMap>) -> Self {
        let header = |name: &[u8]| request.and_then(|headers| headers.get(name)).unwrap_or_default();
        Self { is_grpc: is_grpc(header(b"content-type")), is_head: header(b":method") == b"HEAD" }
    }
}

const GRPC_UNAVAILABLE: u32 = 14;

impl LocalReply {
    fn new(status: u32, body: &str, details: &str) -> Self {
        Self {
            status,
            body: body.as_bytes().to_vec(),
            headers: Vec::new(),
            grpc_status: None,
            details: details.to_owned(),
            flags: 0,
            transport_failure: None,
        }
    }

    pub(super) fn failed_plugin() -> Self {
        Self { grpc_status: Some(GRPC_UNAVAILABLE), ..Self::new(503, "", "wasm_fail_stream") }
    }

    pub(super) fn no_route() -> Self {
        Self::new(404, "", "route_not_found")
    }

    pub(super) fn no_cluster() -> Self {
        Self::new(503, "", "cluster_not_found")
    }

    pub(super) fn no_status() -> Self {
        Self::new(
            502,
            "missing required header: :status",
            "filter_removed_required_response_headers{missing_required_header:_:status}",
        )
    }

    pub(super) fn direct_response(status: u16, body: &str) -> Self {
        Self::new(u32::from(status), body, "direct_response")
    }

    pub(super) fn request_too_large() -> Self {
        Self::new(413, "Payload Too Large", "request_payload_too_large")
    }

    pub(super) fn response_too_large() -> Self {
        Self::new(500, "Internal Server Error", "response_payload_too_large")
    }

    pub(super) fn upstream_failure(failure: UpstreamFailure) -> Self {
        // The numbers are the bits of Envoy's response flags.
        let (flags, details) = match failure {
            UpstreamFailure::NoHealthyUpstream => (0x2, "no_healthy_upstream"),
            UpstreamFailure::Timeout => (0x4, "response_timeout"),
            UpstreamFailure::Reset => (0x10, "upstream_reset_before_response_started{remote_reset}"),
            UpstreamFailure::Connect => (
                0x20,
                "upstream_reset_before_response_started\
                 {remote_connection_failure|delayed_connect_error:_Connection_refused}",
            ),
            UpstreamFailure::Disconnect => (0x40, "upstream_reset_before_response_started{connection_termination}"),
        };
        let transport_failure =
            (failure == UpstreamFailure::Connect).then_some("delayed connect error: Connection refused");
        let (status, body) = failure.answer();
        Self { flags, transport_failure, ..Self::new(u32::from(status), &body, details) }
    }

    fn from_plugin(response: LocalResponse) -> Self {
        let details = String::from_utf8_lossy(&response.details);
        Self {
            status: response.status,
            body: response.body,
            headers: response.headers,
            grpc_status: u32::try_from(response.grpc_status).ok().filter(|status| *status <= 16),
            details: details.split(char::is_whitespace).collect::<Vec<_>>().join("_"),
            flags: 0,
            transport_failure: None,
        }
    }

    /// The head and the body: a gRPC client gets 200 with `grpc-status`.
    pub(super) fn render(self, form: ReplyForm) -> (HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::new();
        if form.is_grpc {
            headers.add(b":status", b"200");
            headers.add(b"content-type", b"application/grpc");
            let status = self.grpc_status.unwrap_or_else(|| grpc_status(self.status));
            headers.add(b"grpc-status", status.to_string().as_bytes());
            if !self.body.is_empty() {
                headers.add(b"grpc-message", percent_encode(&self.body).as_bytes());
            }
            self.headers.iter().for_each(|(name, value)| headers.add(name, value));
            return (headers, Vec::new());
        }
        headers.add(b":status", self.status.to_string().as_bytes());
        self.headers.iter().for_each(|(name, value)| headers.add(name, value));
        if self.body.is_empty() {
            headers.remove(b"content-type");
        } else {
            headers.overwrite(b"content-length", self.body.len().to_string().as_bytes());
            if headers.get(b"content-type").is_none() {
                headers.add(b"content-type", b"text/plain");
            }
        }
        let body = if form.is_head { Vec::new() } else { self.body };
        (headers, body)
    }
}

fn is_grpc(content_type: &[u8]) -> bool {
    content_type.strip_prefix(b"application/grpc").is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The gRPC status of an HTTP status (`http-grpc-status-mapping.md` of gRPC).
pub(super) fn grpc_status(http: u32) -> u32 {
    match http {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => GRPC_UNAVAILABLE,
        _ => 2,
    }
}

/// A gRPC message as it stands in a header: all but printable ASCII is escaped, and `%` too.
fn percent_encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        match byte {
            b' '..=b'~' if *byte != b'%' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

impl Worker {
    /// Answers a stream in place of its upstream.
    pub(super) fn reply(&mut self, id: StreamId, reply: LocalReply) {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.finishing) else { return };
        stream.request.aborted = true;
        stream.replied_locally = true;
        let (details, flags, transport_failure) = (reply.details.clone(), reply.flags, reply.transport_failure);
        let started = {
            let mut state = stream.state.borrow_mut();
            state.response_details = Some(details);
            state.response_flags |= flags;
            if let Some(reason) = transport_failure {
                state.transport_failure = reason.to_owned();
            }
            state.response.headers.is_some()
        };
        let form = stream.state.borrow().reply_form;
        let (headers, body) = reply.render(form);
        if !started {
            self.receive_headers(id, Half::Response, headers, body.is_empty());
            if !body.is_empty() {
                self.receive_data(id, Half::Response, &body, true);
            }
        } else if !stream.response.headers_delivered {
            stream.response.aborted = true;
            stream.state.borrow_mut().response.headers = Some(headers);
            self.send_response_headers(id, body.is_empty());
            if !body.is_empty() {
                self.set_response_ended(id);
                self.emit(id, StreamEvent::ResponseData { data: Bytes::from(body), end_stream: true });
            }
        } else {
            self.close(id);
        }
    }

    /// Lets the response's head go to the client, with the date that the connection manager adds.
    pub(super) fn send_response_headers(&mut self, id: StreamId, end_stream: bool) {
        let now = self.shared().process.environment.unix_nanos();
        let Some(stream) = self.streams.get_mut(&id) else { return };
        (stream.response.headers_delivered, stream.response.end_delivered) = (true, end_stream);
        let headers = {
            let mut state = stream.state.borrow_mut();
            let Some(headers) = &mut state.response.headers else { return };
            if headers.get(b"date").is_none() {
                let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_nanos(now));
                headers.add(b"date", date.as_bytes());
            }
            headers.clone()
        };
        self.emit(id, StreamEvent::ResponseHeaders { headers, end_stream });
    }

    fn set_response_ended(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.response.end_delivered = true;
        }
    }

    /// A local reply that a plugin asked for; the second of one filter is not heard.
    pub(super) fn plugin_reply(&mut self, id: StreamId, filter: usize, response: LocalResponse) {
        let Some(stream) = self.streams.get(&id) else { return };
        let Some(filter) = stream.filters.get(filter) else { return };
        if !std::mem::replace(&mut filter.view.borrow_mut().replied, true) {
            self.reply(id, LocalReply::from_plugin(response));
        }
    }

    /// A plugin cuts a stream.
    pub(super) fn plugin_close(&mut self, id: StreamId, kind: StreamKind) {
        if let Some(stream) = self.streams.get(&id).filter(|_| kind == StreamKind::Request) {
            stream.state.borrow_mut().response_details = Some("wasm_close_stream".to_owned());
        }
        self.close(id);
    }

    pub(super) fn fail_upstream(&mut self, id: StreamId, failure: UpstreamFailure) {
        let started = self.streams.get(&id).is_some_and(|stream| stream.state.borrow().response.headers.is_some());
        if started { self.close(id) } else { self.reply(id, LocalReply::upstream_failure(failure)) }
    }

    /// Whether anything that the upstream says still counts.
    pub(super) fn awaits_upstream(&self, id: StreamId) -> bool {
        self.streams.get(&id).is_some_and(|stream| !stream.replied_locally && !stream.finishing)
    }

    /// Cuts both sides.
    pub(super) fn close(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.finishing) else { return };
        stream.request.aborted = true;
        stream.response.aborted = true;
        stream.replied_locally = true;
        stream.response.end_delivered = true;
        self.emit(id, StreamEvent::Reset);
    }

    /// Ends a stream whose response has been delivered.
    pub(super) fn settle(&mut self, id: StreamId) {
        if self.streams.get(&id).is_some_and(|stream| stream.response.end_delivered) {
            self.finish(id);
        }
    }

    /// The last callbacks: the log of every filter, then done and delete of each.
    pub(super) fn finish(&mut self, id: StreamId) {
        let now = self.shared().process.environment.unix_nanos();
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.finishing) else { return };
        stream.finishing = true;
        stream.state.borrow_mut().finished_at = Some(now);
        let count = stream.filters.len();
        for filter in 0..count {
            if let Some(context) = self.enter_late(id, filter) {
                self.set_logging(id, filter, true);
                self.call(context.machine, context.id, Callback::Log, &[], Some(id));
                self.set_logging(id, filter, false);
            }
        }
        for filter in 0..count {
            let context = self.streams.get(&id).and_then(|stream| stream.filters.get(filter)?.context);
            let Some(context) = context.filter(|context| self.plugins.is_alive(*context)) else { continue };
            for callback in [Callback::Done, Callback::Delete] {
                self.call(context.machine, context.id, callback, &[], Some(id));
            }
            if self.plugins.is_alive(context)
                && let Some(host) = self.plugins.host_mut(context.machine)
            {
                host.contexts.remove(&context.id);
            }
        }
        self.streams.remove(&id);
        self.emit(id, StreamEvent::Done);
    }

    fn set_logging(&self, id: StreamId, filter: usize, on: bool) {
        if let Some(filter) = self.streams.get(&id).and_then(|stream| stream.filters.get(filter)) {
            filter.view.borrow_mut().logging = on;
        }
    }
}
