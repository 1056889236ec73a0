//! Compiles packages of a workspace to `wasm32-unknown-unknown` modules from inside a build script.
//!
//! The inner cargo runs in its own target folder, so it never waits for the lock that the outer cargo holds, and in an
//! environment that neither the outer build nor the user's shell can bend: the same sources and toolchain give the same
//! bytes in every checkout. What the modules were made of is told to the outer cargo file by file, so a build
//! with nothing changed runs nothing. The crate knows nothing about filters: `filters/artifacts` and `tests` both use it.
//!
//! ```no_run
//! # fn main() -> Result<(), wasm_build::Error> {
//! let out_dir = wasm_build::out_dir()?;
//! let workspace = wasm_build::Workspace::new("guests", wasm_build::target_dir_for(&out_dir, "wasm-guests"));
//! let modules = workspace.compile(&["trap".to_owned()])?;
//! wasm_build::embed(&modules, &out_dir)?; // writes `modules.rs`: a `&[Module { name, bytes }]` for `include!`
//! wasm_build::watch(&modules)
//! # }
//! ```

mod dep_info;
mod environment;
mod toolchain;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

pub use toolchain::TARGET;

/// The profile that modules are compiled with; the workspace's root manifest defines it.
pub const PROFILE: &str = "wasm";

/// The linker leaves five bytes for every number of a function and every address; what is not needed of them is a twentieth of a
/// module. It cannot do so beside debug information, so the profile has to leave that out.
const SHORT_NUMBERS: &str = "-Clink-arg=--compress-relocations";

/// Why a module could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A variable that cargo sets for build scripts is missing.
    #[error("expected the environment variable {0}, which cargo sets for build scripts, but found none")]
    NotABuildScript(&'static str),
    /// A file could not be read, written or listed.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A tool could not be started.
    #[error("expected to run {tool}, but found: {source}")]
    Start {
        /// The tool.
        tool: String,
        /// What the system said.
        source: io::Error,
    },
    /// A tool ended with a failure; what it wrote stands above.
    #[error("expected {command} to succeed, but it failed (its output is above)")]
    Failed {
        /// The tool and what it was to do.
        command: String,
    },
    /// The standard library for the target is not installed and could not be.
    #[error(
        "expected the Rust standard library for {TARGET} in {libdir}, but found none, and `rustup target add {TARGET}` failed\n\
         (what it wrote is above). Do one of these, then build again:\n\
         \x20 1. rustup target add {TARGET}\n\
         \x20 2. without rustup, build the library from its source: install Debian's rustc-web, cargo-web and rust-web-src, and set\n\
         \x20    RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=rust-lld\n\
         \x20    for /usr/bin/cargo (rust-lld: the one of any Rust toolchain, lib/rustlib/*/bin/rust-lld)",
        libdir = libdir.display()
    )]
    MissingTarget {
        /// Where the compiler looks for it.
        libdir: PathBuf,
    },
}

impl Error {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::File { path: path.to_owned(), source }
    }
}

/// A workspace whose packages are compiled to modules.
pub struct Workspace {
    root: PathBuf,
    target_dir: PathBuf,
    flags: Vec<String>,
}

/// One compiled module.
pub struct Module {
    /// The package's name.
    pub name: String,
    /// The `.wasm` file in the inner target folder.
    pub path: PathBuf,
    /// Every file of the workspace that the module was made of: sources, manifests, the lock file, the toolchain's file.
    pub inputs: BTreeSet<PathBuf>,
}

