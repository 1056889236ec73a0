//! The configuration: what the user writes, and its compilation with every problem at its path.

use crate::field;
use crate::propagation::Propagation;
use crate::stamp::{RawStamp, Stamp};
use crate::surroundings;
use correlation_store::{Conflict, Shape, Store};
use serde::Deserialize;
use strict_config::Problems;
use string_match::{NameSet, RawNameSet};
use trace_context::Identifiers;

/// The configuration as it runs.
pub(crate) struct Configuration {
    pub(crate) role: Role,
    pub(crate) stamps: Vec<Stamp>,
    pub(crate) propagation: Option<Propagation>,
}

/// Where the role comes from.
pub(crate) enum Role {
    /// It does not matter: the guides' stamp is for every request that the plugin sees.
    Any,
    Fixed(surroundings::Role),
    OfNode,
}

/// The most bytes that all slots of a store may take.
const MAX_STORE_BYTES: u64 = 256 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfiguration {
    head_tag_name: Option<String>,
    head_tag_value: Option<String>,
    role: Option<RawRole>,
    stamp: Option<Vec<RawStamp>>,
    propagate: Option<RawPropagate>,
    correlate: Option<RawCorrelate>,
    store: Option<RawStore>,
    carriers: Option<Vec<RawCarrier>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawRole {
    Auto,
    Gateway,
    Sidecar,
    Waypoint,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPropagate {
    exact: Vec<String>,
    prefix: Vec<String>,
    suffix: Vec<String>,
    regex: Vec<String>,
    mode: RawMode,
    max: usize,
    max_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawMode {
    SetIfAbsent,
    Overwrite,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawCorrelate {
    ids: Option<Vec<String>>,
    lookups: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStore {
    slots: u32,
    ways: u32,
    max_entry_bytes: u16,
    ttl: String,
    on_conflict: RawConflict,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawConflict {
    Last,
    First,
    Baseline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawCarrier {
    Store,
    Baggage,
}

impl Default for RawPropagate {
    fn default() -> Self {
        let [exact, prefix, suffix, regex] = [const { Vec::new() }; 4];
        Self { exact, prefix, suffix, regex, mode: RawMode::SetIfAbsent, max: 16, max_bytes: 4096 }
    }
}

impl Default for RawCorrelate {
    fn default() -> Self {
        Self { ids: None, lookups: 1 }
    }
}

impl Default for RawStore {
    fn default() -> Self {
        Self { slots: 4096, ways: 2, max_entry_bytes: 512, ttl: "60s".to_owned(), on_conflict: RawConflict::Last }
    }
}

/// Reads and compiles a configuration.
pub(crate) fn parse(json: &[u8]) -> Result<Configuration, Problems> {
    let raw: RawConfiguration = strict_config::parse(json)?;
    let mut problems = Problems::default();
    let configuration = match &raw.head_tag_name {
        Some(name) => compile_guides(&raw, name, &mut problems),
        None => compile_full(&raw, &mut problems),
    };
    problems.unless_any(configuration)
}

/// `{"head_tag_name", "head_tag_value"}`; an empty name does nothing, as in the guides' own filter.
fn compile_guides(raw: &RawConfiguration, name: &str, problems: &mut Problems) -> Configuration {
    for section in sections(raw) {
        problems.push(section, "expected head_tag_name and head_tag_value alone, but found this beside them");
    }
    let stamp = match (&raw.head_tag_value, name) {
        (_, "") => None,
        (Some(value), name) => Stamp::of_guides(name, value, problems),
        (None, _) => {
            problems.push("head_tag_value", "expected the value for head_tag_name, but found none");
            None
        }
    };
    Configuration { role: Role::Any, stamps: stamp.into_iter().collect(), propagation: None }
}

/// The sections that only go with `propagate`.
const OF_PROPAGATION: [&str; 3] = ["correlate", "store", "carriers"];

/// The sections of the full form that the user wrote.
fn sections(raw: &RawConfiguration) -> impl Iterator<Item = &'static str> {
    let RawConfiguration { role, stamp, propagate, correlate, store, carriers, .. } = raw;
    let all = [
        ("role", role.is_some()),
        ("stamp", stamp.is_some()),
        ("propagate", propagate.is_some()),
        ("correlate", correlate.is_some()),
        ("store", store.is_some()),
        ("carriers", carriers.is_some()),
    ];
    all.into_iter().filter(|(_, given)| *given).map(|(section, _)| section)
}

fn compile_full(raw: &RawConfiguration, problems: &mut Problems) -> Configuration {
    if raw.head_tag_value.is_some() {
        problems.push("head_tag_value", "expected head_tag_name beside it, but found none");
    } else if raw.stamp.is_none() && raw.propagate.is_none() {
        problems.push("", "expected stamp or propagate (or head_tag_name), but found neither");
    }
    let role = match raw.role.unwrap_or(RawRole::Auto) {
        RawRole::Auto => Role::OfNode,
        RawRole::Gateway => Role::Fixed(surroundings::Role::Gateway),
        RawRole::Sidecar => Role::Fixed(surroundings::Role::Sidecar),
        RawRole::Waypoint => Role::Fixed(surroundings::Role::Waypoint),
    };
    let raw_stamps = raw.stamp.iter().flatten().enumerate();
    let stamps: Vec<_> =
        raw_stamps.filter_map(|(index, stamp)| stamp.compile(&format!("stamp[{index}]"), problems)).collect();
    let propagation = match &raw.propagate {
        Some(propagate) => compile_propagation(raw, propagate, problems),
        None => {
            for section in sections(raw).filter(|section| OF_PROPAGATION.contains(section)) {
                problems.push(section, "expected propagate beside it, but found none");
            }
            None
        }
    };
    Configuration { role, stamps, propagation }
}

fn compile_propagation(
    raw: &RawConfiguration,
    propagate: &RawPropagate,
    problems: &mut Problems,
) -> Option<Propagation> {
    let RawPropagate { exact, prefix, suffix, regex, mode, max, max_bytes } = propagate;
    for (index, name) in exact.iter().enumerate() {
        if let Some(problem) = field::problem_with_name(name) {
            problems.push(format!("propagate.exact[{index}]"), problem);
        }
    }
    in_range(problems, "propagate.max", *max, 1, 128);
    in_range(problems, "propagate.max_bytes", *max_bytes, 1, 60_000);
    let raw_names =
        RawNameSet { exact: exact.clone(), prefix: prefix.clone(), suffix: suffix.clone(), regex: regex.clone() };
    let names = raw_names.compile("propagate", problems);
    if names.as_ref().is_some_and(NameSet::is_empty) {
        problems.push("propagate", "expected names in exact, prefix, suffix or regex, but found none");
    }
    let (identifiers, lookups) = compile_correlate(raw.correlate.as_ref(), problems);
    let carriers = raw.carriers.as_deref().unwrap_or(&[RawCarrier::Store]);
    if carriers.is_empty() {
        problems.push("carriers", "expected store, baggage or both, but found none");
    }
    let store = if carriers.contains(&RawCarrier::Store) {
        let default = RawStore::default();
        let shape = compile_shape(raw.store.as_ref().unwrap_or(&default), problems);
        // Entries belong to every plugin with the same names, in whatever order they are written down.
        let owner = format!("header-propagation {names:?}");
        shape.map(|shape| (Store::new(shape, owner.as_bytes()), usize::from(shape.max_entry_bytes)))
    } else {
        if raw.store.is_some() {
            problems.push("store", "expected the carrier store, but found carriers without it");
        }
        None
    };
    Some(Propagation {
        names: names?,
        overwrite: *mode == RawMode::Overwrite,
        max_headers: *max,
        max_bytes: *max_bytes,
        identifiers,
        lookups,
        store,
        baggage: carriers.contains(&RawCarrier::Baggage),
    })
}

fn compile_correlate(raw: Option<&RawCorrelate>, problems: &mut Problems) -> (Identifiers, usize) {
    let Some(RawCorrelate { ids, lookups }) = raw else { return (Identifiers::default(), 1) };
    in_range(problems, "correlate.lookups", *lookups, 1, 8);
    let Some(ids) = ids else { return (Identifiers::default(), *lookups) };
    if ids.is_empty() {
        problems.push("correlate.ids", "expected headers that identify a request, but found none");
    }
    let names: Vec<_> = ids.iter().map(|name| name.to_ascii_lowercase()).collect();
    for (index, name) in names.iter().enumerate() {
        if let Some(problem) = field::problem_with_name(name) {
            problems.push(format!("correlate.ids[{index}]"), problem);
        } else if names.iter().take(index).any(|earlier| earlier == name) {
            problems.push(
                format!("correlate.ids[{index}]"),
                format!("expected each header once, but found {name:?} again"),
            );
        }
    }
    (Identifiers::new(names.iter().map(String::as_str)), *lookups)
}

fn compile_shape(raw: &RawStore, problems: &mut Problems) -> Option<Shape> {
    let RawStore { slots, ways, max_entry_bytes, ttl, on_conflict } = raw;
    let mut sound = in_range(problems, "store.slots", *slots as usize, 1, 1 << 24);
    if sound && !slots.is_power_of_two() {
        problems.push("store.slots", format!("expected a power of two, but found {slots}"));
        sound = false;
    }
    sound &= in_range(problems, "store.ways", *ways as usize, 1, 16);
    sound &= in_range(problems, "store.max_entry_bytes", usize::from(*max_entry_bytes), 16, 16_384);
    let ttl = parse_duration(ttl);
    if ttl.is_none() {
        problems
            .push("store.ttl", format!("expected a time from 1s to 24h, such as 60s or 5m, but found {:?}", raw.ttl));
    }
    let on_conflict = match on_conflict {
        RawConflict::Last => Conflict::Last,
        RawConflict::First => Conflict::First,
        RawConflict::Baseline => Conflict::Baseline,
    };
    let ttl_millis = ttl.filter(|_| sound)?;
    let shape = Shape { slots: *slots, ways: *ways, max_entry_bytes: *max_entry_bytes, ttl_millis, on_conflict };
    if shape.max_bytes() > MAX_STORE_BYTES {
        let found = shape.max_bytes();
        problems.push(
            "store",
            format!("expected a store of at most {MAX_STORE_BYTES} bytes, but found one of up to {found}"),
        );
    }
    Some(shape)
}

/// A whole number and `s`, `m` or `h`, in milliseconds; `None` beyond a second to a day.
fn parse_duration(text: &str) -> Option<u64> {
    let units = [('s', 1000), ('m', 60_000), ('h', 3_600_000)];
    let (number, unit) = units.iter().find_map(|(unit, millis)| Some((text.strip_suffix(*unit)?, *millis)))?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    let millis = number.parse::<u64>().ok().filter(|_| is_plain)?.checked_mul(unit)?;
    (1000..=86_400_000).contains(&millis).then_some(millis)
}

fn in_range(problems: &mut Problems, path: &str, found: usize, least: usize, most: usize) -> bool {
    let sound = (least..=most).contains(&found);
    if !sound {
        problems.push(path, format!("expected {least} to {most}, but found {found}"));
    }
    sound
}
