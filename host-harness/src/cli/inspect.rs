//! `weft inspect`: what is in a module and what each host would say to it.

use std::path::PathBuf;

use super::console::Console;
use super::{Failure, Outcome, input};
use crate::inspect::inspect;

/// Show what is in a module and what each host would say to it; nothing is run.
///
/// Prints the ABI version, the imports with the hosts that have them, the exports, the memory, the sections with their sizes,
/// and whether Envoy 1.40 and an older Envoy would load the module, with the words that Envoy would log if not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft inspect header-propagation            one of the built-in filters
  weft inspect target/mine.wasm --json
  cat mine.wasm | weft inspect -

Exit status: 0 Envoy 1.40 loads it, 1 it does not, 2 there is no module.")]
pub(super) struct Arguments {
    /// A file in the binary or the text format, `-` for standard input, or the name of a built-in filter.
    #[arg(value_name = "MODULE.wasm")]
    module: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let name = arguments.module.display().to_string();
    let bytes = match artifacts::module(&name) {
        Some(module) => module.bytes.to_vec(),
        None => input::read(&arguments.module).map_err(|error| {
            let filters: Vec<_> = artifacts::MODULES.iter().map(|module| module.name).collect();
            let filters = filters.join(", ");
            Failure::BadInput(format!("{name}: expected a module's file, or a filter among {filters}, but: {error}"))
        })?,
    };
    let report = inspect(&name, &bytes).map_err(|error| Failure::BadInput(error.to_string()))?;
    if arguments.json {
        console.line(serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?);
    } else {
        console.line(&report);
    }
    Ok(if report.loads() { Outcome::Good } else { Outcome::Bad })
}
