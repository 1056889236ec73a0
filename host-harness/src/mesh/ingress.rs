//! Gateways → gateway proxies. Gateways with the same selector are servers of one workload, as in Istio, and servers with the
//! same port share a listener.
//!
//! The workload is the Deployment that the selector selects, if the manifests have it; else the gateway that Istio installs
//! (`istio-ingressgateway` in `istio-system` for `istio: ingressgateway`).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::cors::Policies;
use super::finding::{Findings, Problem};
use super::istio::{GatewaySpec, Server, ServerProtocol};
use super::kubernetes::DeploymentSpec;
use super::manifest::{Labels, Resource, selects};
use super::plugin::{Place, ROOT_NAMESPACE, filters};
use super::ports::Ports;
use super::registry::{list, qualify};
use super::sidecar::covers;
use super::virtual_service::{Viewpoint, VirtualService};
use super::workload::{Workload, free};
use super::{Context, Gateway};
use crate::bootstrap::{
    ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, Listener, Proxy, Route, RouteTable, VirtualHost,
};

/// A workload with the servers of its Gateways.
#[derive(Debug)]
pub struct GatewayWorkload<'a> {
    /// Who the proxy is.
    pub workload: Workload,
    gateways: Vec<&'a Resource<GatewaySpec>>,
}

/// Whether a Deployment is the workload of a Gateway: then its pods are proxies, not applications.
pub fn is_gateway(deployment: &Resource<DeploymentSpec>, gateways: &[Resource<GatewaySpec>]) -> bool {
    let labels = &deployment.spec.template.metadata.labels;
    gateways.iter().any(|it| !it.spec.selector.is_empty() && selects(&it.spec.selector, labels))
}

/// The gateway workloads, in the order of their first Gateway.
pub fn workloads<'a>(
    gateways: &'a [Resource<GatewaySpec>],
    deployments: &[Resource<DeploymentSpec>],
) -> Vec<GatewayWorkload<'a>> {
    let mut found: Vec<GatewayWorkload<'a>> = Vec::new();
    for gateway in gateways {
        let workload = workload(gateway, deployments);
        let same = |it: &&mut GatewayWorkload<'_>| {
            it.workload.name == workload.name && it.workload.namespace == workload.namespace
        };
        match found.iter_mut().find(same) {
            Some(existing) => existing.gateways.push(gateway),
            None => found.push(GatewayWorkload { workload, gateways: vec![gateway] }),
        }
    }
    found
}

fn workload(gateway: &Resource<GatewaySpec>, deployments: &[Resource<DeploymentSpec>]) -> Workload {
    let selector = &gateway.spec.selector;
    let declared =
        deployments.iter().find(|it| !selector.is_empty() && selects(selector, &it.spec.template.metadata.labels));
    if let Some(deployment) = declared {
        return Workload::of(deployment);
    }
    let name = match (selector.get("istio"), selector.values().next()) {
        (Some(istio), _) => format!("istio-{istio}"),
        (None, Some(value)) => value.clone(),
        (None, None) => gateway.name.clone(),
    };
    let mut labels: Labels = selector.clone();
    labels.entry("app".to_owned()).or_insert_with(|| name.clone());
    Workload::new(&name, ROOT_NAMESPACE, labels, format!("{name}-service-account"), vec!["istio-proxy".to_owned()])
}

