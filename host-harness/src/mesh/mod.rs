//! A user's own Kubernetes and Istio manifests → the proxies and applications of that mesh, on this machine.
//!
//! ```text
//! files ─ document ─ manifest (kubernetes, istio, asm) ─┬─ workload ─ registry ─┬─ sidecar ─┐
//!         weft.yaml ─ weft_yaml ────────────────────────┘  virtual_service, plugin ─ ingress ┴─ Mesh ─ route_listing
//!                                                            │      └ modules
//!                                                            └ destination
//! ```
//! Everything listens on 127.0.0.1 at ports that [`Ports`] holds. What is wrong is collected in [`Findings`], all of it at
//! once; what is not modelled is named there too. Lints look at the manifests alone. Nothing here starts a process or serves
//! a request.

mod accepted;
mod asm;
mod cors;
mod destination;
mod document;
mod finding;
mod ingress;
mod installation;
mod istio;
mod kubernetes;
mod lint;
mod manifest;
mod modules;
mod plugin;
mod ports;
mod registry;
mod route_listing;
mod sidecar;
#[cfg(test)]
mod tests;
mod virtual_service;
mod weft_yaml;
mod workload;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use finding::{Finding, Findings, LoadFailure, Problem, Subject};
pub use modules::{Modules, WantedImage};
pub use ports::Ports;
pub use route_listing::RouteListing;
pub use weft_yaml::Program;

use crate::bootstrap::{Module, Protocol, Proxy};
use manifest::Manifests;
use plugin::PlacedPlugin;
use registry::Registry;
use virtual_service::{Declared, MESH, VirtualService};
use weft_yaml::Settings;

/// A mesh that can be run: start each application and each proxy, and it works.
#[derive(Debug)]
pub struct Mesh {
    /// Every sidecar and gateway. A sidecar has the name of its pod.
    pub proxies: Vec<Proxy>,
    /// Where the mesh is entered.
    pub gateways: Vec<Gateway>,
    /// What runs beside the sidecars.
    pub pods: Vec<Pod>,
    /// What the user should know, although the mesh runs.
    pub warnings: Vec<Finding>,
}

/// A port of a Gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The name of the Gateway resource.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The port that the manifest names.
    pub port: u16,
    /// Where it really listens.
    pub address: SocketAddr,
    /// The proxy that serves it.
    pub proxy: String,
}

/// A pod; the proxy of the same name is its sidecar.
#[derive(Clone, Debug)]
pub struct Pod {
    /// `<deployment>-<hash>-<suffix>`, the same in every run.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The Deployment's name.
    pub workload: String,
    /// Its labels, with those that Istio's injection adds.
    pub labels: BTreeMap<String, String>,
    /// How other pods reach it.
    pub inbound: Vec<Inbound>,
    /// The HTTP proxy of its applications: the sidecar's outbound listener.
    pub outbound: SocketAddr,
    /// What runs in it.
    pub apps: Vec<App>,
}

/// One way into a pod.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The sidecar's listener.
    pub listener: PortAddress,
    /// The application behind it.
    pub application: SocketAddr,
    /// What both speak.
    pub protocol: Protocol,
}

/// A port as the manifests know it, and where it really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortAddress {
    /// The number in the manifests.
    pub port: u16,
    /// The address on this machine.
    pub address: SocketAddr,
}

/// One application of a pod.
#[derive(Clone, Debug)]
pub struct App {
    /// The name of its container.
    pub container: String,
    /// The image that [`App::program`] stands for.
    pub image: String,
    /// What to run.
    pub program: Program,
    /// What it must listen on.
    pub ports: Vec<PortAddress>,
    /// Its whole environment, beside what a command inherits: the manifest's, `weft.yaml`'s, `HOSTNAME`, and for a command
    /// `PORT`, `PORT_<number>`, `HTTP_PROXY` and `NO_PROXY`.
    pub environment: BTreeMap<String, String>,
}

/// Reads a mesh from files and folders. `modules` gives those of filters and images.
pub fn load(paths: &[PathBuf], ports: &mut Ports, modules: &dyn Modules) -> Result<Mesh, LoadFailure> {
    let mut findings = Findings::default();
    let (manifests, settings) = read(paths, &mut findings);
    let mesh = build(&manifests, &settings, ports, modules, &mut findings);
    findings.sort();
    if findings.errors.is_empty() {
        return Ok(Mesh { warnings: findings.warnings, ..mesh });
    }
    Err(LoadFailure { findings })
}

