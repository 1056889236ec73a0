//! WasmPlugins (and TrafficExtensions), TrafficLabels and ASMFilterDeployments → the filters of each listener, in Istio's order.
//!
//! Here is decided whom a plugin selects and which filter comes first.
//!
//! How several TrafficLabels for one workload go together is documented nowhere. Here a label belongs to one of them: the one
//! that selects the workload comes before the one of its namespace, that before the one of all namespaces, and of equals the
//! first by name. One that has a label which is taken does not run there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oci::Consumer;

use super::asm::{FilterDeploymentSpec, PatchContext, TrafficLabelSpec};
use super::finding::{Findings, Problem, Subject};
use super::istio::{EnvSource, FailStrategy, Phase, PluginKind, TrafficMode, TrafficSelector, WasmPluginSpec};
use super::manifest::{Labels, Manifests, Resource, selects, show};
use super::modules::{self, Modules, Source, WantedImage};
use super::workload::Workload;
use crate::bootstrap::{FailurePolicy, HttpFilter, Plugin};

/// The namespace whose plugins apply to all others.
pub const ROOT_NAMESPACE: &str = "istio-system";

/// The built-in filter that does what a TrafficLabel says.
pub const TRAFFIC_LABEL: &str = "traffic-label";

/// A plugin and where it goes.
#[derive(Debug)]
pub struct PlacedPlugin {
    plugin: Arc<Plugin>,
    namespace: String,
    selector: Labels,
    traffic: Traffic,
    order: Order,
    /// Where it was declared.
    subject: Subject,
    /// The labels of a TrafficLabel, which no other may set beside it.
    labels: BTreeSet<String>,
}

#[derive(Debug)]
enum Traffic {
    All,
    Selectors(Vec<TrafficSelector>),
    Context(PatchContext),
}

/// Istio's order in a chain: by phase, then by priority, the higher first, then by name. TrafficLabels come after all of
/// them, so that they see what those wrote, and an ASMFilterDeployment stands right before the router.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Phase(Phase, std::cmp::Reverse<i32>, String),
    Label(Breadth, String),
    BeforeRouter(usize),
}

/// How many workloads a TrafficLabel is meant for, fewest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Breadth {
    Selected,
    Namespace,
    Mesh,
}

/// A listener as plugins select it.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Towards the application, at this port.
    Inbound(u16),
    /// Away from it.
    Outbound,
    /// A gateway's server, at this port.
    Gateway(u16),
}

/// Finds every plugin's module, and sorts them.
pub fn place(manifests: &Manifests, modules: &dyn Modules, findings: &mut Findings) -> Vec<PlacedPlugin> {
    let wasm_plugins = manifests.wasm_plugins.iter();
    let mut placed: Vec<_> = wasm_plugins.filter_map(|it| place_wasm_plugin(it, modules, findings)).collect();
    placed.extend(manifests.traffic_labels.iter().filter_map(|it| place_traffic_label(it, modules, findings)));
    for (index, resource) in manifests.filter_deployments.iter().enumerate() {
        placed.extend(place_filter_deployment(resource, index, modules, findings));
    }
    placed.sort_by(|a, b| a.order.cmp(&b.order));
    placed
}

/// Warns of every plugin that selects no workload at all.
pub fn warn_of_idle(manifests: &Manifests, workloads: &[Workload], findings: &mut Findings) {
    let istio = manifests
        .wasm_plugins
        .iter()
        .map(|it| (&it.subject, &it.namespace, "spec.selector.matchLabels", &it.spec.selector.match_labels));
    let labels = manifests
        .traffic_labels
        .iter()
        .map(|it| (&it.subject, &it.namespace, "spec.workloadSelector.labels", &it.spec.workload_selector.labels));
    let asm = manifests
        .filter_deployments
        .iter()
        .map(|it| (&it.subject, &it.namespace, "spec.workload.labels", &it.spec.workload.labels));
    for (subject, namespace, path, labels) in istio.chain(labels).chain(asm) {
        if !workloads.iter().any(|it| reaches(namespace, labels, it)) {
            let (path, labels) = (path.to_owned(), show(labels));
            let consequence = format!("this filter runs nowhere (it looks in {})", scope(namespace));
            findings.warn(subject, Problem::SelectsNothing { path, labels, consequence });
        }
    }
}

