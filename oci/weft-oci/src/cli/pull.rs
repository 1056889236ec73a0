//! `weft-oci pull`: the module of an image, as a file.

use std::path::PathBuf;

use host_harness::cli::console::Console;
use oci::{Digest, Reference};
use oci_registry::Registry;

use super::login::LoginArguments;
use super::{Failure, Outcome};

/// Pull an image and write its module to a file, whatever the image's layout.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  weft-oci pull registry.example.com/mesh/plugin:1.0 -o plugin.wasm")]
pub(super) struct Arguments {
    /// The image.
    #[arg(value_name = "REF")]
    reference: Reference,
    /// The file.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    login: LoginArguments,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { reference, output, login } = arguments;
    let registry = Registry::new(reference, &login.access()?)?;
    let spinner = console.progress(&format!("pulling {reference}"));
    let content = registry.pull(reference, oci_registry::SILENT).await?;
    drop(spinner);
    let found = oci::find_module(&content);
    let found = found
        .ok_or_else(|| Failure::BadInput(format!("{reference}: expected an image with a module, but found none")))?;
    let unwritable =
        |error| Failure::BadInput(format!("{}: expected a file to write to, but: {error}", output.display()));
    std::fs::write(output, &found.module).map_err(unwritable)?;
    console.line(Digest::of(&found.module));
    Ok(Outcome::Good)
}