/// Finds everything that [`load`] finds in files and folders, whatever runs in the place of an image, and beside it what
/// manifests do not do although they seem to say so.
pub fn lint(paths: &[PathBuf], modules: &dyn Modules) -> Findings {
    let mut findings = Findings::default();
    let (manifests, mut settings) = read(paths, &mut findings);
    settings.stand_in_for_all();
    build(&manifests, &settings, &mut Ports::default(), modules, &mut findings);
    lint::check(&manifests, &mut findings);
    findings.sort();
    findings
}

fn read(paths: &[PathBuf], findings: &mut Findings) -> (Manifests, Settings) {
    let documents = document::read(paths, findings);
    let settings = weft_yaml::read(&documents.weft, findings);
    (manifest::read(documents.manifests, findings), settings)
}

/// What every proxy is built from.
struct Context<'a> {
    virtual_services: &'a [VirtualService],
    registry: &'a Registry,
    /// Sorted.
    plugins: &'a [PlacedPlugin],
    /// The module that applies CORS policies.
    cors: Option<Module>,
    workers: u32,
}

fn build(
    manifests: &Manifests,
    settings: &Settings,
    ports: &mut Ports,
    modules: &dyn Modules,
    findings: &mut Findings,
) -> Mesh {
    let applications = manifests.deployments.iter().filter(|it| !ingress::is_gateway(it, &manifests.gateways));
    let mut planned: Vec<_> = applications.flat_map(|it| workload::pods(it, settings, ports, findings)).collect();
    let mut registry = registry::register(&manifests.services, &mut planned, ports, findings);
    registry::add_subsets(&mut registry, &manifests.destination_rules, findings);

    let gateway_names: Vec<_> = manifests.gateways.iter().map(|it| format!("{}/{}", it.namespace, it.name)).collect();
    let labels = installation::label_headers(manifests);
    let declared = Declared { gateways: &gateway_names, registry: &registry, labels: &labels };
    let virtual_services: Vec<_> =
        manifests.virtual_services.iter().map(|it| virtual_service::compile(it, declared, findings)).collect();
    warn_of_taken_hosts(&virtual_services, findings);

    let gateway_workloads = ingress::workloads(&manifests.gateways, &manifests.deployments);
    let plugins = plugin::place(manifests, modules, findings);
    let workloads: Vec<_> = planned
        .iter()
        .map(|it| it.workload.clone())
        .chain(gateway_workloads.iter().map(|it| it.workload.clone()))
        .collect();
    plugin::warn_of_idle(manifests, &workloads, findings);
    plugin::warn_of_taken_labels(&plugins, &workloads, findings);

    let mut mesh = Mesh { proxies: Vec::new(), gateways: Vec::new(), pods: Vec::new(), warnings: Vec::new() };
    let context = Context {
        virtual_services: &virtual_services,
        registry: &registry,
        plugins: &plugins,
        cors: modules.builtin("cors"),
        workers: settings.workers,
    };
    for workload in &gateway_workloads {
        let (proxy, gateways) = ingress::build(workload, &context, ports, findings);
        mesh.proxies.push(proxy);
        mesh.gateways.extend(gateways);
    }
    for planned in &mut planned {
        workload::complete_environment(&mut planned.pod);
        mesh.proxies.push(sidecar::build(planned, &context));
        mesh.pods.push(planned.pod.clone());
    }
    mesh
}

/// Inside the mesh a host belongs to one VirtualService; whoever else names it has no effect on it.
fn warn_of_taken_hosts(virtual_services: &[VirtualService], findings: &mut Findings) {
    for virtual_service in virtual_services.iter().filter(|it| it.gateways.iter().any(|it| it == MESH)) {
        for host in &virtual_service.hosts {
            let first = sidecar::owner(virtual_services, host).filter(|it| it.hosts.contains(host));
            if let Some(first) = first.filter(|it| it.name() != virtual_service.name()) {
                let (host, first) = (host.clone(), first.name().to_owned());
                findings.warn(&virtual_service.subject, Problem::HostTaken { host, first });
            }
        }
    }
}
