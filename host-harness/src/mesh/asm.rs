//! The ASMFilterDeployment of the guides (`istio.alibabacloud.com/v1beta1`), which puts one filter before the router of the
//! workloads it names. No public schema of it exists; the fields are those that the guides show.

use serde::Deserialize;

use super::manifest::Labels;

/// Which workloads get which filter.
#[derive(Clone, Debug, Deserialize)]
pub struct FilterDeploymentSpec {
    /// The workloads, in the resource's own namespace.
    pub workload: Workload,
    /// The filter.
    pub filter: Filter,
}

/// Workloads by their labels.
#[derive(Clone, Debug, Deserialize)]
pub struct Workload {
    /// Only Deployments are modelled, so any other is an error and this one needs no look.
    #[serde(rename = "kind")]
    pub _kind: WorkloadKind,
    /// The labels of the pods; none selects all.
    #[serde(default)]
    pub labels: Labels,
}

/// The kind of a workload.
#[derive(Clone, Copy, Debug, Deserialize)]
pub enum WorkloadKind {
    /// The only one that is modelled.
    Deployment,
}

/// A filter and where it goes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Which listeners get it.
    pub patch_context: PatchContext,
    /// The plugin's configuration: JSON inside of a string, handed on as it is.
    #[serde(default)]
    pub parameters: String,
    /// The image in a registry, without a scheme.
    pub image: String,
    /// Which root context of the module to use.
    #[serde(default, rename = "rootID")]
    pub root_id: String,
    /// The filter's name in logs.
    #[serde(default)]
    pub id: String,
}

/// The listeners that a filter is put into, as an EnvoyFilter names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PatchContext {
    /// All of them.
    Any,
    /// Towards the application.
    SidecarInbound,
    /// Away from it.
    SidecarOutbound,
    /// Those of gateways.
    Gateway,
}
