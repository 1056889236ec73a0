//! Envoy's own configuration of a Wasm filter (`envoy.extensions.filters.http.wasm.v3.Wasm`): an entry of `http_filters`, and the
//! part of it that an EnvoyFilter has, too.

use serde_json::Value;

use super::Request;
use super::yaml::{Map, Node};
use crate::filters::FailStrategy;

pub(super) fn http_filter(request: &Request) -> (Map, Vec<String>) {
    let code = Map::new().because(
        "local",
        Map::new().with("filename", request.file()),
        "Envoy pulls no images: put the module there with `weft-oci pull`.",
    );
    let typed = Map::new()
        .with("@type", "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm")
        .with("config", plugin(request, code));
    let filter = Map::new().with("name", request.name.as_str()).with("typed_config", typed);
    let manifest = Map::new().because(
        "http_filters",
        vec![Node::from(filter)],
        "An entry of the connection manager's http_filters. It stands before envoy.filters.http.router, which comes last.",
    );
    (manifest, vec![format!("get the module: weft-oci pull {} -o {}", request.image, request.file())])
}

/// `envoy.extensions.wasm.v3.PluginConfig`.
pub(super) fn plugin(request: &Request, code: Map) -> Map {
    let policy = match request.fail_strategy.value {
        FailStrategy::Close => "FAIL_CLOSED",
        FailStrategy::Open => "FAIL_OPEN",
        FailStrategy::Reload => "FAIL_RELOAD",
    };
    let fields = Map::new().with("name", request.name.as_str()).maybe("root_id", request.root_id.as_deref());
    let fields = fields.because("failure_policy", policy, request.fail_strategy.reason);
    let inline = request.config.get("transport").and_then(Value::as_str) == Some("inline");
    let fields = match inline {
        true => fields.because(
            "allow_on_headers_stop_iteration",
            true,
            "The transport `inline` holds a request's head back until its body is there.",
        ),
        false => fields,
    };
    let configuration = Map::new()
        .with("@type", "type.googleapis.com/google.protobuf.StringValue")
        .with("value", Value::Object(request.config.clone()).to_string());
    let variables = request
        .environment
        .iter()
        .fold(Map::new(), |fields, (name, value)| fields.with(name, Node::Json(value.as_str().into())));
    let vm = Map::new().with("runtime", "envoy.wasm.runtime.v8").with("code", code);
    let vm = match request.environment.is_empty() {
        true => vm,
        false => vm.with("environment_variables", Map::new().with("key_values", variables)),
    };
    fields.with("configuration", configuration).with("vm_config", vm)
}
