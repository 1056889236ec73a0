//! Compiles what tests use: guests, those written in Rust for wasm32, those written as text as they are; and the descriptor set
//! of the services in `protos`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use wasm_build::{Module, Workspace};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("expected a list of the guests in {0}, but found: {1}")]
    List(String, std::io::Error),
    #[error(transparent)]
    Protos(#[from] protox::Error),
    #[error("expected to write {0}, but: {1}")]
    Write(String, std::io::Error),
    #[error(transparent)]
    Build(#[from] wasm_build::Error),
}

fn main() -> ExitCode {
    match compile_protos().and_then(|()| compile_guests()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compile_guests() -> Result<(), Error> {
    let guests = wasm_build::package_dir()?.join("guests");
    let out_dir = wasm_build::out_dir()?;
    let workspace = Workspace::new(&guests, wasm_build::target_dir_for(&out_dir, "wasm-guests"));
    let (mut packages, mut modules) = (Vec::new(), Vec::new());
    for (name, path) in entries(&guests)? {
        if path.join("Cargo.toml").exists() {
            packages.push(name);
        }
    }
    for (name, path) in entries(&guests.join("broken"))? {
        if let Some(name) = name.strip_suffix(".wat") {
            modules.push(Module { name: name.to_owned(), inputs: [path.clone()].into(), path });
        }
    }
    modules.extend(workspace.compile(&packages)?);
    wasm_build::embed(&modules, &out_dir)?;
    Ok(wasm_build::watch(&modules)?)
}

fn compile_protos() -> Result<(), Error> {
    let package = wasm_build::package_dir()?;
    // Google's own are those that `weft-oci` has at hand.
    let folders = [package.join("protos"), package.join("../oci/weft-oci/protos")];
    let mut compiler = protox::Compiler::new(&folders)?;
    compiler.include_imports(true).open_files([
        "bookstore.proto",
        "types.proto",
        "google/rpc/status.proto",
        "envoy/unknown_query_params.proto",
    ])?;
    let file = wasm_build::out_dir()?.join("protos.binpb");
    // Not by way of `prost_types`, which forgets the options that are extensions, and so every HTTP rule.
    fs::write(&file, compiler.encode_file_descriptor_set())
        .map_err(|error| Error::Write(file.display().to_string(), error))?;
    folders.iter().for_each(|folder| println!("cargo::rerun-if-changed={}", folder.display()));
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, Error> {
    let failed = |error| Error::List(folder.display().to_string(), error);
    let entries = fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok(entries.iter().map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect())
}
