//! grpc-json-transcoder beside Envoy's own, each in front of the same gRPC service: a small reply, a large one, a large request.
//!
//! The service is that of the guides' transcoding scenario, with two more methods that are not bound to HTTP and so are
//! reached by their own paths. Where there is no filter the client speaks gRPC by itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use serde_json::{Value, json};

use super::bare_callout::{self, Reading};
use super::{Contender, Section, built_in, chain};
use crate::bench::client::{Answer, Request};
use crate::bench::routes::Routes;
use crate::bench::upstream::framed;
use crate::bootstrap::{Direction, HttpFilter, Plugin};
use crate::samples::landing::{self, ResultType, TalkRequest, TalkResponse, TalkResult};

const FILTER: &str = "grpc-json-transcoder";
/// The service with the two methods more.
const REPORTS: &str = "org.feuyeux.grpc.ReportService";
/// How many results a large message has.
const MANY: usize = 100;

const SMALL_REPLY: Section = Section {
    title: "a gRPC reply of 1 result",
    base: "1 result: no filter",
    reference: "1 result: native grpc_json_transcoder",
};
const LARGE_REPLY: Section = Section {
    title: "a gRPC reply of 100 results",
    base: "100 results: no filter",
    reference: "100 results: native grpc_json_transcoder",
};
const LARGE_REQUEST: Section = Section {
    title: "a JSON request of 100 results",
    base: "100 sent: no filter",
    reference: "100 sent: native grpc_json_transcoder",
};

