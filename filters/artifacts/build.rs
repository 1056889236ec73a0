//! Compiles every filter for wasm32 and writes the table that the library embeds.
//!
//! A filter is a folder of `filters/` with a manifest and a pure `core/`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use flags::flags;
use wasm_build::Workspace;

#[path = "src/flags.rs"]
mod flags;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("expected a list of the filters in {0}, but found: {1}")]
    List(String, std::io::Error),
    #[error(transparent)]
    Build(#[from] wasm_build::Error),
}

fn main() -> ExitCode {
    match compile_filters() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compile_filters() -> Result<(), Error> {
    let filters = wasm_build::package_dir()?.join("..");
    let out_dir = wasm_build::out_dir()?;
    let target_dir = wasm_build::target_dir_for(&out_dir, "wasm-filters");
    let mut modules = Vec::new();
    // One at a time, so that a module's bytes do not depend on which other filters there are; and each in a folder of its own,
    // since cargo compiles everything again where another filter has other flags.
    for filter in names(&filters)? {
        let workspace = Workspace::new(filters.join(".."), target_dir.join(&filter)).with_flags(&flags(&filter));
        modules.extend(workspace.compile(&[filter])?);
    }
    wasm_build::embed(&modules, &out_dir)?;
    Ok(wasm_build::watch(&modules)?)
}

fn names(filters: &Path) -> Result<Vec<String>, Error> {
    let failed = |error| Error::List(filters.display().to_string(), error);
    let folders = fs::read_dir(filters).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let is_filter = |folder: &Path| folder.join("Cargo.toml").exists() && folder.join("core/Cargo.toml").exists();
    let filters = folders.iter().filter(|folder| is_filter(&folder.path()));
    Ok(filters.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect())
}
