//! The kinds of Alibaba Cloud's mesh (`istio.alibabacloud.com`) that install filters, field for field as far as they are
//! modelled. No public schema of them exists; the fields are those that the guides and the vendors' documents show.

use serde::{Deserialize, Serialize};

use super::manifest::Labels;

/// ASMFilterDeployment: which workloads get which filter before the router.
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

/// TrafficLabel, `v1beta1` and `v1`: which labels the requests of which workloads get, and from where. China Telecom's mesh
/// has the same kind. It is written out again as the configuration of the filter that does it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficLabelSpec {
    /// The workloads. The filter need not know: it runs in theirs only.
    #[serde(default, skip_serializing)]
    pub workload_selector: WorkloadSelector,
    /// The labels.
    pub rules: Vec<LabelRule>,
    /// The hosts that the labels are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
}

/// Workloads by their labels.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WorkloadSelector {
    /// The labels of the pods; none selects all.
    #[serde(default)]
    pub labels: Labels,
}

/// Labels that are treated alike.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelRule {
    /// At least one.
    pub labels: Vec<Label>,
    /// Where a label travels besides its header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attach_to: Option<Vec<String>>,
    /// The protocols of the requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocols: Option<Protocols>,
}

/// A label; its name is the header that routes look at.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// The name of a header.
    pub name: String,
    /// Its sources, such as `$localLabel`: the first that gives a value wins.
    pub value_from: Vec<String>,
}

/// Protocols by their names.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected `\"*\"`, the name of a protocol or a list of names")]
pub enum Protocols {
    /// One, or `*` for all.
    One(String),
    /// Several; an empty list is none.
    Several(Vec<String>),
}

impl TrafficLabelSpec {
    /// The names of all its labels, as often as they stand there.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| &rule.labels).map(|label| label.name.as_str())
    }
}
