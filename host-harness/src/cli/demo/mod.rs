//! `weft demo`: the scenarios of the guides, run for real on this machine, with what came back beside what should have.

mod client;
mod form;
pub mod s1;
pub mod s2;

use serde::Serialize;
use serde_json::json;

pub use form::{Form, entrance};

use super::console::{BAD, Console, DIM, GOOD, STRONG};
use super::interrupt::{interrupted, unless_interrupted};
use super::mesh;
use super::plane::ProxyKind;
use super::{Failure, Outcome};
use crate::data_plane::{DataPlane, Plane};
use crate::mesh::Mesh;

/// Run the guides' scenarios on this machine and compare what comes back with what they promise.
///
/// S1, full-link A/B test: three services in a chain, each as v1 and v2; who sends `route-v: v2` is served by v2 all the way,
/// although no service passes that header on. In two forms: the guides' own manifests, and one plugin for all pods.
///
/// S2, HTTP clients of a gRPC service: the gateway turns JSON into gRPC and back, by the rules in the service's `.proto`.
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
    /// HTTP clients of a gRPC service by transcoding.
    #[value(name = "S2")]
    S2,
}

impl Scenario {
    const ALL: [Self; 2] = [Self::S1, Self::S2];

    fn title(self) -> &'static str {
        match self {
            Self::S1 => "full-link A/B test",
            Self::S2 => "HTTP clients of a gRPC service",
        }
    }

    fn forms(self) -> &'static [Form] {
        match self {
            Self::S1 => &s1::FORMS,
            Self::S2 => &s2::FORMS,
        }
    }
}

/// What a scenario's mesh answered.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    S1(s1::Report),
    S2(s2::Report),
}

impl Report {
    fn is_good(&self) -> bool {
        match self {
            Self::S1(report) => report.is_good(),
            Self::S2(report) => report.is_good(),
        }
    }

    fn print(&self, console: &Console) {
        match self {
            Self::S1(report) => report.print(console),
            Self::S2(report) => report.print(console),
        }
        console.line("");
    }
}

/// A form of a scenario that has been run.
struct Shown {
    scenario: Scenario,
    form: Form,
    report: Report,
    mesh: Mesh,
    running: DataPlane,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: Arguments, console: &Console) -> Result<Outcome, Failure> {
    let all = arguments.scenarios.is_empty();
    let scenarios = Scenario::ALL.into_iter().filter(|scenario| all || arguments.scenarios.contains(scenario));
    let forms: Vec<_> =
        scenarios.flat_map(|scenario| scenario.forms().iter().map(move |form| (scenario, *form))).collect();
    let work = async {
        let plane = arguments.proxy.prepare(console).await?;
        let mut shown = Vec::new();
        for (scenario, form) in forms {
            shown.push(show(scenario, form, &plane, &arguments, console).await?);
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

async fn show(
    scenario: Scenario,
    form: Form,
    plane: &Plane,
    arguments: &Arguments,
    console: &Console,
) -> Result<Shown, Failure> {
    let (mesh, mut ports) = form.load()?;
    if !arguments.json {
        let plane = match plane {
            Plane::Embedded => "the embedded engine",
            Plane::Envoy(_) => "real Envoy processes",
        };
        let (name, title) = (format!("{scenario:?}"), scenario.title());
        console.line(format_args!("{STRONG}{name} {title}{STRONG:#} on {plane}, {}", form.title));
    }
    let running = mesh::start(&mesh, &mut ports, plane, console).await?;
    let gateway = entrance(&mesh)?;
    let report = match scenario {
        Scenario::S1 => Report::S1(s1::probe(gateway).await),
        Scenario::S2 => Report::S2(s2::probe(gateway).await),
    };
    if !arguments.json {
        report.print(console);
    }
    Ok(Shown { scenario, form, report, mesh, running })
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

/// What `--json` prints of one form.
#[derive(Serialize)]
struct ShownForm<'a> {
    scenario: String,
    form: &'static str,
    good: bool,
    gateways: Vec<String>,
    #[serde(flatten)]
    report: &'a Report,
}

fn report_json(shown: &[Shown], good: bool) -> serde_json::Value {
    let scenarios = shown.iter().map(|it| ShownForm {
        scenario: format!("{:?}", it.scenario),
        form: it.form.name,
        good: it.report.is_good(),
        gateways: it.mesh.gateways.iter().map(|gateway| gateway.address.to_string()).collect(),
        report: &it.report,
    });
    json!({ "good": good, "scenarios": scenarios.collect::<Vec<_>>() })
}
