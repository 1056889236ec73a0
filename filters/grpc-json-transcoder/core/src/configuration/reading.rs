//! JSON to [`Options`], with every problem at its place.
//!
//! Names and forms are those of Envoy's `GrpcJsonTranscoder` (v3) in ProtoJSON, so that a native configuration can be pasted:
//! `snake_case` or `lowerCamelCase`, enum values by name, wrapped numbers as numbers or strings, bytes in either base64 alphabet,
//! `null` for what is not set, and `@type` where it was the filter's `typed_config`.

use super::options::{Cluster, Options, Profile, StreamFraming, Transport, UnescapeSpec};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::RangeInclusive;
use std::time::Duration;
use strict_config::{Object, Problems, Quoted, Reader, Value};

/// What `@type` says in a native configuration.
const TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder";

/// How long a callout may be given.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 3600);

impl Options {
    /// Reads a configuration, or says everything that is wrong with it.
    ///
    /// ```
    /// use grpc_json_transcoder_core::configuration::Options;
    ///
    /// let problems = Options::parse(br#"{"services": ["a.B"], "auto_maping": true}"#).err().unwrap();
    /// assert_eq!(
    ///     problems.to_string(),
    ///     "proto_descriptor_bin: expected a FileDescriptorSet in base64, but found none (line 1 column 1)\n\
    ///      auto_maping: expected auto_mapping, but found \"auto_maping\" (line 1 column 23)"
    /// );
    /// ```
    pub fn parse(json: &[u8]) -> Result<Self, Problems> {
        let reader = strict_config::read(json)?;
        let Some(object) = reader.object(reader.root()) else { return Err(reader.into_problems()) };
        let options = read(&reader, object.as_proto_json());
        reader.into_problems().unless_any(options)
    }
}

fn read(reader: &Reader, mut object: Object<'_>) -> Options {
    if let Some(value) = object.get("@type").filter(|value| value.as_str() != Some(TYPE)) {
        reader.expected(TYPE, value);
    }
    let profiles = [("strict", Profile::Strict), ("envoy", Profile::Envoy)];
    let mut options = Options::of_profile(object.one_of("profile", &profiles).unwrap_or_default());
    options.services = read_services(reader, &mut object);
    options.proto_descriptor = read_descriptor(reader, &mut object, !options.services.is_empty());
    if let Some(print_options) = object.object("print_options") {
        read_print_options(print_options, &mut options);
    }
    if let Some(validation) = object.object("request_validation_options") {
        read_validation(validation, &mut options);
    }
    read_flags(
        &mut object,
        [
            ("match_incoming_request_route", &mut options.match_incoming_request_route),
            ("auto_mapping", &mut options.auto_mapping),
            ("ignore_unknown_query_parameters", &mut options.ignore_unknown_query_parameters),
            ("capture_unknown_query_parameters", &mut options.capture_unknown_query_parameters),
            ("convert_grpc_status", &mut options.convert_grpc_status),
            ("query_param_unescape_plus", &mut options.query_param_unescape_plus),
            ("match_unregistered_custom_verb", &mut options.match_unregistered_custom_verb),
            ("case_insensitive_enum_parsing", &mut options.case_insensitive_enum_parsing),
            ("json_errors", &mut options.json_errors),
            ("patch_field_mask", &mut options.patch_field_mask),
            ("map_query_parameters", &mut options.map_query_parameters),
            ("accept_negotiation", &mut options.accept_negotiation),
            ("method_not_allowed", &mut options.method_not_allowed),
        ],
    );
    let ignored = object.array("ignored_query_parameters").iter();
    options.ignored_query_parameters = ignored.filter_map(|name| reader.string(name)).map(str::to_owned).collect();
    let specs = [
        ("ALL_CHARACTERS_EXCEPT_RESERVED", UnescapeSpec::AllCharactersExceptReserved),
        ("ALL_CHARACTERS_EXCEPT_SLASH", UnescapeSpec::AllCharactersExceptSlash),
        ("ALL_CHARACTERS", UnescapeSpec::AllCharacters),
    ];
    options.url_unescape_spec = object.one_of("url_unescape_spec", &specs).unwrap_or_default();
    for (name, size) in [
        ("max_request_body_size", &mut options.max_request_body_size),
        ("max_response_body_size", &mut options.max_response_body_size),
    ] {
        *size = object.get(name).and_then(|value| read_size(reader, value)).unwrap_or(*size);
    }
    let service_config = object.get("service_config");
    options.service_config = service_config.filter(|value| reader.object(value).is_some()).cloned();
    let transports = [("auto", Transport::Auto), ("callout", Transport::Callout), ("inline", Transport::Inline)];
    options.transport = object.one_of("transport", &transports).unwrap_or_default();
    options.cluster = object.get("cluster").map(|cluster| read_cluster(reader, cluster)).unwrap_or_default();
    options.timeout = object.duration("timeout", TIMEOUTS).unwrap_or(options.timeout);
    options.timeout_header = object.get("timeout_header").and_then(|name| read_header_name(reader, name));
    object.finish();
    options
}

