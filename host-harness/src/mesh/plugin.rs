//! WasmPlugins and ASMFilterDeployments → the filters of each listener, in Istio's order.
//!
//! Here is decided which module a URL means, whom a plugin selects and which filter comes first. Modules are not compiled.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::asm::{FilterDeploymentSpec, PatchContext};
use super::finding::{Findings, Problem, Subject};
use super::istio::{EnvSource, FailStrategy, Phase, PluginKind, TrafficMode, TrafficSelector, WasmPluginSpec};
use super::manifest::{Labels, Resource, selects, show};
use super::workload::Workload;
use crate::bootstrap::{FailurePolicy, HttpFilter, Module, Plugin};

/// The namespace whose plugins apply to all others.
pub const ROOT_NAMESPACE: &str = "istio-system";

/// Gives the module of a built-in filter by its name.
pub type Builtins<'a> = &'a dyn Fn(&str) -> Option<Module>;

/// A plugin and where it goes.
#[derive(Debug)]
pub struct PlacedPlugin {
    plugin: Arc<Plugin>,
    namespace: String,
    selector: Labels,
    traffic: Traffic,
    order: Order,
}

#[derive(Debug)]
enum Traffic {
    Selectors(Vec<TrafficSelector>),
    Context(PatchContext),
}

/// Istio's order in a chain: by phase, then by priority, the higher first, then by name. An ASMFilterDeployment stands right
/// before the router, after all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Phase(Phase, std::cmp::Reverse<i32>, String),
    BeforeRouter(usize),
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
pub fn place(
    wasm_plugins: &[Resource<WasmPluginSpec>],
    filter_deployments: &[Resource<FilterDeploymentSpec>],
    builtins: Builtins<'_>,
    findings: &mut Findings,
) -> Vec<PlacedPlugin> {
    let mut placed: Vec<_> = wasm_plugins.iter().filter_map(|it| place_wasm_plugin(it, builtins, findings)).collect();
    for (index, resource) in filter_deployments.iter().enumerate() {
        placed.extend(place_filter_deployment(resource, index, builtins, findings));
    }
    placed.sort_by(|a, b| a.order.cmp(&b.order));
    placed
}

/// Warns of every plugin that selects no workload at all.
pub fn warn_of_idle(
    wasm_plugins: &[Resource<WasmPluginSpec>],
    filter_deployments: &[Resource<FilterDeploymentSpec>],
    workloads: &[Workload],
    findings: &mut Findings,
) {
    let istio = wasm_plugins
        .iter()
        .map(|it| (&it.subject, &it.namespace, "spec.selector.matchLabels", &it.spec.selector.match_labels));
    let asm = filter_deployments
        .iter()
        .map(|it| (&it.subject, &it.namespace, "spec.workload.labels", &it.spec.workload.labels));
    for (subject, namespace, path, labels) in istio.chain(asm) {
        if !workloads.iter().any(|it| reaches(namespace, labels, it)) {
            let (path, labels) = (path.to_owned(), show(labels));
            let consequence = format!("this filter runs nowhere (it looks in {})", scope(namespace));
            findings.warn(subject, Problem::SelectsNothing { path, labels, consequence });
        }
    }
}

fn scope(namespace: &str) -> String {
    if namespace == ROOT_NAMESPACE { "all namespaces".to_owned() } else { format!("namespace {namespace}") }
}

fn reaches(namespace: &str, selector: &Labels, workload: &Workload) -> bool {
    (namespace == ROOT_NAMESPACE || namespace == workload.namespace) && selects(selector, &workload.labels)
}

/// The filters of one listener of a workload's proxy. The plugins are those of [`place`], in its order.
pub fn filters(plugins: &[PlacedPlugin], workload: &Workload, place: Place) -> Vec<HttpFilter> {
    plugins
        .iter()
        .filter(|it| reaches(&it.namespace, &it.selector, workload) && it.traffic.includes(place))
        .map(|it| HttpFilter::Wasm(Arc::clone(&it.plugin)))
        .collect()
}

impl Traffic {
    fn includes(&self, place: Place) -> bool {
        match self {
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
    builtins: Builtins<'_>,
    findings: &mut Findings,
) -> Option<PlacedPlugin> {
    let Resource { name, namespace, subject, spec } = resource;
    let module = find_module(&spec.url, "spec.url", &spec.sha256, subject, builtins, findings);
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
    })
}

fn place_filter_deployment(
    resource: &Resource<FilterDeploymentSpec>,
    index: usize,
    builtins: Builtins<'_>,
    findings: &mut Findings,
) -> Option<PlacedPlugin> {
    let Resource { name, namespace, subject, spec } = resource;
    let filter = &spec.filter;
    let module = find_module(&filter.image, "spec.filter.image", "", subject, builtins, findings)?;
    let plugin_name = if filter.id.is_empty() { format!("{namespace}.{name}") } else { filter.id.clone() };
    let plugin =
        Plugin { root_id: filter.root_id.clone(), ..Plugin::new(&plugin_name, module, filter.parameters.clone()) };
    Some(PlacedPlugin {
        plugin: Arc::new(plugin),
        namespace: namespace.clone(),
        selector: spec.workload.labels.clone(),
        traffic: Traffic::Context(filter.patch_context),
        order: Order::BeforeRouter(index),
    })
}

/// What a URL means: a file beside the manifest, a built-in filter, or an image that a built-in filter stands in for.
fn find_module(
    url: &str,
    path: &str,
    sha256: &str,
    subject: &Subject,
    builtins: Builtins<'_>,
    findings: &mut Findings,
) -> Option<Module> {
    let unresolved = |reason: String| Problem::UnresolvedModule { path: path.to_owned(), url: url.to_owned(), reason };
    if let Some(file) = url.strip_prefix("file://") {
        let folder = subject.file.parent().unwrap_or(Path::new(""));
        return match read_module(&folder.join(file), sha256) {
            Ok(module) => Some(module),
            Err(error) => {
                findings.error(subject, unresolved(error.to_string()));
                None
            }
        };
    }
    let built_in = url.strip_prefix("builtin:");
    if let Some(module) = builtins(built_in.unwrap_or(url)) {
        return Some(module);
    }
    let name = built_in.unwrap_or_else(|| image_name(url));
    let Some(module) = builtins(name) else {
        findings.error(subject, unresolved(format!("no built-in filter is named `{name}`, and images are not pulled")));
        return None;
    };
    let (path, url, name) = (path.to_owned(), url.to_owned(), name.to_owned());
    findings.warn(subject, Problem::BuiltinInPlaceOfImage { path, url, name });
    Some(module)
}

fn read_module(file: &Path, sha256: &str) -> io::Result<Module> {
    let bytes =
        std::fs::read(file).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if !sha256.is_empty() && sha256 != digest {
        return Err(io::Error::other(format!("expected a module with `sha256: {sha256}`, but found {digest}")));
    }
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    Ok(Module { name, bytes: bytes.into() })
}

/// The last part of an image's name, without tag and digest: `oci://registry.test/team/cors:1.0@sha256:…` → `cors`.
fn image_name(url: &str) -> &str {
    let without_digest = url.split('@').next().unwrap_or(url);
    let last = without_digest.rsplit('/').next().unwrap_or(without_digest);
    last.split(':').next().unwrap_or(last)
}
