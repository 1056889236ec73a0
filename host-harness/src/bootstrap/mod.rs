//! What one proxy is configured with, in Envoy's own terms: node, listeners, routes, clusters and the filters of each chain.
//!
//! This is the one model that both data planes run: the embedded engine reads it directly, and a real Envoy gets it as a
//! generated bootstrap. Nothing here opens a socket or knows about Kubernetes.

pub mod render;
mod route;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use route::{
    CompiledRegex, HeaderMatch, PathMatch, QueryMatch, RandomValue, Route, RouteAction, RouteMatch, RouteTable,
    StringMatch, StringMatchError, VirtualHost,
};

/// One proxy: a sidecar, a gateway, or the single Envoy of a scenario.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// A name that is unique in its mesh and readable in a log: the pod or the gateway.
    pub name: String,
    /// Who the proxy is, as plugins read it from `xds.node`.
    pub node: Node,
    /// What the proxy listens on.
    pub listeners: Vec<Listener>,
    /// Where the proxy can send requests; [`RouteAction`] names them.
    pub clusters: Vec<Cluster>,
    /// The number of worker threads, each with virtual machines of its own.
    pub concurrency: u32,
}

/// The node of a proxy, as Istio's agent fills it in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// `sidecar~<ip>~<pod>.<namespace>~<namespace>.svc.cluster.local`; a gateway's begins with `router~`.
    pub id: String,
    /// `<app>.<namespace>`.
    pub cluster: String,
    /// `LABELS`, `NAMESPACE`, `NAME`, `WORKLOAD_NAME`, `SERVICE_ACCOUNT`, `CLUSTER_ID`, `MESH_ID`, `ISTIO_VERSION`, …
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// Which way traffic flows through a listener; the values are those of `envoy.config.core.v3.TrafficDirection`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Not said.
    #[default]
    Unspecified = 0,
    /// Towards the application beside the proxy.
    Inbound = 1,
    /// Away from it; Istio's gateways are outbound too.
    Outbound = 2,
}

/// One listener with one HTTP connection manager.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Unique in its proxy.
    pub name: String,
    /// A loopback address with a concrete port.
    pub address: SocketAddr,
    /// Which way its traffic flows.
    pub direction: Direction,
    /// Where its requests go.
    pub routes: Arc<RouteTable>,
    /// The filters before the router, in the order that requests pass them.
    pub filters: Vec<HttpFilter>,
    /// The limit of buffered bodies in bytes (`per_connection_buffer_limit_bytes`); Envoy's default is 1 MiB.
    pub buffer_limit: u32,
    /// Whether the connection manager behaves as Istio sets it or adds as little as it can.
    pub connection_manager: ConnectionManager,
}

/// Envoy's default for [`Listener::buffer_limit`].
pub const DEFAULT_BUFFER_LIMIT: u32 = 1024 * 1024;

/// What the connection manager and the router add to a message by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionManager {
    /// As in a mesh: `x-request-id` is made where it is missing, `server`, `date` and the `x-envoy-*` headers are added.
    #[default]
    Mesh,
    /// As little as Envoy allows (`generate_request_id: false`, `suppress_envoy_headers`, `server` passed through), so that a
    /// scenario sees what the filters did and nothing else.
    Bare,
}

/// One filter of a chain.
#[derive(Clone, Debug)]
pub enum HttpFilter {
    /// A Proxy-Wasm plugin; both data planes run it.
    Wasm(Arc<Plugin>),
    /// A filter of Envoy's own, which only a real Envoy can run: its name and its typed configuration.
    Native {
        /// For instance `envoy.filters.http.lua`.
        name: String,
        /// With its `@type`.
        typed_config: serde_json::Value,
    },
}

/// One Proxy-Wasm plugin, as `envoy.extensions.wasm.v3.PluginConfig` and its `VmConfig` say it.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// `name`: what logs and the property `plugin_name` show.
    pub name: String,
    /// `root_id`: which root context of the module to use.
    pub root_id: String,
    /// `vm_config.vm_id`: plugins with the same id, code and VM configuration share a virtual machine; the id alone scopes
    /// shared data and queues.
    pub vm_id: String,
    /// `vm_config.configuration`, given to `on_vm_start`.
    pub vm_configuration: Vec<u8>,
    /// `configuration`, given to `on_configure`.
    pub configuration: Vec<u8>,
    /// The compiled module.
    pub module: Module,
    /// What happens to requests when the virtual machine has failed.
    pub failure_policy: FailurePolicy,
    /// `allow_on_headers_stop_iteration`: a pause in a header callback still lets body callbacks come.
    pub allow_on_headers_stop_iteration: bool,
    /// `vm_config.environment_variables.key_values`.
    pub environment: BTreeMap<String, String>,
    /// `capability_restriction_config.allowed_capabilities`; empty allows all.
    pub allowed_capabilities: Vec<String>,
}

impl Plugin {
    /// A plugin with Envoy's defaults around a module and its configuration.
    pub fn new(name: &str, module: Module, configuration: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.to_owned(),
            root_id: String::new(),
            vm_id: String::new(),
            vm_configuration: Vec::new(),
            configuration: configuration.into(),
            module,
            failure_policy: FailurePolicy::default(),
            allow_on_headers_stop_iteration: false,
            environment: BTreeMap::new(),
            allowed_capabilities: Vec::new(),
        }
    }
}

/// A compiled module as bytes, cheap to clone.
#[derive(Clone)]
pub struct Module {
    /// What to call it in messages: a file name or a built-in filter's name.
    pub name: String,
    /// The `.wasm` (or `.wat`) itself.
    pub bytes: Arc<[u8]>,
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Module({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// What happens to a request when its plugin's virtual machine has failed (`failure_policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Answer 503; the default.
    #[default]
    FailClosed,
    /// Go on without the plugin.
    FailOpen,
    /// Build the virtual machine anew for a later request, no sooner than the back-off after the last start; until then 503.
    FailReload,
}

/// A named group of endpoints.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Unique in its proxy; Istio's form is `outbound|<port>|<subset>|<host>`.
    pub name: String,
    /// Taken in turn. None gives 503 `no healthy upstream`.
    pub endpoints: Vec<SocketAddr>,
    /// What the endpoints speak.
    pub protocol: Protocol,
}

/// The version of HTTP spoken to a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 with prior knowledge, as gRPC wants it.
    Http2,
}

/// Envoy's default route timeout.
pub const DEFAULT_ROUTE_TIMEOUT: Duration = Duration::from_secs(15);
