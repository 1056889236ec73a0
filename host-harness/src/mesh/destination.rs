//! The destinations of a rule → routes: fixed subsets, subsets that a request's label names, and what stands in for a subset
//! that has no pods.
//!
//! `subset: $label` and `fallback` are Alibaba Cloud's extensions of a VirtualService. A label's value is the name of a
//! subset, so the routes that Istio itself would need are made: one for each subset of the host, which asks for the label's
//! header with that value, and after them one for all other requests. There the destination's `fallback` takes the place of
//! the subset, and without one the whole host. A fallback also takes the place of a subset that has no pods. Weights stay
//! with their destinations. The documents leave open what an unknown value does where there is no `fallback`.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::{Registry, cluster_name};
use crate::bootstrap::{HeaderMatch, RouteAction, StringMatch};

/// All destinations of a rule.
#[derive(Debug)]
pub struct Destinations(pub Vec<Share>);

/// A destination and its share of the requests.
#[derive(Debug)]
pub struct Share {
    /// Where to.
    pub target: Target,
    /// Where to if the target has no pods, or none that the label names.
    pub fallback: Option<Target>,
    /// Relative to those beside it.
    pub weight: u32,
}

/// A Service or a part of it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The host in full.
    pub host: String,
    /// Which part.
    pub subset: Subset,
    /// Where it is not given, the port that the request came for.
    pub port: Option<u16>,
}

/// A part of a Service.
#[derive(Clone, Debug)]
pub enum Subset {
    /// All pods.
    All,
    /// The subset of this name.
    Named(String),
    /// The subset that the value of this header names.
    Label {
        /// In lower case.
        header: String,
    },
}

/// The labels that a generated route asks for: headers with their values.
#[derive(Clone, Debug, Default)]
pub struct Lane(BTreeMap<String, String>);

impl Lane {
    /// What a request must have.
    pub fn conditions(&self) -> impl Iterator<Item = HeaderMatch> {
        self.0.iter().map(|(name, value)| {
            let value = Some(StringMatch::exact(value));
            HeaderMatch { name: name.clone(), value, invert: false, missing_as_empty: false }
        })
    }
}

impl Destinations {
    /// The lanes that need routes of their own, in the order of these routes; the last takes every request.
    pub fn lanes(&self, registry: &Registry) -> Vec<Lane> {
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for share in self.weighed() {
            if let (Subset::Label { header }, Some(service)) =
                (&share.target.subset, registry.service(&share.target.host))
            {
                values.entry(header).or_default().extend(service.subsets.keys().map(String::as_str));
            }
        }
        let mut lanes = vec![Lane::default()];
        for (header, values) in values {
            let with_values = |lane: Lane| {
                let one = |value: &&str| {
                    let mut lane = lane.clone();
                    lane.0.insert(header.to_owned(), (*value).to_owned());
                    lane
                };
                values.iter().map(one).chain([lane.clone()]).collect::<Vec<_>>()
            };
            lanes = lanes.into_iter().flat_map(with_values).collect();
        }
        lanes
    }

    /// What becomes of the requests of a lane that came for a port.
    pub fn route(&self, lane: &Lane, port: u16, registry: &Registry) -> RouteAction {
        let mut clusters: Vec<(String, u32)> = Vec::new();
        for share in self.weighed() {
            let Some(name) = share.cluster(lane, port, registry) else {
                // Istio names a cluster that does not exist, to which Envoy answers 503.
                return RouteAction::Direct { status: 503, body: String::new() };
            };
            match clusters.iter_mut().find(|(have, _)| *have == name) {
                Some((_, weight)) => *weight = weight.saturating_add(share.weight),
                None => clusters.push((name, share.weight)),
            }
        }
        match clusters.as_slice() {
            [(only, _)] => RouteAction::Cluster(only.clone()),
            _ => RouteAction::Weighted(clusters),
        }
    }

    fn weighed(&self) -> impl Iterator<Item = &Share> {
        self.0.iter().filter(|share| share.weight > 0)
    }
}

impl Share {
    /// The cluster that the requests of a lane go to, if the Service has the port.
    fn cluster(&self, lane: &Lane, port: u16, registry: &Registry) -> Option<String> {
        let whole = |target: &Target| Target { subset: Subset::All, ..target.clone() };
        let chosen = match &self.target.subset {
            Subset::Label { header } => {
                let subsets = &registry.service(&self.target.host)?.subsets;
                match lane.0.get(header).filter(|value| subsets.contains_key(*value)) {
                    Some(value) => Target { subset: Subset::Named(value.clone()), ..self.target.clone() },
                    None => self.fallback.clone().unwrap_or_else(|| whole(&self.target)),
                }
            }
            Subset::All | Subset::Named(_) => self.target.clone(),
        };
        let is_empty =
            !registry.service(&chosen.host)?.has_endpoints(chosen.port.unwrap_or(port), chosen.subset.name());
        let Target { host, subset, port: own } =
            if is_empty { self.fallback.clone().unwrap_or(chosen) } else { chosen };
        // Where the destination names none of several ports, Istio takes the one that the request came for.
        let port = own.unwrap_or(port);
        registry.service(&host)?.port(port)?;
        Some(cluster_name(port, subset.name(), &host))
    }
}

impl Subset {
    /// Its name in a cluster; empty for all pods.
    fn name(&self) -> &str {
        if let Self::Named(name) = self { name } else { "" }
    }
}
