//! `weft-oci emit`: the manifest that loads a filter, ready to apply.

use std::path::{Path, PathBuf};

use host_harness::cli::{check, console::Console, input};
use oci::Reference;
use oci_registry::Registry;
use serde_json::{Map, Value};
use strict_config::{Problem, Problems};

use super::login::LoginArguments;
use super::source::key_value;
use super::{Failure, Outcome};
use crate::emit::{self, Emitted, IstioVersion, PullPolicy, Request, Target, TargetRef};
use crate::filters::{self, Choice, FailStrategy, Filter, Mode, Phase, UNKNOWN, Workload};
use crate::transcoding::{self, Source as ProtoSource};

/// Print the manifest that loads a filter, with every choice explained; the filter itself checks the configuration first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci emit wasmplugin header-propagation --config config.yaml --image registry.example.com/mesh/header-propagation:0.1.0
  weft-oci emit trafficextension header-propagation --config config.yaml --image … --istio 1.30 -o plugin.yaml
  weft-oci emit wasmplugin grpc-json-transcoder --proto landing.proto -I protos --service org.feuyeux.grpc.LandingService --image …
  weft-oci emit asmfilterdeployment header-propagation --config config.json --image … --label app=hello1-deploy-v2 --mode client
  weft-oci emit envoy header-propagation --config config.yaml --image … --module-file ./header-propagation.wasm

The image is pinned: where it is given by a tag alone, the registry is asked for its digest.")]
pub(super) struct Arguments {
    /// Whose manifest.
    #[arg(value_enum)]
    target: Target,
    /// A built-in filter, or the file of another module.
    #[arg(value_name = "FILTER|MODULE.wasm")]
    filter: String,
    /// The filter's configuration: JSON, YAML if the name ends in .yaml or .yml, or `-` for JSON on standard input.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The image, with its digest or without.
    #[arg(long, value_name = "REF[@DIGEST]")]
    image: Reference,
    /// Write the manifest to this file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name the image by its tag alone, and ask no registry.
    #[arg(long)]
    no_pin: bool,
    #[command(flatten)]
    description: DescriptionArguments,
    #[command(flatten)]
    place: PlaceArguments,
    #[command(flatten)]
    login: LoginArguments,
}

/// What the transcoder needs to know of a service.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct DescriptionArguments {
    /// The service's .proto file, for the transcoder.
    #[arg(long, value_name = "FILE.proto", conflicts_with = "descriptor", help_heading = "Transcoder")]
    proto: Option<PathBuf>,
    /// A folder that imports are looked up in; may be repeated. Google's own files are at hand.
    #[arg(short = 'I', value_name = "DIR", requires = "proto", help_heading = "Transcoder")]
    include: Vec<PathBuf>,
    /// A descriptor set of `protoc --include_imports --descriptor_set_out`, in place of a .proto file.
    #[arg(long, value_name = "FILE", help_heading = "Transcoder")]
    descriptor: Option<PathBuf>,
    /// A service's full name; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = "Transcoder")]
    service: Vec<String>,
}

