//! A module before it runs: compiled, with its ABI version known and its imports and callbacks checked.
//!
//! The checks and their order are those of proxy-wasm-cpp-host (`wasm.cc`): first the version marker, then every import, then
//! the signature of every callback.

use std::sync::Arc;

use wasmtime::{Config, Engine, ExternType, FuncType, InstancePre, Linker};

use super::callbacks::Callback;
use super::host::Host;
use super::vm::VmData;
use super::{imports, wasi};

/// The version of the ABI that a module was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AbiVersion {
    /// The first; header callbacks do not say whether the message ends.
    V0_1_0,
    /// With `proxy_continue_stream`.
    V0_2_0,
    /// With `proxy_get_log_level`.
    V0_2_1,
}

impl AbiVersion {
    const MARKERS: [(&'static str, Self); 3] = [
        ("proxy_abi_version_0_1_0", Self::V0_1_0),
        ("proxy_abi_version_0_2_0", Self::V0_2_0),
        ("proxy_abi_version_0_2_1", Self::V0_2_1),
    ];

    /// The version that an exported name stands for.
    pub fn from_marker(export: &str) -> Option<Self> {
        Self::MARKERS.iter().find(|(marker, _)| *marker == export).map(|(_, version)| *version)
    }

    /// As in `0.2.1`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
        }
    }
}

/// Why a module cannot be loaded; the words in quotes are those that Envoy logs.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no WebAssembly module.
    #[error("{module}: expected a WebAssembly module, but found bytes that do not compile: {reason}")]
    Compile {
        /// The module's name.
        module: String,
        /// What the compiler says.
        reason: String,
    },
    /// It exports none of the version markers.
    #[error(
        "{module}: expected an export proxy_abi_version_0_1_0, _0_2_0 or _0_2_1, but found none; \
         Envoy says \"Missing or unknown Proxy-Wasm ABI version\". Build it with a Proxy-Wasm SDK"
    )]
    Version {
        /// The module's name.
        module: String,
    },
    /// It imports what no host function provides.
    #[error(
        "{module}: expected only imports of the Proxy-Wasm ABI {version} and of WASI, but found {import} {signature}; \
         Envoy says \"Failed to load Wasm module due to a missing import: {import}\""
    )]
    Import {
        /// The module's name.
        module: String,
        /// The ABI version that it declares.
        version: &'static str,
        /// The import as `module.name`.
        import: String,
        /// Its type.
        signature: String,
    },
    /// It imports a host function with another type.
    #[error(
        "{module}: expected the import {import} to be {expected}, but found {found}; \
         Envoy says \"Failed to load Wasm module due to an import type mismatch: {import}\""
    )]
    ImportType {
        /// The module's name.
        module: String,
        /// The import as `module.name`.
        import: String,
        /// What the host provides.
        expected: String,
        /// What the module wants.
        found: String,
    },
    /// One of its callbacks has another type than the host calls it with.
    #[error(
        "{module}: expected the export {export} to be {expected}, but found {found}; \
         Envoy says \"Bad function signature for: {export}\""
    )]
    Callback {
        /// The module's name.
        module: String,
        /// The export.
        export: &'static str,
        /// What the host calls.
        expected: String,
        /// What the module has.
        found: String,
    },
    /// It has no allocator that a host could hand bytes over with.
    #[error(
        "{module}: expected an export malloc or proxy_on_memory_allocate, but found neither; \
         without one a host cannot hand bytes to the module"
    )]
    Allocator {
        /// The module's name.
        module: String,
    },
}

/// Compiles modules; one for a process.
pub struct Loader {
    engine: Engine,
}

