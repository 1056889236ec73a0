//! WasmPlugin and TrafficExtension: which proxies run which module, with what configuration and where in the chain.

use serde::Deserialize;

use crate::mesh::kubernetes::LabelSelector;

/// `extensions.istio.io` WasmPlugin.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WasmPluginSpec {
    /// The pods; none selects all of the namespace.
    #[serde(default)]
    pub selector: LabelSelector,
    /// Where the module is.
    pub url: String,
    /// The digest of the module (of the image, where the URL names one).
    #[serde(default)]
    pub sha256: String,
    /// Where in the chain.
    #[serde(default)]
    pub phase: Phase,
    /// Higher ones come first in their phase.
    #[serde(default)]
    pub priority: i32,
    /// Istio hands it on as `root_id`.
    #[serde(default)]
    pub plugin_name: String,
    /// Any object; the plugin gets it as JSON.
    #[serde(default)]
    pub plugin_config: Option<serde_json::Map<String, serde_json::Value>>,
    /// What happens to requests when the module fails.
    #[serde(default)]
    pub fail_strategy: FailStrategy,
    /// Any of them; none takes all traffic.
    #[serde(default, rename = "match")]
    pub matches: Vec<TrafficSelector>,
    /// The virtual machine's environment.
    #[serde(default)]
    pub vm_config: VmConfig,
    /// What kind of filter the module is.
    #[serde(default, rename = "type")]
    pub kind: PluginKind,
    /// Resources that the plugin is attached to. They are not modelled, and a plugin that has them is left out.
    #[serde(default)]
    pub target_refs: Vec<serde_json::Value>,
    /// The field that has what is about the module, with a dot: a TrafficExtension's `wasm.`, nothing here.
    #[serde(skip)]
    pub module_in: &'static str,
}

/// `extensions.istio.io` TrafficExtension: a WasmPlugin with what is about the module in a field of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficExtensionSpec {
    /// The pods; none selects all of the namespace.
    #[serde(default)]
    selector: LabelSelector,
    /// Where in the chain.
    #[serde(default)]
    phase: Phase,
    /// Higher ones come first in their phase.
    #[serde(default)]
    priority: i32,
    /// Any of them; none takes all traffic.
    #[serde(default, rename = "match")]
    matches: Vec<TrafficSelector>,
    /// Resources that the plugin is attached to.
    #[serde(default)]
    target_refs: Vec<serde_json::Value>,
    /// The module.
    wasm: WasmModuleSpec,
}

/// What is about a module.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WasmModuleSpec {
    url: String,
    #[serde(default)]
    sha256: String,
    #[serde(default)]
    plugin_name: String,
    #[serde(default)]
    plugin_config: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    fail_strategy: FailStrategy,
    #[serde(default)]
    vm_config: VmConfig,
    #[serde(default, rename = "type")]
    kind: PluginKind,
}

impl From<TrafficExtensionSpec> for WasmPluginSpec {
    fn from(extension: TrafficExtensionSpec) -> Self {
        let TrafficExtensionSpec { selector, phase, priority, matches, target_refs, wasm } = extension;
        let WasmModuleSpec { url, sha256, plugin_name, plugin_config, fail_strategy, vm_config, kind } = wasm;
        Self {
            selector,
            url,
            sha256,
            phase,
            priority,
            plugin_name,
            plugin_config,
            fail_strategy,
            matches,
            vm_config,
            kind,
            target_refs,
            module_in: "wasm.",
        }
    }
}

/// What kind of filter a module is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PluginKind {
    /// Of HTTP messages.
    #[default]
    #[serde(alias = "UNSPECIFIED_PLUGIN_TYPE")]
    Http,
    /// Of connections, which is not modelled; the plugin is left out.
    Network,
}

/// Where in the chain, in the order of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// Before Istio's authentication.
    Authn,
    /// Before Istio's authorization.
    Authz,
    /// Before Istio's statistics.
    Stats,
    /// Right before the router.
    #[default]
    #[serde(rename = "UNSPECIFIED_PHASE", alias = "UNSPECIFIED")]
    Unspecified,
}

/// What happens to requests when the module fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum FailStrategy {
    /// They are refused.
    #[default]
    #[serde(rename = "FAIL_CLOSE")]
    Close,
    /// They go on without the plugin.
    #[serde(rename = "FAIL_OPEN")]
    Open,
    /// The module is started anew.
    #[serde(rename = "FAIL_RELOAD")]
    Reload,
}

/// Which traffic a plugin sees.
#[derive(Clone, Debug, Deserialize)]
pub struct TrafficSelector {
    /// Which way it flows.
    #[serde(default)]
    pub mode: TrafficMode,
    /// On which ports; none means all.
    #[serde(default)]
    pub ports: Vec<PortNumber>,
}

/// Which way traffic flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrafficMode {
    /// Both.
    #[default]
    #[serde(alias = "UNDEFINED")]
    ClientAndServer,
    /// Away from an application, and through a gateway.
    Client,
    /// Towards an application.
    Server,
}

/// A port by its number.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PortNumber {
    /// The number that the cluster knows.
    pub number: u16,
}

/// The virtual machine's settings.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct VmConfig {
    /// Its environment.
    #[serde(default)]
    pub env: Vec<PluginEnvVar>,
}

/// One variable.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginEnvVar {
    /// Its name.
    pub name: String,
    /// Its value, where it is given inline.
    #[serde(default)]
    pub value: String,
    /// Where it comes from.
    #[serde(default)]
    pub value_from: EnvSource,
}

/// Where a variable comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EnvSource {
    /// From the manifest.
    #[default]
    Inline,
    /// From the proxy's own environment, which is not modelled.
    Host,
}
