//! Scenario files: one exchange written down once, run on the embedded engine and on a real Envoy, with one transcript.
//!
//! A scenario says which plugins stand in the chain, what clients send and how upstreams answer; [`model`] has every field, and
//! `tests/scenarios/readme.yaml` explains them by use. The [`Transcript`] is what can be observed from outside: what guests
//! logged, what upstreams received, what clients got, and the metrics at the end. It is committed beside the scenario as `.out`.
//!
//! Requests travel over HTTP/2 on both sides unless they say `protocol: http1`, since there a frame of data is a chunk that
//! plugins see, and trailers need no setting. What cannot be equal between two runs is left out: see [`transcript`].

mod client;
mod client_http1;
mod diff;
mod embedded;
mod embedded_upstream;
mod envoy;
mod guest_log;
pub mod model;
mod plan;
pub mod transcript;
mod upstream;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bootstrap::Module;

pub use diff::difference;
pub use embedded::{EmbeddedError, TraceSection, run_embedded};
pub use envoy::{RunError, run_envoy};
pub use model::Scenario;
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

/// The module of a built-in filter or of a guest, by its name.
pub type FindModule<'a> = &'a dyn Fn(&str) -> Option<Arc<[u8]>>;

/// Every scenario file (`*.yaml`) below a folder, sorted.
pub fn find(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Reads one scenario file and the modules that it names.
pub fn load(path: &Path, find_module: FindModule) -> Result<Scenario, LoadError> {
    let read = |path: &Path| std::fs::read(path).map_err(|source| LoadError::Read { path: path.to_owned(), source });
    let broken = |at: String, reason: String| LoadError::Parse { path: path.to_owned(), at, reason };
    let text = read(path)?;
    let document = serde_yaml_ng::Deserializer::from_slice(&text);
    let mut scenario: Scenario = serde_path_to_error::deserialize(document).map_err(|error| {
        let (at, reason) = (error.path().to_string(), error.inner().to_string());
        // The YAML library says a path of its own, which ends earlier.
        let reason = match reason.split_once(": ") {
            Some((shorter, rest)) if at.starts_with(shorter) => rest.to_owned(),
            _ => reason,
        };
        broken(at, reason)
    })?;
    scenario.check().map_err(|(at, reason)| broken(at, reason))?;
    for plugin in scenario.plugins_mut() {
        plugin.code = match (&plugin.filter, &plugin.guest, &plugin.module) {
            (Some(name), None, None) | (None, Some(name), None) => {
                let bytes = find_module(name).ok_or_else(|| {
                    broken(
                        "plugins".to_owned(),
                        format!("expected the name of a filter or a guest, but found `{name}`"),
                    )
                })?;
                Module { name: name.clone(), bytes }
            }
            (None, None, Some(file)) => {
                let bytes = read(&path.parent().unwrap_or(Path::new(".")).join(file))?.into();
                Module { name: file.display().to_string(), bytes }
            }
            _ => return Err(broken("plugins".to_owned(), "expected one of `filter`, `guest` and `module`".to_owned())),
        };
    }
    Ok(scenario)
}

/// Where the transcript of a scenario is kept.
pub fn transcript_path(scenario: &Path) -> PathBuf {
    scenario.with_extension("out")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("scenario.yaml");
        std::fs::write(&path, text).expect("a file");
        let error = load(&path, &|name| (name == "probe").then(|| [].into())).expect_err("a problem");
        error.to_string().replace(&format!("{}: ", path.display()), "")
    }

    #[test]
    fn what_a_scenario_does_not_say_is_an_error_with_its_path() {
        let problems = [
            "steps: [{request: {metod: GET}}]",
            "steps: [{request: {body: [{hex: f}]}}]",
            "steps: [{}]",
            "steps: [{request: {}, listener: inbound}]",
            "plugins: [{guest: nobody}]",
            "plugins: [{guest: probe, filter: cors}]",
        ];
        insta::assert_snapshot!(problems.map(problem).join("\n"), @r"
        steps[0].request.metod: unknown field `metod`, expected one of `protocol`, `method`, `path`, `authority`, `headers`, `body`, `trailers` at line 1 column 20
        steps[0].request.body[0]: expected pairs of hexadecimal digits, but found `f` at line 1 column 27
        steps[0]: expected `request` or `wait_for`, but found neither
        steps[0].listener: expected the name of a listener, but found `inbound`
        plugins: expected the name of a filter or a guest, but found `nobody`
        plugins: expected one of `filter`, `guest` and `module`
        ");
    }
}
