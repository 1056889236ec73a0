//! What is in a module, and what each host would say to it.
//!
//! The verdict on loading is that of [`crate::abi::Loader`], which checks as proxy-wasm-cpp-host does; nothing is run.

mod module;
mod report;

use serde::Serialize;

pub use module::{Memory, Section};

use crate::abi::{
    AbiVersion, Callback, HOST_MODULE, Host, LoadError, Loader, LogLevel, WASI_FUNCTIONS, WASI_MODULES, host_functions,
};
use module::{Contents, RawImport};

/// The exports that a host can allocate with.
const ALLOCATORS: [&str; 2] = ["malloc", "proxy_on_memory_allocate"];

/// Why a module cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It is neither the binary nor the text format.
    #[error("{module}: expected a WebAssembly module, but found {found}")]
    NoModule {
        /// The module's name.
        module: String,
        /// What it is instead.
        found: String,
    },
    /// It begins as a module and then is none.
    #[error("{module}: expected a WebAssembly module, but at byte {offset}: {reason}")]
    Malformed {
        /// The module's name.
        module: String,
        /// Where reading ended.
        offset: u64,
        /// What the reader says.
        reason: String,
    },
}

/// Everything about a module.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What the module is called: a file or a filter.
    pub module: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// The ABI version that it declares, as in `0.2.1`.
    pub abi_version: Option<&'static str>,
    /// Its imports in their order.
    pub imports: Vec<Import>,
    /// What it exports for hosts to call.
    pub callbacks: Vec<String>,
    /// What it exports for hosts to allocate with.
    pub allocators: Vec<String>,
    /// Its other exports.
    pub other_exports: Vec<String>,
    /// Its own memories.
    pub memories: Vec<Memory>,
    /// Its sections in their order.
    pub sections: Vec<Section>,
    /// What each host says.
    pub hosts: Vec<Verdict>,
}

/// An import and who provides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The module that it is asked of: `env`, or one of WASI's.
    pub module: String,
    /// Its name.
    pub name: String,
    /// Its type, as in `(i32, i32) -> (i32)`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which hosts have a function of this name.
    pub known_to: KnownTo,
}

impl Import {
    fn new(raw: RawImport, version: Option<AbiVersion>) -> Self {
        let known_to = known_to(&raw, version);
        let RawImport { module, name, kind } = raw;
        Self { module, name, kind, known_to }
    }

    /// As Envoy names it, `env.proxy_log`.
    fn full_name(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// Which hosts have a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownTo {
    /// Every host of the module's ABI version.
    Every,
    /// Only hosts with the long list of WASI functions, which proxy-wasm-cpp-host got in parts since December 2024.
    Recent,
    /// None.
    None,
}

/// What a host says to the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The host.
    pub host: &'static str,
    /// Whether it would load the module.
    pub loads: bool,
    /// Why not.
    pub reason: Option<String>,
}

impl Report {
    /// Whether the Envoy that the harness is compared with would load it.
    pub fn loads(&self) -> bool {
        self.hosts.first().is_some_and(|verdict| verdict.loads)
    }
}

/// Inspects a module in the binary or the text format.
pub fn inspect(name: &str, bytes: &[u8]) -> Result<Report, InspectError> {
    let binary = module::binary(name, bytes)?;
    let contents = Contents::read(name, &binary)?;
    let version = contents.functions.iter().find_map(|export| AbiVersion::from_marker(export));
    let imports: Vec<_> = contents.imports.into_iter().map(|raw| Import::new(raw, version)).collect();
    let hosts = verdicts(name, &binary, &imports);
    let is_callback = |export: &str| Callback::ALL.iter().any(|callback| callback.name() == export);
    let is_allocator = |export: &str| ALLOCATORS.contains(&export);
    let (callbacks, others): (Vec<_>, Vec<_>) = contents.exports.into_iter().partition(|export| is_callback(export));
    let (allocators, other_exports) = others.into_iter().partition(|export| is_allocator(export));
    Ok(Report {
        module: name.to_owned(),
        bytes: binary.len(),
        abi_version: version.map(AbiVersion::name),
        imports,
        callbacks,
        allocators,
        other_exports,
        memories: contents.memories,
        sections: contents.sections,
        hosts,
    })
}

