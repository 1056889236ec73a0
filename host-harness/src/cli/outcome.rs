//! How `weft` and its sister commands end: what a subcommand found, why one could not do its work, and the status that says so.

use std::process::ExitCode;

use super::console::Console;

/// How a subcommand ends when nothing went wrong in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it should be.
    Good,
    /// Something is not, or is refused; it has been said.
    Bad,
    /// The user has had enough.
    Interrupted,
}

/// Why a subcommand could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What the user gave is wrong: one line per problem.
    #[error("{0}")]
    BadInput(String),
    /// It is not the user's input.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl From<oci_registry::RegistryError> for Failure {
    fn from(error: oci_registry::RegistryError) -> Self {
        Self::Other(error.into())
    }
}

/// Does the work of a subcommand. The status is 0 for good, 1 for what is not and for a failure, 2 for bad input, 130 when
/// interrupted.
pub fn conclude(console: &Console, work: impl Future<Output = Result<Outcome, Failure>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console.failure(&error),
    };
    match runtime.block_on(work) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Err(failure @ Failure::BadInput(_)) => {
            console.failure(&failure);
            ExitCode::from(2)
        }
        Err(failure) => console.failure(&failure),
    }
}
