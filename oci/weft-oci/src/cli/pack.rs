//! `weft-oci pack`: a module as an image, in a folder.

use std::path::PathBuf;

use host_harness::cli::console::Console;
use oci::image_layout;
use oci_registry::Access;

use super::source::{PackageArguments, Source};
use super::{Failure, Outcome};

/// Make a package of a module: an OCI image layout. The same module has the same digest, on any machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci pack header-propagation -o layout
  weft-oci pack mine.wasm --root-id mine --annotation org.opencontainers.image.version=1.2.0 -o layout
  weft-oci pack mine.wasm --layout image -o layout
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) weft-oci pack mine.wasm -o layout

The package has a time only where SOURCE_DATE_EPOCH gives one.")]
pub(super) struct Arguments {
    /// A built-in filter, or a module's file.
    #[arg(value_name = "FILTER|MODULE.wasm")]
    module: String,
    /// The folder: a new one, an empty one, or an image layout.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The tag in the layout.
    #[arg(long, default_value = "latest")]
    tag: String,
    #[command(flatten)]
    package: PackageArguments,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let source = Source::read(&arguments.module)?;
    if !matches!(source, Source::Filter(_) | Source::Module(_)) {
        return Err(Failure::BadInput(format!("{}: expected a filter or a module's file", arguments.module)));
    }
    let packed = source.content(Some(&arguments.package), &Access::default(), console).await?;
    image_layout::write(&arguments.output, &packed, &arguments.tag)
        .map_err(|error| Failure::BadInput(error.to_string()))?;
    console.line(packed.digest());
    Ok(Outcome::Good)
}