/// Where a plugin goes; what is not said is what the filter is made for.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct PlaceArguments {
    /// The resource's name; the filter's where none is given.
    #[arg(long, help_heading = "Place")]
    name: Option<String>,
    /// The resource's namespace.
    #[arg(short, long, help_heading = "Place")]
    namespace: Option<String>,
    /// A label of the pods; may be repeated.
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = key_value, help_heading = "Place")]
    label: Vec<(String, String)>,
    /// A resource to attach to, in place of labels; may be repeated.
    #[arg(long = "target", value_name = "KIND/NAME", value_parser = target_ref, help_heading = "Place")]
    target_ref: Vec<TargetRef>,
    /// Where in Istio's chain.
    #[arg(long, value_enum, help_heading = "Place")]
    phase: Option<Phase>,
    /// Before or after others of the phase: higher ones come first.
    #[arg(long, allow_negative_numbers = true, help_heading = "Place")]
    priority: Option<i32>,
    /// Which traffic.
    #[arg(long, value_enum, help_heading = "Place")]
    mode: Option<Mode>,
    /// A port of the traffic; may be repeated.
    #[arg(long, help_heading = "Place")]
    port: Vec<u16>,
    /// What becomes of requests when the module cannot be fetched or fails.
    #[arg(long, value_enum, help_heading = "Place")]
    fail_strategy: Option<FailStrategy>,
    /// The root context.
    #[arg(long, value_name = "ID", help_heading = "Place")]
    root_id: Option<String>,
    /// The secret with the registry's credentials.
    #[arg(long, value_name = "NAME", help_heading = "Place")]
    pull_secret: Option<String>,
    /// Whether an image that is there is pulled again.
    #[arg(long, value_enum, help_heading = "Place")]
    pull_policy: Option<PullPolicy>,
    /// A variable of the virtual machine's environment; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = key_value, help_heading = "Place")]
    env: Vec<(String, String)>,
    /// Where Envoy finds the module as a file: for `envoy`, and for an EnvoyFilter that pulls nothing.
    #[arg(long, value_name = "PATH", help_heading = "Place")]
    module_file: Option<String>,
    /// The version of Istio; what it does not know yet is said.
    #[arg(long, value_name = "1.x", help_heading = "Place")]
    istio: Option<IstioVersion>,
}

fn target_ref(text: &str) -> Result<TargetRef, String> {
    let (kind, name) = text.split_once('/').ok_or("expected KIND/NAME, such as Gateway/eg")?;
    Ok(TargetRef { kind: kind.to_owned(), name: name.to_owned() })
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { target, filter, config, image, output, no_pin, description, place, login } = arguments;
    let (name, known) = named(filter)?;
    let config = configuration(&name, config.as_deref(), description, console)?;
    let mut request = request(&name, known, image.clone(), config, place)?;
    let is_pulled = *target != Target::Envoy && (*target != Target::EnvoyFilter || place.module_file.is_none());
    if request.image.digest.is_none() && !*no_pin && is_pulled {
        let registry = Registry::new(image, &login.access()?)?;
        let digest = registry.digest(image).await.map_err(|error| {
            Failure::Other(
                anyhow::Error::from(error).context("the image's digest is asked for; give it after @, or --no-pin"),
            )
        })?;
        request.image = image.at(digest);
    }
    write(*target, &request, output.as_ref(), console)
}

/// Writes a manifest, and says what there is to know beside it.
pub(super) fn write(
    target: Target,
    request: &Request,
    output: Option<&PathBuf>,
    console: &Console,
) -> Result<Outcome, Failure> {
    let Emitted { text, notes } =
        emit::emit(target, request).map_err(|problems| Failure::BadInput(problems.join("\n")))?;
    console.writing_to(output.map(PathBuf::as_path))?.line(text.trim_end());
    notes.iter().for_each(|note| console.note(format_args!("note: {note}")));
    Ok(Outcome::Good)
}

