//! What happened, to be reported as metrics.
//!
//! Each report is a host call, so nothing is reported during a request: counts add up in memory until they are taken. A label
//! counts its values by name where its allow-list spells them out, so that clients cannot make up metrics.

use crate::label::{Label, shown};
use crate::origin::Origin;
use correlation_store as store;

/// What is counted for a label beside its values and where they came from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    /// A value that is not the label's was not taken.
    Ignored,
    /// A client's own header was removed at a gateway.
    Stripped,
    /// A label without a valid signature was removed.
    Forged,
    /// The label was removed from a request that leaves the mesh.
    Scrubbed,
    /// The kill switch gave the baseline the place of a value, from now on.
    Opened,
    /// The kill switch lets a value through again, from now on.
    Closed,
}

const EVENTS: [&str; 6] = ["ignored", "stripped", "forged", "scrubbed", "guard_opened", "guard_closed"];

const OF_PROXY: [&str; 7] = [
    "traffic_label.store.hits",
    "traffic_label.store.misses",
    "traffic_label.store.evictions",
    "traffic_label.store.conflicts",
    "traffic_label.store.cas_drops",
    "traffic_label.unknown_role",
    "traffic_label.unknown_direction",
];

/// Counts since they were last taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) store: store::Counts,
    pub(crate) unknown_role: u64,
    pub(crate) unknown_direction: u64,
    labels: Vec<OfLabel>,
}

#[derive(Debug, Clone)]
struct OfLabel {
    events: [u64; EVENTS.len()],
    origins: [u64; Origin::NAMES.len()],
    /// By the place of the value; the last is for all values without a place.
    values: Vec<u64>,
}

impl Counts {
    pub(crate) fn new(labels: &[Label]) -> Self {
        let of_label = |label: &Label| OfLabel {
            events: [0; EVENTS.len()],
            origins: [0; Origin::NAMES.len()],
            values: vec![0; spelt_out(label).count() + 1],
        };
        Self { labels: labels.iter().map(of_label).collect(), ..Self::default() }
    }

    /// The metrics' names, in the order of [`Counts::take`].
    pub(crate) fn names(labels: &[Label]) -> Vec<String> {
        let mut names: Vec<String> = OF_PROXY.iter().map(|name| (*name).to_owned()).collect();
        for label in labels {
            let mut add = |kind: &str, name: &str| names.push(format!("traffic_label.{}{kind}{name}", label.name));
            EVENTS.iter().for_each(|event| add(".", event));
            Origin::NAMES.iter().for_each(|origin| add(".from.", origin));
            spelt_out(label).for_each(|value| add(".value.", shown(value)));
            add(".value.", "other");
        }
        names
    }

    /// Counts what happened to a label.
    pub(crate) fn event(&mut self, label: usize, event: Event) {
        let counts = self.labels.get_mut(label).map(|label| &mut label.events);
        add_one(counts.and_then(|events| events.get_mut(event as usize)));
    }

    /// Counts a value that a label was given, and where it came from.
    pub(crate) fn value(&mut self, label: usize, place: Option<usize>, origin: Origin) {
        let Some(label) = self.labels.get_mut(label) else { return };
        add_one(label.origins.get_mut(origin as usize));
        let place = place.unwrap_or(label.values.len().saturating_sub(1));
        add_one(label.values.get_mut(place));
    }

    /// All counts, which begin again.
    pub(crate) fn take(&mut self) -> Vec<u64> {
        let store::Counts { hits, misses, evictions, conflicts, cas_drops } = std::mem::take(&mut self.store);
        let (role, direction) = (std::mem::take(&mut self.unknown_role), std::mem::take(&mut self.unknown_direction));
        let mut counts = vec![hits, misses, evictions, conflicts, cas_drops, role, direction];
        for label in &mut self.labels {
            for of_one_kind in [&mut label.events[..], &mut label.origins, &mut label.values] {
                counts.extend_from_slice(of_one_kind);
                of_one_kind.fill(0);
            }
        }
        counts
    }
}

fn spelt_out(label: &Label) -> impl Iterator<Item = &[u8]> {
    label.values.iter().flat_map(|values| values.exact_names())
}

fn add_one(count: Option<&mut u64>) {
    if let Some(count) = count {
        *count += 1;
    }
}
