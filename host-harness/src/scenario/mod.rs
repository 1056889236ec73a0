//! Scenario files: one exchange written down once, run on the embedded engine and on a real Envoy, with one transcript.
//!
//! A scenario says which plugins stand in the chain, what clients send and how upstreams answer; [`model`] has every field, and
//! `tests/scenarios/readme.yaml` explains them by use. The [`Transcript`] is what can be observed from outside: what guests
//! logged, what upstreams received, what clients got, and the metrics at the end. It is committed beside the scenario as `.out`.
//!
//! Requests travel over HTTP/2 on both sides, since there a frame of data is a chunk that plugins see, and trailers need no
//! setting. What cannot be equal between two runs is left out: see [`transcript`].

mod client;
mod diff;
mod envoy;
pub mod model;
mod plan;
pub mod transcript;
mod upstream;

use std::path::{Path, PathBuf};

pub use diff::difference;
pub use envoy::{RunError, run_envoy};
pub use model::Scenario;
pub use plan::PlanError;
pub use transcript::Transcript;

/// What is wrong with a scenario file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It does not say what a scenario must say.
    #[error("{}: {at}: {reason}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The path of the field in it.
        at: String,
        /// What was expected there.
        reason: String,
    },
}

/// Reads one scenario file.
pub fn load(path: &Path) -> Result<Scenario, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    let broken = |at: String, reason: String| LoadError::Parse { path: path.to_owned(), at, reason };
    let document = serde_yaml_ng::Deserializer::from_str(&text);
    let mut scenario: Scenario = serde_path_to_error::deserialize(document)
        .map_err(|error| broken(error.path().to_string(), error.inner().to_string()))?;
    scenario.base = path.parent().unwrap_or(Path::new(".")).to_owned();
    scenario.check().map_err(|(at, reason)| broken(at, reason))?;
    Ok(scenario)
}

/// Where the transcript of a scenario is kept.
pub fn transcript_path(scenario: &Path) -> PathBuf {
    scenario.with_extension("out")
}
