//! What the inner cargo may see of the environment.
//!
//! A build script inherits everything: the flags of the outer build (`CARGO_ENCODED_RUSTFLAGS`), clippy's
//! `RUSTC_WORKSPACE_WRAPPER`, a coverage tool's `RUSTC_WRAPPER`, a shell's `CARGO_PROFILE_*`. Each would change the module's
//! bytes or compile it for the wrong purpose, so cargo's and rustc's variables pass only if they say where things are.

use std::env;
use std::process::Command;

/// How to reach toolchain and registries, and how to share the outer build's job slots.
const PASSES: [&str; 6] = [
    "CARGO",
    "CARGO_HOME",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
];
const PASSES_BELOW: [&str; 5] = ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_", "CARGO_SOURCE_"];

const BLOCKED: [&str; 10] =
    ["DEBUG", "HOST", "NUM_JOBS", "OPT_LEVEL", "OUT_DIR", "PROFILE", "RUSTDOC", "RUSTDOCFLAGS", "RUSTFLAGS", "TARGET"];
const BLOCKED_BELOW: [&str; 4] = ["CARGO_", "CLIPPY_", "DEP_", "RUSTC_"];

/// Removes from the command's environment what would bend the build.
pub(crate) fn isolate(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if !passes(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
}

fn passes(name: &str) -> bool {
    let among = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    PASSES.contains(&name) || among(&PASSES_BELOW) || !(BLOCKED.contains(&name) || among(&BLOCKED_BELOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_pass_and_flags_do_not() {
        for name in ["PATH", "HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_MAKEFLAGS", "RUSTC"]
        {
            assert!(passes(name), "{name}");
        }
        for name in [
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_PROFILE_WASM_LTO",
            "CARGO_CFG_UNIX",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
            "CLIPPY_ARGS",
            "TARGET",
        ] {
            assert!(!passes(name), "{name}");
        }
    }
}
