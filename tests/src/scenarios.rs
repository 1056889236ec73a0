//! The scenario files, and what a test of one of them is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use host_harness::scenario::{self, Scenario, Transcript};
use libtest_mimic::{Failed, Trial};

/// One test for each scenario: what `run` observes is what its `.out` says.
pub fn trials(
    executor: &'static str,
    run: impl Fn(&Scenario) -> Result<Transcript, String> + Send + Sync + 'static,
) -> Vec<Trial> {
    let run = Arc::new(run);
    scenario::find(&folder())
        .expect("the scenarios can be listed")
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(folder()).unwrap_or(&path).with_extension("").display().to_string();
            let run = Arc::clone(&run);
            Trial::test(name, move || compare(&path, executor, &*run))
        })
        .collect()
}

/// A filter of the suite or a guest.
pub fn find_module(name: &str) -> Option<Arc<[u8]>> {
    let bytes = artifacts::module(name).map(|module| module.bytes).or_else(|| crate::guests::guest(name))?;
    Some(bytes.into())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn compare(path: &Path, executor: &str, run: &dyn Fn(&Scenario) -> Result<Transcript, String>) -> Result<(), Failed> {
    let scenario = scenario::load(path, &find_module)?;
    let found = run(&scenario)?.to_string();
    let expected = std::fs::read_to_string(scenario::transcript_path(path)).unwrap_or_default();
    match scenario::difference(&expected, &found) {
        None => Ok(()),
        Some(difference) => {
            // Relative to the repository, where the command is run.
            let file = path.strip_prefix(folder()).unwrap_or(path);
            Err(format!(
                "the transcript differs (- expected, + found):\n{difference}\n\
                 if this is right: cargo weft run --proxy {executor} --bless tests/scenarios/{}",
                file.display()
            )
            .into())
        }
    }
}
