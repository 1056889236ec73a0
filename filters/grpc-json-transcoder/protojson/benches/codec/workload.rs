//! What is converted: the reply of the guides' service with one, a hundred and ten thousand results, and a nested document
//! of 30 KB; and a schema of a thousand methods.

use std::fmt::Write as _;

use prost_reflect::DynamicMessage;
use prost_reflect::MessageDescriptor;
use prost_reflect::prost::Message;
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

/// The files that every schema is made of; the last is the one that is compiled.
const ANNOTATIONS: &str = r#"
syntax = "proto3";
package google.api;
import "google/protobuf/descriptor.proto";
message HttpRule { string get = 2; string post = 4; string body = 7; }
extend google.protobuf.MethodOptions { HttpRule http = 72295728; }
"#;
const MESSAGES: &str = r#"
syntax = "proto3";
package org.feuyeux.grpc;
import "google/protobuf/timestamp.proto";

message TalkResponse { int32 status = 1; repeated TalkResult results = 2; }
message TalkResult { int64 id = 1; ResultType type = 2; map<string, string> kv = 3; }
enum ResultType { OK = 0; FAIL = 1; }

message Library { string name = 1; repeated Shelf shelves = 2; }
message Shelf { string theme = 1; uint32 floor = 2; repeated Book books = 3; }
message Book {
  int64 id = 1;
  string title = 2;
  Author author = 3;
  repeated string tags = 4;
  double price = 5;
  bool available = 6;
  Format format = 7;
  google.protobuf.Timestamp published = 8;
  repeated int32 ratings = 9;
  bytes cover_digest = 10;
}
message Author { string given_name = 1; string family_name = 2; int32 birth_year = 3; }
enum Format { PAPER = 0; HARDCOVER = 1; AUDIO = 2; }
"#;

struct Sources(Vec<(&'static str, String)>);

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let source = self.0.iter().find(|(file, _)| *file == name);
        source.map_or_else(|| Err(protox::Error::file_not_found(name)), |(_, text)| File::from_source(name, text))
    }
}

fn compiled(text: &str) -> Compiler {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Sources(vec![("annotations.proto", ANNOTATIONS.to_owned()), ("service.proto", text.to_owned())]));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file("service.proto").unwrap();
    compiler
}

/// A message in both forms, and what is needed to convert it.
pub struct Workload {
    pub name: &'static str,
    pub descriptor_set: Vec<u8>,
    pub message: MessageDescriptor,
    pub wire: Vec<u8>,
    pub json: String,
}

impl Workload {
    fn new(name: &'static str, message: &str, json: String) -> Self {
        let compiler = compiled(MESSAGES);
        let message = compiler.descriptor_pool().get_message_by_name(message).unwrap();
        let mut reader = serde_json::Deserializer::from_str(&json);
        let wire = DynamicMessage::deserialize(message.clone(), &mut reader).unwrap().encode_to_vec();
        Self { name, descriptor_set: compiler.encode_file_descriptor_set(), message, wire, json }
    }
}

/// Every workload, the smallest first.
pub fn all() -> Vec<Workload> {
    let talk = |name, results| Workload::new(name, "org.feuyeux.grpc.TalkResponse", talk(results));
    vec![
        talk("1 result", 1),
        talk("100 results", 100),
        talk("10000 results", 10_000),
        Workload::new("nested 30 KB", "org.feuyeux.grpc.Library", library()),
    ]
}

fn talk(results: u64) -> String {
    let result = |index: u64| {
        let id = 699_882_576_081_691 + index;
        let kv = format!(
            r#"{{"data":"Hello","meta":"JAVA","id":"8c175d5c-d8a3-4197-a7f8-{:012x}","idx":"{index}"}}"#,
            id * 7919
        );
        format!(r#"{{"id":"{id}","type":"{}","kv":{kv}}}"#, if index.is_multiple_of(3) { "OK" } else { "FAIL" })
    };
    format!(r#"{{"status":200,"results":[{}]}}"#, (0..results).map(result).collect::<Vec<_>>().join(","))
}

fn library() -> String {
    let book = |index: usize| {
        format!(
            concat!(
                r#"{{"id":"{}","title":"On the care of \"old\" maps, volume {}","author":"#,
                r#"{{"givenName":"Annette","familyName":"Dröscher","birthYear":{}}},"tags":["maps","paper","care"],"#,
                r#""price":{}.75,"available":{},"format":"HARDCOVER","published":"2021-0{}-17T09:30:00.250Z","#,
                r#""ratings":[5,4,{},3],"coverDigest":"3q2+78r+ur4AAAECAwQFBg=="}}"#
            ),
            9_007_199_254_740_993 + index,
            index,
            1900 + index,
            index * 3,
            index.is_multiple_of(2),
            1 + index % 9,
            index % 6,
        )
    };
    let shelf = |index: usize| {
        let books: Vec<_> = (index * 10..index * 10 + 10).map(book).collect();
        format!(r#"{{"theme":"Geography {index}","floor":{},"books":[{}]}}"#, index / 4, books.join(","))
    };
    let shelves: Vec<_> = (0..9).map(shelf).collect();
    format!(r#"{{"name":"Reading room","shelves":[{}]}}"#, shelves.join(","))
}

/// A descriptor set with that many methods, each with a rule and messages of its own.
pub fn methods(count: usize) -> Vec<u8> {
    let mut messages = String::from("syntax = \"proto3\";\npackage bench;\nimport \"annotations.proto\";\n");
    let mut service = String::from("service Everything {\n");
    for index in 0..count {
        writeln!(
            messages,
            "message Request{index} {{ string parent = 1; int64 id = 2; Nested{index} nested = 3; bool dry_run = 4; }}\n\
             message Nested{index} {{ repeated string words = 1; map<string, int32> counts = 2; double weight = 3; }}\n\
             message Reply{index} {{ string name = 1; repeated Nested{index} items = 2; oneof what {{ string ok = 3; int32 code = 4; }} }}"
        )
        .unwrap();
        writeln!(
            service,
            "rpc Do{index} (Request{index}) returns (Reply{index}) {{ option (google.api.http) = {{ get: \"/v1/r{index}/{{parent}}/x/{{id}}\" }}; }}"
        )
        .unwrap();
    }
    compiled(&format!("{messages}{service}}}\n")).encode_file_descriptor_set()
}
