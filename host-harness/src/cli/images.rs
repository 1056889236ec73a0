//! Where the meshes of `weft` get their modules from: built-in filters, and images of registries with a cache.
//!
//! An image is judged as its consumer in a cluster would judge it, so that what runs here would run there, and what would be refused
//! there is refused here in the same words.

use oci::{Consumer, Digest, Question, Reference, verify};
use oci_registry::{Access, Cache, Retries, SILENT};

use crate::bootstrap::Module;
use crate::mesh::{Modules, WantedImage};

/// Built-in filters and images.
#[derive(Clone, Debug)]
pub struct Images {
    cache: Option<Cache>,
    access: Access,
}

impl Default for Images {
    /// With this user's cache, and the credentials of docker's configuration.
    fn default() -> Self {
        Self::with_cache(Cache::of_user())
    }
}

impl Images {
    /// With another cache, or without one, and then without images.
    pub fn with_cache(cache: Option<Cache>) -> Self {
        // Somebody waits at a terminal.
        let retries = Retries { most: 1, ..Retries::default() };
        Self { cache, access: Access { retries, ..Access::default() } }
    }

    fn pull(&self, cache: &Cache, wanted: &WantedImage<'_>) -> Result<Module, String> {
        let mut reference: Reference = wanted.url.parse().map_err(|error| format!("{error}"))?;
        if !wanted.sha256.is_empty() {
            let pin = Digest::from_hex(wanted.sha256).map_err(|error| format!("sha256: {error}"))?;
            match reference.digest.as_ref().filter(|digest| **digest != pin) {
                Some(digest) => return Err(format!("expected sha256 to agree with {digest}, but found {}", pin.hex())),
                None => reference = reference.at(pin),
            }
        }
        let content = blocking(|| cache.image(&reference, &self.access, SILENT))?.map_err(|error| error.to_string())?;
        let question = Question { content: &content, url: wanted.url, pin: reference.digest.as_ref() };
        let accepted = verify(question, wanted.consumer).map_err(|refused| refused.to_string())?;
        Ok(Module { name: reference.to_string(), bytes: accepted.module.into() })
    }
}

impl Modules for Images {
    fn builtin(&self, name: &str) -> Option<Module> {
        let module = artifacts::module(name)?;
        Some(Module { name: name.to_owned(), bytes: module.bytes.into() })
    }

    fn image(&self, wanted: &WantedImage<'_>) -> Option<Result<Module, String>> {
        // What nobody in a cluster would take for an image is none here.
        let is_image = wanted.url.starts_with("oci://") || wanted.consumer == Consumer::Asm;
        self.cache.as_ref().filter(|_| is_image).map(|cache| self.pull(cache, wanted))
    }
}

/// Runs a future to its end from code that does not wait, whether or not a runtime runs that code.
fn blocking<T: Send, F: Future<Output = T>>(begin: impl FnOnce() -> F + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(begin())).map_err(|error| error.to_string())
        });
        work.join().unwrap_or_else(|_| Err("the pull ended before its time".to_owned()))
    })
}
