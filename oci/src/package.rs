//! A module to an image, in one of three layouts. The same module and words give the same bytes on every machine.
//!
//! `artifact` is the layout that every consumer of Proxy-Wasm takes. Its config stands twice: as the manifest's config and as
//! a layer, because Istio counts two layers and others look the config up by its place.

use std::io;

use serde::Serialize;

use crate::archive::{self, PLUGIN_FILE};
use crate::content::Content;
use crate::digest::Digest;
use crate::manifest::{Annotations, Manifest, json};
use crate::media_type;
use crate::module::Module;
use crate::runtime_config::RuntimeConfig;

/// The form of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// The Wasm artifact image specification: config and module as they are.
    #[default]
    Artifact,
    /// A container image with the single file `plugin.wasm`, for registries and tools that know nothing else.
    Image,
    /// CNCF's TAG Runtime, which Istio refuses.
    Cncf,
}

/// What goes into an image beside the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// `org.opencontainers.image.*` and whatever else is to be said about it.
    pub annotations: Annotations,
    /// The only time that an image has: `SOURCE_DATE_EPOCH`, in RFC 3339.
    pub created: Option<String>,
}

/// The key of the time.
pub const CREATED: &str = "org.opencontainers.image.created";

/// What the CNCF's config has as its time where there is none, because it must have one.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// The name of the config's file.
const CONFIG_FILE: &str = "runtime-config.json";

/// Makes an image of a module.
pub fn pack(module: &Module, config: &RuntimeConfig, layout: Layout, words: &Words) -> io::Result<Content> {
    let mut content = Content::new(media_type::IMAGE_MANIFEST, Vec::new());
    let mut manifest = match layout {
        Layout::Artifact => artifact(module, config, &mut content),
        Layout::Image => image(module, words, &mut content)?,
        Layout::Cncf => cncf(module, words, &mut content),
    };
    // What the user says prevails over what the layout says.
    manifest.annotations.extend(words.annotations.clone());
    manifest.annotations.extend(words.created.clone().map(|created| (CREATED.to_owned(), created)));
    content.root = json(&manifest);
    Ok(content)
}

fn artifact(module: &Module, config: &RuntimeConfig, content: &mut Content) -> Manifest {
    let described = content.add(media_type::WASM_CONFIG, config.to_json());
    let layers = vec![
        described.clone().titled(CONFIG_FILE),
        content.add(media_type::WASM_CONTENT, module.bytes().to_vec()).titled(PLUGIN_FILE),
    ];
    let mut manifest = Manifest::new(described, layers);
    let of_runtime = [("type", config.kind.clone()), ("abi_version", config.abi_versions.join(","))];
    manifest.annotations.extend(of_runtime.map(|(key, value)| (format!("module.wasm.runtime/{key}"), value)));
    manifest
}

/// The config of a container image, as far as one without a process needs it.
#[derive(Serialize)]
struct ImageConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    /// What Istio and Envoy Gateway choose from an index, whatever machine they run on.
    architecture: &'static str,
    os: &'static str,
    config: Empty,
    rootfs: RootFs,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: [Digest; 1],
}

fn image(module: &Module, words: &Words, content: &mut Content) -> io::Result<Manifest> {
    let archive = archive::tar(PLUGIN_FILE, module.bytes())?;
    let config = ImageConfig {
        created: words.created.as_deref(),
        architecture: "amd64",
        os: "linux",
        config: Empty {},
        rootfs: RootFs { kind: "layers", diff_ids: [Digest::of(&archive)] },
    };
    let config = content.add(media_type::IMAGE_CONFIG, json(&config));
    let layer = content.add(media_type::IMAGE_LAYER, archive::gzip(&archive));
    let mut manifest = Manifest::new(config, vec![layer]);
    manifest.annotations.insert("module.wasm.image/variant".to_owned(), "compat".to_owned());
    Ok(manifest)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CncfConfig<'a> {
    created: &'a str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [&'a Digest; 1],
}

fn cncf(module: &Module, words: &Words, content: &mut Content) -> Manifest {
    let layer = content.add(media_type::CNCF_CONTENT, module.bytes().to_vec()).titled(PLUGIN_FILE);
    let config = CncfConfig {
        created: words.created.as_deref().unwrap_or(NO_TIME),
        architecture: "wasm",
        os: "wasip1",
        layer_digests: [&layer.digest],
    };
    let config = content.add(media_type::CNCF_CONFIG, json(&config));
    Manifest::new(config, vec![layer])
}

/// The time of `SOURCE_DATE_EPOCH`, seconds since 1970, in RFC 3339.
///
/// ```
/// assert_eq!(oci::created("1767225600").as_deref(), Some("2026-01-01T00:00:00Z"));
/// ```
pub fn created(source_date_epoch: &str) -> Option<String> {
    // To the end of the year 9999, the last that RFC 3339 has.
    let seconds = source_date_epoch.parse::<u64>().ok().filter(|seconds| *seconds <= 253_402_300_799)?;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// Days since 1970 in the proleptic Gregorian calendar. A year is counted from March, so that the leap day is its last.
fn civil(days: u64) -> (u64, u64, u64) {
    // 719,468 days lie between the first of March of the year 0 and 1970; an era is 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}
