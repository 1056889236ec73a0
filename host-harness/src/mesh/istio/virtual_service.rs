//! VirtualService: which requests for which hosts go to which destinations.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::mesh::manifest::Labels;

/// `networking.istio.io` VirtualService.
#[derive(Clone, Debug, Deserialize)]
pub struct VirtualServiceSpec {
    /// A short name belongs to the resource's own namespace.
    pub hosts: Vec<String>,
    /// Gateways by name, and `mesh` for the sidecars; `mesh` alone where none is given.
    #[serde(default)]
    pub gateways: Vec<String>,
    /// The first that matches wins.
    #[serde(default)]
    pub http: Vec<HttpRoute>,
}

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRoute {
    /// A label for people, and the route's name in Envoy.
    #[serde(default)]
    pub name: String,
    /// Any of them; none takes every request.
    #[serde(default, rename = "match")]
    pub matches: Vec<HttpMatch>,
    /// Where the requests go.
    #[serde(default)]
    pub route: Vec<WeightedDestination>,
    /// The proxy's own answer.
    pub direct_response: Option<DirectResponse>,
    /// A duration such as `1.5s`; Istio has no limit where it is not given.
    pub timeout: Option<String>,
    /// Which pages of other origins may read the answers; the filter `cors` reads it.
    pub cors_policy: Option<serde_json::Value>,
}

/// All conditions of one match.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpMatch {
    /// A label for people, added to the rule's name in Envoy.
    #[serde(default)]
    pub name: String,
    /// On the path.
    pub uri: Option<StringCondition>,
    /// On the method.
    pub method: Option<StringCondition>,
    /// On the host and port that the client asked for.
    pub authority: Option<StringCondition>,
    /// On `http` or `https`.
    pub scheme: Option<StringCondition>,
    /// On headers; an empty condition asks only that the header is there.
    #[serde(default)]
    pub headers: BTreeMap<String, StringCondition>,
    /// Headers that must not match.
    #[serde(default)]
    pub without_headers: BTreeMap<String, StringCondition>,
    /// On query parameters; an empty condition asks only that the parameter is there.
    #[serde(default)]
    pub query_params: BTreeMap<String, StringCondition>,
    /// The port of the service, or of the gateway's server.
    pub port: Option<u16>,
    /// The labels of the pod whose sidecar decides.
    #[serde(default)]
    pub source_labels: Labels,
    /// The namespace of that pod.
    pub source_namespace: Option<String>,
    /// Overrides those of the resource.
    #[serde(default)]
    pub gateways: Vec<String>,
}

/// A condition on a string: at most one of the three.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StringCondition {
    /// It is this.
    pub exact: Option<String>,
    /// It begins with this.
    pub prefix: Option<String>,
    /// The whole of it matches this RE2 pattern.
    pub regex: Option<String>,
}

/// A destination and its share.
#[derive(Clone, Debug, Deserialize)]
pub struct WeightedDestination {
    /// Where to.
    pub destination: Destination,
    /// Relative to those beside it; a single destination needs none.
    pub weight: Option<u32>,
    /// What takes its place where it has no pods. It is Alibaba Cloud's, Istio knows no such field.
    pub fallback: Option<Fallback>,
}

/// What takes the place of a destination.
#[derive(Clone, Debug, Deserialize)]
pub struct Fallback {
    /// Where to.
    pub target: Destination,
}

/// A Service, or one subset of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Destination {
    /// A short name belongs to the resource's own namespace.
    pub host: String,
    /// A subset that a DestinationRule declares; in Alibaba Cloud's mesh also `$` and a label whose value names it.
    pub subset: Option<String>,
    /// Needed where the Service has several.
    pub port: Option<PortSelector>,
}

/// A port by its number.
#[derive(Clone, Debug, Deserialize)]
pub struct PortSelector {
    /// The Service's port, not the pod's.
    pub number: u16,
}

/// The proxy's own answer.
#[derive(Clone, Debug, Deserialize)]
pub struct DirectResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    #[serde(default)]
    pub body: Body,
}

/// A body.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Body {
    /// As text.
    #[serde(default)]
    pub string: String,
}
