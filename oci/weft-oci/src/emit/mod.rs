//! Manifests that load a filter, ready to apply: one form for each consumer, every choice with its reason beside it.
//!
//! A [`Request`] is complete and valid: whoever makes it has asked the filter's own core about the configuration. Fields and
//! their rules are those of the consumers' API references; sources stand in each module. Nothing is fetched here.

mod asm;
mod envoy;
mod envoy_filter;
mod envoy_gateway;
mod higress;
mod istio;
mod version;
mod yaml;

use oci::Reference;
use serde_json::{Map as JsonMap, Value};

pub use version::IstioVersion;

use crate::filters::{Choice, FailStrategy, Mode, Phase, Workload};
use yaml::{Map, Node};

/// Whose manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// Istio, all versions since 1.12.
    #[value(name = "wasmplugin")]
    WasmPlugin,
    /// Istio since 1.30.
    #[value(name = "trafficextension")]
    TrafficExtension,
    /// Istio, where a plugin needs what a WasmPlugin has no field for.
    #[value(name = "envoyfilter")]
    EnvoyFilter,
    /// Alibaba Cloud Service Mesh, its own kind.
    #[value(name = "asmfilterdeployment")]
    AsmFilterDeployment,
    /// Envoy Gateway.
    #[value(name = "envoyextensionpolicy")]
    EnvoyExtensionPolicy,
    /// Higress.
    #[value(name = "higress")]
    Higress,
    /// Envoy itself: an entry of `http_filters`.
    #[value(name = "envoy")]
    Envoy,
}

/// What a manifest says.
#[derive(Clone, Debug)]
pub struct Request {
    /// The filter's name.
    pub filter: String,
    /// The resource's name.
    pub name: String,
    /// Its namespace, if it says one.
    pub namespace: Option<String>,
    /// The image.
    pub image: Reference,
    /// Where Envoy finds the module, if it is not pulled.
    pub module_file: Option<String>,
    /// The plugin's configuration, which its core has accepted.
    pub config: JsonMap<String, Value>,
    /// The root context; none takes what the module has.
    pub root_id: Option<String>,
    /// The proxies that the filter is for, where no labels say it.
    pub workload: Workload,
    /// The labels of the pods; none takes all of the namespace.
    pub labels: Vec<(String, String)>,
    /// The resources that it is attached to, in place of labels.
    pub targets: Vec<TargetRef>,
    /// Where in the chain.
    pub phase: Choice<Phase>,
    /// Before or after others.
    pub priority: Choice<i32>,
    /// Which traffic.
    pub mode: Choice<Mode>,
    /// On which ports; none means all.
    pub ports: Vec<u16>,
    /// What becomes of requests without it.
    pub fail_strategy: Choice<FailStrategy>,
    /// The secret with the registry's credentials.
    pub pull_secret: Option<String>,
    /// Whether an image that is there is pulled again.
    pub pull_policy: Option<PullPolicy>,
    /// The virtual machine's environment.
    pub environment: Vec<(String, String)>,
    /// What runs the mesh.
    pub istio: Option<IstioVersion>,
}

/// A resource that a plugin is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRef {
    /// Its kind: `Gateway`, `Service`, `HTTPRoute`…
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Whether an image that is there is pulled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PullPolicy {
    /// It is not.
    IfNotPresent,
    /// It is, when the resource changes.
    Always,
}

/// A manifest and what there is to know beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The manifest.
    pub text: String,
    /// What to do before it works, and what it does not do.
    pub notes: Vec<String>,
}

/// The most that a client-side `kubectl apply` takes: it keeps the resource in an annotation.
const APPLY_LIMIT: usize = 256 * 1024;
/// The most that the API server's store takes of one resource, by default.
const STORE_LIMIT: usize = 1_500_000;

