//! What a host must be able to do for a module, one method for each host function that needs one.
//!
//! The methods take and return plain values: pointers, sizes and out-parameters end in [`super::imports`]. A method that is
//! not overridden answers [`Status::Unimplemented`], and the trace shows it.

use std::time::Duration;

use super::pairs::Pairs;
use super::types::{Buffer, LogLevel, Map, MetricKind, Status, StreamKind};

type Answer<T> = Result<T, Status>;

/// One host function call as a trace shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// The imported name.
    pub function: &'static str,
    /// The arguments in order, bytes escaped to ASCII.
    pub arguments: Vec<String>,
    /// What was handed back through out-parameters.
    pub results: Vec<String>,
    /// The number that the module got.
    pub status: i32,
    /// Bytes copied in either direction.
    pub bytes_copied: usize,
}

/// An HTTP request that a plugin sends on its own (`proxy_http_call`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// The cluster.
    pub upstream: Vec<u8>,
    /// Headers, pseudo-headers included.
    pub headers: Pairs,
    /// The body; may be empty.
    pub body: Vec<u8>,
    /// Trailers; may be empty.
    pub trailers: Pairs,
    /// After this long it fails; zero means never.
    pub timeout: Duration,
}

/// A gRPC call or stream that a plugin opens (`proxy_grpc_call`, `proxy_grpc_stream`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcCall {
    /// A cluster's name, or a serialized `GrpcService`.
    pub upstream: Vec<u8>,
    /// The full service name.
    pub service: Vec<u8>,
    /// The method's name.
    pub method: Vec<u8>,
    /// Initial metadata.
    pub metadata: Pairs,
    /// The one message of a unary call; `None` opens a stream.
    pub message: Option<Vec<u8>>,
    /// After this long it fails; zero means never.
    pub timeout: Duration,
}

/// An answer that a plugin gives in place of the upstream (`proxy_send_local_response`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalResponse {
    /// The HTTP status.
    pub status: u32,
    /// Details for logs (`%RESPONSE_CODE_DETAILS%`).
    pub details: Vec<u8>,
    /// The body; may be empty.
    pub body: Vec<u8>,
    /// Headers to add.
    pub headers: Pairs,
    /// The gRPC status for gRPC clients; outside 0 to 16 it is ignored.
    pub grpc_status: i32,
}

