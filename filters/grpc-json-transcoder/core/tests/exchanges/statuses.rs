//! How a call ended, as a client sees it.

use crate::host::{Script, Seen, reply, run, transcoder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

fn failed(more: &str, early: bool, body: bool, status: Vec<(&'static str, &'static str)>) -> Seen {
    let (reply_headers, reply_trailers) = if early { (status, Vec::new()) } else { (Vec::new(), status) };
    let reply = if body { vec![reply("hi")] } else { Vec::new() };
    let script = Script { method: "GET", path: "/get/7", reply_headers, reply_trailers, reply, ..Script::default() };
    run(&transcoder(more), &script).expect("the request is for the filter")
}

const NATIVE: &str = r#""profile": "envoy", "convert_grpc_status": true"#;
const JSON: &str = "application/json";

/// Of ConvertGrpcStatus: TranscodingTextHeadersInTrailerOnlyResponse, …PercentEncodedTextHeaders…, TranscodingStatusFromTrailer.
#[test]
fn a_status_is_json() {
    for early in [true, false] {
        let status = vec![("grpc-status", "5"), ("grpc-message", "Resource%20not%20found")];
        let strict = failed("", early, false, status.clone());
        let json = r#"{"code":5,"message":"Resource not found","details":[]}"#;
        assert_eq!(strict.answer(), ("404", JSON, json), "early: {early}");
        assert_eq!(strict.header("grpc-status"), None);
        let native = failed(NATIVE, early, false, status);
        assert_eq!(native.answer(), ("404", JSON, r#"{"code":5,"message":"Resource not found"}"#));
    }
}

/// Of ConvertGrpcStatus: TranscodingBinaryHeaderInTrailerOnlyResponse, TranscodingBinaryHeaderWithDetailsInTrailerOnlyResponse.
#[test]
fn details_come_with_it() {
    let check = |detail: &[u8], strict: &str, native: (&str, &str)| {
        let any = [&[0x1a, u8::try_from(detail.len()).unwrap()], detail].concat();
        let value = STANDARD_NO_PAD.encode([&b"\x08\x05\x12\x04gone"[..], &any].concat());
        let status = vec![("grpc-status", "5"), ("grpc-status-details-bin", &*value.leak())];
        assert_eq!(failed("", true, false, status.clone()).answer(), ("404", JSON, strict));
        let found = failed(NATIVE, true, false, status);
        assert_eq!(found.answer(), ("404", native.0, native.1));
    };
    let known = br"type.googleapis.com/talk.Request";
    let known = [&[0x0a, u8::try_from(known.len()).unwrap()], &known[..], b"\x12\x03\x0a\x01x"].concat();
    let detail = r#"{"@type":"type.googleapis.com/talk.Request","data":"x"}"#;
    let strict = format!(r#"{{"code":5,"message":"gone","details":[{detail}]}}"#);
    check(&known, &strict, (JSON, &strict));
    let unknown = b"\x0a\x05x/y.Z\x12\x01\x07";
    check(unknown, r#"{"code":5,"message":"gone","details":[{"@type":"x/y.Z","value":"Bw=="}]}"#, (JSON, ""));
}

/// A message that is cut, what is no message, and what is no base64.
#[test]
fn details_that_cannot_be_read_leave_the_status_itself() {
    for details in ["CAUSEVJlc291", "/////w==", "*"] {
        let status = vec![("grpc-status", "5"), ("grpc-message", "gone"), ("grpc-status-details-bin", details)];
        let strict = failed("", true, false, status.clone());
        assert_eq!(strict.answer(), ("404", JSON, r#"{"code":5,"message":"gone","details":[]}"#), "{details}");
        let native = failed(NATIVE, true, false, status.clone());
        assert_eq!(native.answer(), ("404", JSON, r#"{"code":5,"message":"gone"}"#), "{details}");
        let unconverted = failed(r#""convert_grpc_status": false"#, true, false, status);
        assert_eq!(unconverted.header("grpc-message"), Some("gone"));
        assert_eq!(unconverted.header("grpc-status-details-bin"), None);
    }
}

/// Of ConvertGrpcStatus: SkipTranscodingStatusIfBodyIsPresent.
#[test]
fn a_message_beside_an_error_stays_in_the_native_profile_alone() {
    let status = vec![("grpc-status", "5")];
    assert_eq!(failed(NATIVE, false, true, status.clone()).answer(), ("404", JSON, r#"{"status":7,"text":"hi"}"#));
    assert_eq!(failed("", false, true, status).answer(), ("404", JSON, r#"{"code":5,"message":"","details":[]}"#));
}

/// Of ConvertGrpcStatus: TranscodingInvalidGrpcStatusFromTrailer; and a status that is not there.
#[test]
fn without_a_status_nobody_is_there() {
    for status in [vec![("grpc-status", "?")], vec![("grpc-message", "x")]] {
        assert_eq!(failed("", false, true, status).status.as_deref(), Some("503"));
    }
    assert_eq!(failed("", false, false, vec![("grpc-status", "1024")]).status.as_deref(), Some("500"));
}

/// Of the filter: TranscodingUnaryError.
#[test]
fn without_conversion_headers_say_it() {
    let seen =
        failed(r#""convert_grpc_status": false"#, true, false, vec![("grpc-status", "5"), ("grpc-message", "a%20b")]);
    assert_eq!(seen.answer(), ("404", JSON, ""));
    assert_eq!((seen.header("grpc-status"), seen.header("grpc-message")), (Some("5"), Some("a%20b")));
}
