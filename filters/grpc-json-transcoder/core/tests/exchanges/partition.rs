//! How a body is cut changes nothing: every body of a request and of a reply in all pairs of parts, and in sampled more.

use crate::host::{Script, frame, reply, run, transcoder};
use grpc_json_transcoder_core::transcoder::Transcoder;

/// The bytes cut at these places.
fn cut(bytes: &[u8], places: &[usize]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for place in places.iter().copied().chain([bytes.len()]) {
        parts.push(bytes[start..place].to_vec());
        start = place;
    }
    parts
}

/// All ways to cut in two, and some to cut in more: after each byte, and at the places of a few fixed strides.
fn partitions(length: usize) -> Vec<Vec<usize>> {
    let two = (0..=length).map(|place| vec![place]);
    let more = (1..8).map(|stride| (1..length).filter(|place| place % stride == 0).collect());
    let three =
        (0..=length).step_by(3).flat_map(|first| (first..=length).step_by(5).map(move |second| vec![first, second]));
    two.chain(more).chain(three).collect()
}

fn check(transcoder: &Transcoder, script: &Script) {
    let expected = run(transcoder, script).expect("the request is for the filter");
    let (request, answer) = (script.body.concat(), script.reply.concat());
    if !request.is_empty() {
        for places in partitions(request.len()) {
            let found = run(transcoder, &Script { body: cut(&request, &places), ..script.clone() });
            assert_eq!(found.as_ref(), Some(&expected), "request cut at {places:?}");
        }
    }
    for places in partitions(answer.len()) {
        let found = run(transcoder, &Script { reply: cut(&answer, &places), ..script.clone() });
        assert_eq!(found.as_ref(), Some(&expected), "reply cut at {places:?}");
    }
}

#[test]
fn bodies_may_come_in_any_pieces() {
    let object = br#" {"data": "a,\"]\u00e9", "meta": "[{"} "#.to_vec();
    let array = br#"[{"data": "a,\"]"}, {"meta": "[{\\"} ,{}]"#.to_vec();
    let several = [reply("a"), reply(""), reply("[1,2]"), frame(b"")].concat();
    for transport in ["auto", "callout", "inline"] {
        for profile in ["strict", "envoy"] {
            let transcoder = transcoder(&format!(r#""transport": "{transport}", "profile": "{profile}""#));
            for status in ["0", "5"] {
                for (path, body, answer) in [
                    ("/post", &object, &reply("hello")),
                    ("/answers", &object, &several),
                    ("/questions", &array, &reply("hello")),
                    ("/both", &array, &several),
                ] {
                    let (body, reply) = (vec![body.clone()], vec![answer.clone()]);
                    let reply_trailers = vec![("grpc-status", status)];
                    check(
                        &transcoder,
                        &Script { method: "POST", path, body, reply, reply_trailers, ..Script::default() },
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_wrong_is_wrong_in_any_pieces() {
    let transcoder = transcoder("");
    for (path, body, answer) in [
        ("/post", &br#"{"data": 1}"#[..], &reply("a")[..]),
        ("/both", b"[{}, 7]", b""),
        ("/both", b"[{}", b""),
        ("/post", b"{}", b"\x01\0\0\0\0"),
        ("/post", b"{}", b"\0\0\0\0\x01\xff"),
        ("/post", b"{}", b"\0\0\0\0\x05a"),
    ] {
        let (body, reply) = (vec![body.to_vec()], vec![answer.to_vec()]);
        let reply_trailers = vec![("grpc-status", "0")];
        let script = Script { method: "POST", path, body, reply, reply_trailers, ..Script::default() };
        let status = |script: &Script| run(&transcoder, script).and_then(|seen| seen.status);
        let expected = status(&script);
        assert!(matches!(expected.as_deref(), Some("400" | "502")), "{expected:?}");
        for places in partitions(script.body.concat().len()) {
            assert_eq!(status(&Script { body: cut(&script.body.concat(), &places), ..script.clone() }), expected);
        }
        for places in partitions(answer.len()) {
            assert_eq!(status(&Script { reply: cut(answer, &places), ..script.clone() }), expected);
        }
    }
}
