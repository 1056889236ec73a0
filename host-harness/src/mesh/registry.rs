//! Services and the pods behind them: which clusters there are, and by which names they are called.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::PortAddress;
use super::finding::{Findings, Problem};
use super::istio::DestinationRuleSpec;
use super::kubernetes::{ServicePort, ServiceSpec, TargetPort, Transport};
use super::manifest::{Labels, Resource, selects, show};
use super::ports::Ports;
use super::workload::{PlannedPod, free};
use crate::bootstrap::{Cluster, Protocol};

/// The domain of every Service.
const DOMAIN: &str = "svc.cluster.local";

/// A Service with its subsets and endpoints.
#[derive(Debug)]
pub struct Service {
    /// `name.namespace.svc.cluster.local`.
    pub host: String,
    /// Its name alone.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its HTTP ports.
    pub ports: Vec<Port>,
    /// The labels of each subset that a DestinationRule declares.
    pub subsets: BTreeMap<String, Labels>,
}

/// A port of a Service.
#[derive(Debug)]
pub struct Port {
    /// The number that clients use.
    pub number: u16,
    /// What it speaks.
    pub protocol: Protocol,
    /// The inbound listeners of the pods, with the labels that subsets ask for.
    endpoints: Vec<(SocketAddr, Labels)>,
}

/// All Services.
#[derive(Debug, Default)]
pub struct Registry {
    /// In the order in which they were declared.
    pub services: Vec<Service>,
}

/// A host in full: a name without a dot belongs to the namespace, any other is taken as it is, as Istio does it.
pub fn qualify(host: &str, namespace: &str) -> String {
    if host.contains(['.', '*']) { host.to_owned() } else { format!("{host}.{namespace}.{DOMAIN}") }
}

/// Finds the pods behind every Service and gives each of their ports an inbound listener.
pub fn register(
    services: &[Resource<ServiceSpec>],
    pods: &mut [PlannedPod],
    ports: &mut Ports,
    findings: &mut Findings,
) -> Registry {
    let mut registry = Registry::default();
    for service in services {
        let selector = &service.spec.selector;
        let behind = |pod: &PlannedPod| {
            pod.pod.namespace == service.namespace && !selector.is_empty() && selects(selector, &pod.pod.labels)
        };
        if !pods.iter().any(behind) {
            let (path, labels) = ("spec.selector".to_owned(), show(selector));
            let consequence = "every request for this service gets 503".to_owned();
            findings.warn(&service.subject, Problem::SelectsNothing { path, labels, consequence });
        }
        let mut registered = Vec::new();
        for (index, port) in service.spec.ports.iter().enumerate() {
            let path = format!("spec.ports[{index}]");
            let Some(protocol) = protocol(port, &path, service, findings) else { continue };
            let mut endpoints = Vec::new();
            for pod in pods.iter_mut().filter(|pod| behind(pod)) {
                let Some(target) = target(port, pod) else {
                    let reason = format!("expected the name of a port of {}, but found none", pod.pod.name);
                    findings.error(&service.subject, Problem::Invalid { path: format!("{path}.targetPort"), reason });
                    continue;
                };
                if let Some(address) = inbound(pod, target, protocol, ports, service, findings) {
                    endpoints.push((address, pod.pod.labels.clone()));
                }
            }
            registered.push(Port { number: port.port, protocol, endpoints });
        }
        registry.services.push(Service {
            host: qualify(&service.name, &service.namespace),
            name: service.name.clone(),
            namespace: service.namespace.clone(),
            ports: registered,
            subsets: BTreeMap::new(),
        });
    }
    registry
}

/// What a port speaks, as Istio tells it: by `appProtocol`, else by what its name begins with. `None`: not HTTP.
fn protocol(
    port: &ServicePort,
    path: &str,
    service: &Resource<ServiceSpec>,
    findings: &mut Findings,
) -> Option<Protocol> {
    let from_name = || port.name.split('-').next().unwrap_or_default().to_owned();
    let said = match port.app_protocol.clone().unwrap_or_else(from_name).to_ascii_lowercase().as_str() {
        "http" => return Some(Protocol::Http1),
        "http2" | "grpc" | "kubernetes.io/h2c" => return Some(Protocol::Http2),
        "https" | "tls" | "tcp" | "udp" | "mongo" | "mysql" | "redis" => None,
        _ => Some(Protocol::Http1),
    };
    let difference = match said {
        Some(_) if port.transport == Transport::Tcp => {
            "no protocol is named, so it speaks HTTP/1.1 here; Istio would look at the traffic"
        }
        _ => "only HTTP is modelled: the port is left out",
    };
    let path = format!("{path}.name");
    findings.warn(&service.subject, Problem::Different { path, difference: difference.to_owned() });
    said.filter(|_| port.transport == Transport::Tcp)
}

