//! The filters that manifests install, whatever kind of resource does it: which filter, with what configuration, and which
//! labels it sets.
//!
//! Configurations are looked at as far as routes and lints need to know them; whether they are valid, the filter says itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::asm::PatchContext;
use super::finding::Subject;
use super::istio::TrafficMode;
use super::manifest::{Labels, Manifests};
use super::modules::filter_name;
use super::plugin::TRAFFIC_LABEL;

/// A filter that a resource installs.
#[derive(Debug)]
pub struct Installation<'a> {
    /// The resource.
    pub subject: &'a Subject,
    /// Its namespace.
    pub namespace: &'a str,
    /// The workloads that it selects.
    pub selector: &'a Labels,
    /// What the built-in filter would be called.
    pub filter: &'a str,
    /// Where the configuration stands.
    pub path: &'static str,
    /// The configuration; null where there is none, or none that can be read.
    pub configuration: Value,
    /// Where it is said which sides of a sidecar it runs on.
    pub sides_path: &'static str,
    /// Whether it runs on what comes in to a pod.
    pub inbound: bool,
    /// Whether it runs on what goes out of a pod.
    pub outbound: bool,
}

/// A label that a configuration of `traffic-label` sets.
#[derive(Debug)]
pub struct SetLabel<'a> {
    /// What routes call it.
    pub name: &'a str,
    /// The header that it travels in.
    pub header: &'a str,
    /// Where it stands in the resource.
    pub path: String,
    /// All that is said of it.
    pub definition: &'a Value,
}

/// Everything that the manifests install.
pub fn installations(manifests: &Manifests) -> Vec<Installation<'_>> {
    let wasm_plugins = manifests.wasm_plugins.iter().map(|it| {
        let runs = |mode| {
            let modes = || it.spec.matches.iter().map(|selector| selector.mode);
            it.spec.matches.is_empty() || modes().any(|it| it == mode || it == TrafficMode::ClientAndServer)
        };
        Installation {
            subject: &it.subject,
            namespace: &it.namespace,
            selector: &it.spec.selector.match_labels,
            filter: filter_name(&it.spec.url),
            path: "spec.pluginConfig",
            configuration: it.spec.plugin_config.clone().map_or(Value::Null, Value::Object),
            sides_path: "spec.match",
            inbound: runs(TrafficMode::Server),
            outbound: runs(TrafficMode::Client),
        }
    });
    let traffic_labels = manifests.traffic_labels.iter().map(|it| Installation {
        subject: &it.subject,
        namespace: &it.namespace,
        selector: &it.spec.workload_selector.labels,
        filter: TRAFFIC_LABEL,
        path: "spec",
        configuration: json!(it.spec),
        sides_path: "spec",
        inbound: true,
        outbound: true,
    });
    let filter_deployments = manifests.filter_deployments.iter().map(|it| {
        let context = it.spec.filter.patch_context;
        Installation {
            subject: &it.subject,
            namespace: &it.namespace,
            selector: &it.spec.workload.labels,
            filter: filter_name(&it.spec.filter.image),
            path: "spec.filter.parameters",
            configuration: serde_json::from_str(&it.spec.filter.parameters).unwrap_or(Value::Null),
            sides_path: "spec.filter.patchContext",
            inbound: matches!(context, PatchContext::Any | PatchContext::SidecarInbound),
            outbound: matches!(context, PatchContext::Any | PatchContext::SidecarOutbound),
        }
    });
    wasm_plugins.chain(traffic_labels).chain(filter_deployments).collect()
}

/// The header of every label that something sets, by the label's name.
pub fn label_headers(manifests: &Manifests) -> BTreeMap<String, String> {
    let installations = installations(manifests);
    let labels = installations.iter().flat_map(Installation::labels);
    labels.map(|label| (label.name.to_owned(), label.header.to_owned())).collect()
}

impl Installation<'_> {
    /// The labels that it sets: those of the filter's own configuration, or of a TrafficLabel.
    pub fn labels(&self) -> Vec<SetLabel<'_>> {
        if self.filter != TRAFFIC_LABEL {
            return Vec::new();
        }
        let mut lists = vec![("labels".to_owned(), self.configuration.get("labels"))];
        for (index, rule) in entries(self.configuration.get("rules")).iter().enumerate() {
            lists.push((format!("rules[{index}].labels"), rule.get("labels")));
        }
        let mut labels = Vec::new();
        for (place, list) in lists {
            for (index, definition) in entries(list).iter().enumerate() {
                let Some(name) = definition.get("name").and_then(Value::as_str) else { continue };
                let header = definition.get("header").and_then(Value::as_str).unwrap_or(name);
                labels.push(SetLabel { name, header, path: format!("{}.{place}[{index}]", self.path), definition });
            }
        }
        labels
    }
}

/// The entries of a list; none where there is no list.
pub fn entries(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
