//! Documents → typed resources, by group and kind. Every field that no type models is found here and named in a warning.
//!
//! What a resource does to the mesh is decided elsewhere; whether its own fields make sense too.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_ignored::Path;
use serde_yaml_ng::Value;

use super::accepted::is_accepted;
use super::asm::{FilterDeploymentSpec, TrafficLabelSpec};
use super::document::Document;
use super::finding::{Findings, Problem, Subject};
use super::istio::{
    DestinationRuleSpec, EnvoyFilterSpec, GatewaySpec, TrafficExtensionSpec, VirtualServiceSpec, WasmPluginSpec,
};
use super::kubernetes::{DeploymentSpec, ServiceSpec};

/// Labels of a pod, or the labels that a selector asks for.
pub type Labels = BTreeMap<String, String>;

/// Whether labels have everything that a selector asks for. An empty selector asks for nothing.
pub fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// `{app: hello, version: v1}`, as a user would write it.
pub fn show(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// A resource with its specification.
#[derive(Clone, Debug)]
pub struct Resource<T> {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, `default` where it is not given.
    pub namespace: String,
    /// Where it was declared.
    pub subject: Subject,
    /// What it asks for.
    pub spec: T,
}

impl<T> Resource<T> {
    /// The same with another form of what it asks for.
    fn into_spec<U: From<T>>(self) -> Resource<U> {
        let Self { name, namespace, subject, spec } = self;
        Resource { name, namespace, subject, spec: spec.into() }
    }
}

/// All resources that are modelled, in the order in which they were declared.
#[derive(Debug, Default)]
pub struct Manifests {
    /// `apps/*`.
    pub deployments: Vec<Resource<DeploymentSpec>>,
    /// `v1`.
    pub services: Vec<Resource<ServiceSpec>>,
    /// `networking.istio.io/*`.
    pub gateways: Vec<Resource<GatewaySpec>>,
    /// `networking.istio.io/*`.
    pub virtual_services: Vec<Resource<VirtualServiceSpec>>,
    /// `networking.istio.io/*`.
    pub destination_rules: Vec<Resource<DestinationRuleSpec>>,
    /// `networking.istio.io/*`: no proxy gets them, but lints look at them.
    pub envoy_filters: Vec<Resource<EnvoyFilterSpec>>,
    /// `extensions.istio.io/*`, TrafficExtensions among them.
    pub wasm_plugins: Vec<Resource<WasmPluginSpec>>,
    /// `istio.alibabacloud.com/*`.
    pub filter_deployments: Vec<Resource<FilterDeploymentSpec>>,
    /// `istio.alibabacloud.com/*` and `istio.ctyun.cn/*`.
    pub traffic_labels: Vec<Resource<TrafficLabelSpec>>,
}

/// What every manifest begins with.
#[derive(Deserialize)]
struct Envelope<T> {
    metadata: Metadata,
    spec: T,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default = "default_namespace")]
    namespace: String,
}

fn default_namespace() -> String {
    "default".to_owned()
}

/// Reads every document as the resource it says it is.
pub fn read(documents: Vec<Document>, findings: &mut Findings) -> Manifests {
    let mut reader = Reader { manifests: Manifests::default(), seen: BTreeMap::new(), findings };
    for document in documents {
        reader.document(document);
    }
    reader.manifests
}