/// Warns of every TrafficLabel that another keeps from running in a workload, unless it is just the wider one.
pub fn warn_of_taken_labels(plugins: &[PlacedPlugin], workloads: &[Workload], findings: &mut Findings) {
    let mut said = BTreeSet::new();
    for workload in workloads {
        for Taken { label, owner, loser } in chain(plugins, workload).1 {
            let overridden = owner.breadth() < loser.breadth() && loser.labels.is_subset(&owner.labels);
            if !overridden && said.insert((loser.subject.to_string(), label)) {
                let (label, owner) = (label.to_owned(), owner.subject.resource.clone().unwrap_or_default());
                let workload = format!("{}/{}", workload.namespace, workload.name);
                findings.warn(&loser.subject, Problem::LabelTaken { label, workload, owner });
            }
        }
    }
}

fn scope(namespace: &str) -> String {
    if namespace == ROOT_NAMESPACE { "all namespaces".to_owned() } else { format!("namespace {namespace}") }
}

/// Whether a plugin of this namespace with this selector runs in the proxies of a workload.
pub fn reaches(namespace: &str, selector: &Labels, workload: &Workload) -> bool {
    (namespace == ROOT_NAMESPACE || namespace == workload.namespace) && selects(selector, &workload.labels)
}

/// The filters of one listener of a workload's proxy. The plugins are those of [`place`], in its order.
pub fn filters(plugins: &[PlacedPlugin], workload: &Workload, place: Place) -> Vec<HttpFilter> {
    let (chain, _) = chain(plugins, workload);
    chain
        .into_iter()
        .filter(|it| it.traffic.includes(place))
        .map(|it| HttpFilter::Wasm(Arc::clone(&it.plugin)))
        .collect()
}

/// A TrafficLabel that does not run in a workload, because another one has one of its labels.
struct Taken<'a> {
    label: &'a str,
    owner: &'a PlacedPlugin,
    loser: &'a PlacedPlugin,
}

/// The plugins that run in a workload, and the TrafficLabels that others keep out.
fn chain<'a>(plugins: &'a [PlacedPlugin], workload: &Workload) -> (Vec<&'a PlacedPlugin>, Vec<Taken<'a>>) {
    let mut owners: BTreeMap<&str, &PlacedPlugin> = BTreeMap::new();
    let (mut chain, mut taken) = (Vec::new(), Vec::new());
    for plugin in plugins.iter().filter(|it| reaches(&it.namespace, &it.selector, workload)) {
        let owned = plugin.labels.iter().find_map(|label| Some((label.as_str(), *owners.get(label.as_str())?)));
        if let Some((label, owner)) = owned {
            taken.push(Taken { label, owner, loser: plugin });
            continue;
        }
        owners.extend(plugin.labels.iter().map(|label| (label.as_str(), plugin)));
        chain.push(plugin);
    }
    (chain, taken)
}

impl PlacedPlugin {
    fn breadth(&self) -> Option<Breadth> {
        if let Order::Label(breadth, _) = &self.order { Some(*breadth) } else { None }
    }
}

impl Traffic {
    fn includes(&self, place: Place) -> bool {
        match self {
            Self::All => true,
            Self::Context(context) => matches!(
                (context, place),
                (PatchContext::Any, _)
                    | (PatchContext::SidecarInbound, Place::Inbound(_))
                    | (PatchContext::SidecarOutbound, Place::Outbound)
                    | (PatchContext::Gateway, Place::Gateway(_))
            ),
            Self::Selectors(selectors) => selectors.is_empty() || selectors.iter().any(|it| takes(it, place)),
        }
    }
}

fn takes(selector: &TrafficSelector, place: Place) -> bool {
    let (mode, port) = match place {
        Place::Inbound(port) => (TrafficMode::Server, Some(port)),
        // One listener serves the ports of all services, so a port cannot be told here; a warning says so.
        Place::Outbound => (TrafficMode::Client, None),
        Place::Gateway(port) => (TrafficMode::Client, Some(port)),
    };
    (selector.mode == mode || selector.mode == TrafficMode::ClientAndServer)
        && (selector.ports.is_empty()
            || port.is_none_or(|port| selector.ports.iter().any(|selected| selected.number == port)))
}

