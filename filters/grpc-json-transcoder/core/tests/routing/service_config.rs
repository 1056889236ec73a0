//! Rules of a service configuration: how they are read, and that they stand in place of annotations.

use crate::sources::{find, schema};
use grpc_json_transcoder_core::configuration::{Options, Profile};
use grpc_json_transcoder_core::routing::Routing;

const LIBRARY: &str = r#"
message R { string name = 1; R inner = 2; }
service S {
  rpc A(R) returns (R) { option (google.api.http) = { get: "/a" }; }
  rpc B(R) returns (R) { option (google.api.http) = { get: "/b" }; }
  rpc C(R) returns (R);
}
service Other { rpc D(R) returns (R); }
"#;

/// What a configuration makes of these requests, or what is wrong with it.
#[track_caller]
fn check(json: &str, requests: &[&str], expected: &[impl AsRef<str> + std::fmt::Debug]) {
    let config = strict_config::read(json.as_bytes()).unwrap();
    let options = Options {
        services: vec!["t.S".to_owned()],
        service_config: Some(config.root().clone()),
        ..Options::of_profile(Profile::Strict)
    };
    let schema = schema(LIBRARY);
    let found: Vec<String> = match Routing::compile(&schema, &options) {
        Ok(routing) => requests.iter().map(|request| find(&schema, &routing.router, request)).collect(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, expected.iter().map(AsRef::as_ref).collect::<Vec<_>>());
}

#[test]
fn a_rule_stands_in_place_of_the_annotation() {
    check(
        r#"{
            "type": "google.api.Service", "apis": [{"name": "t.S"}],
            "http": {"rules": [
                {"selector": "t.S.A", "put": "/first"},
                {"selector": "t.S.A", "put": "/x/{inner.name}", "body": "inner", "response_body": "name",
                 "additional_bindings": [{"custom": {"kind": "HEAD", "path": "/x"}}]},
                {"selector": "t.S.C", "post": "/c", "body": "*", "responseBody": "inner", "additionalBindings": [{"delete": "/c"}]},
                {"selector": "t.Other.D", "get": "/b"}
            ]}
        }"#,
        &["GET /a", "GET /b", "PUT /first", "PUT /x/1", "HEAD /x", "POST /c", "DELETE /c"],
        &[
            "-",
            "/t.S/B",
            "-",
            "/t.S/A inner.name=1 body=inner response_body=name",
            "/t.S/A",
            "/t.S/C body=* response_body=inner",
            "/t.S/C",
        ],
    );
}

#[test]
fn what_says_nothing_about_http_changes_nothing() {
    for json in [r#"{"name": "x"}"#, r#"{"http": null}"#, r#"{"http": {}}"#, r#"{"http": {"rules": []}}"#] {
        check(json, &["GET /a"], &["/t.S/A"]);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    check(
        r#"{"http": {"rule": [], "fully_decode_reserved_expansion": 1, "rules": [
            {"selector": "t.S.A", "get": "/x", "put": "/y"},
            {"selector": "t.S.Nothing", "get": "/x"},
            {"selector": "Nothing", "get": "/x"},
            {"selector": "t.S.B", "gett": "/x"},
            {"get": 7, "custom": {"kinds": "HEAD"}},
            7,
            {"selector": "t.S.C", "get": "/{x}", "body": "y", "additional_bindings": [
                {"get": "/{", "additional_bindings": [{}], "selector": "t.S.C"}
            ]}
        ]}}"#,
        &[],
        &[
            r#"rules[0]: expected one pattern, but found `get` and `put` (line 2 column 13)"#,
            r#"rules[3].gett: expected get, but found "gett" (line 5 column 35)"#,
            r#"rules[4].selector: expected a value, but found none (line 6 column 13)"#,
            r#"rules[4].get: expected a string, but found 7 (line 6 column 21)"#,
            r#"rules[4].custom.kinds: expected kind, but found "kinds" (line 6 column 35)"#,
            r#"rules[5]: expected an object, but found 7 (line 7 column 13)"#,
            r#"rules[6].additional_bindings[0].selector: expected get, put, post, delete, patch, custom, additional_bindings, body or response_body, but found "selector" (line 9 column 60)"#,
            r#"fully_decode_reserved_expansion: expected true or false, but found 1 (line 1 column 58)"#,
            r#"rule: expected rules, but found "rule" (line 1 column 11)"#,
            r#"rules[1].selector: expected `package.Service.Method` of a method of the descriptor, but found `t.S.Nothing`"#,
            r#"rules[2].selector: expected `package.Service.Method` of a method of the descriptor, but found `Nothing`"#,
            r#"rules[3]: expected `get`, `put`, `post`, `delete`, `patch` or `custom`, but found none"#,
            r#"rules[6].body: expected a field of `t.R`, but found `y`"#,
            r#"rules[6].get: column 3: expected a field of `t.R`, but found `x`"#,
            r#"rules[6].additional_bindings[0].additional_bindings: expected no bindings in an additional binding, but found some"#,
            r#"rules[6].additional_bindings[0].get: column 3: expected the name of a field, but found the end"#,
        ]
        .map(|problem| format!("service_config.http.{problem}")),
    );
}
