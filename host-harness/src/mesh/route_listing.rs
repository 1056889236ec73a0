//! The routes of a mesh, to be read: for each listener of each proxy its virtual hosts, and of each of them the routes in the
//! order in which they are tried, with where they lead. The many names of a host are for machines. Nothing is decided here.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Mesh;
use crate::bootstrap::render::route_match;
use crate::bootstrap::{Direction, Listener, Proxy, Route, RouteAction, VirtualHost};

/// Every route of every proxy.
#[derive(Debug, Serialize)]
pub struct RouteListing<'a> {
    proxies: Vec<ProxyRoutes<'a>>,
}

#[derive(Debug, Serialize)]
struct ProxyRoutes<'a> {
    proxy: &'a str,
    listeners: Vec<ListenerRoutes<'a>>,
}

#[derive(Debug, Serialize)]
struct ListenerRoutes<'a> {
    listener: &'a str,
    direction: &'static str,
    virtual_hosts: Vec<HostRoutes<'a>>,
}

#[derive(Debug, Serialize)]
struct HostRoutes<'a> {
    name: &'a str,
    domains: &'a [String],
    routes: Vec<ListedRoute<'a>>,
}

#[derive(Debug, Serialize)]
struct ListedRoute<'a> {
    name: &'a str,
    /// As Envoy has it.
    #[serde(rename = "match")]
    matcher: Value,
    #[serde(skip)]
    condition: String,
    #[serde(flatten)]
    action: ListedAction<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum ListedAction<'a> {
    Destinations(Vec<ListedDestination<'a>>),
    DirectResponse { status: u16 },
}

#[derive(Debug, Serialize)]
struct ListedDestination<'a> {
    cluster: &'a str,
    weight: u32,
    endpoints: usize,
}

impl<'a> RouteListing<'a> {
    /// Lists the routes of a mesh.
    pub fn of(mesh: &'a Mesh) -> Self {
        Self { proxies: mesh.proxies.iter().map(proxy).collect() }
    }
}

fn proxy(proxy: &Proxy) -> ProxyRoutes<'_> {
    ProxyRoutes { proxy: &proxy.name, listeners: proxy.listeners.iter().map(|it| listener(it, proxy)).collect() }
}

fn listener<'a>(listener: &'a Listener, proxy: &'a Proxy) -> ListenerRoutes<'a> {
    ListenerRoutes {
        listener: &listener.name,
        direction: match listener.direction {
            Direction::Unspecified => "unspecified",
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        },
        virtual_hosts: listener.routes.virtual_hosts.iter().map(|it| host(it, proxy)).collect(),
    }
}

fn host<'a>(host: &'a VirtualHost, proxy: &'a Proxy) -> HostRoutes<'a> {
    let routes = host.routes.iter().map(|it| route(it, proxy)).collect();
    HostRoutes { name: &host.name, domains: &host.domains, routes }
}

fn route<'a>(route: &'a Route, proxy: &'a Proxy) -> ListedRoute<'a> {
    let destination = |cluster: &'a str, weight| {
        let endpoints = proxy.clusters.iter().find(|it| it.name == cluster).map_or(0, |it| it.endpoints.len());
        ListedDestination { cluster, weight, endpoints }
    };
    let action = match &route.action {
        RouteAction::Cluster(cluster) => ListedAction::Destinations(vec![destination(cluster, 100)]),
        RouteAction::Weighted(clusters) => {
            ListedAction::Destinations(clusters.iter().map(|(name, weight)| destination(name, *weight)).collect())
        }
        RouteAction::Direct { status, .. } => ListedAction::DirectResponse { status: *status },
    };
    let (matcher, condition) = (route_match(&route.matcher), route.matcher.to_string());
    ListedRoute { name: &route.name, matcher, condition, action }
}

impl fmt::Display for RouteListing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        for ProxyRoutes { proxy, listeners } in &self.proxies {
            lines.push(format!("proxy {proxy}"));
            for ListenerRoutes { listener, direction, virtual_hosts } in listeners {
                lines.push(format!("  listener {listener}, {direction}"));
                for HostRoutes { name, routes, .. } in virtual_hosts {
                    lines.push(format!("    host {name}"));
                    lines.extend(routes.iter().flat_map(ListedRoute::lines));
                }
            }
        }
        f.write_str(&lines.join("\n"))
    }
}

impl ListedRoute<'_> {
    fn lines(&self) -> Vec<String> {
        let Self { condition, action, .. } = self;
        let destinations = match action {
            ListedAction::DirectResponse { status } => {
                return vec![format!("      {condition} -> answered with {status}")];
            }
            ListedAction::Destinations(destinations) => destinations,
        };
        if let [only] = destinations.as_slice() {
            return vec![format!("      {condition} -> {only}")];
        }
        let total: u64 = destinations.iter().map(|it| u64::from(it.weight)).sum();
        let shares = destinations.iter().map(|it| format!("        {} of {total} -> {it}", it.weight));
        [format!("      {condition}")].into_iter().chain(shares).collect()
    }
}

impl fmt::Display for ListedDestination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.endpoints {
            0 => write!(f, "{}, no endpoint", self.cluster),
            1 => write!(f, "{}, 1 endpoint", self.cluster),
            several => write!(f, "{}, {several} endpoints", self.cluster),
        }
    }
}
