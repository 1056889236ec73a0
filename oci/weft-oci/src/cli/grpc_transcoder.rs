//! `weft-oci grpc-transcoder`: the command line of the guides' tool, with a manifest of ours as the answer.

use std::path::PathBuf;

use host_harness::cli::console::Console;
use oci::Reference;
use serde_json::Value;

use super::emit::{self, PlaceArguments};
use super::{Failure, Outcome};
use crate::emit::{IstioVersion, Target};
use crate::filters::{self, Choice, UNKNOWN};
use crate::transcoding::{self, Source};

const FILTER: &str = "grpc-json-transcoder";

/// Take the arguments of the guides' tool `grpc-transcoder`, and print the manifest that does the same with this filter.
///
/// The guides' tool configures Envoy's own filter at the gateway by an EnvoyFilter; this is a WasmPlugin there, for the same
/// service and port.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  weft-oci grpc-transcoder --version 1.7 --service_port 9996 --service_name grpc-server-svc \\
    --proto_pkg org.feuyeux.grpc --proto_svc LandingService --descriptor landing.proto-descriptor \\
    --image registry.example.com/mesh/grpc-json-transcoder:0.1.0")]
pub(super) struct Arguments {
    /// The version of Istio. Where it is older than a WasmPlugin, the manifest is one for a newer mesh, and a note says so.
    #[arg(long)]
    version: IstioVersion,
    /// The port of the gateway's listener.
    #[arg(long = "service_port")]
    port: u16,
    /// The Kubernetes service: the resource is named after it.
    #[arg(long = "service_name")]
    service: String,
    /// The package of the .proto file.
    #[arg(long = "proto_pkg")]
    package: String,
    /// The services in it, separated by commas.
    #[arg(long = "proto_svc", value_delimiter = ',')]
    services: Vec<String>,
    /// What protoc wrote.
    #[arg(long, value_name = "FILE")]
    descriptor: PathBuf,
    /// The filter's image.
    #[arg(long, value_name = "REF[@DIGEST]", default_value = concat!("registry.example.com/weft/grpc-json-transcoder:", env!("CARGO_PKG_VERSION")))]
    image: Reference,
    /// Write the manifest to this file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The print options that the guides set.
const PRINT_OPTIONS: [(&str, bool); 4] = [
    ("add_whitespace", true),
    ("always_print_primitive_fields", true),
    ("always_print_enums_as_ints", false),
    ("preserve_proto_field_names", false),
];

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let services: Vec<_> =
        arguments.services.iter().map(|service| format!("{}.{service}", arguments.package)).collect();
    let source = Source::Descriptor(arguments.descriptor.clone());
    let mut config = transcoding::describe(&source, &services).map_err(Failure::BadInput)?;
    config.insert("auto_mapping".to_owned(), true.into());
    config.insert("convert_grpc_status".to_owned(), true.into());
    let options = PRINT_OPTIONS.iter().map(|(name, value)| ((*name).to_owned(), Value::Bool(*value)));
    config.insert("print_options".to_owned(), Value::Object(options.collect()));
    let known = filters::filter(FILTER).unwrap_or(&UNKNOWN);
    let mut request = emit::request(FILTER, known, arguments.image.clone(), config, &PlaceArguments::default())?;
    emit::configured(FILTER, &request.config, "the configuration", console)?;
    request.name = format!("{FILTER}-{}", arguments.service);
    request.namespace = Some("istio-system".to_owned());
    request.ports = vec![arguments.port];
    request.mode = Choice {
        reason: "The gateway's listener of the guides: its port, in the direction that gateways have.",
        ..request.mode
    };
    match arguments.version < IstioVersion::WASM_PLUGIN {
        true => console.warning(format_args!(
            "Istio {} has no WasmPlugin; this is the manifest for {} or newer, all of it for 1.19",
            arguments.version,
            IstioVersion::WASM_PLUGIN
        )),
        false => request.istio = Some(arguments.version),
    }
    if request.image.registry == "registry.example.com" {
        console.warning(
            "registry.example.com stands for your registry: push the filter there (weft-oci push), and give --image",
        );
    }
    emit::write(Target::WasmPlugin, &request, arguments.output.as_ref(), console)
}
