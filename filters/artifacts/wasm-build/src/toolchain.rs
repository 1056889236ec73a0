//! The compiler that the outer build uses, and whether it can compile for the target.

use crate::{Error, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// What modules are compiled for: no WASI imports, so every Proxy-Wasm host links them.
pub const TARGET: &str = "wasm32-unknown-unknown";

pub(crate) struct Toolchain {
    sysroot: PathBuf,
    commit: String,
    libdir: PathBuf,
    workspace: PathBuf,
}

/// Where the target's standard library comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandardLibrary {
    /// The toolchain brings it.
    Installed,
    /// It is compiled from the source that the toolchain brings, which only a compiler with unstable features allowed does.
    FromSource,
}

impl StandardLibrary {
    pub(crate) fn cargo_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Installed => &[],
            Self::FromSource => &["-Z", "build-std=std,panic_abort"],
        }
    }
}

impl Toolchain {
    pub(crate) fn find(workspace: &Path) -> Result<Self, Error> {
        let sysroot = rustc(workspace, &["--print", "sysroot"])?;
        let version = rustc(workspace, &["-vV"])?;
        let libdir = rustc(workspace, &["--print", "target-libdir", "--target", TARGET])?;
        let commit =
            version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown").to_owned();
        Ok(Self { sysroot: sysroot.into(), commit, libdir: libdir.into(), workspace: workspace.to_owned() })
    }

    /// Makes sure that there is a standard library for the target.
    ///
    /// `rust-toolchain.toml` names the target, yet rustup installs it by itself only where `RUSTUP_AUTO_INSTALL` is not 0.
    pub(crate) fn standard_library(&self) -> Result<StandardLibrary, Error> {
        if self.has_library() {
            return Ok(StandardLibrary::Installed);
        }
        let source = self.sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml");
        if env::var_os("RUSTC_BOOTSTRAP").is_some() && source.exists() {
            return Ok(StandardLibrary::FromSource);
        }
        // RUSTUP_TOOLCHAIN, which rustup sets for the cargo it starts, makes this the toolchain of the outer build.
        let mut rustup = Command::new("rustup");
        rustup.current_dir(&self.workspace).args(["target", "add", TARGET]).stdout(Stdio::null());
        match run(&mut rustup, format!("rustup target add {TARGET}")) {
            Ok(()) if self.has_library() => Ok(StandardLibrary::Installed),
            _ => Err(Error::MissingTarget { libdir: self.libdir.clone() }),
        }
    }

    fn has_library(&self) -> bool {
        let files = fs::read_dir(&self.libdir).into_iter().flatten().flatten();
        files.map(|file| file.file_name()).any(|name| name.to_string_lossy().starts_with("libstd-"))
    }

    /// Flags that keep this machine's folders out of panic messages and symbol names.
    ///
    /// Of several prefixes that match, rustc takes the last.
    pub(crate) fn remapped_paths(&self, workspace: &Path, target_dir: &Path) -> Vec<String> {
        let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home =
            || env::var_os("HOME").or_else(|| env::var_os("USERPROFILE")).map(|home| Path::new(&home).join(".cargo"));
        let mut pairs: Vec<(PathBuf, String)> = Vec::new();
        if let Some(cargo_home) = cargo_home.or_else(home) {
            // A registry's folder is named after its address, which a mirror changes.
            let registries = fs::read_dir(cargo_home.join("registry/src")).into_iter().flatten().flatten();
            let mut folders: Vec<_> = registries.map(|folder| folder.path()).collect();
            folders.sort();
            pairs.push((cargo_home, "/cargo".to_owned()));
            pairs.extend(folders.into_iter().map(|folder| (folder, "/cargo/registry".to_owned())));
        }
        // The path that the installed standard library itself was compiled with.
        pairs.push((self.sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{}", self.commit)));
        pairs.push((workspace.to_owned(), "/workspace".to_owned()));
        pairs.push((target_dir.to_owned(), "/target".to_owned()));
        pairs.into_iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).collect()
    }
}

fn rustc(workspace: &Path, arguments: &[&str]) -> Result<String, Error> {
    let tool = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(&tool);
    command.current_dir(workspace).args(arguments).stderr(Stdio::inherit());
    let output =
        command.output().map_err(|source| Error::Start { tool: tool.to_string_lossy().into_owned(), source })?;
    if !output.status.success() {
        return Err(Error::Failed { command: format!("rustc {}", arguments.join(" ")) });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
