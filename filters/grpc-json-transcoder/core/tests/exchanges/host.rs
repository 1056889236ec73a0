//! A service that talks, and exchanges with it in a few lines.

use crate::descriptors::compile;
use crate::proxy::{self, Answer, Message, Pairs, pairs};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grpc_json_transcoder_core::transcoder::Transcoder;

const TALK: &str = r#"
    syntax = "proto3";
    package talk;
    import "google/api/annotations.proto";
    import "google/api/httpbody.proto";
    import "google/protobuf/field_mask.proto";
    service Talk {
      rpc Get(Request) returns (Reply) { option (google.api.http) = { get: "/get/{data}" }; }
      rpc Post(Request) returns (Reply) { option (google.api.http) = { post: "/post" body: "*" }; }
      rpc Patch(Update) returns (Reply) { option (google.api.http) = { patch: "/patch" body: "request" }; }
      rpc Answers(Request) returns (stream Reply) {
        option (google.api.http) = { post: "/answers" body: "*" additional_bindings { get: "/answers/{data}" } };
      }
      rpc Questions(stream Request) returns (Reply) { option (google.api.http) = { post: "/questions" body: "*" }; }
      rpc Both(stream Request) returns (stream Reply) { option (google.api.http) = { post: "/both" body: "*" }; }
      rpc Download(Request) returns (stream google.api.HttpBody) { option (google.api.http) = { get: "/files/{data}" }; }
      rpc Upload(stream File) returns (Reply) { option (google.api.http) = { post: "/files/{name}" body: "content" }; }
    }
    message Request { string data = 1; string meta = 2; }
    message Update { Request request = 1; google.protobuf.FieldMask update_mask = 2; }
    message Reply { int32 status = 1; string text = 2; }
    message File { string name = 1; google.api.HttpBody content = 2; }
"#;

/// A transcoder of the service; `more` are members of its configuration.
pub fn transcoder(more: &str) -> Transcoder {
    let set = STANDARD.encode(compile(TALK));
    let comma = if more.is_empty() { "" } else { ", " };
    let json = format!(r#"{{"services": ["talk.Talk"], "proto_descriptor_bin": "{set}"{comma}{more}}}"#);
    Transcoder::configure(json.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A framed message.
pub fn frame(message: &[u8]) -> Vec<u8> {
    [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// A framed `talk.Reply` with this text.
pub fn reply(text: &str) -> Vec<u8> {
    frame(&[&b"\x08\x07\x12"[..], &[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat())
}

/// What one exchange came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// `None`: the response passed with its own.
    pub status: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// What was sent as the call: bytes of messages.
    pub call: Vec<u8>,
    /// The head of a callout.
    pub call_headers: Vec<(String, String)>,
    pub timeout: Option<u32>,
    pub is_cut: bool,
}

impl Seen {
    /// The status, the media type and the body.
    pub fn answer(&self) -> (&str, &str, &str) {
        let content_type = self.headers.iter().find(|(name, _)| name == "content-type");
        (self.status.as_deref().unwrap_or("-"), content_type.map_or("-", |(_, value)| value), &self.body)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A request and what the server says.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub method: &'static str,
    pub path: &'static str,
    pub headers: Vec<(&'static str, &'static str)>,
    /// In pieces; none at all is a request that ends with its head.
    pub body: Vec<Vec<u8>>,
    pub reply_headers: Vec<(&'static str, &'static str)>,
    pub reply: Vec<Vec<u8>>,
    pub reply_trailers: Vec<(&'static str, &'static str)>,
}

/// Runs one exchange; `None` where the filter lets it pass.
pub fn run(transcoder: &Transcoder, script: &Script) -> Option<Seen> {
    let mut head = pairs(&[(":method", script.method), (":path", script.path), (":authority", "a.test")]);
    head.extend(pairs(&script.headers));
    let request = Message { head, pieces: script.body.clone(), trailers: None };
    let served = [(":status", "200"), ("content-type", "application/grpc"), ("x-envoy-upstream-service-time", "1")];
    let mut head = pairs(&served);
    head.extend(pairs(&script.reply_headers));
    let trailers = (!script.reply_trailers.is_empty()).then(|| pairs(&script.reply_trailers));
    let outcome = proxy::run(transcoder, &request, &Message { head, pieces: script.reply.clone(), trailers });
    let mut seen = Seen::default();
    if let Some(sent) = outcome.sent {
        if sent.callout_timeout.is_none() && sent.head == request.head {
            return None;
        }
        seen.timeout = sent.callout_timeout;
        seen.call = sent.body;
        seen.call_headers = if seen.timeout.is_some() { text(sent.head) } else { Vec::new() };
    }
    let status = outcome.answer.status();
    let (headers, body, is_cut) = match outcome.answer {
        Answer::Local { headers, body, .. } => (headers, body, false),
        Answer::Response { head, body, is_cut } => (head, body, is_cut),
        Answer::Hung => panic!("expected an end, but found none"),
    };
    seen.status = Some(status);
    seen.headers = text(headers).into_iter().filter(|(name, _)| !name.starts_with(':')).collect();
    (seen.body, seen.is_cut) = (String::from_utf8_lossy(&body).into_owned(), is_cut);
    Some(seen)
}

fn text(pairs: Pairs) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    pairs.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}
