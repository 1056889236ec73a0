//! Who takes part: sections of contenders that are compared with each other, each with a filter chain and the requests that it
//! is given.
//!
//! A filter joins by one module here. Nothing in it starts or measures anything.

mod bare_callout;
mod cors;
mod header_propagation;
mod references;
mod traffic_label;
mod transcoder;

use std::sync::Arc;

use super::client::{Answer, Request};
use super::routes::Routes;
use crate::bootstrap::{Direction, HttpFilter, Module, Plugin};

pub(super) use header_propagation::{BASE, IN_LANE};
pub(super) use transcoder::upstream;

/// One row of the result: a listener's filter, and what is sent through it.
pub(super) struct Contender {
    /// Unique, and what the result calls it.
    pub(super) name: &'static str,
    /// Which of our filters it is there for; `None` for one that always takes part.
    pub(super) filter: Option<&'static str>,
    /// What it is compared with.
    pub(super) section: &'static Section,
    /// The direction of its listener.
    pub(super) direction: Direction,
    /// What stands before the router.
    pub(super) chain: Vec<HttpFilter>,
    /// Where requests go from there.
    pub(super) routes: Routes,
    /// Sent in turn.
    pub(super) requests: Vec<Request>,
    /// What must answer every one of them: a benchmark of a filter that does not do its work would mislead.
    pub(super) answer: Answer,
}

/// Contenders that are compared with each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// What is measured.
    pub(super) title: &'static str,
    /// The contender without a filter.
    pub(super) base: &'static str,
    /// The contender that ours has to stand beside.
    pub(super) reference: &'static str,
}

/// Everyone, section by section. They are warmed up in this order, so that an entry may rely on what an earlier one left in
/// shared data.
pub(super) fn all() -> Vec<Contender> {
    references::contenders()
        .into_iter()
        .chain(header_propagation::contenders())
        .chain(traffic_label::contenders())
        .chain(cors::contenders())
        .chain(transcoder::contenders())
        .collect()
}

/// One of our filters; it is missing only where the artifacts lack it, which a test rules out.
fn built_in(filter: &str, configuration: &str) -> Option<Plugin> {
    let module = artifacts::module(filter)?;
    let module = Module { name: module.name.to_owned(), bytes: module.bytes.into() };
    Some(Plugin::new(filter, module, configuration))
}

/// A chain of one of our filters.
fn chain(plugin: Option<Plugin>) -> Vec<HttpFilter> {
    plugin.map(|plugin| HttpFilter::Wasm(Arc::new(plugin))).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_filter_takes_part_and_is_found() {
        let contenders = all();
        let measured: BTreeSet<_> = contenders.iter().filter_map(|contender| contender.filter).collect();
        let shipped: BTreeSet<_> = artifacts::MODULES.iter().map(|module| module.name).collect();
        assert_eq!(measured, shipped);
        let bare: BTreeSet<_> = contenders.iter().filter(|it| it.chain.is_empty()).map(|it| it.name).collect();
        assert_eq!(bare, contenders.iter().map(|it| it.section.base).collect());
    }

    #[test]
    fn a_section_is_in_one_piece() {
        let mut titles: Vec<_> = all().iter().map(|contender| contender.section.title).collect();
        titles.dedup();
        let distinct: BTreeSet<_> = titles.iter().collect();
        assert_eq!(titles.len(), distinct.len(), "{titles:?}");
    }

    #[test]
    fn names_are_unique_and_those_to_compare_with_exist() {
        let contenders = all();
        let names: BTreeSet<_> = contenders.iter().map(|contender| contender.name).collect();
        assert_eq!(names.len(), contenders.len());
        assert!(contenders.iter().all(|it| names.contains(it.section.base) && names.contains(it.section.reference)));
    }
}
