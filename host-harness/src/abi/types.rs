//! The numbers of the ABI: statuses, buffers, maps, streams, log levels and metric kinds.
//!
//! Source: the enums of the specification, and `proxy_wasm_enums.h` for the statuses that only hosts return.

/// What a host function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// The call did what was asked.
    Ok = 0,
    /// There is no such key, property, token or cluster.
    NotFound = 1,
    /// An argument is out of range, or the call is not allowed in this phase.
    BadArgument = 2,
    /// A value has no form in which it could be handed over.
    SerializationFailure = 3,
    /// Bytes from the module could not be read.
    ParseFailure = 4,
    /// A pointer or a size lies outside the module's memory, or the module's allocator failed.
    InvalidMemoryAccess = 6,
    /// A queue has nothing in it.
    Empty = 7,
    /// The value was changed by somebody else in between.
    CasMismatch = 8,
    /// The host could not do it, or the module lacks the capability.
    InternalFailure = 10,
    /// The host does not know the function.
    Unimplemented = 12,
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum $name { $($(#[$variant_doc])* $variant = $number,)* }

        impl $name {
            /// The value that stands for this number, if one does.
            pub fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

numbered! {
    /// A buffer that a module can read, and sometimes write.
    Buffer {
        /// The request's body.
        RequestBody = 0,
        /// The response's body.
        ResponseBody = 1,
        /// Bytes from the client of a TCP connection.
        DownstreamData = 2,
        /// Bytes from the upstream of a TCP connection.
        UpstreamData = 3,
        /// The body that answered an HTTP callout.
        CalloutResponseBody = 4,
        /// One message of a gRPC call.
        GrpcReceiveBuffer = 5,
        /// The configuration of the virtual machine.
        VmConfiguration = 6,
        /// The configuration of the plugin.
        PluginConfiguration = 7,
        /// The arguments of a foreign function that the host called.
        CallData = 8,
    }
}

numbered! {
    /// A header map that a module can read, and sometimes write.
    Map {
        /// The request's headers.
        RequestHeaders = 0,
        /// The request's trailers.
        RequestTrailers = 1,
        /// The response's headers.
        ResponseHeaders = 2,
        /// The response's trailers.
        ResponseTrailers = 3,
        /// The first metadata of a gRPC call.
        GrpcInitialMetadata = 4,
        /// The last metadata of a gRPC call.
        GrpcTrailingMetadata = 5,
        /// The headers that answered an HTTP callout.
        CalloutResponseHeaders = 6,
        /// The trailers that answered an HTTP callout.
        CalloutResponseTrailers = 7,
    }
}

numbered! {
    /// Which half of an exchange is meant.
    StreamKind {
        /// An HTTP request.
        Request = 0,
        /// An HTTP response.
        Response = 1,
        /// The client's side of a TCP connection.
        Downstream = 2,
        /// The upstream's side of a TCP connection.
        Upstream = 3,
    }
}

numbered! {
    /// Who closed a TCP connection.
    Peer {
        /// Not known.
        Unknown = 0,
        /// The proxy.
        Local = 1,
        /// The other side.
        Remote = 2,
    }
}

numbered! {
    /// How loud a log line is.
    LogLevel {
        /// The finest.
        Trace = 0,
        /// For the author of a filter.
        Debug = 1,
        /// What happened.
        Info = 2,
        /// Something is off.
        Warn = 3,
        /// Something failed.
        Error = 4,
        /// The plugin cannot go on.
        Critical = 5,
    }
}

numbered! {
    /// What a metric counts.
    MetricKind {
        /// Only grows.
        Counter = 0,
        /// Goes up and down.
        Gauge = 1,
        /// A distribution.
        Histogram = 2,
    }
}

impl LogLevel {
    /// The name in lower case, as Envoy's log writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl Map {
    /// A short name for traces.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestHeaders => "request_headers",
            Self::RequestTrailers => "request_trailers",
            Self::ResponseHeaders => "response_headers",
            Self::ResponseTrailers => "response_trailers",
            Self::GrpcInitialMetadata => "grpc_initial_metadata",
            Self::GrpcTrailingMetadata => "grpc_trailing_metadata",
            Self::CalloutResponseHeaders => "callout_response_headers",
            Self::CalloutResponseTrailers => "callout_response_trailers",
        }
    }
}

impl Buffer {
    /// A short name for traces.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestBody => "request_body",
            Self::ResponseBody => "response_body",
            Self::DownstreamData => "downstream_data",
            Self::UpstreamData => "upstream_data",
            Self::CalloutResponseBody => "callout_response_body",
            Self::GrpcReceiveBuffer => "grpc_receive_buffer",
            Self::VmConfiguration => "vm_configuration",
            Self::PluginConfiguration => "plugin_configuration",
            Self::CallData => "call_data",
        }
    }
}
