//! `weft-oci copy`: an image from one place to another, as it is or repaired.

use std::path::{Path, PathBuf};

use host_harness::cli::console::Console;
use oci::{
    Consumer, Content, Found, Layout, Module, Question, Reference, Root, RuntimeConfig, Words, find_module,
    image_layout, pack, verify,
};
use oci_registry::Registry;

use super::inspect::runtime_config;
use super::login::LoginArguments;
use super::source::Source;
use super::{Failure, Outcome};

/// Copy an image between registries and folders, with the same digest; with --fix, as a package that every proxy takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci copy registry.example.com/mesh/plugin:1.0 mirror.example.com/mesh/plugin:1.0
  weft-oci copy registry.example.com/mesh/plugin:1.0 ./layout
  weft-oci copy registry.example.com/mesh/old:1.0 registry.example.com/mesh/old:1.0-fixed --fix")]
pub(super) struct Arguments {
    /// An image in a registry, or an image layout.
    #[arg(value_name = "FROM")]
    from: String,
    /// An image's name in a registry, or a folder, which begins with `.` or `/`.
    #[arg(value_name = "TO")]
    to: String,
    /// Make a package of the module, wherever in the image it is.
    #[arg(long)]
    fix: bool,
    #[command(flatten)]
    login: LoginArguments,
}

enum Destination {
    Image(Reference),
    Folder(PathBuf),
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let to = destination(&arguments.to)?;
    let access = arguments.login.access()?;
    let source = Source::read(&arguments.from)?;
    let content = source.content(None, &access, console).await?;
    let content = if arguments.fix { repaired(&content, &source.name(), console)? } else { content };
    match to {
        Destination::Folder(folder) => {
            image_layout::write(&folder, &content, "latest").map_err(|error| Failure::BadInput(error.to_string()))?;
            console.line(content.digest());
        }
        Destination::Image(reference) => {
            let bytes = content.blobs().map(|(_, blob)| blob.len() as u64).sum();
            let progress = console.transfer(&format!("pushing {reference}"), bytes);
            let registry = Registry::new(&reference, &access)?;
            registry.push(&reference, &content, &|moved| progress.advance(moved)).await?;
            drop(progress);
            console.line(reference.at(content.digest()));
        }
    }
    Ok(Outcome::Good)
}

fn destination(word: &str) -> Result<Destination, Failure> {
    if word.starts_with(['.', '/']) || Path::new(word).is_dir() {
        return Ok(Destination::Folder(word.into()));
    }
    let reference: Reference =
        word.parse().map_err(|error| Failure::BadInput(format!("{error}; a folder begins with . or /")))?;
    match reference.digest {
        None => Ok(Destination::Image(reference)),
        Some(_) => Err(Failure::BadInput(format!("{word}: expected a tag to copy to, but found a digest"))),
    }
}

/// A package of the module that is somewhere in the image, with the words of the image.
fn repaired(content: &Content, name: &str, console: &Console) -> Result<Content, Failure> {
    let question = Question { content, url: name, pin: None };
    if let Err(refused) = verify(question, Consumer::Istio) {
        console.note(format_args!("{name}: {refused}"));
    }
    let Some(Found { module, place }) = find_module(content) else {
        return Err(Failure::BadInput(format!("{name}: expected an image with a module in it, but found none")));
    };
    let module = Module::read(module).map_err(|refusal| Failure::BadInput(format!("{name}: {place}: {refusal}")))?;
    let manifest = match content.read() {
        Ok(Root::Manifest(manifest)) => Some(manifest),
        _ => None,
    };
    let config = manifest.as_ref().and_then(|manifest| runtime_config(content, manifest));
    let config = config.unwrap_or_else(|| RuntimeConfig::new(module.abi_version(), Vec::new()));
    let annotations = manifest.map(|manifest| manifest.annotations).unwrap_or_default();
    let words = Words { annotations, created: None };
    pack(&module, &config, Layout::Artifact, &words).map_err(|error| Failure::Other(error.into()))
}
