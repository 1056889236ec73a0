//! EnvoyExtensionPolicy (`gateway.envoyproxy.io/v1alpha1`). The controller pulls the image and serves it to the proxies, without a name
//! unless it is given a secret.

use super::yaml::{Map, Node};
use super::{PullPolicy, Request};
use crate::filters::FailStrategy;

pub(super) fn extension_policy(request: &Request) -> (Map, Vec<String>) {
    let secret = request.pull_secret.as_deref().map(|name| Map::new().with("kind", "Secret").with("name", name));
    let image = Map::new()
        .because("url", request.image.to_string(), "Without oci://, as the API reference has it.")
        .maybe("sha256", request.sha256())
        .maybe("pullSecretRef", secret);
    let policy = request.pull_policy.map(|policy| match policy {
        PullPolicy::IfNotPresent => "IfNotPresent",
        PullPolicy::Always => "Always",
    });
    let code = Map::new().with("type", "Image").maybe("pullPolicy", policy).with("image", image);
    let extension = Map::new()
        .with("name", request.name.as_str())
        .maybe("rootID", request.root_id.as_deref())
        .because("failOpen", request.fail_strategy.value == FailStrategy::Open, request.fail_strategy.reason)
        .with("code", code)
        .with("config", Node::Json(request.config.clone().into()));
    let targets = request.targets.iter().map(|target| {
        let target = Map::new().with("kind", target.kind.as_str()).with("name", target.name.as_str());
        Node::from(Map::new().with("group", "gateway.networking.k8s.io").and(target))
    });
    let manifest = Map::new()
        .with("apiVersion", "gateway.envoyproxy.io/v1alpha1")
        .with("kind", "EnvoyExtensionPolicy")
        .with("metadata", request.metadata())
        .with(
            "spec",
            Map::new().with("targetRefs", targets.collect::<Vec<_>>()).with("wasm", vec![Node::from(extension)]),
        );
    let mut notes: Vec<_> =
        request.secret_note(request.namespace.as_deref().unwrap_or("NAMESPACE")).into_iter().collect();
    notes.push("Envoy Gateway has no phases: plugins run in the order of this list, after its own filters".to_owned());
    if !request.environment.is_empty() {
        notes.push(
            "variables with values cannot be given here (env.hostKeys passes those of the proxy): they are left out"
                .to_owned(),
        );
    }
    (manifest, notes)
}
