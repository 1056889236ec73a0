//! What rules mean, and everything that can be wrong with them.

use crate::sources::{compiled, find, options, routed, schema};
use grpc_json_transcoder_core::rule::RuleOptions;

const BOOKSTORE: &str = r#"
message Shelf { int64 id = 1; string theme = 2; Shelf above = 3; repeated Shelf near = 4; map<string, Shelf> named = 5; }
message Request {
  int64 shelf_id = 1;
  Shelf shelf = 2;
  repeated string tags = 3;
  google.protobuf.Timestamp at = 4;
  google.protobuf.Int64Value count = 5;
  google.protobuf.Struct any = 6;
  google.api.HttpBody raw = 7;
  Nested nested = 8;
}
message Nested { google.api.HttpBody content = 1; }
service S {
  rpc Get(Request) returns (Shelf) { option (google.api.http) = { get: "/shelves/{shelf_id}" }; }
  rpc Create(Request) returns (Shelf) {
    option (google.api.http) = {
      post: "/shelves" body: "shelf" response_body: "theme"
      additional_bindings { put: "/shelves/{shelf.id}" body: "*" }
      additional_bindings { custom { kind: "HEAD" path: "/shelves" } }
    };
  }
  rpc Search(Request) returns (google.api.HttpBody) {
    option (google.api.http) = { custom { kind: "*" path: "/{shelf.theme=a/*}/{shelfId=*}/{at}/{count}:search" } body: "raw" };
  }
  rpc Upload(stream google.api.HttpBody) returns (Request) {
    option (google.api.http) = { post: "/up" body: "*" response_body: "raw" };
  }
  rpc Unmapped(Request) returns (Shelf);
}
"#;

#[test]
fn a_rule_says_where_the_parts_of_a_request_go() {
    let schema = schema(BOOKSTORE);
    let router = routed(&schema, true).unwrap();
    for (request, expected) in [
        ("GET /shelves/7?x=1&y=2?", "/t.S/Get shelf_id=7 query=x=1&y=2?"),
        ("POST /shelves", "/t.S/Create body=shelf response_body=theme"),
        ("PUT /shelves/9", "/t.S/Create shelf.id=9 body=*"),
        ("HEAD /shelves", "/t.S/Create"),
        (
            "PURGE /a/b/c/now/3:search",
            "/t.S/Search shelf.theme=a/b shelf_id=c at=now count=3 body=raw takes HttpBody gives HttpBody",
        ),
        ("POST /up", "/t.S/Upload body=* response_body=raw takes HttpBody gives HttpBody"),
        ("GET /up", "allow: POST"),
        ("POST /t.S/Unmapped", "-"),
    ] {
        assert_eq!(find(&schema, &router, request), expected, "{request}");
    }
    let streaming: Vec<_> = router.rules().iter().map(|rule| (rule.client_streaming, rule.server_streaming)).collect();
    assert_eq!(
        streaming,
        [(false, false), (false, false), (false, false), (false, false), (false, false), (true, false)]
    );
    assert!(router.rules().iter().all(|rule| rule.service() == "t.S"));
}

/// GrpcJsonTranscoderConfig: CreateTranscoderAutoMap.
#[test]
fn methods_without_a_rule_may_be_mapped_by_themselves() {
    let schema = schema(BOOKSTORE);
    let services = ["t.S".to_owned()];
    let router = compiled(&schema, &RuleOptions { auto_mapping: true, ..options(&services) }).unwrap();
    assert_eq!(find(&schema, &router, "POST /t.S/Unmapped"), "/t.S/Unmapped body=*");
    assert_eq!(find(&schema, &router, "POST /t.S/Get"), "-");
    assert_eq!(find(&schema, &router, "GET /shelves/1"), "/t.S/Get shelf_id=1");
}

/// What is wrong with methods of these options; each method takes a `Request` and gives a `Shelf`.
#[track_caller]
fn check(is_strict: bool, rules: &[&str], expected: &str) {
    let messages = &BOOKSTORE[..BOOKSTORE.find("service").unwrap()];
    let method = |(index, rule)| {
        format!("rpc M{index}(Request) returns (Shelf) {{ option (google.api.http) = {{ {rule} }}; }}\n")
    };
    let methods: String = rules.iter().enumerate().map(method).collect();
    let found = routed(&schema(&format!("{messages}service S {{ {methods} }}")), is_strict);
    assert_eq!(found.err().unwrap_or_default(), expected);
}