/// The host behind the ABI.
#[expect(unused_variables, reason = "the default bodies take arguments only to be overridden")]
pub trait Host: 'static {
    /// Takes note of a call for the trace.
    fn record(&mut self, call: HostCall) {}
    /// Whether calls are recorded, so that nothing is formatted when they are not.
    fn is_recording(&self) -> bool {
        false
    }
    /// Whether a function or callback is allowed (`capability_restriction_config`).
    fn allows(&self, capability: &str) -> bool {
        true
    }

    /// Nanoseconds since the Unix epoch.
    fn unix_nanos(&self) -> u64;
    /// Fills a slice with random bytes.
    fn fill_random(&mut self, bytes: &mut [u8]);
    /// `KEY=value` of each environment variable that the module may see.
    fn environment(&self) -> Vec<String> {
        Vec::new()
    }

    /// Writes a log line.
    fn log(&mut self, level: LogLevel, message: &[u8]);
    /// The level below which lines are dropped.
    fn log_level(&self) -> LogLevel {
        LogLevel::Info
    }
    /// The status of the last failed call: a gRPC code and a message.
    fn call_status(&mut self) -> Answer<(u32, Vec<u8>)> {
        Err(Status::Unimplemented)
    }
    /// The configuration, for modules of ABI 0.1.0.
    fn configuration(&mut self) -> Answer<Vec<u8>> {
        Err(Status::Unimplemented)
    }

    /// Reads a property; segments are joined by NUL.
    fn property(&mut self, path: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::Unimplemented)
    }
    /// Writes a property.
    fn set_property(&mut self, path: &[u8], value: &[u8]) -> Answer<()> {
        Err(Status::Unimplemented)
    }

    /// The first value of a header.
    fn header(&mut self, map: Map, name: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::Unimplemented)
    }
    /// All headers of a map, in order.
    fn headers(&mut self, map: Map) -> Answer<Pairs> {
        Err(Status::Unimplemented)
    }
    /// The bytes of all names and values of a map.
    fn headers_size(&mut self, map: Map) -> Answer<usize> {
        Err(Status::Unimplemented)
    }
    /// Replaces a whole map.
    fn set_headers(&mut self, map: Map, headers: Pairs) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Adds a value beside those that are there.
    fn add_header(&mut self, map: Map, name: &[u8], value: &[u8]) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Makes this the only value.
    fn replace_header(&mut self, map: Map, name: &[u8], value: &[u8]) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Removes all values of a name.
    fn remove_header(&mut self, map: Map, name: &[u8]) -> Answer<()> {
        Err(Status::Unimplemented)
    }

    /// The size of a buffer in bytes.
    fn buffer_size(&mut self, buffer: Buffer) -> Answer<usize> {
        Err(Status::Unimplemented)
    }
    /// A part of a buffer, clamped to what is there.
    fn buffer(&mut self, buffer: Buffer, start: usize, length: usize) -> Answer<Vec<u8>> {
        Err(Status::Unimplemented)
    }
    /// Replaces a part of a buffer.
    fn set_buffer(&mut self, buffer: Buffer, start: usize, length: usize, data: &[u8]) -> Answer<()> {
        Err(Status::Unimplemented)
    }

    /// Answers the request in place of the upstream.
    fn send_local_response(&mut self, response: LocalResponse) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Resumes a paused stream.
    fn continue_stream(&mut self, stream: StreamKind) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Cuts a stream.
    fn close_stream(&mut self, stream: StreamKind) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Forgets the route, so that the next look finds another.
    fn clear_route_cache(&mut self) -> Answer<()> {
        Err(Status::Unimplemented)
    }

    /// A shared value and its version.
    fn shared_data(&mut self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        Err(Status::Unimplemented)
    }
    /// Sets a shared value; a version that is not zero must be the current one.
    fn set_shared_data(&mut self, key: &[u8], value: &[u8], cas: u32) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Makes or finds a queue of this virtual machine and listens to it.
    fn register_queue(&mut self, name: &[u8]) -> Answer<u32> {
        Err(Status::Unimplemented)
    }
    /// Finds a queue.
    fn resolve_queue(&mut self, vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        Err(Status::Unimplemented)
    }
    /// Takes the oldest message of a queue.
    fn dequeue(&mut self, queue: u32) -> Answer<Vec<u8>> {
        Err(Status::Unimplemented)
    }
    /// Appends a message to a queue.
    fn enqueue(&mut self, queue: u32, message: &[u8]) -> Answer<()> {
        Err(Status::Unimplemented)
    }

    /// Makes a metric.
    fn define_metric(&mut self, kind: MetricKind, name: &[u8]) -> Answer<u32> {
        Err(Status::Unimplemented)
    }
    /// Adds to a counter or a gauge.
    fn increment_metric(&mut self, metric: u32, delta: i64) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Sets a gauge, adds to a counter, or records in a histogram.
    fn record_metric(&mut self, metric: u32, value: u64) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Reads a counter or a gauge.
    fn metric(&mut self, metric: u32) -> Answer<u64> {
        Err(Status::Unimplemented)
    }

    /// Sends an HTTP request and answers its token.
    fn http_call(&mut self, call: HttpCall) -> Answer<u32> {
        Err(Status::Unimplemented)
    }
    /// Sends a gRPC request or opens a gRPC stream and answers its token.
    fn grpc_call(&mut self, call: GrpcCall) -> Answer<u32> {
        Err(Status::Unimplemented)
    }
    /// Sends a message on a gRPC stream.
    fn grpc_send(&mut self, token: u32, message: &[u8], end_stream: bool) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Cancels a gRPC call or stream.
    fn grpc_cancel(&mut self, token: u32) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Closes a gRPC call or stream.
    fn grpc_close(&mut self, token: u32) -> Answer<()> {
        Err(Status::Unimplemented)
    }

    /// Asks for `proxy_on_tick` every so often; zero stops it.
    fn set_tick_period(&mut self, period: Duration) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Lets the calls that follow act for another context.
    fn set_effective_context(&mut self, context: u32) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Says that a context whose `proxy_on_done` answered false is done now.
    fn done(&mut self) -> Answer<()> {
        Err(Status::Unimplemented)
    }
    /// Calls a function that the ABI does not know by name.
    fn call_foreign_function(&mut self, name: &[u8], arguments: &[u8]) -> Answer<Vec<u8>> {
        Err(Status::Unimplemented)
    }
    /// Resolves a host name (Envoy only).
    fn resolve_dns(&mut self, name: &[u8]) -> Answer<u32> {
        Err(Status::Unimplemented)
    }
}
