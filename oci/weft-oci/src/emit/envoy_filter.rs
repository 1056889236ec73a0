//! EnvoyFilter (`networking.istio.io/v1alpha3`): a filter that waits for its configuration, and that configuration, which Istio's agent
//! fetches the module for.
//!
//! Public samples name the type of a Wasm filter alone. When the module cannot be fetched, the agent puts an RBAC filter in its
//! place, under the same name; a proxy that was not told of that type refuses it and waits for ever.

use super::yaml::{Map, Node};
use super::{Request, envoy};
use crate::filters::{Mode, Phase, Workload};

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";

pub(super) fn envoy_filter(request: &Request) -> (Map, Vec<String>) {
    let mut patches: Vec<_> =
        contexts(request).into_iter().map(|context| Node::from(insert(request, context))).collect();
    patches.push(Node::from(configuration(request)));
    let labels = request.labels();
    let spec = match labels == Map::new() {
        true => Map::new(),
        false => Map::new().with("workloadSelector", Map::new().with("labels", labels)),
    };
    let manifest = Map::new()
        .with("apiVersion", "networking.istio.io/v1alpha3")
        .with("kind", "EnvoyFilter")
        .with("metadata", request.metadata())
        .with("spec", spec.with("configPatches", patches));
    let mut notes = Vec::new();
    if request.pull_secret.is_some() {
        notes.push(
            "an EnvoyFilter names no pull secret: the proxies must have the registry's credentials (DOCKER_CONFIG)"
                .to_owned(),
        );
    }
    (manifest, notes)
}

fn contexts(request: &Request) -> Vec<&'static str> {
    match (request.workload, request.mode.value) {
        (Workload::Gateway, _) if request.labels.is_empty() => vec!["GATEWAY"],
        (_, Mode::Client) => vec!["SIDECAR_OUTBOUND"],
        (_, Mode::Server) => vec!["SIDECAR_INBOUND"],
        (_, Mode::ClientAndServer) => vec!["SIDECAR_INBOUND", "SIDECAR_OUTBOUND"],
    }
}

/// The filter: right before the router, or where it must come before authentication the first of all, since Istio's own
/// filters are not in every chain to stand before.
fn insert(request: &Request, context: &str) -> Map {
    let manager = Map::new().with("name", "envoy.filters.network.http_connection_manager");
    let (operation, manager) = match request.phase.value {
        Phase::Authn | Phase::Authz => ("INSERT_FIRST", manager),
        Phase::Stats | Phase::Unspecified => {
            ("INSERT_BEFORE", manager.with("subFilter", Map::new().with("name", "envoy.filters.http.router")))
        }
    };
    let listener = Map::new().maybe("portNumber", request.ports.first().map(|port| i64::from(*port)));
    let listener = listener.with("filterChain", Map::new().with("filter", manager));
    let discovery = Map::new()
        .with("config_source", Map::new().with("ads", Map::new()).with("initial_fetch_timeout", "0s"))
        .because(
            "type_urls",
            vec![Node::from(WASM), Node::from(RBAC)],
            "If the module cannot be fetched, an RBAC filter comes in its place; a proxy that is not told of the type waits for \
             ever.",
        );
    let value = Map::new().with("name", resource_name(request)).with("config_discovery", discovery);
    Map::new()
        .with("applyTo", "HTTP_FILTER")
        .with("match", Map::new().because("context", context, request.mode.reason).with("listener", listener))
        .because("patch", Map::new().with("operation", operation).with("value", value), request.phase.reason)
}

/// Where the module comes from: a file that is mounted into the proxy, or the image.
fn code(request: &Request) -> Map {
    if let Some(file) = &request.module_file {
        return Map::new().because(
            "local",
            Map::new().with("filename", file.as_str()),
            "The file has to be in every proxy, for instance by the annotation sidecar.istio.io/userVolumeMount.",
        );
    }
    let remote = Map::new().because(
        "http_uri",
        Map::new()
            .with("uri", request.url())
            .because("timeout", "30s", "Without one the agent gives up after five seconds.")
            .with("cluster", "_"),
        "Istio's agent fetches the image and gives Envoy a file; the cluster is never asked.",
    );
    let remote = match request.sha256() {
        Some(sha256) => remote.with("sha256", sha256),
        // The agent's own word for none; Envoy refuses an empty one.
        None => remote.because(
            "sha256",
            "nil",
            "No digest is known. `nil` is the agent's word for that; Envoy refuses an empty one.",
        ),
    };
    Map::new().with("remote", remote)
}

/// Its configuration, under the same name.
fn configuration(request: &Request) -> Map {
    let typed = Map::new()
        .with("@type", "type.googleapis.com/udpa.type.v1.TypedStruct")
        .with("type_url", WASM)
        .with("value", Map::new().with("config", envoy::plugin(request, code(request))));
    let value = Map::new().with("name", resource_name(request)).with("typed_config", typed);
    Map::new()
        .with("applyTo", "EXTENSION_CONFIG")
        .with(
            "match",
            Map::new().with("context", if let [context] = contexts(request).as_slice() { context } else { "ANY" }),
        )
        .with("patch", Map::new().with("operation", "ADD").with("value", value))
}

/// One name for both patches, which nothing else in the proxy has.
fn resource_name(request: &Request) -> String {
    format!("{}.{}", request.namespace.as_deref().unwrap_or("default"), request.name)
}