/// Writes a manifest, or says everything that keeps it from working.
pub fn emit(target: Target, request: &Request) -> Result<Emitted, Vec<String>> {
    let problems = problems(target, request);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (manifest, mut notes) = match target {
        Target::WasmPlugin => istio::wasm_plugin(request),
        Target::TrafficExtension => istio::traffic_extension(request),
        Target::EnvoyFilter => envoy_filter::envoy_filter(request),
        Target::AsmFilterDeployment => asm::filter_deployment(request),
        Target::EnvoyExtensionPolicy => envoy_gateway::extension_policy(request),
        Target::Higress => higress::wasm_plugin(request),
        Target::Envoy => envoy::http_filter(request),
    };
    let text = manifest.render();
    if target != Target::Envoy && text.len() > STORE_LIMIT {
        notes.push(format!(
            "the resource has {} bytes, and an API server takes about {STORE_LIMIT}: name fewer services",
            text.len()
        ));
    } else if target != Target::Envoy && text.len() > APPLY_LIMIT {
        notes.push(format!(
            "the resource has {} bytes, more than the {APPLY_LIMIT} that `kubectl apply` keeps in an annotation: use \
             `kubectl apply --server-side`",
            text.len()
        ));
    }
    Ok(Emitted { text, notes })
}

/// What a target cannot have, or not in the version that runs.
fn problems(target: Target, request: &Request) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(version) = request.istio {
        problems.extend(version::problems(version, target, request));
    }
    let is_istio = matches!(target, Target::WasmPlugin | Target::TrafficExtension);
    if is_istio && !request.targets.is_empty() && !request.labels.is_empty() {
        problems.push("expected labels or target references, but found both: the API server refuses that".to_owned());
    }
    if is_istio && request.targets.len() > 16 {
        problems.push(format!("expected at most 16 target references, but found {}", request.targets.len()));
    }
    if target == Target::EnvoyExtensionPolicy && request.targets.is_empty() {
        problems.push("expected --target KIND/NAME, such as Gateway/eg or HTTPRoute/web, but found none".to_owned());
    }
    if target == Target::AsmFilterDeployment && request.labels() == Map::new() {
        problems.push("expected --label KEY=VALUE for the pods of an ASMFilterDeployment, but found none".to_owned());
    }
    let inline = request.config.get("transport").and_then(Value::as_str) == Some("inline");
    if inline && !matches!(target, Target::EnvoyFilter | Target::Envoy) {
        problems.push(
            "expected a transport other than inline, which needs a host setting that only an EnvoyFilter and Envoy's own \
             configuration have, but found inline: emit envoyfilter"
                .to_owned(),
        );
    }
    problems
}

impl Request {
    /// How manifests with a scheme name the image.
    fn url(&self) -> String {
        format!("oci://{}", self.image)
    }

    /// The digest for a field `sha256`.
    fn sha256(&self) -> Option<String> {
        self.image.digest.as_ref().map(|digest| digest.hex().to_owned())
    }

    /// The file, or where one would be looked for.
    fn file(&self) -> String {
        self.module_file.clone().unwrap_or_else(|| format!("/etc/envoy/{}.wasm", self.filter))
    }

    fn metadata(&self) -> Map {
        Map::new().with("name", self.name.as_str()).maybe("namespace", self.namespace.as_deref())
    }

    /// The labels, or those of Istio's own gateway for a filter that is for gateways.
    fn labels(&self) -> Map {
        let fields = Map::new();
        if self.labels.is_empty() && self.targets.is_empty() && self.workload == Workload::Gateway {
            return fields.with("istio", "ingressgateway");
        }
        self.labels.iter().fold(fields, |fields, (name, value)| fields.with(name, value.as_str()))
    }

    /// What has to be there before the image can be pulled.
    fn secret_note(&self, namespace: &str) -> Option<String> {
        let secret = self.pull_secret.as_ref()?;
        Some(format!(
            "the secret {secret} must be in the same namespace and of type kubernetes.io/dockerconfigjson:\n  \
             kubectl create secret docker-registry {secret} --namespace {namespace} --docker-server {} --docker-username … \
             --docker-password …",
            self.image.registry
        ))
    }
}

/// A field with the reason of a choice, or without one where the user chose.
fn chosen<T: Copy>(fields: Map, name: &str, choice: Choice<T>, value: impl Into<Node>) -> Map {
    fields.because(name, value, choice.reason)
}