pub(super) fn contenders() -> Vec<Contender> {
    let gets = |count: usize| Request::get(&format!("/v1/talk/{count}/java"), std::iter::empty());
    let list = json!({"data": MANY.to_string(), "meta": "java"}).to_string();
    let (posts_list, sends) = (json_request("list", list.as_bytes()), json_request("report", &results_in_json(MANY)));
    let reply = |section, count| Situation { section, answer: results_in_json(count) };
    let (small, large) = (reply(&SMALL_REPLY, 1), reply(&LARGE_REPLY, MANY));
    let sent = Situation { section: &LARGE_REQUEST, answer: br#"{"data":"Hello","meta":"JAVA"}"#.to_vec() };
    let (path, message) = (format!("/{}/talk", landing::SERVICE), framed(&asking(1).encode_to_vec()));
    let metadata = Request::usual().collect::<Vec<_>>();
    let bare = bare_callout::Exchange { path: &path, message: &message, metadata: &metadata, answer: &small.answer };
    vec![
        small.without_filter(grpc_request(landing::SERVICE, "talk", &asking(1)), results(1).encode_to_vec()),
        small.contender(SMALL_REPLY.reference, native(), gets(1)),
        small.contender(
            "1 result: bare callout, nothing read or converted",
            bare_callout::chain(&bare, Reading::Nothing),
            gets(1),
        ),
        small.contender(
            "1 result: bare callout, all read, nothing converted",
            bare_callout::chain(&bare, Reading::Everything),
            gets(1),
        ),
        small.contender("1 result: grpc-json-transcoder, callout", callout(), gets(1)),
        large.without_filter(grpc_request(landing::SERVICE, "talk", &asking(MANY)), results(MANY).encode_to_vec()),
        large.contender(LARGE_REPLY.reference, native(), gets(MANY)),
        large.contender("100 results: grpc-json-transcoder, callout", callout(), gets(MANY)),
        large.contender("100 results: grpc-json-transcoder, inline", inline(), posts_list),
        sent.without_filter(grpc_request(REPORTS, "report", &results(MANY)), received().encode_to_vec()),
        sent.contender(LARGE_REQUEST.reference, native(), json_request("report", &results_in_json(MANY))),
        sent.contender("100 sent: grpc-json-transcoder, callout", callout(), sends),
        sent.contender(
            "100 sent: grpc-json-transcoder, inline",
            inline(),
            json_request("report", &results_in_json(MANY)),
        ),
    ]
}

/// What is asked in a section, and what answers it.
struct Situation {
    section: &'static Section,
    answer: Vec<u8>,
}

impl Situation {
    fn contender(&self, name: &'static str, chain: Vec<HttpFilter>, request: Request) -> Contender {
        Contender {
            name,
            filter: Some(FILTER),
            section: self.section,
            direction: Direction::Outbound,
            chain,
            routes: Routes::calls(),
            requests: vec![request],
            answer: Answer::ok(self.answer.clone()),
        }
    }

    fn without_filter(&self, request: Request, message: Vec<u8>) -> Contender {
        Contender { answer: Answer::ok(framed(&message)), ..self.contender(self.section.base, Vec::new(), request) }
    }
}

/// What the service behind the filters answers.
pub(in crate::bench) fn upstream(path: &str, message: &[u8]) -> Vec<u8> {
    if path.ends_with("/report") {
        return received().encode_to_vec();
    }
    let asked = TalkRequest::decode(message).unwrap_or_default();
    results(asked.data.parse().unwrap_or_default()).encode_to_vec()
}

fn asking(count: usize) -> TalkRequest {
    TalkRequest { data: count.to_string(), meta: "java".to_owned() }
}

fn received() -> TalkRequest {
    TalkRequest { data: "Hello".to_owned(), meta: "JAVA".to_owned() }
}

fn results(count: usize) -> TalkResponse {
    let kv = [("data", "Hello"), ("id", "8c175d5c-d8a3-4197-a7f8-6e3e0ab1fe59"), ("idx", "0"), ("meta", "JAVA")];
    let result = TalkResult {
        id: 699_882_576_081_691,
        r#type: ResultType::Ok.into(),
        kv: kv.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    };
    TalkResponse { status: 200, results: vec![result; count] }
}

/// The same as the filters print it.
fn results_in_json(count: usize) -> Vec<u8> {
    const RESULT: &str = r#"{"id":"699882576081691","type":"OK","kv":{"data":"Hello","id":"8c175d5c-d8a3-4197-a7f8-6e3e0ab1fe59","idx":"0","meta":"JAVA"}}"#;
    format!(r#"{{"status":200,"results":[{}]}}"#, vec![RESULT; count].join(",")).into_bytes()
}

fn grpc_request(service: &str, method: &str, message: &impl Message) -> Request {
    Request::post(&format!("/{service}/{method}"), "application/grpc", &framed(&message.encode_to_vec()))
}

fn json_request(method: &str, body: &[u8]) -> Request {
    Request::post(&format!("/{REPORTS}/{method}"), "application/json", body)
}

fn native() -> Vec<HttpFilter> {
    let mut typed_config = configuration();
    if let Value::Object(fields) = &mut typed_config {
        let api = "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder";
        fields.insert("@type".to_owned(), json!(api));
    }
    vec![HttpFilter::Native { name: "envoy.filters.http.grpc_json_transcoder".to_owned(), typed_config }]
}

fn callout() -> Vec<HttpFilter> {
    chain(built_in(FILTER, &configuration().to_string()))
}

/// With the host's setting that this transport needs.
fn inline() -> Vec<HttpFilter> {
    let mut configuration = configuration();
    if let Value::Object(fields) = &mut configuration {
        fields.insert("transport".to_owned(), json!("inline"));
    }
    let plugin = built_in(FILTER, &configuration.to_string());
    chain(plugin.map(|plugin| Plugin { allow_on_headers_stop_iteration: true, ..plugin }))
}

fn configuration() -> Value {
    json!({
        "services": [landing::SERVICE, REPORTS],
        "auto_mapping": true,
        "print_options": { "always_print_primitive_fields": true },
        "proto_descriptor_bin": STANDARD.encode(descriptor_set()),
    })
}

/// The descriptor set in the scenario's own manifest, and a file with the service that it lacks. Two sets one after the other
/// are one with the files of both.
fn descriptor_set() -> Vec<u8> {
    const MANIFEST: &str = include_str!("../../../../tests/meshes/s2-transcoding/filters.yaml");
    let manifest: Value = serde_yaml_ng::from_str(MANIFEST).unwrap_or_default();
    let set = manifest.pointer("/spec/pluginConfig/proto_descriptor_bin").and_then(Value::as_str).unwrap_or_default();
    let message = |name: &str| Some(format!(".org.feuyeux.grpc.{name}"));
    let method = |name: &str, input: &str, output: &str| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: message(input),
        output_type: message(output),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("ReportService".to_owned()),
        method: vec![method("list", "TalkRequest", "TalkResponse"), method("report", "TalkResponse", "TalkRequest")],
        options: None,
    };
    let file = FileDescriptorProto {
        name: Some("report.proto".to_owned()),
        package: Some("org.feuyeux.grpc".to_owned()),
        dependency: vec!["landing.proto".to_owned()],
        service: vec![service],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    let mut set = STANDARD.decode(set).unwrap_or_default();
    set.extend(FileDescriptorSet { file: vec![file] }.encode_to_vec());
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_have_the_sizes_that_they_are_known_by() {
        assert_eq!(framed(&results(1).encode_to_vec()).len(), 102);
        assert_eq!(framed(&results(MANY).encode_to_vec()).len(), 9_408);
        assert_eq!(results_in_json(MANY).len(), 12_726);
    }

    #[test]
    fn the_descriptor_set_describes_both_services() {
        let set = FileDescriptorSet::decode(descriptor_set().as_slice()).expect("a descriptor set");
        let services: Vec<_> =
            set.file.iter().flat_map(|file| &file.service).map(ServiceDescriptorProto::name).collect();
        assert_eq!(services, ["LandingService", "ReportService"]);
    }
}
