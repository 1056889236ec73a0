//! EnvoyFilter: only the Wasm filters that it puts into chains, and of them only what lints look at.

use serde::Deserialize;
use serde_json::Value;

use crate::mesh::manifest::Labels;

/// The type of a Wasm filter's configuration, after `type.googleapis.com/`.
const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// `networking.istio.io` EnvoyFilter.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvoyFilterSpec {
    /// The pods; none selects all of the namespace.
    #[serde(default)]
    pub workload_selector: Selector,
    /// What is changed.
    #[serde(default)]
    pub config_patches: Vec<ConfigPatch>,
}

/// Pods by their labels.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Selector {
    /// The labels.
    #[serde(default)]
    pub labels: Labels,
}

/// One change.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigPatch {
    /// `HTTP_FILTER` for the filters of a chain.
    #[serde(default)]
    pub apply_to: String,
    /// Where.
    #[serde(default, rename = "match")]
    pub place: Place,
    /// What.
    #[serde(default)]
    pub patch: Patch,
}

/// Where a change is made.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Place {
    /// `SIDECAR_INBOUND`, `SIDECAR_OUTBOUND`, `GATEWAY` or `ANY`.
    #[serde(default)]
    pub context: String,
}

/// What is put there.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Patch {
    /// The filter, with `typed_config`.
    #[serde(default)]
    pub value: Value,
}

/// A Wasm filter in a patch.
#[derive(Debug, PartialEq, Eq)]
pub struct WasmFilter<'a> {
    /// The scope of its shared data.
    pub vm_id: &'a str,
    /// Where its module comes from.
    pub code: &'a Value,
}

impl ConfigPatch {
    /// The Wasm filter that is put into a chain, whether it is typed directly or as a `TypedStruct`.
    pub fn wasm_filter(&self) -> Option<WasmFilter<'_>> {
        let typed_config = field(&self.patch.value, "typed_config", "typedConfig")?;
        let message =
            |name: &str| typed_config.get(name).and_then(Value::as_str).and_then(|url| url.rsplit('/').next());
        let filter = match (message("@type")?, message("type_url").or_else(|| message("typeUrl"))) {
            (WASM, _) => typed_config,
            (_, Some(WASM)) => typed_config.get("value")?,
            _ => return None,
        };
        let vm_config = field(filter.get("config")?, "vm_config", "vmConfig")?;
        let vm_id = field(vm_config, "vm_id", "vmId").and_then(Value::as_str).unwrap_or_default();
        (self.apply_to == "HTTP_FILTER").then_some(WasmFilter { vm_id, code: vm_config.get("code")? })
    }
}

/// A field of a protobuf message in either spelling.
fn field<'a>(message: &'a Value, name: &str, camel_case: &str) -> Option<&'a Value> {
    message.get(name).or_else(|| message.get(camel_case))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wasm_filter_is_found_in_both_forms_and_spellings_and_nothing_else_is() {
        let direct = "typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: \
            {vm_config: {vm_id: a, code: {local: {filename: f}}}}}";
        let wrapped = "typedConfig: {'@type': type.googleapis.com/udpa.type.v1.TypedStruct, typeUrl: \
            type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, value: {config: {vmConfig: {vmId: a, code: \
            {local: {filename: f}}}}}}";
        let xds = wrapped.replace("udpa.type.v1", "xds.type.v3");
        let lua = "typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua}";
        for (value, apply_to, expected) in [
            (direct, "HTTP_FILTER", Some("a")),
            (wrapped, "HTTP_FILTER", Some("a")),
            (&xds, "HTTP_FILTER", Some("a")),
            (direct, "NETWORK_FILTER", None),
            (lua, "HTTP_FILTER", None),
            ("name: envoy.filters.http.wasm", "HTTP_FILTER", None),
        ] {
            let text = format!("{{applyTo: {apply_to}, patch: {{value: {{{value}}}}}}}");
            let patch: ConfigPatch = serde_yaml_ng::from_str(&text).expect("a patch");
            let code = serde_json::json!({"local": {"filename": "f"}});
            assert_eq!(patch.wasm_filter(), expected.map(|vm_id| WasmFilter { vm_id, code: &code }), "{text}");
        }
    }
}
