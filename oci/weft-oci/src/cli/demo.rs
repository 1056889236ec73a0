//! `weft-oci demo`: a filter's way from its package to requests, on this machine.

use host_harness::abi::LogLevel;
use host_harness::cli::console::{Console, DIM, GOOD, STRONG};
use host_harness::cli::demo::{entrance, s1};
use host_harness::cli::images::Images;
use host_harness::data_plane::{DataPlane, Plane};
use oci::{Consumer, Question, Reference, verify};
use oci_registry::memory::MemoryRegistry;
use oci_registry::{Cache, Registry};
use serde_json::json;

use super::emit::{PlaceArguments, request};
use super::login::LoginArguments;
use super::source::Source;
use super::{Failure, Outcome};
use crate::emit::{Target, emit};
use crate::filters::{self, UNKNOWN};

/// Pack a filter, push it, verify it, emit its manifest, and run that manifest in a mesh that pulls the filter from there.
///
/// The mesh is that of the full-link A/B test: three services in a chain that pass no header on. The registry is one in memory,
/// unless another is named.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci demo
  weft-oci demo --registry localhost:5000")]
pub(super) struct Arguments {
    /// A registry to push to, with a path if it wants one.
    #[arg(long, value_name = "HOST[/PATH]")]
    registry: Option<String>,
    #[command(flatten)]
    login: LoginArguments,
}

const FILTER: &str = "header-propagation";

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let in_memory = match arguments.registry {
        Some(_) => None,
        None => Some(MemoryRegistry::start().map_err(anyhow::Error::from)?),
    };
    let host = arguments.registry.clone().or_else(|| in_memory.as_ref().map(MemoryRegistry::host)).unwrap_or_default();
    let reference = format!("{host}/weft/{FILTER}:{}", env!("CARGO_PKG_VERSION"));
    let reference: Reference =
        reference.parse().map_err(|error| Failure::BadInput(format!("--registry {host}: {error}")))?;
    let access = arguments.login.access()?;

    step(console, "pack", &format!("weft-oci pack {FILTER} -o layout"));
    let content = Source::read(FILTER)?.content(None, &access, console).await?;
    let digest = content.digest();
    console.line(format_args!("  {digest}"));

    step(console, "push", &format!("weft-oci push {FILTER} {reference}"));
    let registry = Registry::new(&reference, &access)?;
    registry.push(&reference, &content, oci_registry::SILENT).await?;
    let pinned = reference.at(digest.clone());
    console.line(format_args!("  {pinned}"));

    step(
        console,
        "verify",
        &format!("weft-oci verify {reference} --consumer istio --consumer envoy-gateway --consumer asm"),
    );
    let pulled = registry.pull(&pinned, oci_registry::SILENT).await?;
    for consumer in [Consumer::Istio, Consumer::EnvoyGateway, Consumer::Asm] {
        let question = Question { content: &pulled, url: &pinned.to_string(), pin: Some(&digest) };
        let accepted = verify(question, consumer).map_err(anyhow::Error::from)?;
        console.line(format_args!("  {GOOD}✓{GOOD:#} {consumer} takes it, {}", accepted.via));
    }

    let config = json!({ "propagate": { "exact": ["route-v"] } });
    step(console, "emit", &format!("weft-oci emit wasmplugin {FILTER} --config config.json --image {pinned}"));
    let config = config.as_object().cloned().unwrap_or_default();
    let known = filters::filter(FILTER).unwrap_or(&UNKNOWN);
    let request = request(FILTER, known, pinned, config, &PlaceArguments::default())?;
    let manifest = emit(Target::WasmPlugin, &request).map_err(|problems| Failure::BadInput(problems.join("\n")))?.text;
    manifest.lines().for_each(|line| console.line(format_args!("  {DIM}{line}{DIM:#}")));

    step(console, "run", "weft mesh, with that manifest: the filter comes from the registry");
    // A cache of its own, so that what is shown is a pull.
    let folder = tempfile::tempdir().map_err(anyhow::Error::from)?;
    let images = Images::with_cache(Some(Cache::new(folder.path())));
    let [.., form] = s1::FORMS;
    let (mesh, mut ports) = form.load_with(Some(&manifest), &images)?;
    let plane = Plane::Embedded;
    let started = DataPlane::start(&mesh, &mut ports, &plane, LogLevel::Warn, &console.log_sink()).await;
    let running = started.map_err(anyhow::Error::from)?;
    let report = s1::probe(entrance(&mesh)?, s1::CROWD).await;
    report.print(console);
    running.stop().await;
    Ok(if report.is_good() { Outcome::Good } else { Outcome::Bad })
}

fn step(console: &Console, name: &str, command: &str) {
    console.line(format_args!("{STRONG}{name}{STRONG:#}  {DIM}${DIM:#} {command}"));
}
