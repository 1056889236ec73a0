//! `weft mesh`: the mesh that a user's own manifests describe, at work until interrupted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

use super::console::{Console, DIM, STRONG};
use super::images::Images;
use super::interrupt::{interrupted, unless_interrupted};
use super::plane::ProxyKind;
use super::{Failure, Outcome};
use crate::data_plane::{DataPlane, Plane, StartError};
use crate::mesh::{self, LoadFailure, Mesh, Ports, RouteListing};

/// Run the mesh that Kubernetes and Istio manifests describe, until Ctrl-C.
///
/// Reads Deployment, Service, Gateway, VirtualService, DestinationRule, WasmPlugin, TrafficExtension, ASMFilterDeployment and
/// TrafficLabel. A `weft.yaml` beside them says which program stands for which image. What is not modelled is named in a warning.
///
/// A plugin whose image is pinned by a digest is pulled from its registry, with docker's credentials, and kept in
/// `~/.cache/weft`; for other images the built-in filter of the same name runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft mesh ./manifests
  weft mesh ./manifests --port 8001          the first gateway listens on port 8001
  weft mesh ./manifests --proxy envoy -v
  weft mesh ./manifests --json | head -n 1   the addresses, as soon as every listener answers
  weft mesh ./manifests --print-routes       where each proxy would send what

weft.yaml:
  apps:
    \"*/http_springboot_v2:*\": {builtin: hello, greeting: Bonjour}
    \"*/mine:*\": {command: [./mine]}   # gets PORT, its environment, and HTTP_PROXY of its sidecar")]
pub(super) struct Arguments {
    /// Folders and files with manifests.
    #[arg(value_name = "DIR", required = true)]
    paths: Vec<PathBuf>,
    /// What runs the proxies.
    #[arg(long, value_enum, default_value_t)]
    proxy: ProxyKind,
    /// The port of the first gateway listener; any free one where it is not given.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Print the addresses as one line of JSON; with --print-routes, the routes as JSON.
    #[arg(long)]
    json: bool,
    /// Print the routes of every listener of every proxy, in the order in which they are tried, and start nothing.
    ///
    /// A destination `subset: $label` of Alibaba Cloud's mesh shows as the routes that are made of it: one for each subset.
    #[arg(long, conflicts_with_all = ["proxy", "port"])]
    print_routes: bool,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { paths, proxy, port, json, print_routes } = arguments;
    let (mesh, mut ports) = load(&paths, port).map_err(|failure| {
        // What was only doubtful is often what explains the errors.
        failure.findings.warnings.iter().for_each(|warning| console.warning(warning));
        Failure::BadInput(failure.to_string())
    })?;
    mesh.warnings.iter().for_each(|warning| console.warning(warning));
    if print_routes {
        let routes = RouteListing::of(&mesh);
        match json {
            true => console.line(serde_json::to_string_pretty(&routes).map_err(anyhow::Error::from)?),
            false => console.line(routes),
        }
        return Ok(Outcome::Good);
    }
    let start = async {
        let plane = proxy.prepare(console).await?;
        start(&mesh, &mut ports, &plane, console).await
    };
    let Some(running) = unless_interrupted(start).await else { return Ok(Outcome::Interrupted) };
    let running = running?;
    if json {
        console.line(serde_json::to_string(&addresses(&mesh)).map_err(anyhow::Error::from)?);
    } else {
        print_addresses(&mesh, console);
        console.note(format_args!("{DIM}Ctrl-C ends it.{DIM:#}"));
    }
    interrupted().await;
    running.stop().await;
    Ok(Outcome::Good)
}

/// Reads a mesh with the built-in filters at hand, and pulls the images that it pins.
pub(super) fn load(paths: &[PathBuf], port: Option<u16>) -> Result<(Mesh, Ports), LoadFailure> {
    let mut ports = Ports::new(port);
    let mesh = mesh::load(paths, &mut ports, &Images::default())?;
    Ok((mesh, ports))
}

