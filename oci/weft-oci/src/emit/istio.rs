//! WasmPlugin and TrafficExtension (`extensions.istio.io/v1alpha1`), which have the same fields in different places.

use super::yaml::{Map, Node};
use super::{PullPolicy, Request, chosen};
use crate::filters::Mode;

const API_VERSION: &str = "extensions.istio.io/v1alpha1";

pub(super) fn wasm_plugin(request: &Request) -> (Map, Vec<String>) {
    let spec = place(request).and(source(request)).and(order(request)).and(plugin(request));
    (resource("WasmPlugin", request, spec), notes(request))
}

pub(super) fn traffic_extension(request: &Request) -> (Map, Vec<String>) {
    let spec = place(request).and(order(request)).with("wasm", source(request).and(plugin(request)));
    let mut notes = notes(request);
    notes.push(
        "apply it in place of a WasmPlugin for the same filter, not beside it: Istio would run the filter twice"
            .to_owned(),
    );
    (resource("TrafficExtension", request, spec), notes)
}

fn resource(kind: &str, request: &Request, spec: Map) -> Map {
    Map::new()
        .with("apiVersion", API_VERSION)
        .with("kind", kind)
        .with("metadata", request.metadata())
        .with("spec", spec)
}

fn notes(request: &Request) -> Vec<String> {
    let mut notes: Vec<_> =
        request.secret_note(request.namespace.as_deref().unwrap_or("NAMESPACE")).into_iter().collect();
    if request.image.digest.is_none() && request.image.tag.is_none() {
        notes.push(
            "an image without tag and digest is pulled as `latest` and never again while a proxy has it: name a digest"
                .to_owned(),
        );
    }
    notes
}

fn place(request: &Request) -> Map {
    if !request.targets.is_empty() {
        let targets = request.targets.iter().map(|target| {
            let is_gateway = target.kind.starts_with("Gateway");
            let group = if is_gateway { "gateway.networking.k8s.io" } else { "" };
            let group = if target.kind == "ServiceEntry" { "networking.istio.io" } else { group };
            let fields = Map::new().with("kind", target.kind.as_str()).with("group", group);
            Node::from(fields.with("name", target.name.as_str()))
        });
        return Map::new().with("targetRefs", targets.collect::<Vec<_>>());
    }
    let labels = request.labels();
    match labels == Map::new() {
        true => Map::new(),
        false => Map::new().with("selector", Map::new().with("matchLabels", labels)),
    }
}

fn source(request: &Request) -> Map {
    let fields = Map::new().with("url", request.url());
    let fields = match request.sha256() {
        Some(sha256) => fields.because(
            "sha256",
            sha256,
            "With oci:// this is the digest of the manifest, as after @ in the url; both must agree. Istio checks no \
             signatures: the digest is what pins the module.",
        ),
        None => fields,
    };
    let policy = request.pull_policy.map(|policy| match policy {
        PullPolicy::IfNotPresent => "IfNotPresent",
        PullPolicy::Always => "Always",
    });
    fields.maybe("imagePullPolicy", policy).maybe("imagePullSecret", request.pull_secret.as_deref())
}

fn order(request: &Request) -> Map {
    let fields = Map::new();
    let fields = match request.phase.value.name() {
        Some(phase) => chosen(fields, "phase", request.phase, phase),
        None => fields.because("phase", "UNSPECIFIED_PHASE", request.phase.reason),
    };
    let fields = chosen(fields, "priority", request.priority, i64::from(request.priority.value));
    let is_everything = request.mode.value == Mode::ClientAndServer && request.ports.is_empty();
    if is_everything && request.istio.is_some_and(|version| !version.has_match()) {
        return fields;
    }
    let ports = request.ports.iter().map(|port| Node::from(Map::new().with("number", i64::from(*port))));
    let ports: Vec<_> = ports.collect();
    let selector = Map::new().with("mode", request.mode.value.name());
    let selector = if ports.is_empty() { selector } else { selector.with("ports", ports) };
    fields.because("match", vec![Node::from(selector)], request.mode.reason)
}

fn plugin(request: &Request) -> Map {
    let fields = Map::new();
    let fields = chosen(fields, "failStrategy", request.fail_strategy, request.fail_strategy.value.name());
    let fields = fields.maybe("pluginName", request.root_id.as_deref());
    let variables = request.environment.iter().map(|(name, value)| {
        let variable = Map::new().with("name", name.as_str()).with("valueFrom", "INLINE");
        Node::from(variable.with("value", Node::Json(value.as_str().into())))
    });
    let variables: Vec<_> = variables.collect();
    let fields = match variables.is_empty() {
        true => fields,
        false => fields.with("vmConfig", Map::new().with("env", variables)),
    };
    match request.config.is_empty() {
        // Istio hands an empty object on as no configuration at all.
        true => fields,
        false => fields.with("pluginConfig", Node::Json(request.config.clone().into())),
    }
}
