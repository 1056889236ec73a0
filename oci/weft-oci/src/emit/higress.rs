//! Higress' WasmPlugin (`extensions.higress.io/v1alpha1`): Istio's older fields, with `defaultConfig` in place of `pluginConfig`.
//! It runs at the gateway alone, so it selects no workloads and no direction.

use super::yaml::{Map, Node};
use super::{PullPolicy, Request, chosen};
use crate::filters::FailStrategy;

pub(super) fn wasm_plugin(request: &Request) -> (Map, Vec<String>) {
    let spec = Map::new().with("url", request.url()).maybe("sha256", request.sha256());
    let policy = request.pull_policy.map(|policy| match policy {
        PullPolicy::IfNotPresent => "IfNotPresent",
        PullPolicy::Always => "Always",
    });
    let spec = spec.maybe("imagePullPolicy", policy).maybe("imagePullSecret", request.pull_secret.as_deref());
    let spec = match request.phase.value.name() {
        Some(phase) => chosen(spec, "phase", request.phase, phase),
        None => spec.because("phase", "UNSPECIFIED_PHASE", request.phase.reason),
    };
    let spec = chosen(spec, "priority", request.priority, i64::from(request.priority.value));
    let spec = match request.fail_strategy.value {
        // It does not know that one; closed is what comes nearest.
        FailStrategy::Reload => spec.with("failStrategy", FailStrategy::Close.name()),
        strategy => chosen(spec, "failStrategy", request.fail_strategy, strategy.name()),
    };
    let spec = spec
        .maybe("pluginName", request.root_id.as_deref())
        .with("defaultConfig", Node::Json(request.config.clone().into()))
        .with("defaultConfigDisable", false);
    let namespace = request.namespace.as_deref().unwrap_or("higress-system");
    let manifest = Map::new()
        .with("apiVersion", "extensions.higress.io/v1alpha1")
        .with("kind", "WasmPlugin")
        .with("metadata", Map::new().with("name", request.name.as_str()).with("namespace", namespace))
        .with("spec", spec);
    let mut notes: Vec<_> = request.secret_note(namespace).into_iter().collect();
    if !request.labels.is_empty() || !request.targets.is_empty() || !request.ports.is_empty() {
        notes.push("Higress runs plugins at its gateway alone: labels, targets and ports are left out".to_owned());
    }
    (manifest, notes)
}
