//! Schemas of `.proto` texts, and what their rules find.

use crate::descriptors::descriptor_set;
use grpc_json_transcoder_core::router::{Lookup, Router};
use grpc_json_transcoder_core::rule::{Body, FieldPath, RuleOptions, compile};
use protojson::Schema;
use strict_config::Problems;

/// The schema of the package `t` with these declarations.
pub fn schema(declarations: &str) -> Schema {
    Schema::compile(&descriptor_set(declarations)).unwrap()
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
