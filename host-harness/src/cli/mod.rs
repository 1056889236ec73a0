//! The command `weft`: what is asked on the command line, and how every subcommand speaks.
//!
//! Conventions of all subcommands: results go to standard output (or to `-o FILE`) and all else to standard error; `--json` is for machines;
//! the status is 0 for good, 1 for a difference or a failure, 2 for bad usage or bad input, 130 when interrupted. Colours
//! appear only on a terminal. A subcommand is one module with its arguments and a `run`; adding one touches `Command` and
//! nothing else here.

mod bench;
pub mod check;
pub mod console;
pub mod demo;
pub mod images;
pub mod input;
mod inspect;
mod interrupt;
mod lint;
mod mesh;
pub mod outcome;
mod plane;
mod run;
mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use console::Console;
use outcome::{Failure, Outcome, conclude};

/// Proxy-Wasm filters, tried out: on an embedded Envoy or on a real one.
#[derive(Debug, Parser)]
#[command(name = "weft", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  weft demo                      see the full-link A/B test of the guides run on this machine
  weft demo --proxy envoy        the same on real Envoy processes
  weft mesh ./manifests          run the mesh that your own manifests describe, until Ctrl-C
  weft lint ./manifests          see what your manifests do not do although they seem to say so
  weft run mine.yaml --trace     see every callback and host call of a scenario
  weft check FILTER config.json  see every problem of a configuration with its path
  weft simulate config.json --requests access.jsonl
                                 see which label each request would get, and why
  weft inspect mine.wasm         see what is in a module and what each host would say to it
  weft bench                     measure what filters cost on a real Envoy

Exit status: 0 good, 1 a difference or a failure, 2 bad usage or bad input.")]
struct Weft {
    /// Say more on standard error: once for what plugins log at info, twice for debug, three times for trace.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    /// Write the results to this file, without colours, in place of standard output.
    #[arg(short, long, value_name = "FILE", global = true)]
    output: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::Arguments),
    Check(check::Arguments),
    Demo(demo::Arguments),
    Inspect(inspect::Arguments),
    Lint(lint::Arguments),
    Mesh(mesh::Arguments),
    Run(run::Arguments),
    Simulate(simulate::Arguments),
}

/// The grammar of the command line, for those who check that a document keeps to it.
pub fn command() -> clap::Command {
    <Weft as clap::CommandFactory>::command()
}

/// Runs `weft` with the arguments of this process.
pub fn main() -> ExitCode {
    let weft = Weft::parse();
    let console = Console::new(weft.verbose);
    conclude(&console, async {
        let console = console.writing_to(weft.output.as_deref())?;
        match weft.command {
            Command::Bench(arguments) => bench::run(arguments, &console).await,
            Command::Check(arguments) => check::run(&arguments, &console),
            Command::Demo(arguments) => demo::run(arguments, &console).await,
            Command::Inspect(arguments) => inspect::run(&arguments, &console),
            Command::Lint(arguments) => lint::run(&arguments, &console),
            Command::Mesh(arguments) => mesh::run(arguments, &console).await,
            Command::Run(arguments) => run::run(arguments, &console).await,
            Command::Simulate(arguments) => simulate::run(&arguments, &console),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