impl Loader {
    /// A loader with the features that Envoy's V8 has by default.
    pub fn new() -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
        Ok(Self { engine: Engine::new(&config)? })
    }

    /// Compiles a module (binary or text) and checks everything that can be checked before it runs.
    pub fn load<H: Host>(&self, name: &str, bytes: &[u8]) -> Result<CompiledModule<H>, LoadError> {
        let module = wasmtime::Module::new(&self.engine, bytes)
            .map_err(|error| LoadError::Compile { module: name.to_owned(), reason: root_cause(&error) })?;
        let version = module
            .exports()
            .filter(|export| matches!(export.ty(), ExternType::Func(_)))
            .find_map(|export| AbiVersion::from_marker(export.name()))
            .ok_or_else(|| LoadError::Version { module: name.to_owned() })?;
        let mut linker = Linker::new(&self.engine);
        let linked = imports::link::<H>(&mut linker, version.name()).and_then(|()| wasi::link::<H>(&mut linker));
        linked.map_err(|error| LoadError::Compile { module: name.to_owned(), reason: root_cause(&error) })?;
        check_imports(name, version, &module)?;
        check_callbacks(name, version, &module)?;
        if !["malloc", "proxy_on_memory_allocate"].iter().any(|export| module.get_export(export).is_some()) {
            return Err(LoadError::Allocator { module: name.to_owned() });
        }
        let instance = linker
            .instantiate_pre(&module)
            .map_err(|error| LoadError::Compile { module: name.to_owned(), reason: root_cause(&error) })?;
        Ok(CompiledModule { name: Arc::from(name), version, instance })
    }
}

/// A module that can be started any number of times.
pub struct CompiledModule<H: Host> {
    pub(super) name: Arc<str>,
    pub(super) version: AbiVersion,
    pub(super) instance: InstancePre<VmData<H>>,
}

impl<H: Host> CompiledModule<H> {
    /// The ABI version that it declares.
    pub fn version(&self) -> AbiVersion {
        self.version
    }
}

impl<H: Host> Clone for CompiledModule<H> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), version: self.version, instance: self.instance.clone() }
    }
}

fn check_imports(name: &str, version: AbiVersion, module: &wasmtime::Module) -> Result<(), LoadError> {
    for import in module.imports() {
        let shown = format!("{}.{}", import.module(), import.name());
        let ExternType::Func(found) = import.ty() else {
            return Err(LoadError::Import {
                module: name.to_owned(),
                version: version.name(),
                import: shown,
                signature: "which is no function".to_owned(),
            });
        };
        match host_type(import.module(), import.name(), version) {
            Some(Signature { parameters, result }) => {
                let expected = shown_signature(&parameters, result);
                let actual = shown_type(&found);
                if expected != actual {
                    return Err(LoadError::ImportType {
                        module: name.to_owned(),
                        import: shown,
                        expected,
                        found: actual,
                    });
                }
            }
            None => {
                return Err(LoadError::Import {
                    module: name.to_owned(),
                    version: version.name(),
                    import: shown,
                    signature: shown_type(&found),
                });
            }
        }
    }
    Ok(())
}

struct Signature {
    parameters: String,
    result: bool,
}

fn host_type(module: &str, name: &str, version: AbiVersion) -> Option<Signature> {
    let known = |parameters: &str, result| Some(Signature { parameters: parameters.to_owned(), result });
    if module == imports::HOST_MODULE {
        return match name {
            "pthread_equal" => known("ii", true),
            "emscripten_notify_memory_growth" => known("i", false),
            _ => imports::signature(name, version.name()).and_then(|parameters| known(parameters, true)),
        };
    }
    if wasi::WASI_MODULES.contains(&module) {
        let function = wasi::WASI_FUNCTIONS.iter().find(|function| function.name == name)?;
        return known(function.parameters, name != "proc_exit");
    }
    None
}

fn check_callbacks(name: &str, version: AbiVersion, module: &wasmtime::Module) -> Result<(), LoadError> {
    for callback in Callback::ALL {
        let Some(ExternType::Func(found)) = module.get_export(callback.name()) else { continue };
        let expected = shown_signature(&"i".repeat(callback.parameters(version)), callback.has_result());
        let actual = shown_type(&found);
        if expected != actual {
            return Err(LoadError::Callback {
                module: name.to_owned(),
                export: callback.name(),
                expected,
                found: actual,
            });
        }
    }
    Ok(())
}

fn shown_signature(parameters: &str, result: bool) -> String {
    let kinds: Vec<_> = parameters.chars().map(|kind| if kind == 'l' { "i64" } else { "i32" }).collect();
    format!("({}) -> ({})", kinds.join(", "), if result { "i32" } else { "" })
}

fn shown_type(function: &FuncType) -> String {
    let shown = |kinds: Vec<String>| kinds.join(", ");
    format!(
        "({}) -> ({})",
        shown(function.params().map(|kind| kind.to_string()).collect()),
        shown(function.results().map(|kind| kind.to_string()).collect())
    )
}

fn root_cause(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}
