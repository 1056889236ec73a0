//! What a subcommand is given: a filter, a module's file, an image layout, or an image in a registry.

use std::path::{Path, PathBuf};

use host_harness::cli::console::Console;
use oci::{Content, Layout, Module, Reference, RuntimeConfig, Words, image_layout};
use oci_registry::{Access, Registry};

use super::Failure;
use crate::filters::{self, Filter};

/// What a word on the command line means.
pub(super) enum Source {
    /// A built-in filter.
    Filter(&'static artifacts::Module),
    /// A module's file.
    Module(PathBuf),
    /// A folder with images.
    Layout(PathBuf),
    /// An image in a registry.
    Image(Reference),
}

/// How a module becomes a package.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PackageArguments {
    /// The form of the package: `artifact` is what every proxy takes, `image` a container image, `cncf` for other runtimes.
    #[arg(long, value_enum, default_value_t, help_heading = "Package")]
    layout: LayoutName,
    /// A root context of the module; may be repeated. Those of built-in filters are known.
    #[arg(long, value_name = "ID", help_heading = "Package")]
    root_id: Vec<String>,
    /// A runtime-config.json in place of the one that is derived from the module.
    #[arg(long, value_name = "FILE", conflicts_with = "root_id", help_heading = "Package")]
    runtime_config: Option<PathBuf>,
    /// An annotation of the image; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, help_heading = "Package")]
    annotation: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum LayoutName {
    #[default]
    Artifact,
    Image,
    Cncf,
}

/// `KEY=VALUE`.
pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    if key.is_empty() { Err("expected a key before =".to_owned()) } else { Ok((key.to_owned(), value.to_owned())) }
}

impl Source {
    /// Understands a word: a filter's name comes before a file, a file before an image. No image begins with `.` or `/`.
    pub(super) fn read(word: &str) -> Result<Self, Failure> {
        if let Some(module) = artifacts::module(word) {
            return Ok(Self::Filter(module));
        }
        let path = Path::new(word);
        if path.is_dir() {
            return Ok(Self::Layout(path.to_owned()));
        }
        if path.is_file() {
            return Ok(Self::Module(path.to_owned()));
        }
        if word.starts_with(['.', '/']) {
            let message = format!("{word}: expected a module's file or an image layout, but found neither there");
            return Err(Failure::BadInput(message));
        }
        word.parse().map(Self::Image).map_err(|error| {
            let filters: Vec<_> = artifacts::MODULES.iter().map(|module| module.name).collect();
            let filters = filters.join(", ");
            Failure::BadInput(format!(
                "{word}: expected a filter among {filters}, a file, an image layout or an image: {error}"
            ))
        })
    }

    /// The image that it is, or that is made of it.
    pub(super) async fn content(
        &self,
        package: Option<&PackageArguments>,
        access: &Access,
        console: &Console,
    ) -> Result<Content, Failure> {
        match self {
            Self::Layout(folder) => {
                image_layout::read(folder, None).map_err(|error| Failure::BadInput(error.to_string()))
            }
            Self::Image(reference) => {
                let _spinner = console.progress(&format!("pulling {reference}"));
                Ok(Registry::new(reference, access)?.pull(reference, oci_registry::SILENT).await?)
            }
            Self::Filter(module) => {
                let filter = filters::filter(module.name).copied().unwrap_or(filters::UNKNOWN);
                self.packed(module.name, module.bytes.to_vec(), &filter, package, console)
            }
            Self::Module(path) => {
                let read = std::fs::read(path);
                let bytes = read.map_err(|error| Failure::BadInput(format!("{}: {error}", path.display())))?;
                let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                self.packed(&title, bytes, &filters::UNKNOWN, package, console)
            }
        }
    }

    /// A package of a module that is called so in it.
    fn packed(
        &self,
        title: &str,
        bytes: Vec<u8>,
        filter: &Filter,
        package: Option<&PackageArguments>,
        console: &Console,
    ) -> Result<Content, Failure> {
        let name = self.name();
        let module = Module::read(bytes).map_err(|refusal| {
            let lines: Vec<_> = refusal.0.iter().map(|reason| format!("{name}: {reason}")).collect();
            Failure::BadInput(lines.join("\n"))
        })?;
        if module.bytes().len() as u64 > oci::LARGE_BYTES {
            let bytes = module.bytes().len();
            console.warning(format_args!(
                "{name} has {bytes} bytes: Istio gives up a pull after 30 s, without a timeout after 5 s"
            ));
        }
        let config = runtime_config(&module, filter, package)?;
        let layout = package.map(|package| package.layout).unwrap_or_default();
        if layout == LayoutName::Cncf {
            console.warning(
                "Istio, Envoy Gateway and ASM refuse the layout cncf: it is for wasmCloud, Spin and their like",
            );
        }
        let layout = match layout {
            LayoutName::Artifact => Layout::Artifact,
            LayoutName::Image => Layout::Image,
            LayoutName::Cncf => Layout::Cncf,
        };
        let words = words(title, filter, package)?;
        oci::pack(&module, &config, layout, &words).map_err(|error| Failure::Other(error.into()))
    }

    /// How it is called in messages and URLs.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Filter(module) => module.name.to_owned(),
            Self::Module(path) | Self::Layout(path) => path.display().to_string(),
            Self::Image(reference) => reference.to_string(),
        }
    }
}

fn runtime_config(
    module: &Module,
    filter: &Filter,
    package: Option<&PackageArguments>,
) -> Result<RuntimeConfig, Failure> {
    if let Some(path) = package.and_then(|package| package.runtime_config.as_ref()) {
        let failed = |error: &dyn std::fmt::Display| Failure::BadInput(format!("{}: {error}", path.display()));
        let text = std::fs::read(path).map_err(|error| failed(&error))?;
        return RuntimeConfig::read(&text).map_err(|error| failed(&error));
    }
    let given = package.map(|package| package.root_id.clone()).unwrap_or_default();
    let known = || filter.root_ids.iter().map(|id| (*id).to_owned()).collect();
    Ok(RuntimeConfig::new(module.abi_version(), if given.is_empty() { known() } else { given }))
}

/// The variable that says when a package was made; without it no package says when.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

fn words(title: &str, filter: &Filter, package: Option<&PackageArguments>) -> Result<Words, Failure> {
    let mut words = Words::default();
    let mut say = |key: &str, value: &str| {
        words.annotations.insert(format!("org.opencontainers.image.{key}"), value.to_owned());
    };
    say("title", title);
    if !filter.name.is_empty() {
        say("description", filter.description);
        say("version", env!("CARGO_PKG_VERSION"));
        say("licenses", "Apache-2.0");
        say("vendor", "Weft");
    }
    words.annotations.extend(package.iter().flat_map(|package| package.annotation.clone()));
    if let Ok(epoch) = std::env::var(EPOCH) {
        let created = oci::created(&epoch);
        let problem = || Failure::BadInput(format!("{EPOCH}: expected seconds since 1970, but found {epoch:?}"));
        words.created = Some(created.ok_or_else(problem)?);
    }
    Ok(words)
}
