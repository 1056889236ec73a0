//! Every callback that a host may call in a module, with its signature.

/// One callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Callback {
    /// A context was made: its id and its parent's.
    ContextCreate,
    /// The virtual machine starts: the size of its configuration.
    VmStart,
    /// The old way to check a configuration.
    ValidateConfiguration,
    /// The plugin is configured: the size of its configuration.
    Configure,
    /// The timer.
    Tick,
    /// A context has come to its end.
    Done,
    /// The access log.
    Log,
    /// A context is forgotten.
    Delete,
    /// A TCP connection was opened.
    NewConnection,
    /// Bytes from the client.
    DownstreamData,
    /// Bytes from the upstream.
    UpstreamData,
    /// The client closed.
    DownstreamConnectionClose,
    /// The upstream closed.
    UpstreamConnectionClose,
    /// Request headers: their number, and whether the request ends with them.
    RequestHeaders,
    /// A part of the request's body: its size, and whether the request ends with it.
    RequestBody,
    /// Request trailers: their number.
    RequestTrailers,
    /// Request metadata: its number.
    RequestMetadata,
    /// Response headers: their number, and whether the response ends with them.
    ResponseHeaders,
    /// A part of the response's body: its size, and whether the response ends with it.
    ResponseBody,
    /// Response trailers: their number.
    ResponseTrailers,
    /// Response metadata: its number.
    ResponseMetadata,
    /// The answer to an HTTP callout: token, headers, body size, trailers.
    HttpCallResponse,
    /// First metadata of a gRPC call.
    GrpcReceiveInitialMetadata,
    /// A message of a gRPC call.
    GrpcReceive,
    /// Last metadata of a gRPC call.
    GrpcReceiveTrailingMetadata,
    /// A gRPC call has ended: its status.
    GrpcClose,
    /// A queue has a message.
    QueueReady,
    /// The host calls a function that the ABI does not know by name.
    ForeignFunction,
}

impl Callback {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::ContextCreate,
        Self::VmStart,
        Self::ValidateConfiguration,
        Self::Configure,
        Self::Tick,
        Self::Done,
        Self::Log,
        Self::Delete,
        Self::NewConnection,
        Self::DownstreamData,
        Self::UpstreamData,
        Self::DownstreamConnectionClose,
        Self::UpstreamConnectionClose,
        Self::RequestHeaders,
        Self::RequestBody,
        Self::RequestTrailers,
        Self::RequestMetadata,
        Self::ResponseHeaders,
        Self::ResponseBody,
        Self::ResponseTrailers,
        Self::ResponseMetadata,
        Self::HttpCallResponse,
        Self::GrpcReceiveInitialMetadata,
        Self::GrpcReceive,
        Self::GrpcReceiveTrailingMetadata,
        Self::GrpcClose,
        Self::QueueReady,
        Self::ForeignFunction,
    ];

    /// The exported name.
    pub fn name(self) -> &'static str {
        self.signature().0
    }

    /// How many i32 parameters it takes. Header callbacks of ABI 0.1.0 are not told whether the message ends.
    pub fn parameters(self, abi: super::AbiVersion) -> usize {
        match self {
            Self::RequestHeaders | Self::ResponseHeaders if abi == super::AbiVersion::V0_1_0 => 2,
            _ => self.signature().1,
        }
    }

    /// Whether it returns an i32.
    pub fn has_result(self) -> bool {
        self.signature().2
    }

    fn signature(self) -> (&'static str, usize, bool) {
        match self {
            Self::ContextCreate => ("proxy_on_context_create", 2, false),
            Self::VmStart => ("proxy_on_vm_start", 2, true),
            Self::ValidateConfiguration => ("proxy_validate_configuration", 2, true),
            Self::Configure => ("proxy_on_configure", 2, true),
            Self::Tick => ("proxy_on_tick", 1, false),
            Self::Done => ("proxy_on_done", 1, true),
            Self::Log => ("proxy_on_log", 1, false),
            Self::Delete => ("proxy_on_delete", 1, false),
            Self::NewConnection => ("proxy_on_new_connection", 1, true),
            Self::DownstreamData => ("proxy_on_downstream_data", 3, true),
            Self::UpstreamData => ("proxy_on_upstream_data", 3, true),
            Self::DownstreamConnectionClose => ("proxy_on_downstream_connection_close", 2, false),
            Self::UpstreamConnectionClose => ("proxy_on_upstream_connection_close", 2, false),
            Self::RequestHeaders => ("proxy_on_request_headers", 3, true),
            Self::RequestBody => ("proxy_on_request_body", 3, true),
            Self::RequestTrailers => ("proxy_on_request_trailers", 2, true),
            Self::RequestMetadata => ("proxy_on_request_metadata", 2, true),
            Self::ResponseHeaders => ("proxy_on_response_headers", 3, true),
            Self::ResponseBody => ("proxy_on_response_body", 3, true),
            Self::ResponseTrailers => ("proxy_on_response_trailers", 2, true),
            Self::ResponseMetadata => ("proxy_on_response_metadata", 2, true),
            Self::HttpCallResponse => ("proxy_on_http_call_response", 5, false),
            Self::GrpcReceiveInitialMetadata => ("proxy_on_grpc_receive_initial_metadata", 3, false),
            Self::GrpcReceive => ("proxy_on_grpc_receive", 3, false),
            Self::GrpcReceiveTrailingMetadata => ("proxy_on_grpc_receive_trailing_metadata", 3, false),
            Self::GrpcClose => ("proxy_on_grpc_close", 3, false),
            Self::QueueReady => ("proxy_on_queue_ready", 2, false),
            Self::ForeignFunction => ("proxy_on_foreign_function", 3, false),
        }
    }
}
