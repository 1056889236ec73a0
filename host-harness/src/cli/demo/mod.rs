//! `weft demo`: the scenarios of the guides, run for real on this machine, with what came back beside what should have.

mod client;
pub mod s1;

use serde_json::json;

use super::console::{BAD, Console, DIM, GOOD, STRONG};
use super::interrupt::{interrupted, unless_interrupted};
use super::mesh;
use super::plane::ProxyKind;
use super::{Failure, Outcome};
use crate::data_plane::{DataPlane, Plane};
use crate::mesh::Mesh;
use s1::{Exchange, FORMS, Form, Report};

/// Run the guides' scenarios on this machine and compare what comes back with what they promise.
///
/// S1, full-link A/B test: three services in a chain, each as v1 and v2; who sends `route-v: v2` is served by v2 all the way,
/// although no service passes that header on. In two forms: the guides' own manifests, and one plugin for all pods.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft demo                       every scenario, on the embedded engine
  weft demo S1 --proxy envoy      on real Envoy processes
  weft demo S1 --keep             then try it yourself with curl
  weft demo --json | jq .good")]
pub(super) struct Arguments {
    /// Which scenarios; all of them where none is named.
    #[arg(value_enum, ignore_case = true)]
    scenarios: Vec<Scenario>,
    /// What runs the proxies.
    #[arg(long, value_enum, default_value_t)]
    proxy: ProxyKind,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
    /// Leave the meshes up, print their addresses, and wait for Ctrl-C.
    #[arg(long)]
    keep: bool,
}

/// A scenario of the guides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Scenario {
    /// Full-link A/B test by header propagation.
    #[value(name = "S1")]
    S1,
}

/// A form of a scenario that has been run.
struct Shown {
    form: Form,
    report: Report,
    mesh: Mesh,
    running: DataPlane,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: Arguments, console: &Console) -> Result<Outcome, Failure> {
    let all = arguments.scenarios.is_empty();
    let s1 = all || arguments.scenarios.contains(&Scenario::S1);
    let forms: Vec<Form> = FORMS.into_iter().filter(|_| s1).collect();
    let work = async {
        let plane = arguments.proxy.prepare(console).await?;
        let mut shown = Vec::new();
        for form in forms {
            shown.push(show(form, &plane, &arguments, console).await?);
        }
        Ok::<_, Failure>(shown)
    };
    let Some(shown) = unless_interrupted(work).await else { return Ok(Outcome::Interrupted) };
    let shown = shown?;
    let good = shown.iter().all(|it| it.report.is_good());
    if arguments.json {
        console.line(report_json(&shown, good));
    }
    if arguments.keep {
        keep(&shown, &arguments, console).await;
    }
    for it in shown {
        it.running.stop().await;
    }
    Ok(if good { Outcome::Good } else { Outcome::Different })
}

async fn show(form: Form, plane: &Plane, arguments: &Arguments, console: &Console) -> Result<Shown, Failure> {
    let (mesh, mut ports) = form.load()?;
    if !arguments.json {
        let plane = match plane {
            Plane::Embedded => "the embedded engine",
            Plane::Envoy(_) => "real Envoy processes",
        };
        console.line(format_args!("{STRONG}S1 full-link A/B test{STRONG:#} on {plane}, {}", form.title));
    }
    let running = mesh::start(&mesh, &mut ports, plane, console).await?;
    let report = s1::probe(s1::entrance(&mesh)?).await;
    if !arguments.json {
        print(&report, console);
    }
    Ok(Shown { form, report, mesh, running })
}

fn print(report: &Report, console: &Console) {
    for exchange in &report.exchanges {
        print_exchange(exchange, console);
    }
    let (pure, requests) = (report.crowd.pure, report.crowd.requests);
    let mark = mark(pure == requests);
    console.line(format_args!("  {mark} {requests} requests at once, both lanes mixed: {pure} chains pure"));
    for exchange in &report.crowd.mixed {
        print_exchange(exchange, console);
    }
    console.line("");
}

fn print_exchange(exchange: &Exchange, console: &Console) {
    let Exchange { sent, status, served, expected, good } = exchange;
    console.line(format_args!("  {DIM}${DIM:#} {sent}"));
    console.line(format_args!("    {} {}", mark(*good), served.join(&format!(" {DIM}<{DIM:#} "))));
    if !good {
        console.line(format_args!("      status {status}, expected {expected}"));
    }
}

fn mark(good: bool) -> String {
    if good { format!("{GOOD}✓{GOOD:#}") } else { format!("{BAD}✗{BAD:#}") }
}

async fn keep(shown: &[Shown], arguments: &Arguments, console: &Console) {
    for it in shown.iter().filter(|_| !arguments.json) {
        console.line(format_args!("{STRONG}{}{STRONG:#}", it.form.name));
        mesh::print_addresses(&it.mesh, console);
    }
    console.note(format_args!("{DIM}The meshes stay up until Ctrl-C.{DIM:#}"));
    interrupted().await;
}

fn report_json(shown: &[Shown], good: bool) -> serde_json::Value {
    let scenarios = shown.iter().map(|it| {
        let gateways = it.mesh.gateways.iter().map(|gateway| gateway.address.to_string());
        json!({
            "scenario": "S1",
            "form": it.form.name,
            "good": it.report.is_good(),
            "gateways": gateways.collect::<Vec<_>>(),
            "exchanges": it.report.exchanges,
            "crowd": it.report.crowd,
        })
    });
    json!({ "good": good, "scenarios": scenarios.collect::<Vec<_>>() })
}
