//! Images that have been pulled before, by digest: one image layout for each.
//!
//! An image under its digest never changes, so nothing in here grows old. Every content is compared with its digest when it
//! is read, so a broken file is pulled again and never used.

use std::fs;
use std::path::{Path, PathBuf};

use oci::{Content, Digest, Reference, image_layout};

use crate::access::Access;
use crate::error::RegistryError;
use crate::registry::{Progress, Registry};

/// A folder of images.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in this folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The cache of this user: `$WEFT_CACHE_DIR`, else `weft` in `$XDG_CACHE_HOME`, else in `~/.cache`.
    pub fn of_user() -> Option<Self> {
        let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = given("WEFT_CACHE_DIR")
            .or_else(|| Some(given("XDG_CACHE_HOME")?.join("weft")))
            .or_else(|| Some(given("HOME")?.join(".cache/weft")))?;
        Some(Self::new(folder.join("images")))
    }

    /// The image of a reference: from the cache if its digest is known and it is there, else from the registry.
    ///
    /// A name without a digest may stand for another image today, so the registry is asked for its digest.
    pub async fn image(
        &self,
        reference: &Reference,
        access: &Access,
        progress: Progress<'_>,
    ) -> Result<Content, RegistryError> {
        if let Some(content) = reference.digest.as_ref().and_then(|digest| self.read(digest)) {
            return Ok(content);
        }
        let registry = Registry::new(reference, access)?;
        let digest = match &reference.digest {
            Some(digest) => digest.clone(),
            None => registry.digest(reference).await?,
        };
        if let Some(content) = self.read(&digest) {
            return Ok(content);
        }
        let content = registry.pull(&reference.at(digest), progress).await?;
        self.write(&content)?;
        Ok(content)
    }

    fn read(&self, digest: &Digest) -> Option<Content> {
        image_layout::read(&self.path(digest), None).ok().filter(|content| content.digest() == *digest)
    }

    /// The image appears when it is whole, so that processes do not meet.
    fn write(&self, content: &Content) -> Result<(), RegistryError> {
        let failed = |error: &dyn std::fmt::Display| RegistryError::Cache(error.to_string());
        fs::create_dir_all(&self.folder).map_err(|error| failed(&error))?;
        let scratch = tempfile::tempdir_in(&self.folder).map_err(|error| failed(&error))?;
        let digest = content.digest();
        let whole = scratch.path().join(digest.hex());
        image_layout::write(&whole, content, "cached").map_err(|error| failed(&error))?;
        let path = self.path(&digest);
        // Only a broken one can stand there, or one that another process has just put there.
        let _ = fs::remove_dir_all(&path);
        match fs::rename(&whole, &path) {
            Err(error) if self.read(&digest).is_none() => Err(failed(&error)),
            _ => Ok(()),
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(Path::new(digest.hex()))
    }
}
