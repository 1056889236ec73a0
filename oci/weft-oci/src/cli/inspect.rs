//! `weft-oci inspect`: what is in an image, and who takes it.

use host_harness::cli::console::{Console, DIM, STRONG};
use oci::{
    Annotations, Consumer, Content, Descriptor, Digest, Manifest, Module, Question, Root, RuntimeConfig, find_module,
    media_type, verify,
};
use serde::Serialize;

use super::login::LoginArguments;
use super::source::Source;
use super::{Failure, Outcome};

/// Show an image's layers, digests, annotations, ABI and root contexts, and who takes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci inspect registry.example.com/mesh/plugin:1.0
  weft-oci inspect layout --json")]
pub(super) struct Arguments {
    /// An image in a registry, or an image layout.
    #[arg(value_name = "REF|LAYOUT")]
    image: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    login: LoginArguments,
}

/// Everything about an image; text and JSON are made of it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    image: String,
    digest: String,
    media_type: String,
    /// Why there is nothing more.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    /// What an index lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    layers: Vec<Descriptor>,
    annotations: Annotations,
    runtime_config: Option<RuntimeConfig>,
    module: Option<ModuleDescription>,
    consumers: Vec<Taker>,
}

#[derive(Serialize)]
struct ModuleDescription {
    place: String,
    bytes: usize,
    digest: Digest,
    abi: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

#[derive(Serialize)]
struct Taker {
    consumer: String,
    accepts: bool,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let source = Source::read(&arguments.image)?;
    let content = source.content(None, &arguments.login.access()?, console).await?;
    let description = describe(&content, source.name());
    match arguments.json {
        true => console.line(serde_json::to_string_pretty(&description).map_err(anyhow::Error::from)?),
        false => print(&description, console),
    }
    Ok(Outcome::Good)
}

fn describe(content: &Content, image: String) -> Description {
    let takers = Consumer::ALL.map(|consumer| {
        let accepts = verify(Question { content, url: &image, pin: None }, consumer).is_ok();
        Taker { consumer: consumer.to_string(), accepts }
    });
    let mut description = Description {
        digest: content.digest().to_string(),
        media_type: content.media_type.clone(),
        module: describe_module(content),
        consumers: takers.into(),
        image,
        ..Description::default()
    };
    match content.read() {
        Ok(Root::Index(index)) => description.manifests = index.manifests,
        Ok(Root::Manifest(manifest)) => {
            description.runtime_config = runtime_config(content, &manifest);
            description.kind = Some(manifest.kind().to_owned());
            description.layers = manifest.layers;
            description.annotations = manifest.annotations;
        }
        Err(error) => description.unreadable = Some(error.to_string()),
    }
    description
}

/// The image's own runtime-config.json, as config or as a layer.
pub(super) fn runtime_config(content: &Content, manifest: &Manifest) -> Option<RuntimeConfig> {
    let mut named = std::iter::once(&manifest.config).chain(&manifest.layers);
    named.find_map(|it| {
        let is_config = it.media_type == media_type::WASM_CONFIG;
        RuntimeConfig::read(content.blob(&it.digest).filter(|_| is_config)?).ok()
    })
}

fn describe_module(content: &Content) -> Option<ModuleDescription> {
    let found = find_module(content)?;
    let (place, bytes, digest) = (found.place, found.module.len(), Digest::of(&found.module));
    let (abi, refused) = match Module::read(found.module) {
        Ok(module) => (Some(module.abi_version().name()), None),
        Err(refusal) => (None, Some(refusal.to_string())),
    };
    Some(ModuleDescription { place, bytes, digest, abi, refused })
}

fn print(shown: &Description, console: &Console) {
    console.line(format_args!("{STRONG}{}{STRONG:#}", shown.image));
    let fields = [
        ("digest", Some(shown.digest.clone())),
        ("media type", Some(shown.media_type.clone())),
        ("kind", shown.kind.clone()),
        ("unreadable", shown.unreadable.clone()),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            console.line(format_args!("{name:12} {value}"));
        }
    }
    for (name, descriptors) in [("manifest", &shown.manifests), ("layer", &shown.layers)] {
        for it in descriptors {
            let (Descriptor { digest, size, media_type, .. }, title) = (it, it.title().unwrap_or_default());
            console.line(format_args!("{name:12} {digest} {size} bytes  {media_type} {DIM}{title}{DIM:#}"));
        }
    }
    for (key, value) in &shown.annotations {
        console.line(format_args!("annotation   {key}={value}"));
    }
    if let Some(config) = &shown.runtime_config {
        console.line(format_args!("abiVersions  {}", config.abi_versions.join(", ")));
        console.line(format_args!("rootIds      {}", config.config.root_ids.join(", ")));
    }
    match &shown.module {
        None => console.line("module       none"),
        Some(ModuleDescription { place, bytes, digest, abi, refused }) => {
            let abi = abi.map(|abi| format!("ABI {abi}")).or_else(|| refused.clone()).unwrap_or_default();
            console.line(format_args!("module       {digest} {bytes} bytes, {abi}, {DIM}{place}{DIM:#}"));
        }
    }
    for Taker { consumer, accepts } in &shown.consumers {
        let accepts = if *accepts { "takes it" } else { "refuses it (weft-oci verify says why)" };
        console.line(format_args!("consumer     {consumer} {accepts}"));
    }
}
