//! The command `weft-oci`: what is asked on the command line, and what each subcommand answers.
//!
//! It keeps to the conventions of `weft`: results go to standard output (or to `-o FILE`) and all else to standard error; `--json` is for
//! machines; the status is 0 for good, 1 for a refusal or a failure, 2 for bad usage or bad input. A subcommand is one module
//! with its arguments and a `run`.

mod copy;
mod demo;

mod emit;
mod grpc_transcoder;
mod inspect;
mod login;
mod pack;
mod pull;
mod push;
mod sbom;
mod sign;
mod source;
mod verify;
mod verify_signature;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use host_harness::cli::console::Console;
use host_harness::cli::outcome::{Failure, Outcome, conclude};

/// Proxy-Wasm filters as packages in registries, and the manifests that load them from there.
#[derive(Debug, Parser)]
#[command(name = "weft-oci", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  weft-oci push header-propagation registry.example.com/mesh/header-propagation:0.1.0
  weft-oci verify registry.example.com/mesh/header-propagation:0.1.0 --consumer istio
  weft-oci emit wasmplugin header-propagation --config config.yaml --image registry.example.com/mesh/header-propagation:0.1.0
  weft-oci pack mine.wasm -o layout
  weft-oci demo                  all of that on this machine, and the manifest at work

Exit status: 0 good, 1 a refusal or a failure, 2 bad usage or bad input.")]
struct WeftOci {
    /// Say more on standard error.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Copy(copy::Arguments),
    Demo(demo::Arguments),
    Emit(Box<emit::Arguments>),
    GrpcTranscoder(Box<grpc_transcoder::Arguments>),
    Inspect(inspect::Arguments),
    Pack(pack::Arguments),
    Pull(pull::Arguments),
    Push(push::Arguments),
    Sbom(sbom::Arguments),
    Sign(sign::Arguments),
    Verify(verify::Arguments),
    VerifySignature(verify_signature::Arguments),
}

/// The grammar of the command line, for those who check that a document keeps to it.
pub fn command() -> clap::Command {
    <WeftOci as clap::CommandFactory>::command()
}

/// Runs `weft-oci` with the arguments of this process.
pub fn main() -> ExitCode {
    let weft_oci = WeftOci::parse();
    let console = Console::new(weft_oci.verbose);
    conclude(&console, async {
        match weft_oci.command {
            Command::Copy(arguments) => copy::run(&arguments, &console).await,
            Command::Demo(arguments) => demo::run(&arguments, &console).await,
            Command::Emit(arguments) => emit::run(&arguments, &console).await,
            Command::GrpcTranscoder(arguments) => grpc_transcoder::run(&arguments, &console).await,
            Command::Inspect(arguments) => inspect::run(&arguments, &console).await,
            Command::Pack(arguments) => pack::run(&arguments, &console).await,
            Command::Pull(arguments) => pull::run(&arguments, &console).await,
            Command::Push(arguments) => push::run(&arguments, &console).await,
            Command::Sbom(arguments) => sbom::run(&arguments, &console).await,
            Command::Sign(arguments) => sign::run(&arguments, &console).await,
            Command::Verify(arguments) => verify::run(&arguments, &console).await,
            Command::VerifySignature(arguments) => verify_signature::run(&arguments, &console).await,
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
