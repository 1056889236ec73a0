//! A scenario as the proxy that runs it: the same [`Proxy`] for both data planes, but for the addresses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::model::{self, Failure, Scenario, Upstream};
use crate::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, FailurePolicy, HeaderMatch, HttpFilter, Listener,
    Node, PathMatch, Plugin, Protocol, Proxy, Route, RouteAction, RouteMatch, RouteTable, StringMatch, VirtualHost,
};

/// The cluster that requests go to when nothing else is said.
pub const DEFAULT_CLUSTER: &str = "upstream";

/// How every cluster of a scenario behaves, the default one included.
pub fn clusters(scenario: &Scenario) -> BTreeMap<String, Upstream> {
    let mut clusters = BTreeMap::from([(DEFAULT_CLUSTER.to_owned(), Upstream::default())]);
    clusters.extend(scenario.clusters.clone());
    clusters
}

/// The proxy of a scenario; the functions give the address of a listener and of a cluster's endpoint.
pub fn proxy(
    scenario: &Scenario,
    listener_address: impl Fn(&str) -> SocketAddr,
    endpoint: impl Fn(&str) -> SocketAddr,
) -> Proxy {
    Proxy {
        name: "scenario".to_owned(),
        node: node(&scenario.node),
        listeners: scenario.all_listeners().iter().map(|it| listener(it, listener_address(&it.name))).collect(),
        clusters: clusters(scenario)
            .iter()
            .map(|(name, upstream)| Cluster {
                name: name.clone(),
                endpoints: match upstream.fail {
                    Some(Failure::NoEndpoint) => Vec::new(),
                    _ => vec![endpoint(name)],
                },
                protocol: Protocol::Http2,
            })
            .collect(),
        concurrency: 1,
    }
}

fn node(node: &model::Node) -> Node {
    Node { id: node.id.clone(), cluster: node.cluster.clone(), metadata: node.metadata.clone() }
}

fn listener(listener: &model::Listener, address: SocketAddr) -> Listener {
    Listener {
        name: listener.name.clone(),
        address,
        direction: match listener.direction {
            model::Direction::Unspecified => Direction::Unspecified,
            model::Direction::Inbound => Direction::Inbound,
            model::Direction::Outbound => Direction::Outbound,
        },
        routes: Arc::new(route_table(&listener.routes)),
        filters: listener.plugins.iter().map(|it| HttpFilter::Wasm(Arc::new(plugin(it)))).collect(),
        buffer_limit: listener.buffer_limit.unwrap_or(DEFAULT_BUFFER_LIMIT),
        connection_manager: ConnectionManager::Bare,
    }
}

fn plugin(plugin: &model::Plugin) -> Plugin {
    let mut planned = Plugin::new(plugin.label(), plugin.code.clone(), configuration(plugin.config.as_ref()));
    planned.root_id.clone_from(&plugin.root_id);
    planned.vm_id.clone_from(&plugin.vm_id);
    planned.vm_configuration = configuration(plugin.vm_config.as_ref());
    planned.failure_policy = match plugin.failure_policy {
        model::FailurePolicy::FailClosed => FailurePolicy::FailClosed,
        model::FailurePolicy::FailOpen => FailurePolicy::FailOpen,
        model::FailurePolicy::FailReload => FailurePolicy::FailReload,
    };
    planned.allow_on_headers_stop_iteration = plugin.allow_on_headers_stop_iteration;
    planned.environment.clone_from(&plugin.environment);
    planned.allowed_capabilities.clone_from(&plugin.allowed_capabilities);
    planned
}

fn configuration(value: Option<&serde_json::Value>) -> Vec<u8> {
    match value {
        None => Vec::new(),
        Some(serde_json::Value::String(text)) => text.clone().into_bytes(),
        Some(structure) => structure.to_string().into_bytes(),
    }
}

fn route_table(routes: &[model::Route]) -> RouteTable {
    let mut routes: Vec<Route> = routes.iter().map(route).collect();
    if routes.is_empty() {
        routes.push(Route {
            name: "default".to_owned(),
            matcher: RouteMatch::default(),
            action: RouteAction::Cluster(DEFAULT_CLUSTER.to_owned()),
            timeout: None,
        });
    }
    RouteTable {
        name: "scenario".to_owned(),
        virtual_hosts: vec![VirtualHost { name: "scenario".to_owned(), domains: vec!["*".to_owned()], routes }],
    }
}

fn route(route: &model::Route) -> Route {
    Route {
        name: route.name.clone(),
        matcher: RouteMatch {
            path: PathMatch::Prefix(route.prefix.clone()),
            headers: route
                .headers
                .iter()
                .map(|(name, value)| HeaderMatch {
                    name: name.clone(),
                    value: Some(StringMatch::exact(value)),
                    invert: false,
                    missing_as_empty: false,
                })
                .collect(),
            query: Vec::new(),
            filter_state: route
                .filter_state
                .iter()
                .map(|(key, value)| (key.clone(), StringMatch::exact(value)))
                .collect(),
        },
        action: match (route.direct, &route.cluster) {
            (Some(status), _) => RouteAction::Direct { status, body: String::new() },
            (None, cluster) => RouteAction::Cluster(cluster.clone().unwrap_or_else(|| DEFAULT_CLUSTER.to_owned())),
        },
        timeout: route.timeout_ms.map(Duration::from_millis),
    }
}