fn read_flags<const N: usize>(object: &mut Object<'_>, flags: [(&'static str, &mut bool); N]) {
    for (name, flag) in flags {
        *flag = object.boolean(name).unwrap_or(*flag);
    }
}

fn read_print_options(mut object: Object<'_>, options: &mut Options) {
    let print = &mut options.print;
    let (mut newline_delimited, mut sse_style_delimited) = (false, false);
    read_flags(
        &mut object,
        [
            ("add_whitespace", &mut print.add_whitespace),
            ("always_print_primitive_fields", &mut print.always_print_primitive_fields),
            ("always_print_enums_as_ints", &mut print.always_print_enums_as_ints),
            ("preserve_proto_field_names", &mut print.preserve_proto_field_names),
            ("stream_newline_delimited", &mut newline_delimited),
            ("stream_sse_style_delimited", &mut sse_style_delimited),
            ("int64_as_number", &mut print.int64_as_number),
            ("strip_enum_prefix", &mut print.strip_enum_prefix),
        ],
    );
    options.stream_framing = match (sse_style_delimited, newline_delimited) {
        (true, _) => StreamFraming::ServerSentEvents,
        (false, true) => StreamFraming::NewlineDelimited,
        (false, false) => StreamFraming::Array,
    };
    object.finish();
}

fn read_validation(mut object: Object<'_>, options: &mut Options) {
    let validation = &mut options.validation;
    read_flags(
        &mut object,
        [
            ("reject_unknown_method", &mut validation.reject_unknown_method),
            ("reject_unknown_query_parameters", &mut validation.reject_unknown_query_parameters),
            ("reject_binding_body_field_collisions", &mut validation.reject_binding_body_field_collisions),
            ("reject_unknown_body_fields", &mut validation.reject_unknown_body_fields),
        ],
    );
    object.finish();
}

fn read_services(reader: &Reader, object: &mut Object<'_>) -> Vec<String> {
    let mut services: Vec<String> = Vec::new();
    for value in object.array("services") {
        let Some(service) = reader.string(value) else { continue };
        if service.is_empty() || service.starts_with('.') {
            reader.expected("the full name of a service, such as bookstore.Bookstore", value);
        } else if services.iter().any(|known| known == service) {
            reader.problem(value, format!("expected each service once, but found {} again", Quoted(service)));
        }
        services.push(service.to_owned());
    }
    services
}

/// The descriptor set, which a filter without services can do without.
fn read_descriptor(reader: &Reader, object: &mut Object<'_>, is_needed: bool) -> Vec<u8> {
    if let Some(file) = object.get("proto_descriptor") {
        let message = "expected proto_descriptor_bin with what `base64 -w0 FILE` prints, but found the name of a file, \
                       which a plugin cannot read";
        reader.problem(file, message);
        object.get("proto_descriptor_bin");
        return Vec::new();
    }
    match object.get("proto_descriptor_bin") {
        Some(value) => {
            let descriptor = reader.string(value).and_then(decode);
            match descriptor {
                None if value.as_str().is_some() => reader.expected("a FileDescriptorSet in base64", value),
                Some(bytes) if bytes.is_empty() && is_needed => {
                    reader.problem(value, "expected a FileDescriptorSet in base64, but found nothing");
                }
                Some(bytes) => return bytes,
                None => {}
            }
        }
        None if is_needed => {
            object.missing("proto_descriptor_bin", "expected a FileDescriptorSet in base64, but found none");
        }
        None => {}
    }
    Vec::new()
}

/// RFC 4648 §4 or §5, with or without padding, as ProtoJSON takes bytes; lines may be broken, as the command `base64` does.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if is_url_safe { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

/// A `UInt32Value` above zero.
fn read_size(reader: &Reader, value: &Value) -> Option<u32> {
    let size = match value.as_str() {
        Some(digits) => digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit())),
        None => value.as_u64().and_then(|size| u32::try_from(size).ok()),
    };
    let size = size.filter(|size| *size > 0);
    if size.is_none() {
        reader.expected(format_args!("1 to {} bytes", u32::MAX), value);
    }
    size
}

fn read_cluster(reader: &Reader, value: &Value) -> Cluster {
    if let Some(name) = value.as_str() {
        check_cluster(reader, value, name);
        return Cluster::Named(name.to_owned());
    }
    let Some(members) = value.as_object() else {
        reader.expected("the name of a cluster, or an object of clusters by service", value);
        return Cluster::OfRoute;
    };
    let mut clusters = Vec::with_capacity(members.len());
    for member in members {
        if let Some(name) = reader.string(&member.value) {
            check_cluster(reader, &member.value, name);
            let cluster = (member.name.clone(), name.to_owned());
            clusters.insert(clusters.partition_point(|before| *before < cluster), cluster);
        }
    }
    Cluster::OfService(clusters)
}

fn check_cluster(reader: &Reader, value: &Value, name: &str) {
    if name.is_empty() {
        reader.problem(value, "expected the name of a cluster, but found nothing");
    }
}

fn read_header_name(reader: &Reader, value: &Value) -> Option<String> {
    let name = reader.string(value)?;
    // RFC 9110 §5.1: a token.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        reader.expected("the name of a header", value);
        return None;
    }
    Some(name.to_ascii_lowercase())
}
