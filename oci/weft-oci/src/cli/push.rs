//! `weft-oci push`: a package to a registry, and proof that it is there.

use host_harness::cli::console::{Console, DIM};
use oci::{Consumer, Question, Reference, Root, verify};
use oci_registry::Registry;
use serde_json::json;

use super::login::LoginArguments;
use super::source::{PackageArguments, Source};
use super::{Failure, Outcome};

/// Push a package to a registry, pull it back to see that it is there, and print the digests.
///
/// Credentials come from docker's configuration and its credential helpers. Only images that some consumer takes are pushed,
/// and never an index.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci push header-propagation registry.example.com/mesh/header-propagation:0.1.0
  weft-oci push layout registry.example.com/mesh/mine:1.0
  weft-oci push mine.wasm localhost:5000/mine:1.0
  pass registry | weft-oci push mine.wasm registry.example.com/mine:1.0 --username me --password-stdin")]
pub(super) struct Arguments {
    /// A built-in filter, a module's file, or an image layout.
    #[arg(value_name = "FILTER|MODULE.wasm|LAYOUT")]
    source: String,
    /// The image's name in the registry.
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    package: PackageArguments,
    #[command(flatten)]
    login: LoginArguments,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { source, reference, json, package, login } = arguments;
    if reference.digest.is_some() {
        return Err(Failure::BadInput(format!("{reference}: expected a tag to push to, but found a digest")));
    }
    let source = Source::read(source)?;
    if let Source::Image(_) = source {
        let name = source.name();
        return Err(Failure::BadInput(format!(
            "{name}: expected a filter, a file or a layout; images are copied: weft-oci copy"
        )));
    }
    let access = login.access()?;
    let content = source.content(Some(package), &access, console).await?;
    if !matches!(content.read(), Ok(Root::Manifest(_))) {
        return Err(Failure::BadInput(format!(
            "{}: expected one image, but found an index: consumers choose from it what they like",
            source.name()
        )));
    }
    let question = Question { content: &content, url: &source.name(), pin: None };
    let verdicts = Consumer::ALL.map(|consumer| verify(question, consumer));
    let Some(accepted) = verdicts.iter().find_map(|verdict| verdict.as_ref().ok()) else {
        let refused: Vec<_> =
            verdicts.iter().filter_map(|verdict| verdict.as_ref().err()).map(ToString::to_string).collect();
        return Err(Failure::BadInput(format!(
            "{}: no consumer would take it\n{}",
            source.name(),
            indented(&refused.join("\n"))
        )));
    };
    let bytes = content.blobs().map(|(_, blob)| blob.len() as u64).sum();
    let progress = console.transfer(&format!("pushing {reference}"), bytes);
    let registry = Registry::new(reference, &access)?;
    registry.push(reference, &content, &|moved| progress.advance(moved)).await?;
    drop(progress);
    let (manifest, module) = (content.digest(), oci::Digest::of(&accepted.module));
    let pinned = reference.at(manifest.clone());
    if *json {
        console.line(json!({ "image": pinned.to_string(), "manifest": manifest, "module": module }));
        return Ok(Outcome::Good);
    }
    console.line(&pinned);
    console.line(format_args!("manifest  {manifest}  {DIM}sha256 of a WasmPlugin with oci://, and after @{DIM:#}"));
    console.line(format_args!("module    {module}  {DIM}sha256 of a WasmPlugin with http(s)://{DIM:#}"));
    Ok(Outcome::Good)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
