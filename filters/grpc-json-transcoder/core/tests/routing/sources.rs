//! Schemas from `.proto` texts, with what they import of `google/api`.

use grpc_json_transcoder_core::router::{Lookup, Router};
use grpc_json_transcoder_core::rule::{Body, FieldPath, RuleOptions, compile};
use protojson::Schema;
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use strict_config::Problems;

const ANNOTATIONS: &str = r#"
syntax = "proto3";
package google.api;
import "google/api/http.proto";
import "google/protobuf/descriptor.proto";
extend google.protobuf.MethodOptions { HttpRule http = 72295728; }
"#;

const HTTP: &str = r#"
syntax = "proto3";
package google.api;
message HttpRule {
  string selector = 1;
  oneof pattern {
    string get = 2;
    string put = 3;
    string post = 4;
    string delete = 5;
    string patch = 6;
    CustomHttpPattern custom = 8;
  }
  string body = 7;
  repeated HttpRule additional_bindings = 11;
  string response_body = 12;
}
message CustomHttpPattern { string kind = 1; string path = 2; }
"#;

const HTTP_BODY: &str = r#"
syntax = "proto3";
package google.api;
import "google/protobuf/any.proto";
message HttpBody { string content_type = 1; bytes data = 2; repeated google.protobuf.Any extensions = 3; }
"#;

struct Sources<'a>(&'a str);

impl FileResolver for Sources<'_> {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = match name {
            "test.proto" => self.0,
            "google/api/annotations.proto" => ANNOTATIONS,
            "google/api/http.proto" => HTTP,
            "google/api/httpbody.proto" => HTTP_BODY,
            _ => return Err(protox::Error::file_not_found(name)),
        };
        File::from_source(name, text)
    }
}

/// The schema of the package `t` with these declarations.
pub fn schema(declarations: &str) -> Schema {
    let imports = [
        "google/api/annotations.proto",
        "google/api/httpbody.proto",
        "google/protobuf/duration.proto",
        "google/protobuf/empty.proto",
        "google/protobuf/field_mask.proto",
        "google/protobuf/struct.proto",
        "google/protobuf/timestamp.proto",
        "google/protobuf/wrappers.proto",
    ];
    let imports: String = imports.iter().map(|file| format!("import \"{file}\";\n")).collect();
    let text = format!("syntax = \"proto3\";\npackage t;\n{imports}{declarations}").leak();
    let mut resolver = ChainFileResolver::new();
    resolver.add(Sources(text));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    compiler.open_file("test.proto").unwrap();
    Schema::compile(&compiler.encode_file_descriptor_set()).unwrap()
}

/// The options under which the service `t.S` is compiled in most tests.
pub fn options(services: &[String]) -> RuleOptions<'_> {
    RuleOptions {
        services,
        selected_rules: &[],
        auto_mapping: false,
        match_unregistered_custom_verb: false,
        is_strict: true,
    }
}

/// The names that lead to a field.
pub fn names(schema: &Schema, path: &FieldPath) -> String {
    path.iter().map(|field| schema.field(*field).unwrap().name).collect::<Vec<_>>().join(".")
}

/// What a request such as `GET /a?x=1` is for, with all that its rule says about it.
pub fn find(schema: &Schema, router: &Router, request: &str) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    let route = match router.find(method.as_bytes(), path.as_bytes()) {
        Lookup::Found(route) => route,
        Lookup::NotFound => return "-".to_owned(),
        Lookup::MethodNotAllowed(allow) => return format!("allow: {}", String::from_utf8(allow).unwrap()),
    };
    let rule = route.rule;
    let mut shown = rule.grpc_path.clone();
    for variable in &rule.variables {
        let value = String::from_utf8_lossy(variable.span.of(route.path));
        shown = format!("{shown} {}={value}", names(schema, &variable.path));
    }
    match &rule.body {
        Body::None => {}
        Body::All => shown.push_str(" body=*"),
        Body::Field(path) => shown = format!("{shown} body={}", names(schema, path)),
    }
    if let Some(path) = &rule.response_body {
        shown = format!("{shown} response_body={}", names(schema, path));
    }
    if rule.takes_http_body {
        shown.push_str(" takes HttpBody");
    }
    if rule.gives_http_body {
        shown.push_str(" gives HttpBody");
    }
    if !route.query.is_empty() {
        shown = format!("{shown} query={}", String::from_utf8_lossy(route.query));
    }
    shown
}

/// The router of these options, or what is wrong.
pub fn compiled(schema: &Schema, options: &RuleOptions<'_>) -> Result<Router, String> {
    let mut problems = Problems::default();
    let router = compile(schema, options, &mut problems);
    problems.unless_any(router).map_err(|problems| problems.to_string())
}

/// The router of the service `t.S`, or what is wrong with it.
pub fn routed(schema: &Schema, is_strict: bool) -> Result<Router, String> {
    let services = ["t.S".to_owned()];
    compiled(schema, &RuleOptions { is_strict, ..options(&services) })
}
