//! Filters that carry something from what comes in to a pod to what goes out of it, and that cannot: they run on one side
//! only, or their two sides share no data.

use serde_json::Value;

use crate::mesh::finding::{Findings, Problem, Subject};
use crate::mesh::ingress::is_gateway;
use crate::mesh::installation::{Installation, entries};
use crate::mesh::istio::WasmFilter;
use crate::mesh::manifest::{Labels, Manifests};
use crate::mesh::plugin::{ROOT_NAMESPACE, TRAFFIC_LABEL, reaches};
use crate::mesh::workload::Workload;

/// Looks at plugins in sidecars, and at the Wasm filters of EnvoyFilters.
pub fn check(manifests: &Manifests, installations: &[Installation<'_>], findings: &mut Findings) {
    let deployments = manifests.deployments.iter().filter(|it| !is_gateway(it, &manifests.gateways));
    let sidecars: Vec<_> = deployments.map(Workload::of).collect();
    for installation in installations.iter().filter(|it| it.inbound != it.outbound && carries(it)) {
        let runs = |it: &Installation<'_>, workload| reaches(it.namespace, it.selector, workload);
        let completed = |workload| {
            let mut others = installations.iter().filter(|it| it.filter == installation.filter && runs(it, workload));
            others.any(|it| if installation.inbound { it.outbound } else { it.inbound })
        };
        let lonely = sidecars.iter().find(|it| runs(installation, it) && !completed(it));
        if let Some(workload) = lonely {
            findings.warn(installation.subject, one_sided(installation, workload));
        }
    }
    check_vm_ids(manifests, findings);
}

fn one_sided(installation: &Installation<'_>, workload: &Workload) -> Problem {
    let (runs_on, misses) = match installation.inbound {
        true => ("comes in to", "goes out"),
        false => ("goes out of", "comes in"),
    };
    Problem::OneSided {
        path: installation.sides_path.to_owned(),
        filter: installation.filter.to_owned(),
        workload: format!("{}/{}", workload.namespace, workload.name),
        runs_on,
        misses,
    }
}

/// Whether a filter has to remember what came in for what goes out.
fn carries(installation: &Installation<'_>) -> bool {
    let configuration = &installation.configuration;
    match installation.filter {
        "header-propagation" => configuration.get("propagate").is_some(),
        TRAFFIC_LABEL => {
            let role = configuration.get("role").and_then(Value::as_str);
            !matches!(role, Some("gateway" | "waypoint"))
                && installation.labels().iter().any(|it| looks_inbound(it.definition))
        }
        _ => false,
    }
}

/// Whether a label is taken from what came in. A label without sources is.
fn looks_inbound(label: &Value) -> bool {
    let sources = entries(label.get("value_from").or(label.get("valueFrom")));
    let is_local = |source: &Value| match source {
        Value::String(text) => {
            ["$localLabel", "$getLabel(", "$getLocalOutboundRequestHeader("].iter().any(|it| text.starts_with(it))
        }
        source => ["workload_label", "outbound", "value"].iter().any(|it| source.get(it).is_some()),
    };
    sources.is_empty() || !sources.iter().all(is_local)
}

/// A Wasm filter that an EnvoyFilter puts into the chains of sidecars.
struct Patch<'a> {
    subject: &'a Subject,
    namespace: &'a str,
    selector: &'a Labels,
    path: String,
    filter: WasmFilter<'a>,
}

fn check_vm_ids(manifests: &Manifests, findings: &mut Findings) {
    let outbound = patches(manifests, "SIDECAR_OUTBOUND");
    let inbound = patches(manifests, "SIDECAR_INBOUND");
    for patch in &outbound {
        let partners: Vec<_> =
            inbound.iter().filter(|it| it.filter.code == patch.filter.code && it.meets(patch)).collect();
        let Some(first) = partners.first().filter(|_| partners.iter().all(|it| it.filter.vm_id != patch.filter.vm_id))
        else {
            continue;
        };
        let (path, vm_id) = (patch.path.clone(), patch.filter.vm_id.to_owned());
        let inbound_vm_id = first.filter.vm_id.to_owned();
        let inbound = format!("`{}` of {}", first.path, first.subject.resource.clone().unwrap_or_default());
        findings.warn(patch.subject, Problem::DifferentVmId { path, vm_id, inbound, inbound_vm_id });
    }
}

fn patches<'a>(manifests: &'a Manifests, context: &str) -> Vec<Patch<'a>> {
    let mut found = Vec::new();
    for resource in &manifests.envoy_filters {
        for (index, patch) in resource.spec.config_patches.iter().enumerate() {
            let Some(filter) = patch.wasm_filter().filter(|_| patch.place.context == context) else { continue };
            found.push(Patch {
                subject: &resource.subject,
                namespace: &resource.namespace,
                selector: &resource.spec.workload_selector.labels,
                path: format!("spec.configPatches[{index}].patch.value"),
                filter,
            });
        }
    }
    found
}

impl Patch<'_> {
    /// Whether there can be a pod that both select.
    fn meets(&self, other: &Patch<'_>) -> bool {
        let namespaces = [self.namespace, other.namespace];
        (self.namespace == other.namespace || namespaces.contains(&ROOT_NAMESPACE))
            && self.selector.iter().all(|(name, value)| other.selector.get(name).is_none_or(|it| it == value))
    }
}