struct Reader<'a> {
    manifests: Manifests,
    /// `Kind/namespace/name` → where it was declared first.
    seen: BTreeMap<String, String>,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    fn document(&mut self, Document { subject, value }: Document) {
        let text = |field: &'static str| value.get(field).and_then(Value::as_str).map(str::to_owned).ok_or(field);
        let (kind, api_version) = match (text("kind"), text("apiVersion")) {
            (Ok(kind), Ok(api_version)) => (kind, api_version),
            (Err(field), _) | (_, Err(field)) => {
                return self.findings.error(&subject, Problem::NotAManifest { field });
            }
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        match (group, kind.as_str()) {
            ("", "List") => self.list(&subject, value),
            // Nothing of them changes how requests travel.
            ("", "ServiceAccount" | "Namespace") => {}
            ("apps", "Deployment") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.deployments.extend(resource);
            }
            ("", "Service") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.services.extend(resource);
            }
            ("networking.istio.io", "Gateway") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.gateways.extend(resource);
            }
            ("networking.istio.io", "VirtualService") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.virtual_services.extend(resource);
            }
            ("networking.istio.io", "DestinationRule") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.destination_rules.extend(resource);
            }
            ("extensions.istio.io", "WasmPlugin") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.wasm_plugins.extend(resource);
            }
            ("extensions.istio.io", "TrafficExtension")
                if value.get("spec").is_some_and(|it| it.get("lua").is_some()) =>
            {
                let subject = Subject { resource: resource_name(&kind, &value), ..subject };
                let difference = "not modelled: the extension is left out".to_owned();
                self.findings.warn(&subject, Problem::Different { path: "spec.lua".to_owned(), difference });
            }
            ("extensions.istio.io", "TrafficExtension") => {
                let resource = self.resource::<TrafficExtensionSpec>(&kind, subject, value);
                self.manifests.wasm_plugins.extend(resource.map(Resource::into_spec));
            }
            ("istio.alibabacloud.com", "ASMFilterDeployment") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.filter_deployments.extend(resource);
            }
            ("istio.alibabacloud.com" | "istio.ctyun.cn", "TrafficLabel") => {
                let resource = self.resource(&kind, subject, value);
                self.manifests.traffic_labels.extend(resource);
            }
            _ => {
                let subject = Subject { resource: resource_name(&kind, &value), ..subject };
                if (group, kind.as_str()) == ("networking.istio.io", "EnvoyFilter") {
                    self.manifests.envoy_filters.extend(glimpse(subject.clone(), value));
                }
                self.findings.warn(&subject, Problem::UnknownKind { kind, api_version });
            }
        }
    }

    fn list(&mut self, subject: &Subject, value: Value) {
        match value.get("items") {
            Some(Value::Sequence(items)) => {
                for item in items {
                    self.document(Document { subject: subject.clone(), value: item.clone() });
                }
            }
            _ => {
                let reason = "expected a list of manifests, but found none".to_owned();
                self.findings.error(subject, Problem::Invalid { path: "items".to_owned(), reason });
            }
        }
    }

    fn resource<T: DeserializeOwned>(&mut self, kind: &str, subject: Subject, value: Value) -> Option<Resource<T>> {
        let subject = Subject { resource: resource_name(kind, &value), ..subject };
        let Envelope { metadata, spec } = self.typed(kind, &subject, value)?;
        let key = format!("{kind}/{}/{}", metadata.namespace, metadata.name);
        if let Some(first) = self.seen.get(&key) {
            self.findings.error(&subject, Problem::Duplicate { first: first.clone() });
            return None;
        }
        self.seen.insert(key, format!("{}:{}", subject.file.display(), subject.line));
        Some(Resource { name: metadata.name, namespace: metadata.namespace, subject, spec })
    }

    /// Reads a value as a type, reporting the first error with its path and every field that the type does not know.
    fn typed<T: DeserializeOwned>(&mut self, kind: &str, subject: &Subject, value: Value) -> Option<T> {
        let mut track = serde_path_to_error::Track::new();
        let mut ignored = Vec::new();
        let deserializer = serde_path_to_error::Deserializer::new(without_nulls(value), &mut track);
        let result: Result<T, _> = serde_ignored::deserialize(deserializer, |path| ignored.push(show_path(&path)));
        match result {
            Ok(value) => {
                for path in ignored.into_iter().filter(|path| !is_accepted(kind, path)) {
                    self.findings.warn(subject, Problem::UnknownField { path });
                }
                Some(value)
            }
            Err(error) => {
                let problem = Problem::Invalid { path: track.path().to_string(), reason: error.to_string() };
                self.findings.error(subject, problem);
                None
            }
        }
    }
}

/// Reads as much of a resource as a type asks for. What is wrong with the rest of it is not said.
fn glimpse<T: DeserializeOwned>(subject: Subject, value: Value) -> Option<Resource<T>> {
    let Envelope { metadata, spec } = serde_yaml_ng::from_value(without_nulls(value)).ok()?;
    Some(Resource { name: metadata.name, namespace: metadata.namespace, subject, spec })
}

/// `Kind/name`, or `Kind/namespace/name` outside of the namespace `default`.
fn resource_name(kind: &str, value: &Value) -> Option<String> {
    let metadata = value.get("metadata")?;
    let name = metadata.get("name")?.as_str()?;
    Some(match metadata.get("namespace").and_then(Value::as_str) {
        None | Some("default") => format!("{kind}/{name}"),
        Some(namespace) => format!("{kind}/{namespace}/{name}"),
    })
}

/// Kubernetes takes a field that is null for one that is not there. A plugin's own configuration is not Kubernetes'.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Mapping(mapping) => mapping
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| {
                let keep = key.as_str() == Some("pluginConfig");
                (key, if keep { value } else { without_nulls(value) })
            })
            .collect::<serde_yaml_ng::Mapping>()
            .into(),
        Value::Sequence(items) => items.into_iter().map(without_nulls).collect::<Vec<_>>().into(),
        other => other,
    }
}

/// `spec.http[0].retries`.
fn show_path(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", show_path(parent)),
        Path::Map { parent, key } => match show_path(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => show_path(parent),
    }
}
