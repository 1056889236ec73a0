//! A proxy of a few lines: it gives an exchange what comes in, and keeps what goes out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grpc_json_transcoder_core::exchange::Exchange;
use grpc_json_transcoder_core::transcoder::Transcoder;
use http_exchange::{BodyStep, CallReply, HeaderEdit, Headers, LocalReply, Next, Route, Step};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

const TALK: &str = r#"
    syntax = "proto3";
    package talk;
    import "google/api/annotations.proto";
    import "google/api/httpbody.proto";
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

const ANNOTATIONS: &str = r#"
    syntax = "proto3";
    package google.api;
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.MethodOptions { HttpRule http = 72295728; }
    message HttpRule {
      string selector = 1;
      oneof pattern { string get = 2; string put = 3; string post = 4; string delete = 5; string patch = 6; }
      string body = 7;
      repeated HttpRule additional_bindings = 11;
      string response_body = 12;
    }
"#;

const HTTP_BODY: &str = r#"
    syntax = "proto3";
    package google.api;
    import "google/protobuf/any.proto";
    message HttpBody { string content_type = 1; bytes data = 2; repeated google.protobuf.Any extensions = 3; }
"#;

struct Texts;

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = match name {
            "talk.proto" => TALK.replacen("import", "import \"google/protobuf/field_mask.proto\";\nimport", 1),
            "google/api/annotations.proto" => ANNOTATIONS.to_owned(),
            "google/api/httpbody.proto" => HTTP_BODY.to_owned(),
            _ => return Err(protox::Error::file_not_found(name)),
        };
        File::from_source(name, &text)
    }
}