/// Builds the proxy of a gateway workload, and says where each of its Gateways listens.
pub fn build(
    gateway_workload: &GatewayWorkload<'_>,
    context: &Context<'_>,
    ports: &mut Ports,
    findings: &mut Findings,
) -> (Proxy, Vec<Gateway>) {
    let workload = &gateway_workload.workload;
    let name = workload.pod_name(0);
    let mut endpoints: Vec<Gateway> = Vec::new();
    let mut tables: BTreeMap<u16, Hosts> = BTreeMap::new();
    for gateway in &gateway_workload.gateways {
        let full_name = format!("{}/{}", gateway.namespace, gateway.name);
        let bound: Vec<_> = context.virtual_services.iter().filter(|it| it.gateways.contains(&full_name)).collect();
        if bound.is_empty() {
            findings.warn(&gateway.subject, Problem::IdleGateway);
        }
        let mut served = vec![false; bound.len()];
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            if !speaks_http(server, index, gateway, findings) {
                continue;
            }
            let port = server.port.number;
            let known = endpoints.iter().find(|it| it.port == port).map(|it| it.address);
            let Some(address) = known.or_else(|| free(ports.for_gateway(), &gateway.subject, findings)) else {
                continue;
            };
            if !endpoints
                .iter()
                .any(|it| it.port == port && it.name == gateway.name && it.namespace == gateway.namespace)
            {
                let (name, namespace, proxy) = (gateway.name.clone(), gateway.namespace.clone(), name.clone());
                endpoints.push(Gateway { name, namespace, port, address, proxy });
            }
            let view =
                Viewpoint { gateway: &full_name, port, namespace: &workload.namespace, labels: &workload.labels };
            let table = tables.entry(port).or_default();
            for (virtual_service, served) in bound.iter().zip(&mut served) {
                for host in common_hosts(server, &gateway.namespace, virtual_service) {
                    *served = true;
                    table.cors.add(std::slice::from_ref(&host), virtual_service.cors(view));
                    table.add(host, virtual_service.routes(view, context.registry));
                }
            }
        }
        for (virtual_service, _) in bound.iter().zip(served).filter(|(_, served)| !served) {
            let (gateway, hosts) = (full_name.clone(), list(&virtual_service.hosts));
            findings.warn(&virtual_service.subject, Problem::HostsNotServed { gateway, hosts });
        }
    }
    let mut listeners: Vec<Listener> = Vec::new();
    for (port, hosts) in tables {
        let Some(endpoint) = endpoints.iter().find(|it| it.port == port) else { continue };
        let mut filters = filters(context.plugins, workload, Place::Gateway(port));
        filters.extend(hosts.cors.filter(context.cors.as_ref()));
        listeners.push(Listener {
            name: format!("http.{port}"),
            address: endpoint.address,
            direction: Direction::Outbound,
            routes: Arc::new(hosts.table(port, endpoint.address)),
            filters,
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            connection_manager: ConnectionManager::Mesh,
        });
    }
    let node = workload.node("router", &name);
    let proxy = Proxy { name, node, listeners, clusters: context.registry.clusters(), concurrency: context.workers };
    (proxy, endpoints)
}

fn speaks_http(server: &Server, index: usize, gateway: &Resource<GatewaySpec>, findings: &mut Findings) -> bool {
    let (speaks, difference) = match server.port.protocol {
        ServerProtocol::Http | ServerProtocol::Http2 | ServerProtocol::Grpc | ServerProtocol::GrpcWeb => return true,
        ServerProtocol::Https => (true, "TLS is not modelled: this server speaks plain HTTP"),
        ServerProtocol::Tcp | ServerProtocol::Tls | ServerProtocol::Mongo => {
            (false, "only HTTP is modelled: this server is left out")
        }
    };
    let path = format!("spec.servers[{index}].port.protocol");
    findings.warn(&gateway.subject, Problem::Different { path, difference: difference.to_owned() });
    speaks
}

/// The hosts that a server and a VirtualService have in common: of two that cover each other, the more precise one.
fn common_hosts(server: &Server, gateway_namespace: &str, virtual_service: &VirtualService) -> Vec<String> {
    let mut common = Vec::new();
    for served in &server.hosts {
        let (namespace, served) = served.split_once('/').unwrap_or(("*", served));
        let namespace = if namespace == "." { gateway_namespace } else { namespace };
        if namespace != "*" && namespace != virtual_service.namespace {
            continue;
        }
        let served = qualify(served, gateway_namespace);
        for host in &virtual_service.hosts {
            let precise = match (covers(&served, host), covers(host, &served)) {
                (true, _) => host,
                (false, true) => &served,
                (false, false) => continue,
            };
            if !common.contains(precise) {
                common.push(precise.clone());
            }
        }
    }
    common
}

/// The virtual hosts of one listener, in the order in which they were first named; routes for the same host add up.
#[derive(Default)]
struct Hosts {
    hosts: Vec<(String, Vec<Route>)>,
    cors: Policies,
}

impl Hosts {
    fn add(&mut self, host: String, routes: Vec<Route>) {
        match self.hosts.iter_mut().find(|(have, _)| *have == host) {
            Some((_, have)) => have.extend(routes),
            None => self.hosts.push((host, routes)),
        }
    }

    fn table(self, port: u16, address: SocketAddr) -> RouteTable {
        let hosts = self.hosts.into_iter().map(|(host, routes)| {
            let mut domains = vec![host.clone()];
            if host != "*" {
                // Clients name the port they use, which here is another than the one in the manifest.
                domains.extend([port, address.port()].map(|port| format!("{host}:{port}")));
                domains.dedup();
            }
            VirtualHost { name: format!("{host}:{port}"), domains, routes }
        });
        RouteTable { name: format!("http.{port}"), virtual_hosts: hosts.collect() }
    }
}
