//! A native configuration can be pasted, and what is wrong with one is said at once, each problem with its path.
//!
//! Covers, of Envoy's tests, what `GrpcJsonTranscoderConfigTest` says about the configuration itself: ParseBinaryConfig,
//! NonBinaryProto (what is no base64), and FilterDisabled.
#![allow(clippy::panic, reason = "a test may panic")]

use grpc_json_transcoder_core::configuration::{
    Cluster, Options, PrintOptions, Profile, StreamFraming, Transport, UnescapeSpec, ValidationOptions,
};
use std::time::Duration;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The options of a configuration with a service and a descriptor, beside which stands what `json` has.
fn options(json: &str) -> Options {
    let sound = r#""services": ["a.B"], "proto_descriptor_bin": "AAEC""#;
    let json = format!("{{{sound}{}{json}}}", if json.is_empty() { "" } else { ", " });
    Options::parse(json.as_bytes()).unwrap_or_else(|problems| panic!("{json}\n{problems}"))
}

/// What holds for a service and a descriptor where nothing is said.
fn defaults(profile: Profile) -> Options {
    Options { services: vec!["a.B".to_owned()], proto_descriptor: vec![0, 1, 2], ..Options::of_profile(profile) }
}

#[track_caller]
fn check_problems(json: &str, expected: &str) {
    let found = Options::parse(json.as_bytes()).err().map(|problems| problems.to_string());
    assert_eq!(found.unwrap_or_default(), expected, "{json}");
}

#[test]
fn a_native_configuration_can_be_pasted() {
    let native = r#"{
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor_bin": "AAEC",
        "services": ["a.B"],
        "print_options": {
            "add_whitespace": true, "always_print_primitive_fields": true, "always_print_enums_as_ints": true,
            "preserve_proto_field_names": true, "stream_newline_delimited": true, "stream_sse_style_delimited": false
        },
        "match_incoming_request_route": true,
        "ignored_query_parameters": ["key", "api_key"],
        "auto_mapping": true,
        "ignore_unknown_query_parameters": true,
        "convert_grpc_status": true,
        "url_unescape_spec": "ALL_CHARACTERS_EXCEPT_SLASH",
        "request_validation_options": {
            "reject_unknown_method": true, "reject_unknown_query_parameters": true,
            "reject_binding_body_field_collisions": true
        },
        "query_param_unescape_plus": true,
        "match_unregistered_custom_verb": true,
        "case_insensitive_enum_parsing": true,
        "max_request_body_size": 4194304,
        "max_response_body_size": "33554432",
        "capture_unknown_query_parameters": true,
        "profile": "envoy"
    }"#;
    let expected = Options {
        print: PrintOptions {
            add_whitespace: true,
            always_print_primitive_fields: true,
            always_print_enums_as_ints: true,
            preserve_proto_field_names: true,
            ..PrintOptions::default()
        },
        stream_framing: StreamFraming::NewlineDelimited,
        match_incoming_request_route: true,
        ignored_query_parameters: vec!["key".to_owned(), "api_key".to_owned()],
        auto_mapping: true,
        ignore_unknown_query_parameters: true,
        convert_grpc_status: true,
        url_unescape_spec: UnescapeSpec::AllCharactersExceptSlash,
        validation: ValidationOptions {
            reject_unknown_method: true,
            reject_unknown_query_parameters: true,
            reject_binding_body_field_collisions: true,
            reject_unknown_body_fields: false,
        },
        query_param_unescape_plus: true,
        match_unregistered_custom_verb: true,
        case_insensitive_enum_parsing: true,
        max_request_body_size: 4 << 20,
        max_response_body_size: 32 << 20,
        capture_unknown_query_parameters: true,
        ..defaults(Profile::Envoy)
    };
    assert_eq!(Options::parse(native.as_bytes()), Ok(expected));
}

