//! Whether bytes are a module that some proxy could run, and what it says about itself; nothing is compiled or run.

use std::fmt;

use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

use crate::host_functions::is_known;

/// The most bytes of a module that Istio and Envoy Gateway take (`ISTIO_WASM_MAX_BINARY_SIZE_BYTES`). A larger layer is cut
/// off without a word and fails in the proxy.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// From this size on, a pull through a slow registry may run into Istio's 30 seconds.
pub const LARGE_BYTES: u64 = 16 * 1024 * 1024;

/// The version of the Proxy-Wasm ABI that a module declares by an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AbiVersion {
    /// 0.1.0: Istio 1.5 and 1.6.
    V0_1_0,
    /// 0.2.0.
    V0_2_0,
    /// 0.2.1: what Envoy has today.
    V0_2_1,
}

impl AbiVersion {
    const ALL: [Self; 3] = [Self::V0_1_0, Self::V0_2_0, Self::V0_2_1];

    /// As in `0.2.1`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
        }
    }

    /// The export that declares it, as in `proxy_abi_version_0_2_1`.
    fn marker(self) -> String {
        format!("proxy_abi_version_{}", self.name().replace('.', "_"))
    }
}

/// A module that some proxy could run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    bytes: Vec<u8>,
    abi_version: AbiVersion,
}

/// Why bytes are not packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// They are no WebAssembly module.
    #[error("expected a WebAssembly module, but found {0}")]
    NoModule(String),
    /// They begin as a module and then are none.
    #[error("expected a WebAssembly module, but at byte {offset}: {reason}")]
    Malformed {
        /// Where reading ended.
        offset: u64,
        /// What the reader says.
        reason: String,
    },
    /// No export says which ABI it speaks.
    #[error(
        "expected an export proxy_abi_version_0_1_0, _0_2_0 or _0_2_1, but found none: Envoy would say \
         \"Missing or unknown Proxy-Wasm ABI version\". Build it with a Proxy-Wasm SDK"
    )]
    NoAbiVersion,
    /// It imports what no proxy has.
    #[error(
        "expected imports of the Proxy-Wasm ABI {version} and of WASI, but found {import}: Envoy would say \
         \"Failed to load Wasm module due to a missing import: {import}\""
    )]
    UnknownImport {
        /// The version that it declares.
        version: &'static str,
        /// The import, as `module.name`.
        import: String,
    },
    /// It is larger than any consumer takes.
    #[error("expected at most {MAX_BYTES} bytes (256 MiB), but found {0}: Istio would cut it off without a word")]
    TooLarge(u64),
}

/// Everything that keeps bytes from being packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Vec<Reason>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&reasons.join("\n"))
    }
}

impl std::error::Error for Refusal {}

impl Module {
    /// Looks into the bytes, or says everything that is wrong with them.
    pub fn read(bytes: Vec<u8>) -> Result<Self, Refusal> {
        let refused = |reason| Err(Refusal(vec![reason]));
        // Before anything is read of it, since size alone decides.
        if bytes.len() as u64 > MAX_BYTES {
            return refused(Reason::TooLarge(bytes.len() as u64));
        }
        if let Some(found) = no_module(&bytes) {
            return refused(Reason::NoModule(found));
        }
        let Surface { imports, functions } = match Surface::read(&bytes) {
            Ok(surface) => surface,
            Err(error) => {
                return refused(Reason::Malformed { offset: error.offset(), reason: error.message().to_owned() });
            }
        };
        let abi_version = AbiVersion::ALL.into_iter().find(|version| functions.contains(&version.marker()));
        let mut reasons = Vec::new();
        if abi_version.is_none() {
            reasons.push(Reason::NoAbiVersion);
        }
        let version = abi_version.unwrap_or(AbiVersion::V0_2_1);
        let unknown = imports
            .into_iter()
            .filter(|import| !import.is_function || !is_known(&import.module, &import.name, version));
        reasons.extend(unknown.map(|import| Reason::UnknownImport {
            version: version.name(),
            import: format!("{}.{}", import.module, import.name),
        }));
        if reasons.is_empty() { Ok(Self { bytes, abi_version: version }) } else { Err(Refusal(reasons)) }
    }

    /// The module.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version of the ABI that it declares.
    pub fn abi_version(&self) -> AbiVersion {
        self.abi_version
    }
}