fn place_wasm_plugin(
    resource: &Resource<WasmPluginSpec>,
    modules: &dyn Modules,
    findings: &mut Findings,
) -> Option<PlacedPlugin> {
    let Resource { name, namespace, subject, spec } = resource;
    let path = format!("spec.{}url", spec.module_in);
    let wanted = WantedImage { url: &spec.url, sha256: &spec.sha256, consumer: Consumer::Istio };
    let module = modules::find(Source { subject, path: &path, wanted }, modules, findings);
    let left_out = [("spec.targetRefs", !spec.target_refs.is_empty()), ("spec.type", spec.kind == PluginKind::Network)];
    for (path, _) in left_out.iter().filter(|(_, left_out)| *left_out) {
        let difference = "not modelled: the plugin is left out".to_owned();
        findings.warn(subject, Problem::Different { path: (*path).to_owned(), difference });
    }
    if left_out.iter().any(|(_, left_out)| *left_out) {
        return None;
    }
    for (index, selector) in spec.matches.iter().enumerate() {
        if selector.mode != TrafficMode::Server && !selector.ports.is_empty() {
            let path = format!("spec.match[{index}].ports");
            let difference =
                "a sidecar has one outbound listener for all ports here, so the plugin sees all of its traffic";
            findings.warn(subject, Problem::Different { path, difference: difference.to_owned() });
        }
    }
    let mut environment = BTreeMap::new();
    for (index, variable) in spec.vm_config.env.iter().enumerate() {
        if variable.value_from == EnvSource::Host {
            let path = format!("spec.vmConfig.env[{index}].valueFrom");
            let difference = "`HOST` is not modelled: the variable is left out".to_owned();
            findings.warn(subject, Problem::Different { path, difference });
            continue;
        }
        environment.insert(variable.name.clone(), variable.value.clone());
    }
    let configuration = spec.plugin_config.as_ref().filter(|it| !it.is_empty());
    let configuration = configuration.map(|it| serde_json::Value::Object(it.clone()).to_string());
    let plugin = Plugin {
        root_id: spec.plugin_name.clone(),
        failure_policy: match spec.fail_strategy {
            FailStrategy::Close => FailurePolicy::FailClosed,
            FailStrategy::Open => FailurePolicy::FailOpen,
            FailStrategy::Reload => FailurePolicy::FailReload,
        },
        environment,
        ..Plugin::new(&format!("{namespace}.{name}"), module?, configuration.unwrap_or_default())
    };
    Some(PlacedPlugin {
        plugin: Arc::new(plugin),
        namespace: namespace.clone(),
        selector: spec.selector.match_labels.clone(),
        traffic: Traffic::Selectors(spec.matches.clone()),
        order: Order::Phase(spec.phase, std::cmp::Reverse(spec.priority), format!("{name}.{namespace}")),
        subject: subject.clone(),
        labels: BTreeSet::new(),
    })
}

fn place_traffic_label(
    resource: &Resource<TrafficLabelSpec>,
    modules: &dyn Modules,
    findings: &mut Findings,
) -> Option<PlacedPlugin> {
    let Resource { name, namespace, subject, spec } = resource;
    let Some(module) = modules.builtin(TRAFFIC_LABEL) else {
        findings.error(subject, Problem::NoBuiltin { name: TRAFFIC_LABEL });
        return None;
    };
    let selector = &spec.workload_selector.labels;
    let breadth = match namespace.as_str() {
        _ if !selector.is_empty() => Breadth::Selected,
        ROOT_NAMESPACE => Breadth::Mesh,
        _ => Breadth::Namespace,
    };
    let plugin_name = format!("{namespace}.{name}");
    // Both directions of a pod share what came in; two TrafficLabels do not.
    let vm_id = format!("{TRAFFIC_LABEL}.{plugin_name}");
    let plugin = Plugin { vm_id, ..Plugin::new(&plugin_name, module, serde_json::json!(spec).to_string()) };
    Some(PlacedPlugin {
        plugin: Arc::new(plugin),
        namespace: namespace.clone(),
        selector: selector.clone(),
        traffic: Traffic::All,
        order: Order::Label(breadth, format!("{name}.{namespace}")),
        subject: subject.clone(),
        // Header names are the same in any case.
        labels: spec.labels().map(str::to_ascii_lowercase).collect(),
    })
}

fn place_filter_deployment(
    resource: &Resource<FilterDeploymentSpec>,
    index: usize,
    modules: &dyn Modules,
    findings: &mut Findings,
) -> Option<PlacedPlugin> {
    let Resource { name, namespace, subject, spec } = resource;
    let filter = &spec.filter;
    let wanted = WantedImage { url: &filter.image, sha256: "", consumer: Consumer::Asm };
    let module = modules::find(Source { subject, path: "spec.filter.image", wanted }, modules, findings)?;
    let plugin_name = if filter.id.is_empty() { format!("{namespace}.{name}") } else { filter.id.clone() };
    let plugin =
        Plugin { root_id: filter.root_id.clone(), ..Plugin::new(&plugin_name, module, filter.parameters.clone()) };
    Some(PlacedPlugin {
        plugin: Arc::new(plugin),
        namespace: namespace.clone(),
        selector: spec.workload.labels.clone(),
        traffic: Traffic::Context(filter.patch_context),
        order: Order::BeforeRouter(index),
        subject: subject.clone(),
        labels: BTreeSet::new(),
    })
}
