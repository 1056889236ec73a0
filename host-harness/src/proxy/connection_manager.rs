//! What Envoy's HTTP connection manager and its router add to a message, take from it, or refuse, around the filters.
//!
//! [`ConnectionManager::Mesh`] is Envoy with its defaults; at a gateway (`use_remote_address`) it also distrusts what the
//! client says about itself. [`ConnectionManager::Bare`] adds as little as a real Envoy can be told to: `x-forwarded-proto`
//! where it is missing, and `date`.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use http::{StatusCode, Version, request};

use super::head;
use crate::bootstrap::{ConnectionManager, Listener, Node};
use crate::envoy::{Environment, HeaderMap};

/// Envoy's `max_request_headers_kb` in bytes.
const REQUEST_HEADERS_LIMIT: usize = 60 * 1024;

/// Envoy's `max_headers_count`.
const REQUEST_HEADERS_COUNT: usize = 100;

/// What belongs to one connection (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&[u8]; 5] = [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];

/// What only a client on an internal address may say; with Envoy's defaults no address is internal.
const INTERNAL: [&[u8]; 16] = [
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-force-trace",
    b"x-envoy-hedge-on-per-try-timeout",
    b"x-envoy-internal",
    b"x-envoy-ip-tags",
    b"x-envoy-max-retries",
    b"x-envoy-original-url",
    b"x-envoy-retriable-header-names",
    b"x-envoy-retriable-status-codes",
    b"x-envoy-retry-grpc-on",
    b"x-envoy-retry-on",
    b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-upstream-rq-timeout-alt-response",
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-envoy-upstream-stream-duration-ms",
];

/// What at the edge no client may say.
const AT_THE_EDGE: [&[u8]; 6] = [
    b"x-envoy-decorator-operation",
    b"x-envoy-downstream-service-cluster",
    b"x-envoy-downstream-service-node",
    b"x-envoy-original-path",
    b"x-forwarded-proto",
    b"x-request-id",
];

/// The connection manager of one listener.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manager {
    adds: bool,
    /// Istio's gateways face clients that they cannot believe.
    edge: bool,
}

/// A request that does not even reach the filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub body: &'static str,
}

impl Manager {
    pub fn new(node: &Node, listener: &Listener) -> Self {
        let adds = listener.connection_manager == ConnectionManager::Mesh;
        Self { adds, edge: adds && node.id.starts_with("router~") }
    }

    /// The head of a request as the first filter sees it.
    pub fn admit(
        &self,
        parts: &request::Parts,
        client: IpAddr,
        environment: &dyn Environment,
    ) -> Result<HeaderMap, Refusal> {
        let refuse = |status, body| Err(Refusal { status, body });
        if parts.version < Version::HTTP_11 {
            return refuse(StatusCode::UPGRADE_REQUIRED, "Upgrade Required");
        }
        let Some(mut headers) = head::from_request(parts) else { return refuse(StatusCode::BAD_REQUEST, "") };
        if headers.byte_size() > REQUEST_HEADERS_LIMIT || headers.len() > REQUEST_HEADERS_COUNT + 4 {
            return refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        if parts.method == http::Method::CONNECT {
            return refuse(StatusCode::NOT_FOUND, "");
        }
        if asks_for_upgrade(&headers) {
            return refuse(StatusCode::FORBIDDEN, "");
        }
        remove_named_by_connection(&mut headers);
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        // The proxy has told the client to go on by itself.
        headers.remove(b"expect");
        for name in INTERNAL {
            headers.remove(name);
        }
        keep_only_trailers(&mut headers);
        if self.edge {
            self.distrust(&mut headers, client);
        }
        if headers.get(b"x-forwarded-proto").is_none() {
            headers.add(b"x-forwarded-proto", b"http");
        }
        if self.adds && headers.get(b"x-request-id").is_none() {
            headers.add(b"x-request-id", uuid_v4(environment).as_bytes());
        }
        Ok(headers)
    }

    /// What a client at the edge says about itself counts for nothing.
    fn distrust(&self, headers: &mut HeaderMap, client: IpAddr) {
        for name in AT_THE_EDGE {
            headers.remove(name);
        }
        let client = client.to_string();
        let forwarded = match headers.get_joined(b"x-forwarded-for") {
            Some(before) => [&before, &b","[..], client.as_bytes()].concat(),
            None => client.as_bytes().to_vec(),
        };
        headers.overwrite(b"x-forwarded-for", &forwarded);
        headers.overwrite(b"x-envoy-external-address", client.as_bytes());
    }

    /// The router's additions to a request on its way to the upstream.
    pub fn route(&self, headers: &mut HeaderMap, timeout: Duration) {
        if self.adds && !timeout.is_zero() {
            headers.overwrite(b"x-envoy-expected-rq-timeout-ms", timeout.as_millis().to_string().as_bytes());
        }
    }

    /// The router's addition to a response, before the filters see it.
    pub fn answered(&self, headers: &mut HeaderMap, took: Duration) {
        if self.adds {
            headers.overwrite(b"x-envoy-upstream-service-time", took.as_millis().to_string().as_bytes());
        }
    }

    /// The head of a response as the client sees it.
    pub fn release(&self, headers: &mut HeaderMap) {
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        if headers.get(b"date").is_none() {
            headers.add(b"date", httpdate::fmt_http_date(SystemTime::now()).as_bytes());
        }
        if self.adds {
            headers.overwrite(b"server", b"envoy");
        }
    }
}

impl Refusal {
    /// The head of the answer, for [`Manager::release`] to complete.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::from_pairs([(":status", self.status.as_str())]);
        if !self.body.is_empty() {
            headers.add(b"content-length", self.body.len().to_string().as_bytes());
            headers.add(b"content-type", b"text/plain");
        }
        headers
    }
}

/// Whether the client wants another protocol on this connection, which these listeners allow for none but `h2c`, and that
/// they pass over.
fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    let connection = headers.get_joined(b"connection").unwrap_or_default();
    let upgrade = headers.get(b"upgrade").is_some_and(|protocol| !protocol.eq_ignore_ascii_case(b"h2c"));
    upgrade && elements(&connection).any(|name| name.eq_ignore_ascii_case(b"upgrade"))
}

/// The elements of a list in a header's value (RFC 9110, section 5.6.1).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// `connection: a, b` takes the headers `a` and `b` with it.
fn remove_named_by_connection(headers: &mut HeaderMap) {
    let named = headers.get_joined(b"connection").unwrap_or_default();
    for name in elements(&named) {
        // What `te` may say is settled elsewhere.
        if !name.eq_ignore_ascii_case(b"te") {
            headers.remove(name);
        }
    }
}

/// Of `te` a proxy passes on only that trailers are welcome.
fn keep_only_trailers(headers: &mut HeaderMap) {
    let Some(codings) = headers.get_joined(b"te") else { return };
    if elements(&codings).any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
        headers.overwrite(b"te", b"trailers");
    } else {
        headers.remove(b"te");
    }
}

/// A random UUID (RFC 9562, section 5.4).
fn uuid_v4(environment: &dyn Environment) -> String {
    let mut bytes = [0; 16];
    environment.fill_random(&mut bytes);
    let value = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{value:032x}");
    let mut uuid = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}

#[cfg(test)]
#[path = "connection_manager_tests.rs"]
mod tests;
