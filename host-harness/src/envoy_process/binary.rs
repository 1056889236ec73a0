//! Finds the Envoy binary on this machine: the one that the user names, else the one that was fetched into `target/`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{ENVOY_VERSION, FetchError, fetch};

/// The variable that names an Envoy binary to use.
const BINARY_VARIABLE: &str = "WEFT_ENVOY_BIN";

/// An Envoy binary that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvoyBinary {
    path: PathBuf,
}

/// There is no Envoy binary where one was looked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MissingEnvoy {
    /// The user named a file that is not there.
    #[error("expected {BINARY_VARIABLE} to name an Envoy binary, but found no file at {}", .0.display())]
    Named(PathBuf),
    /// Nothing was named and nothing has been fetched yet.
    #[error(
        "expected Envoy {ENVOY_VERSION} at {}, but found no file; `weft demo --proxy envoy` fetches it, or set {BINARY_VARIABLE}",
        .0.display()
    )]
    NotFetched(PathBuf),
}

impl EnvoyBinary {
    /// The binary that `WEFT_ENVOY_BIN` names, else the one in the target folder.
    pub fn locate() -> Result<Self, MissingEnvoy> {
        Self::locate_in(std::env::var_os(BINARY_VARIABLE), &fetched_path())
    }

    /// As [`locate`](Self::locate), but fetches the binary where nothing was named and none is there. `progress` is told
    /// what is being done, in a few words.
    pub fn locate_or_fetch(progress: &dyn Fn(&str)) -> Result<Self, FetchError> {
        match Self::locate() {
            Err(MissingEnvoy::NotFetched(path)) => {
                fetch::fetch(&path, progress)?;
                Ok(Self { path })
            }
            found => Ok(found?),
        }
    }

    /// Where the binary is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn locate_in(named: Option<OsString>, fetched: &Path) -> Result<Self, MissingEnvoy> {
        let (path, missing): (_, fn(PathBuf) -> MissingEnvoy) = match named {
            Some(path) => (PathBuf::from(path), MissingEnvoy::Named),
            None => (fetched.to_owned(), MissingEnvoy::NotFetched),
        };
        if path.is_file() { Ok(Self { path }) } else { Err(missing(path)) }
    }
}

fn fetched_path() -> PathBuf {
    target_folder().join(format!("envoy-{ENVOY_VERSION}")).join("envoy")
}

/// Cargo's target folder: the one that is set, else the one that this program was built into, else `target` right here.
fn target_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return PathBuf::from(folder);
    }
    let program = std::env::current_exe().unwrap_or_default();
    // Cargo marks its target folder with this file, whatever the folder is called.
    let marked = program.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| PathBuf::from("target"), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_binary_comes_before_a_fetched_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let [named, fetched, absent] = ["named", "fetched", "absent"].map(|name| folder.path().join(name));
        std::fs::write(&named, "").expect("a file");
        std::fs::write(&fetched, "").expect("a file");
        let locate = |name: Option<&Path>, fetched: &Path| EnvoyBinary::locate_in(name.map(Into::into), fetched);
        assert_eq!(locate(Some(&named), &fetched).expect("found").path(), named);
        assert_eq!(locate(None, &fetched).expect("found").path(), fetched);
        // A name that leads nowhere is a mistake to report, never a reason to take another binary.
        assert_eq!(locate(Some(&absent), &fetched), Err(MissingEnvoy::Named(absent.clone())));
        assert_eq!(locate(None, &absent), Err(MissingEnvoy::NotFetched(absent)));
    }
}
