//! Envoy, emulated on wasmtime: the ABI, the filter chain, the mesh of a user's own manifests, and real sockets before it.
//!
//! The folders are the architecture: [`abi`] is the Proxy-Wasm ABI as its specification has it, [`envoy`] is Envoy as it
//! behaves, [`bootstrap`] is what a proxy is configured with, [`mesh`] is a user's manifests. Two data planes run that
//! configuration: [`proxy`] is the engine on real sockets, [`envoy_process`] a real Envoy; [`data_plane`] runs a whole mesh on
//! either, and [`cli`] is the command `weft`. [`mod@bench`] measures filters on a real Envoy, [`inspect`] looks into a module,
//! [`simulate`] asks a filter about recorded requests.

pub mod abi;
pub mod bench;
pub mod bootstrap;
pub mod cli;
pub mod data_plane;
pub mod envoy;
pub mod envoy_process;
mod free_port;
pub mod inspect;
pub mod mesh;
pub mod proxy;
pub mod samples;
pub mod scenario;
pub mod simulate;
