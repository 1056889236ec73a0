//! DestinationRule: the subsets of a host.

use serde::Deserialize;

use crate::mesh::manifest::Labels;

/// `networking.istio.io` DestinationRule.
#[derive(Clone, Debug, Deserialize)]
pub struct DestinationRuleSpec {
    /// A short name belongs to the rule's own namespace.
    pub host: String,
    /// The named parts of the host's pods.
    #[serde(default)]
    pub subsets: Vec<Subset>,
    /// Nothing of it is modelled; naming it here lets the fields below it be told apart.
    #[serde(default, rename = "trafficPolicy")]
    pub _traffic_policy: TrafficPolicy,
}

/// How a host is called, which is not modelled.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TrafficPolicy {}

/// A named part of the pods.
#[derive(Clone, Debug, Deserialize)]
pub struct Subset {
    /// What routes name.
    pub name: String,
    /// The labels of its pods, beside those that the Service asks for.
    #[serde(default)]
    pub labels: Labels,
}
