//! The options as the rest of the filter reads them: plain data, every default decided.
//!
//! It holds what Envoy's `GrpcJsonTranscoder` (v3) can say and what this filter adds. What each [`Profile`] starts from is in
//! [`Options::of_profile`] and nowhere else. It reads no JSON and judges no descriptor.

use protojson::PrintOptions;
use std::time::Duration;

/// Everything that a user can decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which side the defaults take.
    pub profile: Profile,
    /// `proto_descriptor_bin`: a serialized `FileDescriptorSet`, with everything that it imports. Empty where no service is.
    pub proto_descriptor: Vec<u8>,
    /// Full names of the services that are transcoded. None: the filter is disabled, and every request passes untouched.
    pub services: Vec<String>,
    /// How replies are written.
    pub print: PrintOptions,
    /// How the messages of a stream are written one after the other.
    pub stream_framing: StreamFraming,
    /// The route is chosen by the path of the request and not by that of the method.
    pub match_incoming_request_route: bool,
    /// Query parameters that are dropped, by exact raw name.
    pub ignored_query_parameters: Vec<String>,
    /// Methods without a rule are `POST /package.Service/Method` with `body: "*"`.
    pub auto_mapping: bool,
    /// Query parameters that name no field are dropped.
    pub ignore_unknown_query_parameters: bool,
    /// Query parameters that name no field go into `HttpBody.extensions`; this comes before ignoring them.
    pub capture_unknown_query_parameters: bool,
    /// A failed call with an empty body is answered with a `google.rpc.Status` as JSON.
    pub convert_grpc_status: bool,
    /// Which escapes are decoded in a path variable of several segments.
    pub url_unescape_spec: UnescapeSpec,
    /// In a query, `+` is a space.
    pub query_param_unescape_plus: bool,
    /// What stands after the last colon of a path is a verb even when no rule has that verb.
    pub match_unregistered_custom_verb: bool,
    /// Names of enum values are looked up in upper case when they are not found as written.
    pub case_insensitive_enum_parsing: bool,
    /// What is refused, rather than passed on or ignored.
    pub validation: ValidationOptions,
    /// The most bytes of a request that are kept at a time; more is 413.
    pub max_request_body_size: u32,
    /// The most bytes of a reply that are kept at a time; more is 500.
    pub max_response_body_size: u32,
    /// `service_config`: a `google.api.Service` whose `http` rules stand in place of the descriptor's.
    pub service_config: Option<strict_config::Value>,
    /// How a call reaches its server.
    pub transport: Transport,
    /// Which cluster a callout goes to.
    pub cluster: Cluster,
    /// How long a callout may take when the client sets no time.
    pub timeout: Duration,
    /// A header, in lower case, in which clients say how long they wait, beside `grpc-timeout`.
    pub timeout_header: Option<String>,
    /// What this filter itself refuses is answered with a `google.rpc.Status` as JSON, not with plain text.
    pub json_errors: bool,
    /// A PATCH without an update mask gets one with the fields that its body has.
    pub patch_field_mask: bool,
    /// `labels[key]=value` in a query sets an entry of a map.
    pub map_query_parameters: bool,
    /// The `accept` header of a request chooses how a stream is framed.
    pub accept_negotiation: bool,
    /// A path that has rules, but none for the method, is answered 405 with `allow`.
    pub method_not_allowed: bool,
}

/// Which side the defaults take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// The specification's side: `google/api/http.proto` and canonical ProtoJSON, no defect of the native filter.
    #[default]
    Strict,
    /// The native filter's side, to the byte.
    Envoy,
}

/// How the messages of a stream are written one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamFraming {
    /// One JSON array.
    #[default]
    Array,
    /// A line each (`stream_newline_delimited`).
    NewlineDelimited,
    /// A server-sent event each (`stream_sse_style_delimited`, which prevails).
    ServerSentEvents,
}

/// Which escapes are decoded in a path variable of several segments. In one of a single segment all are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnescapeSpec {
    /// All but those of RFC 6570's reserved characters: the native default.
    #[default]
    AllCharactersExceptReserved,
    /// All but `%2F`, as `fully_decode_reserved_expansion` has it.
    AllCharactersExceptSlash,
    /// All.
    AllCharacters,
}

/// What is refused, rather than passed on or ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValidationOptions {
    /// A path that no rule has is 404; otherwise the request passes untouched.
    pub reject_unknown_method: bool,
    /// A query parameter that names no field is 400; otherwise the request passes untouched.
    pub reject_unknown_query_parameters: bool,
    /// A field to which the body gives another value than the path or the query is 400.
    pub reject_binding_body_field_collisions: bool,
    /// A field of the body that its message does not have is 400; otherwise it is ignored.
    pub reject_unknown_body_fields: bool,
}

/// How a call reaches its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// By callout where the reply is a single message or raw bytes, inline where it is a stream of messages.
    #[default]
    Auto,
    /// Always by callout.
    Callout,
    /// Inline where the request has a body: the operator says that the host has `allow_on_headers_stop_iteration`.
    Inline,
}

/// Which cluster a callout goes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cluster {
    /// The one that the request's route has.
    #[default]
    OfRoute,
    /// This one.
    Named(String),
    /// By the service's full name, sorted by it; the route's for any other service.
    OfService(Vec<(String, String)>),
}

impl Cluster {
    /// The cluster that is configured for a service, by its full name.
    pub fn of(&self, service: &str) -> Option<&str> {
        match self {
            Self::OfRoute => None,
            Self::Named(cluster) => Some(cluster),
            Self::OfService(clusters) => {
                let found = clusters.binary_search_by(|(known, _)| known.as_str().cmp(service)).ok();
                found.and_then(|at| clusters.get(at)).map(|(_, cluster)| cluster.as_str())
            }
        }
    }
}

/// Envoy's own buffer limit where a listener does not say otherwise.
const MAX_BODY_SIZE: u32 = 1 << 20;

/// The time that Envoy gives a route which does not say otherwise.
const TIMEOUT: Duration = Duration::from_secs(15);

impl Options {
    /// What holds where a user says nothing but the profile. No service is transcoded.
    pub fn of_profile(profile: Profile) -> Self {
        let strict = profile == Profile::Strict;
        Self {
            profile,
            proto_descriptor: Vec::new(),
            services: Vec::new(),
            print: PrintOptions::default(),
            stream_framing: StreamFraming::default(),
            match_incoming_request_route: false,
            ignored_query_parameters: Vec::new(),
            auto_mapping: false,
            ignore_unknown_query_parameters: false,
            capture_unknown_query_parameters: false,
            convert_grpc_status: strict,
            url_unescape_spec: UnescapeSpec::default(),
            query_param_unescape_plus: false,
            match_unregistered_custom_verb: false,
            case_insensitive_enum_parsing: false,
            validation: ValidationOptions {
                reject_unknown_method: false,
                reject_unknown_query_parameters: strict,
                reject_binding_body_field_collisions: false,
                reject_unknown_body_fields: strict,
            },
            max_request_body_size: MAX_BODY_SIZE,
            max_response_body_size: MAX_BODY_SIZE,
            service_config: None,
            transport: Transport::default(),
            cluster: Cluster::default(),
            timeout: TIMEOUT,
            timeout_header: None,
            json_errors: strict,
            patch_field_mask: strict,
            map_query_parameters: strict,
            accept_negotiation: strict,
            method_not_allowed: strict,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::of_profile(Profile::default())
    }
}