impl Workspace {
    /// The workspace at `root`, compiled into `target_dir`.
    pub fn new(root: impl Into<PathBuf>, target_dir: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), target_dir: target_dir.into(), flags: vec![SHORT_NUMBERS.to_owned()] }
    }

    /// Compiles with these flags of rustc, too.
    pub fn with_flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// Compiles `packages` in one run of cargo.
    ///
    /// Packages of one run share the features of their dependencies: compile one at a time where a module's bytes must not
    /// depend on its neighbours.
    pub fn compile(&self, packages: &[String]) -> Result<Vec<Module>, Error> {
        let root = fs::canonicalize(&self.root).map_err(Error::file(&self.root))?;
        let toolchain = toolchain::Toolchain::find(&root)?;
        let standard_library = toolchain.standard_library()?;

        let mut flags = toolchain.remapped_paths(&root, &self.target_dir);
        flags.extend_from_slice(&self.flags);
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        environment::isolate(&mut cargo);
        cargo
            .current_dir(&root)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .args(["build", "--quiet", "--profile", PROFILE, "--target", TARGET, "--target-dir"])
            .arg(&self.target_dir)
            .args(standard_library.cargo_arguments())
            .args(packages.iter().flat_map(|package| ["--package", package.as_str()]))
            // The outer cargo reads this process's standard output.
            .stdout(Stdio::null());
        run(&mut cargo, format!("cargo build of {} for {TARGET}", packages.join(", ")))?;
        packages.iter().map(|package| self.module(&root, package)).collect()
    }

    fn module(&self, root: &Path, package: &str) -> Result<Module, Error> {
        let folder = self.target_dir.join(TARGET).join(PROFILE);
        let stem = package.replace('-', "_");
        let dep_info = folder.join(format!("{stem}.d"));
        let text = fs::read_to_string(&dep_info).map_err(Error::file(&dep_info))?;
        let mut inputs: BTreeSet<PathBuf> = dep_info::prerequisites(&text).map(|path| root.join(path)).collect();
        let manifests: Vec<_> = inputs.iter().filter_map(|source| manifest_of(source)).collect();
        inputs.extend(manifests);
        let of_the_workspace = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo/config.toml"];
        inputs.extend(of_the_workspace.map(|file| root.join(file)).into_iter().filter(|path| path.exists()));
        Ok(Module { name: package.to_owned(), path: folder.join(format!("{stem}.wasm")), inputs })
    }
}

/// The manifest of the package that a source file belongs to.
fn manifest_of(source: &Path) -> Option<PathBuf> {
    source.ancestors().skip(1).map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.exists())
}

/// The folder that cargo gives the running build script.
pub fn out_dir() -> Result<PathBuf, Error> {
    build_script_path("OUT_DIR")
}

/// The folder of the package whose build script is running.
pub fn package_dir() -> Result<PathBuf, Error> {
    build_script_path("CARGO_MANIFEST_DIR")
}

fn build_script_path(name: &'static str) -> Result<PathBuf, Error> {
    env::var_os(name).map(PathBuf::from).ok_or(Error::NotABuildScript(name))
}

/// An inner target folder in the outer one, shared by the outer build's profiles so that modules are compiled once for all.
pub fn target_dir_for(out_dir: &Path, name: &str) -> PathBuf {
    // `<target>/<profile>/build/<package>-<hash>/out`
    out_dir.ancestors().nth(4).unwrap_or(out_dir).join(name)
}

/// Copies the modules into `out_dir` and writes `modules.rs` beside them: an expression of type `&[Module]`, sorted by name,
/// for a `Module { name: &'static str, bytes: &'static [u8] }` that the including file defines.
pub fn embed(modules: &[Module], out_dir: &Path) -> Result<(), Error> {
    let mut modules: Vec<_> = modules.iter().collect();
    modules.sort_by(|left, right| left.name.cmp(&right.name));
    let mut table = String::from("&[\n");
    for Module { name, path, .. } in modules {
        let copy = out_dir.join(format!("{name}.wasm"));
        fs::copy(path, &copy).map_err(Error::file(path))?;
        table.push_str(&format!("    Module {{ name: {name:?}, bytes: include_bytes!({copy:?}) }},\n"));
    }
    table.push(']');
    let file = out_dir.join("modules.rs");
    fs::write(&file, table).map_err(Error::file(&file))
}

/// Tells the outer cargo to run the build script again when, and only when, an input of these modules changes.
pub fn watch(modules: &[Module]) -> Result<(), Error> {
    let inputs: BTreeSet<_> = modules.iter().flat_map(|module| &module.inputs).collect();
    let mut lines = String::new();
    for input in inputs {
        lines.push_str(&format!("cargo::rerun-if-changed={}\n", input.display()));
    }
    io::stdout().write_all(lines.as_bytes()).map_err(Error::file(Path::new("standard output")))
}

/// Runs a tool to its end; what it writes to standard error is the user's to read.
fn run(command: &mut Command, what: String) -> Result<(), Error> {
    let tool = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|source| Error::Start { tool, source })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: what }) }
}
