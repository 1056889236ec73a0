//! A service of users for exchanges, configured as the test says, and its messages as JSON.

use crate::descriptors::descriptor_set;
use crate::proxy::{Answer, Message, Outcome, Pairs, pairs, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grpc_json_transcoder_core::frame::{FrameReader, begin_frame, end_frame};
use grpc_json_transcoder_core::transcoder::Transcoder;
use protojson::{Bound, MessageId, ParseOptions, PrintOptions, Schema, parse_message, print_message};

const USERS: &str = r#"
enum Color { NONE = 0; RED = 1; }
message User {
  int64 id = 1;
  string name = 2;
  Color color = 3;
  repeated string tags = 4;
  User friend = 5;
  map<string, int64> scores = 6;
  oneof side { string left = 7; int64 right = 8; }
}
service S {
  rpc Get(User) returns (User) { option (google.api.http) = { get: "/users/{id}" additional_bindings { post: "/users/{id}" } }; }
  rpc Put(User) returns (User) { option (google.api.http) = { put: "/users/{id}" body: "*" }; }
  rpc Befriend(User) returns (User) { option (google.api.http) = { post: "/users/{id}/friend" body: "friend" }; }
  rpc Name(User) returns (User) { option (google.api.http) = { get: "/names/{id}" response_body: "name" }; }
  rpc Rename(User) returns (User) { option (google.api.http) = { put: "/names/{id}" body: "name" }; }
  rpc List(User) returns (stream User) { option (google.api.http) = { get: "/list" additional_bindings { post: "/list" body: "*" } }; }
  rpc Gather(stream User) returns (User) { option (google.api.http) = { post: "/gather/{id}" body: "*" }; }
  rpc Chat(stream User) returns (stream User) { option (google.api.http) = { post: "/chat" body: "*" }; }
  rpc Upload(stream google.api.HttpBody) returns (User) { option (google.api.http) = { post: "/upload" body: "*" }; }
  rpc Download(User) returns (stream google.api.HttpBody) { option (google.api.http) = { get: "/download" additional_bindings { post: "/download" body: "*" } }; }
  rpc Swap(google.api.HttpBody) returns (google.api.HttpBody) { option (google.api.http) = { post: "/swap" body: "*" }; }
}
"#;

/// A configured filter before the service of users.
pub struct Site {
    pub transcoder: Transcoder,
    /// What its configuration says beside the service.
    pub members: String,
    schema: Schema,
}

impl Site {
    /// With these members of the configuration, in JSON, such as `"profile": "envoy"`.
    pub fn new(members: &str) -> Self {
        let set = descriptor_set(USERS);
        let comma = if members.is_empty() { "" } else { "," };
        let json =
            format!(r#"{{"services": ["t.S"], "proto_descriptor_bin": "{}"{comma} {members}}}"#, STANDARD.encode(&set));
        let transcoder = Transcoder::configure(json.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"));
        Self { transcoder, members: members.to_owned(), schema: Schema::compile(&set).unwrap() }
    }

    /// A message in JSON, framed.
    pub fn frame(&self, json: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let start = begin_frame(&mut out);
        let user = self.schema.message("t.User").unwrap();
        parse_message(&self.schema, user, json.as_bytes(), &ParseOptions::default(), &Bound::default(), &mut out)
            .unwrap();
        end_frame(&mut out, start);
        out
    }

    /// The messages of a body of frames, as JSON.
    pub fn messages(&self, message: &str, frames: &[u8]) -> String {
        let id = self.schema.message(message).unwrap();
        let (mut reader, mut piece, mut shown) = (FrameReader::new(u32::MAX), frames, Vec::new());
        while let Some(wire) = reader.next(&mut piece).unwrap() {
            shown.push(self.print(id, wire));
        }
        reader.finish().unwrap();
        shown.join(" ")
    }

    fn print(&self, id: MessageId, wire: &[u8]) -> String {
        let mut out = Vec::new();
        print_message(&self.schema, id, wire, &PrintOptions::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Sends a request, which is answered with an empty user.
    pub fn send(&self, line: &str, body: &str) -> Outcome {
        run(&self.transcoder, &request(line, body), &reply(self.frame("{}"), 0))
    }

    /// The users that the server receives, or else the answer without it: status and message.
    pub fn received(&self, line: &str, body: &str) -> String {
        let outcome = self.send(line, body);
        match (&outcome.sent, &outcome.answer) {
            (Some(sent), _) if path(&sent.head).starts_with("/t.S/") => self.messages("t.User", &sent.body),
            (Some(sent), _) => format!("passed as {}", path(&sent.head)),
            (None, answer) => shown(answer),
        }
    }

    /// What the client of this request gets for these users, and this status after them.
    pub fn answered(&self, line: &str, body: &str, users: &[&str], status: u32) -> String {
        let frames = users.iter().flat_map(|user| self.frame(user)).collect();
        shown(&run(&self.transcoder, &request(line, body), &reply(frames, status)).answer)
    }
}

/// A request such as `GET /users/1`, whose body comes whole; an empty one has none.
pub fn request(line: &str, body: &str) -> Message {
    let (method, path) = line.split_once(' ').unwrap();
    let mut head = pairs(&[(":method", method), (":path", path), (":authority", "users.test"), (":scheme", "http")]);
    let mut pieces = Vec::new();
    if !body.is_empty() {
        head.extend(pairs(&[("content-type", "application/json")]));
        pieces.push(body.as_bytes().to_vec());
    }
    Message { head, pieces, trailers: None }
}

/// A gRPC reply of these frames that ends with this status.
pub fn reply(frames: Vec<u8>, status: u32) -> Message {
    let mut trailers = pairs(&[("grpc-status", &status.to_string())]);
    if status != 0 {
        trailers.extend(pairs(&[("grpc-message", "it failed")]));
    }
    let head = pairs(&[(":status", "200"), ("content-type", "application/grpc")]);
    Message { head, pieces: vec![frames], trailers: Some(trailers) }
}

pub fn path(head: &Pairs) -> String {
    let path = head.iter().find(|(name, _)| name == b":path").map(|(_, path)| path.as_slice());
    String::from_utf8_lossy(path.unwrap_or_default()).into_owned()
}

/// An answer as its status and its body.
pub fn shown(answer: &Answer) -> String {
    let cut = if matches!(answer, Answer::Response { is_cut: true, .. }) { " (cut)" } else { "" };
    format!("{} {}{cut}", answer.status(), String::from_utf8_lossy(answer.body()))
}