#[test]
fn names_are_read_as_proto_json_has_them() {
    let options = options(
        r#""printOptions": {"streamSseStyleDelimited": true, "streamNewlineDelimited": true, "int64AsNumber": true},
           "maxRequestBodySize": "1", "urlUnescapeSpec": "ALL_CHARACTERS", "autoMapping": null,
           "requestValidationOptions": {"rejectUnknownMethod": true}"#,
    );
    assert_eq!(options.stream_framing, StreamFraming::ServerSentEvents);
    assert!(options.print.int64_as_number && options.validation.reject_unknown_method && !options.auto_mapping);
    assert_eq!((options.max_request_body_size, options.url_unescape_spec), (1, UnescapeSpec::AllCharacters));
}

#[test]
fn a_descriptor_is_base64_of_either_alphabet_padded_or_not_in_lines_or_not() {
    for (text, bytes) in [
        ("+/8=", [0xfb, 0xff]),
        ("+/8", [0xfb, 0xff]),
        ("-_8=", [0xfb, 0xff]),
        ("-_8", [0xfb, 0xff]),
        ("+/\\n 8=\\n", [0xfb, 0xff]),
    ] {
        let json = format!(r#"{{"services": ["a.B"], "proto_descriptor_bin": "{text}"}}"#);
        let descriptor = Options::parse(json.as_bytes()).map(|options| options.proto_descriptor);
        assert_eq!(descriptor, Ok(bytes.to_vec()), "{text}");
    }
}

#[test]
fn a_profile_decides_what_is_not_said() {
    assert_eq!(options(""), defaults(Profile::Strict));
    assert_eq!(options(r#""profile": "envoy""#), defaults(Profile::Envoy));
    let switches = |options: &Options| {
        [
            options.json_errors,
            options.convert_grpc_status,
            options.patch_field_mask,
            options.map_query_parameters,
            options.accept_negotiation,
            options.method_not_allowed,
            options.validation.reject_unknown_query_parameters,
            options.validation.reject_unknown_body_fields,
        ]
    };
    assert_eq!(switches(&defaults(Profile::Strict)), [true; 8]);
    assert_eq!(switches(&defaults(Profile::Envoy)), [false; 8]);
    let turned = r#""json_errors": X, "convert_grpc_status": X, "patch_field_mask": X, "map_query_parameters": X,
        "accept_negotiation": X, "method_not_allowed": X, "request_validation_options":
        {"reject_unknown_query_parameters": X, "reject_unknown_body_fields": X}"#;
    assert_eq!(switches(&options(&turned.replace('X', "false"))), [false; 8]);
    let envoy = format!(r#"{}, "profile": "envoy""#, turned.replace('X', "true"));
    assert_eq!(switches(&options(&envoy)), [true; 8]);
}

#[test]
fn without_services_the_filter_is_disabled_and_needs_no_descriptor() {
    for json in ["{}", r#"{"services": [], "proto_descriptor_bin": ""}"#, r#"{"services": null}"#] {
        assert_eq!(Options::parse(json.as_bytes()), Ok(Options::default()), "{json}");
    }
}

#[test]
fn what_is_ours_stands_beside_it() {
    let options = options(
        r#""transport": "inline", "cluster": "books", "timeout": "2m", "timeout_header": "X-Timeout",
           "service_config": {"http": {"rules": []}}, "print_options": {"strip_enum_prefix": true}"#,
    );
    assert_eq!(options.transport, Transport::Inline);
    assert_eq!(options.cluster, Cluster::Named("books".to_owned()));
    assert_eq!((options.timeout, options.timeout_header.as_deref()), (Duration::from_secs(120), Some("x-timeout")));
    assert!(options.service_config.is_some_and(|config| config.get("http").is_some()));
    assert!(options.print.strip_enum_prefix);
}

#[test]
fn a_cluster_is_for_all_services_or_by_service() {
    let cluster = |json: &str, service: &str| options(json).cluster.of(service).map(str::to_owned);
    assert_eq!(cluster("", "a.B"), None);
    assert_eq!(cluster(r#""cluster": "c""#, "a.B").as_deref(), Some("c"));
    let by_service = r#""cluster": {"z.Y": "d", "a.B": "outbound|50051||b.default.svc.cluster.local"}"#;
    assert_eq!(cluster(by_service, "a.B").as_deref(), Some("outbound|50051||b.default.svc.cluster.local"));
    assert_eq!(cluster(by_service, "z.Y").as_deref(), Some("d"));
    assert_eq!(cluster(by_service, "a.C"), None);
}

#[test]
fn a_file_of_the_proxys_cannot_be_read_and_the_message_says_what_to_do() {
    check_problems(
        r#"{"services": ["a.B"], "proto_descriptor": "/etc/envoy/proto.pb"}"#,
        "proto_descriptor: expected proto_descriptor_bin with what `base64 -w0 FILE` prints, but found the name of a file, \
         which a plugin cannot read (line 1 column 43)",
    );
}

#[test]
fn all_problems_are_found_at_once() {
    check_problems(
        r#"{
  "@type": "type.googleapis.com/a.B",
  "profile": "lenient",
  "services": ["", 1, ".a.B", "a.C", "a.C"],
  "proto_descriptor_bin": "not base64!",
  "print_options": {"addWhitespaces": true, "int64_as_number": "yes"},
  "request_validation_options": {"reject_unknown_methods": true},
  "url_unescape_spec": "all_characters",
  "ignored_query_parameters": ["a", 1],
  "max_request_body_size": 0,
  "max_response_body_size": "4294967296",
  "service_config": "service.yaml",
  "transport": "native",
  "cluster": {"a.B": 1, "a.C": ""},
  "timeout": "15",
  "timeout_header": ":timeout",
  "convert_grpc_status": 1,
  "convertGrpcStatus": true,
  "proto_descriptor_binary": ""
}"#,
        r#"@type: expected type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder, but found "type.googleapis.com/a.B" (line 2 column 12)
profile: expected strict or envoy, but found "lenient" (line 3 column 14)
services[0]: expected the full name of a service, such as bookstore.Bookstore, but found "" (line 4 column 16)
services[1]: expected a string, but found 1 (line 4 column 20)
services[2]: expected the full name of a service, such as bookstore.Bookstore, but found ".a.B" (line 4 column 23)
services[4]: expected each service once, but found "a.C" again (line 4 column 38)
proto_descriptor_bin: expected a FileDescriptorSet in base64, but found "not base64!" (line 5 column 27)
print_options.int64_as_number: expected true or false, but found "yes" (line 6 column 64)
print_options.addWhitespaces: expected add_whitespace, but found "addWhitespaces" (line 6 column 21)
request_validation_options.reject_unknown_methods: expected reject_unknown_method, but found "reject_unknown_methods" (line 7 column 34)
convertGrpcStatus: expected convert_grpc_status alone, but found true (line 18 column 24)
convert_grpc_status: expected true or false, but found 1 (line 17 column 26)
ignored_query_parameters[1]: expected a string, but found 1 (line 9 column 37)
url_unescape_spec: expected ALL_CHARACTERS_EXCEPT_RESERVED, ALL_CHARACTERS_EXCEPT_SLASH or ALL_CHARACTERS, but found "all_characters" (line 8 column 24)
max_request_body_size: expected 1 to 4294967295 bytes, but found 0 (line 10 column 28)
max_response_body_size: expected 1 to 4294967295 bytes, but found "4294967296" (line 11 column 29)
service_config: expected an object, but found "service.yaml" (line 12 column 21)
transport: expected auto, callout or inline, but found "native" (line 13 column 16)
cluster["a.B"]: expected a string, but found 1 (line 14 column 22)
cluster["a.C"]: expected the name of a cluster, but found nothing (line 14 column 32)
timeout: expected a time from 1ms to 24h, such as 60s or 5m, but found "15" (line 15 column 14)
timeout_header: expected the name of a header, but found ":timeout" (line 16 column 21)
proto_descriptor_binary: expected proto_descriptor_bin, but found "proto_descriptor_binary" (line 19 column 3)"#,
    );
    check_problems("[]", "expected an object, but found an array (line 1 column 1)");
    check_problems(
        r#"{"services": ["a.B"], "proto_descriptor_bin": ""}"#,
        "proto_descriptor_bin: expected a FileDescriptorSet in base64, but found nothing (line 1 column 47)",
    );
    check_problems(
        r#"{"services": ["a.B"], "proto_descriptor_bin": "AAEC", "cluster": 1}"#,
        "cluster: expected the name of a cluster, or an object of clusters by service, but found 1 (line 1 column 66)",
    );
}
