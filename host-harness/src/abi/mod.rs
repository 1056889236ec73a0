//! The Proxy-Wasm ABI as its specification has it: types, memory, host functions, callbacks and the WASI set.
//!
//! This folder knows how bytes cross between a module and its host, for the ABI versions 0.1.0, 0.2.0 and 0.2.1
//! (github.com/proxy-wasm/spec). What a call *means* is behind the trait [`Host`], which [`crate::envoy`] implements; nothing
//! here knows what a stream or a cluster is.

mod call;
mod callbacks;
mod host;
mod imports;
mod module;
mod pairs;
mod types;
mod vm;
mod wasi;

pub use callbacks::Callback;
pub use host::{GrpcCall, Host, HostCall, HttpCall, LocalResponse};
pub use imports::{HOST_MODULE, HostFunction, host_functions};
pub use module::{AbiVersion, CompiledModule, LoadError, Loader};
pub use pairs::{MAX_PAIRS, MAX_PAIRS_SIZE, Pairs, decode_pairs, encode_pairs};
pub use types::{Buffer, LogLevel, Map, MetricKind, Peer, Status, StreamKind};
pub use vm::{Trap, Vm};
pub use wasi::{WASI_FUNCTIONS, WASI_MODULES, WasiFunction};