/// GrpcJsonTranscoderConfig: InvalidHttpTemplate, InvalidRequestBodyPath, InvalidResponseBodyPath, InvalidVariableBinding.
#[test]
fn everything_that_is_wrong_is_said_at_once() {
    check(
        true,
        &[
            r#"get: "/a/{x" "#,
            r#"get: "/b/{nothing}/{shelf.nothing}/{shelf_id.x}" "#,
            r#"get: "/c/{tags}/{shelf}/{shelf.named}/{any}/{shelf.near.id}" "#,
            r#"post: "/d" body: "nothing" response_body: "shelf.id" "#,
            r#"post: "/e" body: "shelf.above" additional_bindings { get: "/f/**/*" } additional_bindings { body: "*" }"#,
            r#"get: "/g" additional_bindings { get: "/h" additional_bindings { get: "/i" } }"#,
            r#"custom { path: "/j" }"#,
            r#"body: "*" "#,
            r#"get: "/k/{shelf_id}/{shelfId}" "#,
            r#"get: "/l{shelf_id}" "#,
        ],
        "t.S.M0.get: column 6: expected `=`, `.` or `}`, but found the end\n\
         t.S.M1.get: column 5: expected a field of `t.Request`, but found `nothing`\n\
         t.S.M1.get: column 15: expected a field of `t.Shelf`, but found `nothing`\n\
         t.S.M1.get: column 31: expected a singular message before `.x`, but found the field `shelf_id`\n\
         t.S.M2.get: column 5: expected a field with a single value that is no message, but found the repeated field `tags`\n\
         t.S.M2.get: column 12: expected a field with a single value that is no message, but found the message `shelf`\n\
         t.S.M2.get: column 20: expected a field with a single value that is no message, but found the map `named`\n\
         t.S.M2.get: column 34: expected a field with a single value that is no message, but found the message `any`\n\
         t.S.M2.get: column 40: expected a singular message before `.id`, but found the field `near`\n\
         t.S.M3.body: expected a field of `t.Request`, but found `nothing`\n\
         t.S.M3.response_body: expected a field of `t.Shelf`, but found `shelf.id`\n\
         t.S.M4.body: expected a field of `t.Request`, but found `shelf.above`\n\
         t.S.M4.additional_bindings[0].get: column 7: expected nothing but literals after `**`, but found `*`\n\
         t.S.M4.additional_bindings[1]: expected `get`, `put`, `post`, `delete`, `patch` or `custom`, but found none\n\
         t.S.M5.additional_bindings[0].additional_bindings: expected no bindings in an additional binding, but found some\n\
         t.S.M6.custom.kind: expected an HTTP method or `*`, but found nothing\n\
         t.S.M7: expected `get`, `put`, `post`, `delete`, `patch` or `custom`, but found none\n\
         t.S.M8.get: column 16: expected each field once, but found `shelfId` again\n\
         t.S.M9.get: column 3: expected `/`, `:` or the end, but found `{`",
    );
}

/// GrpcJsonTranscoderConfig: UnknownService.
#[test]
fn a_service_that_is_not_in_the_descriptor_is_named() {
    let schema = schema("message M {} service S { rpc A(M) returns (M); } service T {}");
    let services = ["t.S".to_owned(), "t.U".to_owned()];
    let problems = compiled(&schema, &options(&services)).unwrap_err();
    assert_eq!(problems, "services[1]: expected a service of the descriptor, `t.S` or `t.T`, but found `t.U`");
}

#[test]
fn two_rules_for_the_same_paths_are_a_problem_in_strict_alone() {
    let rules = [
        r#"get: "/a/{shelf_id}" "#,
        r#"put: "/a/{shelf_id}" additional_bindings { get: "/a/*" }"#,
        r#"get: "/a/{shelf_id}:go" "#,
        r#"custom { kind: "GET" path: "/a/{shelf.id}" }"#,
    ];
    check(
        true,
        &rules,
        "t.S.M1.additional_bindings[0].get: expected a method and path of its own, but found `GET /a/*`, which matches \
         what t.S.M0.get matches\n\
         t.S.M3.custom: expected a method and path of its own, but found `GET /a/{shelf.id}`, which matches what \
         t.S.M0.get matches",
    );
    check(false, &rules, "");
}

/// TranscodingUnaryPostWithNestedHttpBody of the native filter, whose body is a field within a field.
#[test]
fn the_native_profile_lets_a_body_be_within_a_field_and_a_rule_be_empty() {
    let rules =
        [r#"post: "/a" body: "nested.content" "#, r#"body: "shelf" "#, r#"get: "/b" response_body: "above.theme" "#];
    check(false, &rules, "");
    let messages = &BOOKSTORE[..BOOKSTORE.find("service").unwrap()];
    let text = r#"service S {
        rpc A(Request) returns (Shelf) { option (google.api.http) = { post: "/a" body: "nested.content" }; }
        rpc B(google.api.HttpBody) returns (Shelf) { option (google.api.http) = { get: "/b" }; }
        rpc C(Request) returns (Shelf) { option (google.api.http) = { get: "/c/{shelf.nothing}" body: "." }; }
    }"#;
    let schema = schema(&format!("{messages}{text}"));
    let problems = routed(&schema, false).unwrap_err();
    assert_eq!(
        problems,
        "t.S.C.body: expected a field, but found `.`\n\
         t.S.C.get: column 5: expected a field of `t.Shelf`, but found `nothing`"
    );
    let text = text.replace("/{shelf.nothing}\" body: \".\"", "\"");
    let schema = crate::sources::schema(&format!("{messages}{text}"));
    let router = routed(&schema, false).unwrap();
    assert_eq!(find(&schema, &router, "POST /a"), "/t.S/A body=nested.content takes HttpBody");
    assert_eq!(find(&schema, &router, "GET /b"), "/t.S/B takes HttpBody");
}
