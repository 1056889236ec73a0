//! Manifests that a cluster takes without a word and that do not do what they seem to say.
//!
//! Each lint looks at manifests as they were read and adds warnings; none looks at a proxy. What reading itself finds is not
//! said again.

mod labels;
mod rules;
mod sides;
mod subsets;

use super::finding::Findings;
use super::installation::installations;
use super::manifest::Manifests;

/// Adds what the lints find.
pub fn check(manifests: &Manifests, findings: &mut Findings) {
    let installations = installations(manifests);
    subsets::check(manifests, findings);
    labels::check(manifests, &installations, findings);
    sides::check(manifests, &installations, findings);
    rules::check(manifests, &installations, findings);
}
