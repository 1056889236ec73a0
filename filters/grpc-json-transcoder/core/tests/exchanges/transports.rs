//! What each transport makes of unary calls and of streams.

use crate::host::{Script, Seen, frame, reply, run, transcoder};
use grpc_json_transcoder_core::transcoder::Transcoder;

const OK: &[(&str, &str)] = &[("grpc-status", "0")];

fn unary(path: &'static str, body: &str) -> Script {
    let body = if body.is_empty() { Vec::new() } else { vec![body.as_bytes().to_vec()] };
    let method = if body.is_empty() { "GET" } else { "POST" };
    Script { method, path, body, reply: vec![reply("hi")], reply_trailers: OK.to_vec(), ..Script::default() }
}

fn seen(more: &str, script: &Script) -> Seen {
    run(&transcoder(more), script).expect("the request is for the filter")
}

#[test]
fn a_get_becomes_a_callout() {
    let script =
        Script { headers: vec![("x-user", "ann"), ("x-name", "Jos\u{e9}"), ("te", "x")], ..unary("/get/7", "") };
    let seen = seen("", &script);
    assert_eq!(seen.answer(), ("200", "application/json", r#"{"status":7,"text":"hi"}"#));
    assert_eq!(seen.call, frame(b"\x0a\x017"));
    assert_eq!(seen.timeout, Some(15_000));
    let headers: Vec<String> = seen.call_headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    insta::assert_snapshot!(headers.join("\n"), @r"
    :method: POST
    :path: /talk.Talk/Get
    content-type: application/grpc
    te: trailers
    :authority: a.test
    x-user: ann
    x-envoy-original-path: /get/7
    x-envoy-original-method: GET
    ");
}

#[test]
fn calls_pass_untouched() {
    for header in [
        ("content-type", "application/grpc"),
        ("content-type", "application/grpc+proto"),
        ("content-type", "Application/gRPC-Web+proto"),
        ("content-type", "application/connect+json"),
        ("connect-protocol-version", "1"),
    ] {
        let script = Script { headers: vec![header], ..unary("/post", "{}") };
        assert_eq!(run(&transcoder(r#""request_validation_options": {"reject_unknown_method": true}"#), &script), None);
    }
}

#[test]
fn an_unknown_path_passes_or_is_refused() {
    assert_eq!(run(&transcoder(""), &unary("/other", "")), None);
    let refused = r#""request_validation_options": {"reject_unknown_method": true}"#;
    assert_eq!(seen(refused, &unary("/other", "")).status.as_deref(), Some("404"));
    let wrong = seen("", &Script { method: "DELETE", ..unary("/get/7", "") });
    assert_eq!((wrong.status.as_deref(), wrong.header("allow")), (Some("405"), Some("GET")));
}

#[test]
fn the_client_says_how_long_it_waits() {
    let check = |header: (&'static str, &'static str), timeout: u32, sent: &str| {
        let seen = seen(r#""timeout_header": "x-timeout""#, &Script { headers: vec![header], ..unary("/get/7", "") });
        let of_call =
            seen.call_headers.iter().find(|(name, _)| name == "grpc-timeout").map(|(_, value)| value.as_str());
        assert_eq!((seen.timeout, of_call.unwrap_or_default()), (Some(timeout), sent), "{header:?}");
    };
    check(("grpc-timeout", "250m"), 250, "250m");
    check(("x-timeout", "1.5"), 1500, "1500m");
    check(("x-timeout", "nonsense"), 15_000, "");
    check(("grpc-timeout", "0n"), 1, "0n");
}

#[test]
fn sizes_are_limited() {
    let limits = r#""max_request_body_size": 20, "max_response_body_size": 8"#;
    assert_eq!(seen(limits, &unary("/post", r#"{"data": "0123456789"}"#)).status.as_deref(), Some("413"));
    assert_eq!(seen(limits, &unary("/get/7", "")).status.as_deref(), Some("500"));
}

#[test]
fn a_patch_names_the_fields_of_its_body() {
    let script = Script { method: "PATCH", ..unary("/patch", r#"{"meta": "m"}"#) };
    assert_eq!(seen("", &script).call, frame(b"\x0a\x03\x12\x01m\x12\x06\x0a\x04meta"));
}

/// Of a stream: the same body in every transport, and what happens when it fails.
#[test]
fn every_transport_gives_the_same_stream() {
    for transport in ["auto", "callout", "inline"] {
        let more = format!(r#""transport": "{transport}""#);
        let check = |accept: &'static str, expected: (&str, &str)| {
            let script = Script {
                headers: vec![("accept", accept)],
                reply: vec![reply("a"), reply("b")],
                ..unary("/answers", "{}")
            };
            let seen = seen(&more, &script);
            assert_eq!(seen.answer(), ("200", expected.0, expected.1), "{transport}");
            assert_eq!(seen.call, frame(b""), "{transport}");
        };
        check("*/*", ("application/json", r#"[{"status":7,"text":"a"},{"status":7,"text":"b"}]"#));
        let lines = "{\"status\":7,\"text\":\"a\"}\n{\"status\":7,\"text\":\"b\"}\n";
        check("application/x-ndjson", ("application/x-ndjson", lines));
        let events = "data: {\"status\":7,\"text\":\"a\"}\n\ndata: {\"status\":7,\"text\":\"b\"}\n\n";
        check("text/event-stream", ("text/event-stream", events));

        let late = Script { reply_trailers: vec![("grpc-status", "5")], ..unary("/answers", "{}") };
        let record = r#"[{"status":7,"text":"hi"},{"error":{"code":5,"message":"","details":[]}}]"#;
        assert_eq!(seen(&more, &late).answer(), ("200", "application/json", record), "{transport}");
        let early = Script {
            reply: Vec::new(),
            reply_headers: vec![("grpc-status", "5"), ("grpc-message", "none")],
            reply_trailers: Vec::new(),
            ..late
        };
        let status = r#"{"code":5,"message":"none","details":[]}"#;
        assert_eq!(seen(&more, &early).answer(), ("404", "application/json", status), "{transport}");
    }
}

/// Of a stream of requests, whose one reply has the status of the call: that is not known when its head comes.
#[test]
fn a_single_reply_has_the_status_of_its_call() {
    for transport in ["auto", "callout", "inline"] {
        let more = format!(r#""transport": "{transport}""#);
        let script = Script {
            reply: Vec::new(),
            reply_trailers: vec![("grpc-status", "3"), ("grpc-message", "no")],
            ..unary("/questions", "[{},{}]")
        };
        let status = r#"{"code":3,"message":"no","details":[]}"#;
        assert_eq!(seen(&more, &script).answer(), ("400", "application/json", status), "{transport}");
        let script = unary("/questions", "[{},{}]");
        let seen = seen(&more, &script);
        assert_eq!(seen.answer(), ("200", "application/json", r#"{"status":7,"text":"hi"}"#), "{transport}");
        assert_eq!(seen.call, [frame(b""), frame(b"")].concat(), "{transport}");
    }
}

#[test]
fn a_single_reply_is_one_message() {
    for path in ["/post", "/questions"] {
        let body = if path == "/post" { "{}" } else { "[]" };
        for transport in ["auto", "callout", "inline"] {
            let script = Script { reply: vec![reply("a"), reply("b")], ..unary(path, body) };
            let seen = seen(&format!(r#""transport": "{transport}""#), &script);
            assert_eq!(seen.status.as_deref(), Some("502"), "{transport}");
        }
    }
}

#[test]
fn a_stream_of_nothing_is_an_empty_array() {
    for transport in ["auto", "callout", "inline"] {
        for path in ["/answers", "/both"] {
            let body = if path == "/both" { "[{}]" } else { "{}" };
            let more = format!(r#""transport": "{transport}""#);
            let early = Script {
                reply: Vec::new(),
                reply_headers: vec![("grpc-status", "0")],
                reply_trailers: Vec::new(),
                ..unary(path, body)
            };
            assert_eq!(seen(&more, &early).answer(), ("200", "application/json", "[]"), "{transport} {path}");
            // Where the head has passed and no body comes, there is nothing to write to.
            let late = Script { reply_headers: Vec::new(), reply_trailers: OK.to_vec(), ..early };
            let expected = if transport == "auto" { "" } else { "[]" };
            assert_eq!(seen(&more, &late).answer(), ("200", "application/json", expected), "{transport} {path}");
        }
    }
}

#[test]
fn a_disabled_filter_needs_no_descriptor() {
    for json in
        ["{}", r#"{"services": [], "service_config": {"http": {"rules": [{"selector": "a.B.C", "get": "/"}]}}}"#]
    {
        let transcoder = Transcoder::configure(json.as_bytes()).unwrap();
        assert!(!transcoder.is_enabled());
        assert_eq!(run(&transcoder, &unary("/get/7", "")), None);
    }
}

#[test]
fn raw_bytes_keep_their_media_type() {
    let file = |content_type: &str, data: &str| {
        let length = |text: &str| u8::try_from(text.len()).unwrap();
        let content_type = [&[0x0a, length(content_type)], content_type.as_bytes()].concat();
        frame(&[&content_type[..], &[0x12, length(data)], data.as_bytes()].concat())
    };
    let script = Script { reply: vec![file("text/csv", "a,"), file("text/html", "b")], ..unary("/files/x", "") };
    assert_eq!(seen("", &script).answer(), ("200", "text/csv", "a,b"));

    for transport in ["auto", "callout", "inline"] {
        let script = Script {
            headers: vec![("content-type", "text/csv")],
            body: vec![b"a,".to_vec(), b"b".to_vec()],
            ..unary("/files/x", "-")
        };
        let seen = seen(&format!(r#""transport": "{transport}""#), &script);
        let first = [&b"\x0a\x01x\x12\x0e\x0a\x08text/csv\x12\x02a,"[..]].concat();
        assert_eq!(seen.call, [frame(&first), frame(b"\x12\x03\x12\x01b")].concat(), "{transport}");
    }
}
