//! A real Envoy as a child process: where its binary comes from, how it is started, what it logs, how it ends.
//!
//! Nothing here decides what a proxy does: that is [`crate::bootstrap`], rendered for Envoy by it. The version is pinned to
//! the one that the harness is compared with.

mod admin;
mod binary;
mod fetch;
mod log;
mod process;

pub use binary::{EnvoyBinary, MissingEnvoy};
pub use fetch::FetchError;
pub use log::{LogEntry, WasmLine};
pub(crate) use process::bound_to_this_thread;
pub use process::{EnvoyProcess, LogWatcher, StartError, StartOptions};

/// The version of Envoy that the harness is compared with.
pub const ENVOY_VERSION: &str = "1.40.0";