/// A transcoder of the service; `more` are members of its configuration.
pub fn transcoder(more: &str) -> Transcoder {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    let set = compiler.include_imports(true).open_file("talk.proto").unwrap().encode_file_descriptor_set();
    let set = STANDARD.encode(set);
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

pub type Pairs = Vec<(String, String)>;

/// What one exchange came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// `None`: the response passed with its own.
    pub status: Option<String>,
    pub headers: Pairs,
    pub body: String,
    /// What was sent as the call: bytes of messages.
    pub call: Vec<u8>,
    /// The head of a callout.
    pub call_headers: Pairs,
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

struct Cluster;

impl Route for Cluster {
    fn cluster(&mut self) -> Option<Vec<u8>> {
        Some(b"upstream".to_vec())
    }
}

fn bytes(pairs: &[(&'static str, &'static str)]) -> Vec<(&'static [u8], &'static [u8])> {
    pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs one exchange; `None` where the filter lets it pass.
pub fn run(transcoder: &Transcoder, script: &Script) -> Option<Seen> {
    let mut exchange = transcoder.open();
    let mut seen = Seen::default();
    let mut head = bytes(&[(":method", script.method), (":path", script.path), (":authority", "a.test")]);
    head.extend(bytes(&script.headers));
    let ends = script.body.is_empty();
    let step = exchange.on_request_headers(transcoder, &Headers::new(&head), ends, &mut Cluster);
    let passes = step == Step::default();
    if passes {
        return None;
    }
    if !take(&mut seen, step.next) {
        return Some(seen);
    }
    for (index, piece) in script.body.iter().enumerate() {
        let step = exchange.on_request_body(transcoder, piece, index + 1 == script.body.len());
        seen.call.extend_from_slice(step.replace.as_deref().unwrap_or_default());
        if !take(&mut seen, step.next) {
            return Some(seen);
        }
    }
    let head =
        [bytes(&[(":status", "200"), ("content-type", "application/grpc")]), bytes(&script.reply_headers)].concat();
    let trailers = bytes(&script.reply_trailers);
    if seen.timeout.is_some() {
        let body = script.reply.concat();
        let served = [head, bytes(&[("x-envoy-upstream-service-time", "1")])].concat();
        let (head, trailers) = (Headers::new(&served), Headers::new(&trailers));
        let step = exchange.on_call_reply(transcoder, &CallReply::Answer { head, body: &body, trailers });
        take(&mut seen, step.next);
        return Some(seen);
    }
    inline(transcoder, &mut exchange, script, &head, &trailers, &mut seen);
    Some(seen)
}

/// A response that passes, as a proxy holds and releases it.
fn inline(
    transcoder: &Transcoder,
    exchange: &mut Exchange,
    script: &Script,
    head: &[(&[u8], &[u8])],
    trailers: &[(&[u8], &[u8])],
    seen: &mut Seen,
) {
    let ends = script.reply.is_empty() && trailers.is_empty();
    seen.headers = head.iter().map(|(name, value)| (text(name), text(value))).collect();
    let step = exchange.on_response_headers(transcoder, &Headers::new(head), ends);
    edit(seen, step.edits);
    let mut is_held = step.next == Next::Pause;
    let mut holds_head = is_held;
    if !take(seen, step.next) {
        return;
    }
    let mut held = Vec::new();
    for (index, piece) in script.reply.iter().enumerate() {
        held.extend_from_slice(piece);
        let step = exchange.on_response_body(transcoder, &held, index + 1 == script.reply.len() && trailers.is_empty());
        if !put(seen, &mut held, step, &mut is_held, &mut holds_head) {
            return;
        }
    }
    if !trailers.is_empty() {
        let had_body = !script.reply.is_empty();
        let step = exchange.on_response_trailers(transcoder, &Headers::new(trailers));
        assert!(had_body || step.replace.is_none(), "there is no place to write to");
        put(seen, &mut held, step, &mut is_held, &mut holds_head);
    }
    seen.status = seen.header(":status").map(str::to_owned);
    seen.headers.retain(|(name, _)| !name.starts_with(':'));
}

fn put(seen: &mut Seen, held: &mut Vec<u8>, step: BodyStep<'_>, is_held: &mut bool, holds_head: &mut bool) -> bool {
    if let Some(bytes) = step.replace {
        *held = bytes.into_owned();
    }
    if *holds_head {
        edit(seen, step.edits);
    }
    let goes_on = match &step.next {
        Next::Continue => true,
        Next::Release => *is_held,
        _ => false,
    };
    *is_held = step.next != Next::Continue;
    if goes_on {
        *holds_head = false;
        seen.body.push_str(&text(&std::mem::take(held)));
    }
    if let (Next::Reply(_), false) = (&step.next, *holds_head) {
        seen.is_cut = true;
        return false;
    }
    take(seen, step.next)
}

fn edit(seen: &mut Seen, edits: Vec<HeaderEdit<'_>>) {
    for edit in edits {
        match edit {
            HeaderEdit::Set(name, value) => {
                seen.headers.retain(|(known, _)| *known != text(&name));
                seen.headers.push((text(&name), text(&value)));
            }
            HeaderEdit::Add(name, value) => seen.headers.push((text(&name), text(&value))),
            HeaderEdit::Remove(name) => seen.headers.retain(|(known, _)| *known != text(&name)),
        }
    }
}

/// Takes a step's end, and says whether the exchange goes on.
fn take(seen: &mut Seen, next: Next<'_>) -> bool {
    match next {
        Next::Continue | Next::Pause | Next::Release => true,
        Next::Call(callout) => {
            assert_eq!(&*callout.cluster, b"upstream");
            seen.call = callout.body.into_owned();
            seen.call_headers = callout.headers.iter().map(|(name, value)| (text(name), text(value))).collect();
            seen.timeout = Some(callout.timeout);
            true
        }
        Next::Reply(LocalReply { status, headers, body, .. }) => {
            seen.status = Some(status.to_string());
            seen.headers = headers.iter().map(|(name, value)| (text(name), text(value))).collect();
            seen.body = text(&body);
            false
        }
    }
}
