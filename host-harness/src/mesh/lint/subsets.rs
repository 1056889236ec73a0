//! Subsets of one host that are the same pods. A name that is declared twice is found by the reader.

use crate::mesh::finding::{Findings, Problem};
use crate::mesh::manifest::{Manifests, show};

/// Looks at every DestinationRule.
pub fn check(manifests: &Manifests, findings: &mut Findings) {
    for rule in &manifests.destination_rules {
        for (index, subset) in rule.spec.subsets.iter().enumerate() {
            let mut earlier = rule.spec.subsets.iter().take(index);
            let Some(first) = earlier.find(|it| it.name != subset.name && it.labels == subset.labels) else { continue };
            let (path, labels) = (format!("spec.subsets[{index}].labels"), show(&subset.labels));
            let (subset, first) = (subset.name.clone(), first.name.clone());
            findings.warn(&rule.subject, Problem::SameSubset { path, subset, first, labels });
        }
    }
}
