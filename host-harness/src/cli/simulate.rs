//! `weft simulate`: which labels recorded requests would get, and why.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use traffic_label_core::Reason;

use super::console::Console;
use super::{Failure, Outcome, input};
use crate::simulate::{SimulateError, Simulation};

/// Simulate a configuration of traffic-label at a gateway: which label each recorded request would get and why, how users
/// spread over the buckets of splits, and whether each of them always gets the same value.
///
/// A line of the requests is a JSON object; every member may be left out:
///
///   {"method": "GET", "path": "/", "host": "shop.test", "headers": {"user-agent": "…"}, "source": "192.0.2.7",
///    "time": "2026-12-01T12:00:00Z", "claims": {"sub": "eric"}}
///
/// A split is tested for a sample-ratio mismatch: a chi-square test of its distinct users over a hundred classes of buckets.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft simulate config.yaml --requests access.jsonl
  weft simulate config.json --requests access.jsonl --each | grep 'from=rule'
  zcat access.jsonl.gz | weft simulate config.json --requests - --at 2026-12-24T18:00:00Z --json

Exit status: 0 simulated, 1 a split does not get what its weights say, 2 bad usage or bad input.")]
pub(super) struct Arguments {
    /// The filter's configuration: a JSON file, or a YAML file if its name ends in .yaml or .yml.
    config: PathBuf,
    /// The requests, one JSON object on each line; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    requests: PathBuf,
    /// The time of requests that do not say theirs [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
    /// Print a line for each request before the summary.
    #[arg(long)]
    each: bool,
    /// Print JSON: one object for the summary, and with --each one on a line for each request before it.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { config, requests, at, each, json } = arguments;
    let now = at.map_or_else(unix_millis, |at| u64::try_from(at.as_millisecond()).unwrap_or(0));
    let configuration = input::read_configuration(config).map_err(Failure::BadInput)?;
    let mut simulation = Simulation::new(&configuration, now).map_err(|error| of_config(config, &error))?;
    let (mut lines, size) = open(requests)?;
    let bar = progress_bar(size);
    let outcome = simulation.run(&mut *lines, &mut |line, reasons, bytes| {
        bar.set_position(bytes);
        if *each && *json {
            console.line(each_as_json(line, reasons));
        } else if *each {
            console.line(format_args!("{line}: {}", Told(reasons)));
        }
    });
    bar.finish_and_clear();
    outcome.map_err(|error| Failure::BadInput(format!("{}: {error}", requests.display())))?;
    let report = simulation.report();
    match json {
        true => console.line(serde_json::to_string(&report).context("the report as JSON")?),
        false => console.line(&report),
    }
    Ok(if report.has_mismatch() { Outcome::Bad } else { Outcome::Good })
}

fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn of_config(path: &Path, error: &SimulateError) -> Failure {
    let lines: Vec<_> = error.to_string().lines().map(|line| format!("{}: {line}", path.display())).collect();
    Failure::BadInput(lines.join("\n"))
}

/// The requests, and how many bytes they are where that is known.
fn open(path: &Path) -> Result<(Box<dyn BufRead>, Option<u64>), Failure> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(BufReader::new(std::io::stdin())), None));
    }
    let failed = |error| Failure::BadInput(format!("{}: expected requests, but: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut lines = BufReader::with_capacity(1 << 16, file);
    // A folder opens, too; only reading says that it is none.
    lines.by_ref().fill_buf().map_err(failed)?;
    Ok((Box::new(lines), Some(size)))
}

fn progress_bar(size: Option<u64>) -> ProgressBar {
    let bar = match size {
        _ if !std::io::stderr().is_terminal() => return ProgressBar::hidden(),
        Some(size) => ProgressBar::new(size),
        None => ProgressBar::new_spinner(),
    };
    let template =
        if size.is_some() { "{bar:30} {bytes}/{total_bytes} {eta:.dim}" } else { "{spinner} {bytes} {elapsed:.dim}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// The reasons of one request, on a line.
struct Told<'r>(&'r [Reason]);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&traffic_label_core::explanation(self.0)))
    }
}

fn each_as_json(line: u64, reasons: &[Reason]) -> serde_json::Value {
    let labels: Vec<_> = reasons
        .iter()
        .map(|reason| {
            let draw = reason.draw.as_ref();
            json!({
                "label": reason.label,
                "value": reason.value.as_deref().map(String::from_utf8_lossy),
                "from": reason.origin,
                "rule": reason.rule,
                "unit": draw.map(|draw| &draw.unit),
                "bucket": draw.map(|draw| draw.bucket),
            })
        })
        .collect();
    json!({ "line": line, "labels": labels })
}