/// The filter that a word means, and what is known of it.
fn named(word: &str) -> Result<(String, &'static Filter), Failure> {
    if artifacts::module(word).is_some() {
        return Ok((word.to_owned(), filters::filter(word).unwrap_or(&UNKNOWN)));
    }
    let path = Path::new(word);
    match path.is_file() {
        true => Ok((path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-"), &UNKNOWN)),
        false => {
            let filters: Vec<_> = artifacts::MODULES.iter().map(|module| module.name).collect();
            Err(Failure::BadInput(format!(
                "expected a filter among {}, or a module's file, but found {word}",
                filters.join(", ")
            )))
        }
    }
}

/// The configuration, with a description of services in it, after the filter's own core has taken it.
pub(super) fn configuration(
    filter: &str,
    file: Option<&Path>,
    description: &DescriptionArguments,
    console: &Console,
) -> Result<Map<String, Value>, Failure> {
    let mut config = match file {
        Some(file) => object(file)?,
        None => Map::new(),
    };
    let source = match (&description.proto, &description.descriptor) {
        (Some(file), _) => Some(ProtoSource::Proto { file: file.clone(), includes: description.include.clone() }),
        (None, Some(file)) => Some(ProtoSource::Descriptor(file.clone())),
        (None, None) => None,
    };
    if let Some(source) = source {
        config.extend(transcoding::describe(&source, &description.service).map_err(Failure::BadInput)?);
    }
    let shown = file.map_or_else(|| "the configuration".to_owned(), |file| file.display().to_string());
    configured(filter, &config, &shown, console)?;
    Ok(config)
}

/// Asks the filter's own core about a configuration; of other modules nobody can be asked.
pub(super) fn configured(
    filter: &str,
    config: &Map<String, Value>,
    shown: &str,
    console: &Console,
) -> Result<(), Failure> {
    let json = Value::Object(config.clone()).to_string();
    match check::configure(filter, json.as_bytes()) {
        None => Ok(()),
        Some(Ok(checked)) => {
            lines(shown, &checked.warnings).iter().for_each(|line| console.warning(line));
            Ok(())
        }
        Some(Err(problems)) => Err(Failure::BadInput(lines(shown, &problems).join("\n"))),
    }
}

/// Positions are those of the JSON that was put together, which the user never saw; the path stays.
fn lines(shown: &str, problems: &Problems) -> Vec<String> {
    let lines = problems.iter().map(|Problem { path, message, .. }| match path.is_empty() {
        true => format!("{shown}: {message}"),
        false => format!("{shown}: {path}: {message}"),
    });
    lines.collect()
}

fn object(file: &Path) -> Result<Map<String, Value>, Failure> {
    let json = input::read_configuration(file).map_err(Failure::BadInput)?;
    let problem =
        |found: String| Failure::BadInput(format!("{}: expected an object in JSON, but found {found}", file.display()));
    match serde_json::from_slice(&json).map_err(|error| problem(error.to_string()))? {
        Value::Object(config) => Ok(config),
        other => Err(problem(other.to_string())),
    }
}

/// The user's choices, and the filter's for all others.
pub(super) fn request(
    name: &str,
    known: &Filter,
    image: Reference,
    config: Map<String, Value>,
    place: &PlaceArguments,
) -> Result<Request, Failure> {
    if let Some(pair) = place.env.iter().find(|(_, value)| value.len() > 2048) {
        return Err(Failure::BadInput(format!(
            "--env {}: expected at most 2048 bytes, but found {}",
            pair.0,
            pair.1.len()
        )));
    }
    let has_place = !place.label.is_empty() || !place.target_ref.is_empty();
    Ok(Request {
        filter: name.to_owned(),
        name: place.name.clone().unwrap_or_else(|| name.to_owned()),
        namespace: place.namespace.clone(),
        image,
        module_file: place.module_file.clone(),
        config,
        root_id: place.root_id.clone().or_else(|| known.root_ids.first().map(|id| (*id).to_owned())),
        workload: if has_place { Workload::Sidecars } else { known.workload },
        labels: place.label.clone(),
        targets: place.target_ref.clone(),
        phase: chosen(place.phase, known.phase),
        priority: chosen(place.priority, known.priority),
        mode: chosen(place.mode, known.mode),
        ports: place.port.clone(),
        fail_strategy: chosen(place.fail_strategy, known.fail_strategy),
        pull_secret: place.pull_secret.clone(),
        pull_policy: place.pull_policy,
        environment: place.env.clone(),
        istio: place.istio,
    })
}

/// What the user says needs no reason.
fn chosen<T>(given: Option<T>, known: Choice<T>) -> Choice<T> {
    given.map_or(known, |value| Choice { value, reason: "" })
}