/// Starts a mesh and shows that it takes a while.
pub(super) async fn start(
    mesh: &Mesh,
    ports: &mut Ports,
    plane: &Plane,
    console: &Console,
) -> Result<DataPlane, Failure> {
    let (pods, gateways) = (mesh.pods.len(), mesh.proxies.len().saturating_sub(mesh.pods.len()));
    let progress = console.progress(&format!("starting {pods} pods and {gateways} gateway(s)"));
    let started = DataPlane::start(mesh, ports, plane, console.log_level(), &console.log_sink()).await;
    drop(progress);
    started.map_err(|error| match error {
        StartError::Refused(refusal) => Failure::BadInput(refusal.to_string()),
        error => Failure::Other(error.into()),
    })
}

/// Where the mesh is entered and what runs in it.
pub(super) fn print_addresses(mesh: &Mesh, console: &Console) {
    for gateway in &mesh.gateways {
        let (name, port, address) = (&gateway.name, gateway.port, gateway.address);
        console.line(format_args!("{STRONG}gateway {name}:{port}{STRONG:#}  http://{address}"));
    }
    for pod in &mesh.pods {
        let outbound = pod.outbound;
        let inbound: Vec<String> =
            pod.inbound.iter().map(|it| format!("{} at {}", it.listener.port, it.listener.address)).collect();
        let (name, inbound) = (&pod.name, inbound.join(", "));
        console.line(format_args!("pod {name}  {inbound}{DIM}, calls out through {outbound}{DIM:#}"));
    }
}

/// What `--json` prints, once every listener answers.
#[derive(Serialize)]
struct Addresses<'a> {
    ready: bool,
    gateways: Vec<GatewayAddress<'a>>,
    pods: Vec<PodAddresses<'a>>,
}

#[derive(Serialize)]
struct GatewayAddress<'a> {
    name: &'a str,
    port: u16,
    address: SocketAddr,
}

#[derive(Serialize)]
struct PodAddresses<'a> {
    name: &'a str,
    labels: &'a BTreeMap<String, String>,
    inbound: Vec<InboundAddress>,
    outbound: SocketAddr,
}

#[derive(Serialize)]
struct InboundAddress {
    port: u16,
    address: SocketAddr,
}

fn addresses(mesh: &Mesh) -> Addresses<'_> {
    let gateways = mesh.gateways.iter();
    let pods = mesh.pods.iter().map(|pod| {
        let inbound =
            pod.inbound.iter().map(|it| InboundAddress { port: it.listener.port, address: it.listener.address });
        PodAddresses { name: &pod.name, labels: &pod.labels, inbound: inbound.collect(), outbound: pod.outbound }
    });
    Addresses {
        ready: true,
        gateways: gateways.map(|it| GatewayAddress { name: &it.name, port: it.port, address: it.address }).collect(),
        pods: pods.collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn routes_are_printed_in_text_and_in_json_and_nothing_is_started() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mesh = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/meshes/s1-propagate");
        let printed = async |json| {
            let output = folder.path().join("output");
            let console = Console::new(0).writing_to(Some(&output)).expect("a file");
            let (paths, proxy) = (vec![mesh.clone()], ProxyKind::Embedded);
            // Something that is started would run until it is interrupted.
            let outcome = run(Arguments { paths, proxy, port: None, json, print_routes: true }, &console).await;
            assert_eq!(outcome.expect("a mesh"), Outcome::Good);
            fs::read_to_string(output).expect("the output")
        };
        let text = printed(false).await;
        insta::assert_snapshot!(text.lines().take(5).collect::<Vec<_>>().join("\n"), @"
        proxy istio-ingressgateway-blvd9rstm8-bspdl
          listener http.8001, outbound
            host *:8001
              route-v is v2 -> outbound|8001|hello1v2|hello1-svc.default.svc.cluster.local, 1 endpoint
              any request -> outbound|8001|hello1v1|hello1-svc.default.svc.cluster.local, 1 endpoint
        ");
        let json: serde_json::Value = serde_json::from_str(&printed(true).await).expect("JSON");
        let route = &json["proxies"][0]["listeners"][0]["virtual_hosts"][0]["routes"][0];
        assert_eq!(route["match"]["headers"][0]["name"], "route-v");
    }
}
