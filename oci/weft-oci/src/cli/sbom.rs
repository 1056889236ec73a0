//! `weft-oci sbom`: what a module is made of, printed or attached to its image.

use std::path::PathBuf;

use host_harness::cli::console::Console;
use oci::{Descriptor, Digest, Reference};
use oci_registry::Registry;

use super::login::LoginArguments;
use super::source::Source;
use super::{Failure, Outcome};
use crate::sbom;

/// Print a bill of materials (CycloneDX 1.5), or attach it to an image.
///
/// It is known for the built-in filters, and for modules that were built with `cargo auditable`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci sbom header-propagation -o sbom.cdx.json
  weft-oci sbom header-propagation --attach registry.example.com/mesh/header-propagation:0.1.0")]
pub(super) struct Arguments {
    /// A built-in filter, or a module's file.
    #[arg(value_name = "FILTER|MODULE.wasm")]
    module: String,
    /// Attach it to this image as a referrer, where it is listed; for registries without referrers under a tag.
    #[arg(long, value_name = "REF")]
    attach: Option<Reference>,
    /// Write it to this file.
    #[arg(short, long, value_name = "FILE", conflicts_with = "attach")]
    output: Option<PathBuf>,
    #[command(flatten)]
    login: LoginArguments,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let (name, module) = match Source::read(&arguments.module)? {
        Source::Filter(module) => (module.name.to_owned(), module.bytes.to_vec()),
        Source::Module(path) => {
            let read = std::fs::read(&path);
            let bytes = read.map_err(|error| Failure::BadInput(format!("{}: {error}", path.display())))?;
            (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), bytes)
        }
        other => return Err(Failure::BadInput(format!("{}: expected a filter or a module's file", other.name()))),
    };
    let bill = sbom::of_module(&name, &module);
    let unknown = || {
        Failure::BadInput(format!(
            "{}: expected a filter, or a module of `cargo auditable` (section .dep-v0), but found neither",
            arguments.module
        ))
    };
    let bill = bill.ok_or_else(unknown)?;
    let Some(reference) = &arguments.attach else {
        console.writing_to(arguments.output.as_deref())?.line(String::from_utf8_lossy(&bill));
        return Ok(Outcome::Good);
    };
    let registry = Registry::new(reference, &arguments.login.access()?)?;
    let _spinner = console.progress(&format!("attaching to {reference}"));
    let content = registry.pull(reference, oci_registry::SILENT).await?;
    let in_image = oci::find_module(&content).map(|found| Digest::of(&found.module));
    if in_image.as_ref() != Some(&Digest::of(&module)) {
        let message = format!("{reference}: expected an image with the module {name}, but found another module in it");
        return Err(Failure::BadInput(message));
    }
    let about = sbom::image(bill, Descriptor::of(&content.media_type, &content.root));
    registry.attach(reference, &about).await?;
    console.line(reference.at(about.digest()));
    Ok(Outcome::Good)
}