fn known_to(import: &RawImport, version: Option<AbiVersion>) -> KnownTo {
    let name = import.name.as_str();
    if import.module == HOST_MODULE {
        // Beside the ABI's functions, every host has what emscripten's runtime needs.
        let emscripten = ["pthread_equal", "emscripten_notify_memory_growth"].contains(&name);
        let mut functions = host_functions::<NoHost>().into_iter();
        let known = functions
            .any(|function| function.name == name && version.is_none_or(|version| function.is_in(version.name())));
        return if emscripten || known { KnownTo::Every } else { KnownTo::None };
    }
    let is_wasi = WASI_MODULES.contains(&import.module.as_str());
    match WASI_FUNCTIONS.iter().find(|function| is_wasi && function.name == name) {
        Some(function) if function.documented => KnownTo::Every,
        Some(_) => KnownTo::Recent,
        None => KnownTo::None,
    }
}

fn verdicts(name: &str, binary: &[u8], imports: &[Import]) -> Vec<Verdict> {
    let refusal = match Loader::new() {
        Ok(loader) => loader.load::<NoHost>(name, binary).err().map(|error| reason(name, &error)),
        Err(error) => Some(error.to_string()),
    };
    let recent_import = imports.iter().find(|it| it.known_to == KnownTo::Recent).map(Import::full_name);
    let recent_import = recent_import.map(|import| {
        format!(
            "expected none but the 12 WASI functions, but found {import}; \
             Envoy says \"Failed to load Wasm module due to a missing import: {import}\""
        )
    });
    let verdict = |host, reason: Option<String>| Verdict { host, loads: reason.is_none(), reason };
    vec![
        verdict("Envoy 1.40", refusal.clone()),
        verdict("older Envoy, with the 12 WASI functions that it documents", refusal.or(recent_import)),
    ]
}

/// The report has the module's name at its top, so a reason goes without.
fn reason(name: &str, error: &LoadError) -> String {
    let message = error.to_string();
    message.strip_prefix(&format!("{name}: ")).map_or_else(|| message.clone(), str::to_owned)
}

/// Stands for any host: a module is loaded and never called.
struct NoHost;

impl Host for NoHost {
    fn unix_nanos(&self) -> u64 {
        0
    }
    fn fill_random(&mut self, _bytes: &mut [u8]) {}
    fn log(&mut self, _level: LogLevel, _message: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect_text(text: &str) -> Report {
        inspect("module.wat", text.as_bytes()).expect("a module")
    }

    #[test]
    fn a_recent_wasi_function_is_known_to_recent_hosts_only() {
        let report = inspect_text(
            r#"(module
                (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
                (memory (export "memory") 1)
                (func (export "proxy_abi_version_0_2_1"))
                (func (export "malloc") (param i32) (result i32) i32.const 8))"#,
        );
        let known: Vec<_> = report.imports.iter().map(|it| it.known_to).collect();
        assert_eq!(known, [KnownTo::Every, KnownTo::Recent]);
        assert!(report.loads());
        let loads: Vec<_> = report.hosts.iter().map(|verdict| verdict.loads).collect();
        assert_eq!(loads, [true, false]);
        let older = report.hosts.last().and_then(|verdict| verdict.reason.as_deref()).unwrap_or_default();
        assert!(older.ends_with("missing import: wasi_snapshot_preview1.sched_yield\""), "{older}");
    }

    #[test]
    fn a_function_of_another_abi_version_is_known_to_none() {
        let report = inspect_text(
            r#"(module
                (import "env" "proxy_clear_route_cache" (func (result i32)))
                (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
                (func (export "proxy_abi_version_0_2_1"))
                (func (export "malloc") (param i32) (result i32) i32.const 8))"#,
        );
        let known: Vec<_> = report.imports.iter().map(|it| it.known_to).collect();
        assert_eq!(known, [KnownTo::None, KnownTo::Every]);
        assert!(!report.loads());
    }

    #[track_caller]
    fn check_refusal(bytes: &[u8], expected: &str) {
        assert_eq!(inspect("x", bytes).expect_err("no module").to_string(), expected);
    }

    #[test]
    fn what_is_no_module_is_named() {
        check_refusal(b"", "x: expected a WebAssembly module, but found nothing");
        check_refusal(b"\x7fELF\x02", r#"x: expected a WebAssembly module, but found "\x7fELF\x02""#);
        check_refusal(b"{}", r#"x: expected a WebAssembly module, but found "{}""#);
        check_refusal(b"\0asm\x0d\0\x01\0", "x: expected a WebAssembly module, but found a component");
        check_refusal(
            b"(nodule)",
            "x: expected a WebAssembly module, but found text that does not assemble: expected valid module field",
        );
        check_refusal(
            b"\0asm\x01\0\0\0\x01\x7f",
            "x: expected a WebAssembly module, but at byte 10: unexpected end-of-file",
        );
    }
}