fn target(port: &ServicePort, pod: &PlannedPod) -> Option<u16> {
    match &port.target_port {
        None => Some(port.port),
        Some(TargetPort::Number(number)) => Some(*number),
        Some(TargetPort::Name(name)) => pod.named_ports.get(name).copied(),
    }
}

/// The inbound listener of a pod's port. Services that share the port share the listener.
fn inbound(
    pod: &mut PlannedPod,
    target: u16,
    protocol: Protocol,
    ports: &mut Ports,
    service: &Resource<ServiceSpec>,
    findings: &mut Findings,
) -> Option<SocketAddr> {
    if let Some(found) = pod.pod.inbound.iter().find(|it| it.listener.port == target) {
        return Some(found.listener.address);
    }
    let serves = |app: &super::App| app.ports.iter().any(|it| it.port == target);
    if !pod.pod.apps.iter().any(serves) {
        // A container need not declare its ports: the one that nobody declares is the first container's.
        let address = free(ports.any(), &service.subject, findings)?;
        pod.pod.apps.first_mut()?.ports.push(PortAddress { port: target, address });
    }
    let application = pod.pod.apps.iter().flat_map(|app| &app.ports).find(|it| it.port == target)?.address;
    let address = free(ports.any(), &service.subject, findings)?;
    let listener = PortAddress { port: target, address };
    pod.pod.inbound.push(super::Inbound { listener, application, protocol });
    Some(address)
}

/// Adds the subsets that the DestinationRules declare.
pub fn add_subsets(registry: &mut Registry, rules: &[Resource<DestinationRuleSpec>], findings: &mut Findings) {
    for rule in rules {
        let host = qualify(&rule.spec.host, &rule.namespace);
        let declared = registry.declared();
        let Some(service) = registry.services.iter_mut().find(|it| it.host == host) else {
            findings.warn(&rule.subject, Problem::UnknownHost { path: "spec.host".to_owned(), host, declared });
            continue;
        };
        for (index, subset) in rule.spec.subsets.iter().enumerate() {
            let path = format!("spec.subsets[{index}]");
            if let Some(first) = service.subsets.get(&subset.name) {
                let (first, second) = (show(first), show(&subset.labels));
                let (path, subset) = (format!("{path}.name"), subset.name.clone());
                findings.warn(&rule.subject, Problem::DuplicateSubset { path, subset, first, second });
                continue;
            }
            let mut endpoints = service.ports.iter().flat_map(|port| &port.endpoints);
            if !endpoints.any(|(_, labels)| selects(&subset.labels, labels)) {
                let (path, labels) = (format!("{path}.labels"), show(&subset.labels));
                let consequence = format!("subset `{}` of `{host}` has no endpoints", subset.name);
                findings.warn(&rule.subject, Problem::SelectsNothing { path, labels, consequence });
            }
            service.subsets.insert(subset.name.clone(), subset.labels.clone());
        }
    }
}

impl Registry {
    /// The Service of a host in full.
    pub fn service(&self, host: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.host == host)
    }

    /// All hosts, for a message.
    pub fn declared(&self) -> String {
        list(self.services.iter().map(|service| service.host.as_str()))
    }

    /// Every cluster towards every Service and subset, the same for all proxies.
    pub fn clusters(&self) -> Vec<Cluster> {
        let mut clusters = Vec::new();
        for service in &self.services {
            for port in &service.ports {
                let everything = (String::new(), Labels::new());
                for (subset, labels) in [everything].iter().map(|(name, labels)| (name, labels)).chain(&service.subsets)
                {
                    let endpoints = port.endpoints.iter().filter(|(_, have)| selects(labels, have));
                    clusters.push(Cluster {
                        name: cluster_name(port.number, subset, &service.host),
                        endpoints: endpoints.map(|(address, _)| *address).collect(),
                        protocol: port.protocol,
                    });
                }
            }
        }
        clusters
    }
}

impl Service {
    /// The names by which a pod of a namespace can call this Service.
    pub fn names(&self, from: &str) -> Vec<String> {
        let Self { name, namespace, host, .. } = self;
        let mut names = vec![host.clone(), format!("{name}.{namespace}.svc"), format!("{name}.{namespace}")];
        if from == namespace {
            names.push(name.clone());
        }
        names
    }

    /// Whether a subset has pods behind a port; without a name, the Service.
    pub fn has_endpoints(&self, port: u16, subset: &str) -> bool {
        let labels = self.subsets.get(subset);
        let mut endpoints = self.port(port).into_iter().flat_map(|port| &port.endpoints);
        endpoints.any(|(_, have)| labels.is_none_or(|labels| selects(labels, have)))
    }

    /// The port with a number.
    pub fn port(&self, number: u16) -> Option<&Port> {
        self.ports.iter().find(|port| port.number == number)
    }
}

/// Istio's name of a cluster.
pub fn cluster_name(port: u16, subset: &str, host: &str) -> String {
    format!("outbound|{port}|{subset}|{host}")
}

/// Names in a row, for a message.
pub fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|it| it.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
