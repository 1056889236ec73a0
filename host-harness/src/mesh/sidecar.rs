//! A pod → its sidecar: an inbound listener for each port, and one outbound listener for everything.
//!
//! In a cluster Istio redirects a pod's traffic; here the application is given the outbound listener as its HTTP proxy. One
//! listener therefore serves the ports of all services, and tells them apart by the port in `:authority`. A host that no
//! service has gets 404: what a mesh calls outside of itself is not modelled.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::cors::Policies;
use super::plugin::{Place, filters};
use super::registry::{Service, cluster_name};
use super::virtual_service::{MESH, Viewpoint, VirtualService};
use super::workload::PlannedPod;
use super::{Context, Inbound};
use crate::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, Listener, Proxy, Route, RouteAction, RouteMatch,
    RouteTable, VirtualHost,
};

/// Builds the sidecar of a pod.
pub fn build(planned: &PlannedPod, context: &Context<'_>) -> Proxy {
    let PlannedPod { workload, pod, .. } = planned;
    let plugins = context.plugins;
    let mut clusters = context.registry.clusters();
    let (routes, cors) = outbound(planned, context);
    let mut outbound_filters = filters(plugins, workload, Place::Outbound);
    outbound_filters.extend(cors.filter(context.cors.as_ref()));
    let mut listeners = vec![Listener {
        name: "virtualOutbound".to_owned(),
        address: pod.outbound,
        direction: Direction::Outbound,
        routes: Arc::new(routes),
        filters: outbound_filters,
        buffer_limit: DEFAULT_BUFFER_LIMIT,
        connection_manager: ConnectionManager::Mesh,
    }];
    for Inbound { listener, application, protocol } in &pod.inbound {
        let cluster = format!("inbound|{}||", listener.port);
        let name = format!("inbound|http|{}", listener.port);
        let host = VirtualHost {
            name: name.clone(),
            domains: vec!["*".to_owned()],
            routes: vec![default_route(RouteAction::Cluster(cluster.clone()))],
        };
        listeners.push(Listener {
            name: format!("virtualInbound-{}", listener.port),
            address: listener.address,
            direction: Direction::Inbound,
            routes: Arc::new(RouteTable { name, virtual_hosts: vec![host] }),
            filters: filters(plugins, workload, Place::Inbound(listener.port)),
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            connection_manager: ConnectionManager::Mesh,
        });
        clusters.push(Cluster { name: cluster, endpoints: vec![*application], protocol: *protocol });
    }
    Proxy {
        name: pod.name.clone(),
        node: workload.node("sidecar", &pod.name),
        listeners,
        clusters,
        concurrency: context.workers,
    }
}

/// The route that everything takes where no VirtualService says otherwise. Istio sets no limit on its time.
fn default_route(action: RouteAction) -> Route {
    Route { name: "default".to_owned(), matcher: RouteMatch::default(), action, timeout: Some(Duration::ZERO) }
}

/// Where a pod's own requests go, and the CORS policies that they meet on the way.
fn outbound(planned: &PlannedPod, context: &Context<'_>) -> (RouteTable, Policies) {
    let Context { virtual_services, registry, .. } = *context;
    let namespace = &planned.pod.namespace;
    let view = |port| Viewpoint { gateway: MESH, port, namespace, labels: &planned.workload.labels };
    let mut hosts = Vec::new();
    for service in &registry.services {
        let owner = owner(virtual_services, &service.host);
        // The name alone means port 80; where there is no such port, the first, as Istio's listener of that port has it.
        let bare = service.port(80).or(service.ports.first()).map(|port| port.number);
        for port in &service.ports {
            let (routes, cors) = match owner {
                Some(owner) => (owner.routes(view(port.number), registry), owner.cors(view(port.number))),
                None => {
                    let cluster = cluster_name(port.number, "", &service.host);
                    (vec![default_route(RouteAction::Cluster(cluster))], Vec::new())
                }
            };
            let domains = domains(service, namespace, port.number, bare == Some(port.number));
            hosts.push((VirtualHost { name: format!("{}:{}", service.host, port.number), domains, routes }, cors));
        }
    }
    // Hosts that no service has: Istio serves them at port 80.
    let mut seen = BTreeSet::new();
    for virtual_service in virtual_services.iter().filter(|it| it.gateways.iter().any(|it| it == MESH)) {
        for host in &virtual_service.hosts {
            let is_service = registry.services.iter().any(|service| covers(host, &service.host));
            if !is_service && seen.insert(host) {
                let mut domains = vec![host.clone()];
                domains.extend((host != "*").then(|| format!("{host}:80")));
                let (routes, cors) = (virtual_service.routes(view(80), registry), virtual_service.cors(view(80)));
                hosts.push((VirtualHost { name: format!("{host}:80"), domains, routes }, cors));
            }
        }
    }
    // Envoy refuses a domain that two virtual hosts have; the first declared keeps it.
    let mut taken = BTreeSet::new();
    let mut policies = Policies::default();
    let mut virtual_hosts = Vec::new();
    for (mut host, cors) in hosts {
        host.domains.retain(|domain| taken.insert(domain.clone()));
        if !host.domains.is_empty() {
            policies.add(&host.domains, cors);
            virtual_hosts.push(host);
        }
    }
    (RouteTable { name: "outbound".to_owned(), virtual_hosts }, policies)
}

/// The VirtualService that decides for a host inside the mesh: the one that names it most precisely, then the first.
pub fn owner<'a>(virtual_services: &'a [VirtualService], host: &str) -> Option<&'a VirtualService> {
    let in_mesh = virtual_services.iter().filter(|it| it.gateways.iter().any(|gateway| gateway == MESH));
    let with_precision = in_mesh.filter_map(|it| {
        let best = it.hosts.iter().filter(|pattern| covers(pattern, host)).map(String::len).max()?;
        Some((best, it))
    });
    // `max_by_key` keeps the last of equals; the first declared is meant.
    with_precision.collect::<Vec<_>>().into_iter().rev().max_by_key(|(best, _)| *best).map(|(_, it)| it)
}

/// Whether a host, perhaps `*` or `*.suffix`, stands for another.
pub fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None => pattern == host,
    }
}

fn domains(service: &Service, namespace: &str, port: u16, bare: bool) -> Vec<String> {
    let names = service.names(namespace);
    let with_port: Vec<_> = names.iter().map(|name| format!("{name}:{port}")).collect();
    if bare { names.into_iter().chain(with_port).collect() } else { with_port }
}
