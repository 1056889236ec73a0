//! Envoy as it behaves, where the ABI's specification leaves off.

mod headers;

pub use headers::HeaderMap;
