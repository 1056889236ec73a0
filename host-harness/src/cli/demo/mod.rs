//! `weft demo`: the scenarios of the guides, run for real on this machine, with what came back beside what should have.

mod chance;
mod client;
mod form;
pub mod s1;
pub mod s2;
pub mod s3;
pub mod s4;

use std::net::SocketAddr;

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
///
/// S3, full-link gray release: two services, each as base and gray; the label that a request brings, or that a rule at
/// the gateway gives it, decides what serves at every hop, although no service passes it on. In all variants of the
/// guides.
///
/// S4, cross-origin access: a page asks a service of another origin; what it may read, the `corsPolicy` of the service's
/// VirtualService says. Without the policy and with it. With `--keep`, a browser shows it.
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
    /// Full-link gray release by traffic labels.
    #[value(name = "S3")]
    S3,
    /// Cross-origin access by a CORS policy.
    #[value(name = "S4")]
    S4,
}

/// A form of a scenario, and who knows what to ask of it.
#[derive(Clone, Copy)]
enum Trial {
    S1(Form),
    S2(Form),
    S3(s3::Variant),
    S4(s4::Variant),
}

impl Scenario {
    const ALL: [Self; 4] = [Self::S1, Self::S2, Self::S3, Self::S4];

    fn title(self) -> &'static str {
        match self {
            Self::S1 => "full-link A/B test",
            Self::S2 => "HTTP clients of a gRPC service",
            Self::S3 => "full-link gray release",
            Self::S4 => "cross-origin access",
        }
    }

    fn trials(self) -> Vec<Trial> {
        match self {
            Self::S1 => s1::FORMS.map(Trial::S1).to_vec(),
            Self::S2 => s2::FORMS.map(Trial::S2).to_vec(),
            Self::S3 => s3::VARIANTS.map(Trial::S3).to_vec(),
            Self::S4 => s4::VARIANTS.map(Trial::S4).to_vec(),
        }
    }
}

impl Trial {
    fn form(self) -> Form {
        match self {
            Self::S1(form) | Self::S2(form) => form,
            Self::S3(variant) => variant.form,
            Self::S4(variant) => variant.form,
        }
    }

    async fn probe(self, gateway: SocketAddr) -> Report {
        match self {
            Self::S1(_) => Report::S1(s1::probe(gateway, s1::CROWD).await),
            Self::S2(_) => Report::S2(s2::probe(gateway).await),
            Self::S3(variant) => Report::S3(variant.probe(gateway).await),
            Self::S4(variant) => Report::S4(variant.probe(gateway).await),
        }
    }
}

/// What a scenario's mesh answered.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    S1(s1::Report),
    S2(s2::Report),
    S3(s3::Report),
    S4(s4::Report),
}

impl Report {
    fn is_good(&self) -> bool {
        match self {
            Self::S1(report) => report.is_good(),
            Self::S2(report) => report.is_good(),
            Self::S3(report) => report.is_good(),
            Self::S4(report) => report.is_good(),
        }
    }

    fn print(&self, console: &Console) {
        match self {
            Self::S1(report) => report.print(console),
            Self::S2(report) => report.print(console),
            Self::S3(report) => report.print(console),
            Self::S4(report) => report.print(console),
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
    let trials: Vec<_> =
        scenarios.flat_map(|scenario| scenario.trials().into_iter().map(move |trial| (scenario, trial))).collect();
    let work = async {
        let plane = arguments.proxy.prepare(console).await?;
        let mut shown = Vec::new();
        for (scenario, trial) in trials {
            shown.push(show(scenario, trial, &plane, &arguments, console).await?);
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
    Ok(if good { Outcome::Good } else { Outcome::Bad })
}

async fn show(
    scenario: Scenario,
    trial: Trial,
    plane: &Plane,
    arguments: &Arguments,
    console: &Console,
) -> Result<Shown, Failure> {
    let form = trial.form();
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
    let report = trial.probe(entrance(&mesh)?).await;
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
