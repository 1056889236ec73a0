//! `weft run`: scenario files on one engine or on both, compared with the transcripts beside them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, ValueEnum};
use host_harness::envoy_process::EnvoyBinary;
use host_harness::scenario::{self, Scenario, Transcript};

/// Runs scenario files and compares what happens with the transcript beside each.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Scenario files.
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    /// What to run them on.
    #[arg(long, value_enum, default_value_t = Executor::Embedded)]
    proxy: Executor,
    /// Print each callback with its host calls (embedded engine only).
    #[arg(long)]
    trace: bool,
    /// Write the transcript instead of comparing it.
    #[arg(long)]
    bless: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Executor {
    Embedded,
    Envoy,
    All,
}

/// Runs the command; the exit code says whether every transcript was the expected one.
pub fn run(arguments: &RunArgs) -> anyhow::Result<ExitCode> {
    let envoy = match arguments.proxy {
        Executor::Embedded => None,
        Executor::Envoy | Executor::All => Some(EnvoyBinary::locate()?),
    };
    let mut out = std::io::stdout().lock();
    let mut equal = true;
    for path in &arguments.scenarios {
        let scenario = scenario::load(path, &|name| find_module(path, name))?;
        if arguments.proxy != Executor::Envoy {
            let transcript = embedded(&scenario, arguments.trace, &mut out).context(path.display().to_string())?;
            equal &= settle(path, "embedded", &transcript, arguments.bless, &mut out)?;
        }
        if let Some(binary) = &envoy {
            let transcript = scenario::run_envoy(&scenario, binary).context(path.display().to_string())?;
            equal &= settle(path, "envoy", &transcript, arguments.bless, &mut out)?;
        }
    }
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn embedded(scenario: &Scenario, traced: bool, out: &mut impl Write) -> anyhow::Result<Transcript> {
    let mut trace = Vec::new();
    let transcript = scenario::run_embedded(scenario, traced.then_some(&mut trace))?;
    for entry in trace {
        writeln!(out, "{entry}")?;
    }
    Ok(transcript)
}

/// Compares a transcript with the committed one, or writes it; says whether all is well.
fn settle(
    path: &Path,
    executor: &str,
    transcript: &Transcript,
    bless: bool,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let beside = scenario::transcript_path(path);
    let found = transcript.to_string();
    if bless {
        std::fs::write(&beside, found).with_context(|| beside.display().to_string())?;
        writeln!(out, "{}: written from {executor}", beside.display())?;
        return Ok(true);
    }
    let expected = std::fs::read_to_string(&beside).unwrap_or_default();
    match scenario::difference(&expected, &found) {
        None => writeln!(out, "{}: as expected on {executor}", path.display())?,
        Some(difference) => {
            writeln!(out, "{}: differs on {executor} (- expected, + found)\n{difference}", path.display())?;
            writeln!(out, "if this is right: weft run --proxy {executor} --bless {}", path.display())?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// A filter of the suite, or a guest that `cargo test -p suite --no-run` has compiled in the repository of the scenario.
fn find_module(scenario: &Path, name: &str) -> Option<Arc<[u8]>> {
    if let Some(module) = artifacts::module(name) {
        return Some(module.bytes.into());
    }
    let compiled = format!("target/wasm-guests/wasm32-unknown-unknown/wasm/{}.wasm", name.replace('-', "_"));
    let written = format!("tests/guests/broken/{name}.wat");
    let scenario = std::path::absolute(scenario).ok()?;
    let files = scenario.ancestors().flat_map(|folder| [folder.join(&compiled), folder.join(&written)]);
    files.into_iter().find_map(|file| std::fs::read(file).ok()).map(Into::into)
}
