//! Kubernetes' Deployment and Service, as far as they decide which pods there are and how they are reached.

use serde::Deserialize;

use super::manifest::Labels;

/// `apps/v1` Deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSpec {
    /// The number of pods.
    #[serde(default = "one")]
    pub replicas: u16,
    /// Must select the template's own labels.
    pub selector: LabelSelector,
    /// What each pod is made from.
    pub template: PodTemplate,
}

fn one() -> u16 {
    1
}

/// `matchLabels`; expressions are not modelled.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// All of them must be there.
    #[serde(default)]
    pub match_labels: Labels,
}

/// The template of a pod.
#[derive(Clone, Debug, Deserialize)]
pub struct PodTemplate {
    /// Its labels.
    #[serde(default)]
    pub metadata: TemplateMetadata,
    /// Its containers.
    pub spec: PodSpec,
}

/// The metadata of a template.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TemplateMetadata {
    /// What selectors look at.
    #[serde(default)]
    pub labels: Labels,
}

/// What runs in a pod.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    /// At least one.
    pub containers: Vec<Container>,
    /// `default` where it is not given.
    pub service_account_name: Option<String>,
}

/// One application of a pod.
#[derive(Clone, Debug, Deserialize)]
pub struct Container {
    /// Unique in its pod.
    pub name: String,
    /// What `weft.yaml` maps to a program.
    pub image: String,
    /// The environment.
    #[serde(default)]
    pub env: Vec<EnvVar>,
    /// The ports it listens on.
    #[serde(default)]
    pub ports: Vec<ContainerPort>,
}

/// One variable of the environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value, if it is not taken from elsewhere.
    pub value: Option<String>,
    /// Where it is taken from.
    pub value_from: Option<EnvVarSource>,
}

/// Where a variable comes from; only the pod's own fields are modelled.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvVarSource {
    /// A field of the pod.
    pub field_ref: Option<FieldRef>,
}

/// A field of the pod itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldRef {
    /// For instance `metadata.name`.
    pub field_path: String,
}

/// A port of a container.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// The number that the cluster knows; here the OS picks another.
    pub container_port: u16,
    /// What a Service's `targetPort` may name.
    pub name: Option<String>,
    /// Only TCP is modelled.
    #[serde(default, rename = "protocol")]
    pub transport: Transport,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Transport {
    /// What HTTP runs on.
    #[default]
    Tcp,
    /// Left out with a warning.
    Udp,
    /// Left out with a warning.
    Sctp,
}

/// `v1` Service.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceSpec {
    /// The pods behind it.
    #[serde(default)]
    pub selector: Labels,
    /// What it is reached at.
    #[serde(default)]
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// The number that clients use.
    pub port: u16,
    /// Its name, whose beginning tells Istio the protocol.
    #[serde(default)]
    pub name: String,
    /// Tells the protocol before the name does.
    pub app_protocol: Option<String>,
    /// The port of the pods; the same number where it is not given.
    pub target_port: Option<TargetPort>,
    /// Only TCP is modelled.
    #[serde(default, rename = "protocol")]
    pub transport: Transport,
}

/// A port of a pod.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a port number or the name of a container's port")]
pub enum TargetPort {
    /// By its number.
    Number(u16),
    /// By the name that a container gives it.
    Name(String),
}
