//! However bodies are cut into pieces, what comes of an exchange is the same.

use crate::proxy::{Answer, Message, Outcome, pairs, run};
use crate::site::{Site, reply, request};
use grpc_json_transcoder_core::frame::FrameReader;
use proptest::prelude::*;

const TRANSPORTS: [&str; 3] = ["auto", "callout", "inline"];
const FRAMINGS: [&str; 3] = ["preserve_proto_field_names", "stream_newline_delimited", "stream_sse_style_delimited"];

fn sites() -> Vec<Site> {
    let mut sites = Vec::new();
    for profile in ["strict", "envoy"] {
        for transport in TRANSPORTS {
            for framing in FRAMINGS {
                sites.push(Site::new(&format!(
                    r#""profile": "{profile}", "transport": "{transport}", "print_options": {{"{framing}": true}}"#
                )));
            }
        }
    }
    sites
}

/// Requests and their bodies: single messages, streams of them, raw ones, ignored ones, and some that are wrong.
const REQUESTS: &[(&str, &str)] = &[
    ("PUT /users/1", r#" {"name":"a\u00e4ä","tags":["x","]"],"friend":{"color":"RED"}} "#),
    ("PUT /users/1", r#"{"name":"\ud83d\ude00"}"#),
    ("PUT /users/1", r#"{"name":"a""#),
    ("POST /users/1/friend?name=q", r#"{"name":"f"}"#),
    ("POST /users/1", "whatever"),
    ("POST /list", r#"{"id":"5"}"#),
    ("POST /gather/1", r#" [ {"name":"a]\"["} ,{"tags":["b",","]},{}]  "#),
    ("POST /gather/1", "[]"),
    ("POST /gather/1", " "),
    ("POST /gather/1", r#"[{"name":"a"},{"name":7}]"#),
    ("POST /gather/1", r#"[{"name":"a"}"#),
    ("POST /chat", r#"[{"id":1},{"id":2}]"#),
    ("POST /swap", "raw \u{0} bytes"),
    ("POST /upload", "raw \u{0} bytes"),
    ("POST /nobody", "passes"),
];

/// Ways of a reply: its messages, what remains of their frames, and the status after them, if any comes.
fn replies(site: &Site) -> Vec<Message> {
    let frames: Vec<u8> = [r#"{"id":1,"name":"ä\n"}"#, "{}", r#"{"id":2,"tags":["x"]}"#]
        .into_iter()
        .flat_map(|user| site.frame(user))
        .collect();
    let one = site.frame(r#"{"id":1,"name":"n"}"#);
    // To a user these are an id of another type, which is left out, and a name.
    let raw = [&b"\0\0\0\0\x0d\x0a\x05a/txt\x12\x04data"[..], b"\0\0\0\0\x06\x12\x04more"].concat();
    let mut replies =
        vec![reply(one.clone(), 0), reply(one, 5), reply(frames.clone(), 0), reply(frames.clone(), 13), reply(raw, 0)];
    replies.push(reply(frames[..frames.len() - 3].to_vec(), 0));
    replies.push(Message { trailers: None, ..reply(frames.clone(), 0) });
    replies.push(Message { trailers: Some(pairs(&[("x", "y")])), ..reply(frames, 0) });
    replies.push(reply(b"\x01\0\0\0\x01a".to_vec(), 0));
    replies.push(Message {
        head: pairs(&[(":status", "502"), ("content-type", "text/html")]),
        ..reply(b"<p>".to_vec(), 0)
    });
    replies
}

fn cut(message: &Message, cuts: &[usize]) -> Message {
    let body = message.pieces.concat();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
    cuts.sort_unstable();
    let ends = cuts.iter().copied().chain([body.len()]);
    let starts = [0].into_iter().chain(cuts.iter().copied());
    Message { pieces: starts.zip(ends).map(|(start, end)| body[start..end].to_vec()).collect(), ..message.clone() }
}

/// What must be the same: all of it, but for how raw bytes are cut into messages, and how much of a response that breaks off
/// had left before.
fn essence(line: &str, mut outcome: Outcome) -> Outcome {
    if let Some(sent) = outcome.sent.as_mut().filter(|_| line.ends_with("/upload")) {
        let (mut reader, mut frames, mut data) = (FrameReader::new(u32::MAX), &sent.body[..], Vec::new());
        while let Some(message) = reader.next(&mut frames).unwrap() {
            // The media type is in the first alone; of every message the data is the last field.
            let at = message.iter().position(|byte| *byte == 0x12);
            data.extend_from_slice(at.and_then(|at| message.get(at + 2..)).unwrap_or_default());
        }
        sent.body = data;
    }
    if let Answer::Response { body, is_cut: true, .. } = &mut outcome.answer {
        body.clear();
    }
    outcome
}

#[test]
fn a_request_in_any_two_parts_is_the_same() {
    for site in sites() {
        let answer = &replies(&site)[0];
        for (line, body) in REQUESTS {
            let whole = request(line, body);
            let expected = essence(line, run(&site.transcoder, &whole, answer));
            for at in 0..=body.len() {
                for trailers in [None, Some(pairs(&[("x-last", "1")]))] {
                    let parts = Message { trailers, ..cut(&whole, &[at]) };
                    let found = essence(line, run(&site.transcoder, &parts, answer));
                    assert_eq!(found, expected, "{line} {body} cut at {at}");
                }
            }
        }
    }
}

/// What is kept is limited, and what is not kept is not.
#[test]
fn a_limit_is_the_same_for_any_two_parts() {
    let check = |transport: &str, line: &str, body: &str, expected: &str| {
        let site = Site::new(&format!(r#""transport": "{transport}", "max_request_body_size": 20"#));
        for at in 0..=body.len() {
            let parts = cut(&request(line, body), &[at]);
            let found = run(&site.transcoder, &parts, &reply(site.frame("{}"), 0)).answer.status();
            assert_eq!(found, expected, "{transport} {line} {body} cut at {at}");
        }
    };
    for transport in TRANSPORTS {
        check(transport, "PUT /users/1", r#"{"name":"12345678"} "#, "200");
        check(transport, "PUT /users/1", r#"{"name":"12345678"}  "#, "413");
        check(transport, "POST /swap", "12345678901234567890", "200");
        check(transport, "POST /users/1", "more than is kept of what is read", "200");
        check(
            transport,
            "POST /chat",
            r#"[ {"id":1}, {"id":2}, {"name":"x"} ]"#,
            if transport == "callout" { "413" } else { "200" },
        );
        check(transport, "POST /chat", r#"[ {"id":1},          {"id":2}        ]"#, "200");
        check(transport, "POST /chat", r#"[{"name":"0123456789"}]"#, "413");
    }
}

/// Whether the answer depends on what had left when it broke off, as natively.
fn is_broken_natively(site: &Site, whole: &Outcome) -> bool {
    let is_native = site.members.contains("envoy");
    is_native && matches!(&whole.answer, Answer::Local { status: 500.., .. } | Answer::Response { is_cut: true, .. })
}

#[test]
fn a_reply_in_any_two_parts_is_the_same() {
    for site in sites() {
        for line in ["PUT /users/1", "POST /list", "POST /chat", "POST /gather/1", "POST /swap", "POST /download"] {
            let body = if line.contains("chat") || line.contains("gather") { "[{}]" } else { "{}" };
            for (index, whole) in replies(&site).into_iter().enumerate() {
                let expected = essence(line, run(&site.transcoder, &request(line, body), &whole));
                if is_broken_natively(&site, &expected) {
                    continue;
                }
                for at in 0..=whole.pieces.concat().len() {
                    let found = essence(line, run(&site.transcoder, &request(line, body), &cut(&whole, &[at])));
                    assert_eq!(found, expected, "{} {line} reply {index} cut at {at}", site.members);
                }
            }
        }
    }
}

thread_local! {
    static SITES: Vec<Site> = sites();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn in_any_number_of_parts_it_is_the_same(
        site in any::<prop::sample::Index>(),
        sent in prop::sample::select(REQUESTS),
        answer in any::<prop::sample::Index>(),
        request_cuts in prop::collection::vec(any::<usize>(), 0..8),
        reply_cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        SITES.with(|sites| {
            let site = site.get(sites);
            let (line, body) = sent;
            let replies = replies(site);
            let (whole, answer) = (request(line, body), answer.get(&replies));
            let expected = essence(line, run(&site.transcoder, &whole, answer));
            if is_broken_natively(site, &expected) {
                return Ok(());
            }
            let found = run(&site.transcoder, &cut(&whole, &request_cuts), &cut(answer, &reply_cuts));
            prop_assert_eq!(essence(line, found), expected);
            Ok(())
        })?;
    }
}