/// What the bytes are, unless they begin as a module.
fn no_module(bytes: &[u8]) -> Option<String> {
    if Parser::is_core_wasm(bytes) {
        return None;
    }
    Some(match bytes {
        [] => "nothing".to_owned(),
        _ if Parser::is_component(bytes) => "a component".to_owned(),
        [0x1f, 0x8b, ..] => "something compressed with gzip".to_owned(),
        _ => {
            let start: Vec<u8> = bytes.iter().copied().take(16).collect();
            format!("\"{}\"", start.escape_ascii())
        }
    })
}

struct Import {
    module: String,
    name: String,
    is_function: bool,
}

/// What a module shows to its host.
struct Surface {
    imports: Vec<Import>,
    /// The names of its exported functions.
    functions: Vec<String>,
}

impl Surface {
    fn read(bytes: &[u8]) -> wasmparser::Result<Self> {
        let mut surface = Self { imports: Vec::new(), functions: Vec::new() };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        let import = import?;
                        surface.imports.push(Import {
                            module: import.module.to_owned(),
                            name: import.name.to_owned(),
                            is_function: matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)),
                        });
                    }
                }
                Payload::ExportSection(reader) => {
                    for export in reader {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            surface.functions.push(export.name.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assemble(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("WebAssembly text")
    }

    #[test]
    fn a_module_says_which_abi_it_speaks() {
        for (marker, version) in [("0_1_0", "0.1.0"), ("0_2_0", "0.2.0"), ("0_2_1", "0.2.1")] {
            let text = format!(r#"(module (func (export "proxy_abi_version_{marker}")))"#);
            let module = Module::read(assemble(&text)).expect("a module");
            assert_eq!(module.abi_version().name(), version);
        }
    }

    #[test]
    fn imports_that_a_host_has_are_taken() {
        let text = r#"(module
            (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
            (import "env" "proxy_continue_stream" (func (param i32) (result i32)))
            (import "env" "emscripten_notify_memory_growth" (func (param i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
            (func (export "proxy_abi_version_0_2_0")))"#;
        assert!(Module::read(assemble(text)).is_ok());
    }

    #[test]
    fn everything_that_no_host_would_load_is_said_at_once() {
        let text = r#"(module
            (import "env" "proxy_clear_route_cache" (func (result i32)))
            (import "env" "memory" (memory 1))
            (import "wasi_snapshot_preview1" "sock_open" (func)))"#;
        let refusal = Module::read(assemble(text)).expect_err("no host would load it");
        insta::assert_snapshot!(refusal, @r#"
        expected an export proxy_abi_version_0_1_0, _0_2_0 or _0_2_1, but found none: Envoy would say "Missing or unknown Proxy-Wasm ABI version". Build it with a Proxy-Wasm SDK
        expected imports of the Proxy-Wasm ABI 0.2.1 and of WASI, but found env.proxy_clear_route_cache: Envoy would say "Failed to load Wasm module due to a missing import: env.proxy_clear_route_cache"
        expected imports of the Proxy-Wasm ABI 0.2.1 and of WASI, but found env.memory: Envoy would say "Failed to load Wasm module due to a missing import: env.memory"
        expected imports of the Proxy-Wasm ABI 0.2.1 and of WASI, but found wasi_snapshot_preview1.sock_open: Envoy would say "Failed to load Wasm module due to a missing import: wasi_snapshot_preview1.sock_open"
        "#);
    }

    #[test]
    fn what_is_no_module_is_named() {
        for (bytes, expected) in [
            (&b""[..], "expected a WebAssembly module, but found nothing"),
            (b"{}", r#"expected a WebAssembly module, but found "{}""#),
            (b"\x1f\x8b\x08", "expected a WebAssembly module, but found something compressed with gzip"),
            (b"\0asm\x0d\0\x01\0", "expected a WebAssembly module, but found a component"),
            (b"\0asm\x01\0\0\0\x01\x7f", "expected a WebAssembly module, but at byte 10: unexpected end-of-file"),
        ] {
            assert_eq!(Module::read(bytes.to_vec()).expect_err("no module").to_string(), expected);
        }
    }

    #[test]
    fn what_is_too_large_is_refused_by_its_size_alone() {
        let bytes = vec![0; usize::try_from(MAX_BYTES).expect("a size") + 1];
        let refusal = Module::read(bytes).expect_err("too large");
        assert_eq!(refusal.0, [Reason::TooLarge(MAX_BYTES + 1)]);
    }
}
