//! The tests that need more than one crate, and what they share: guests, scenarios, a gRPC upstream, a browser, and the parts
//! that a machine may lack.

pub mod browser;
pub mod grpc_upstream;
pub mod guests;
pub mod parts;
pub mod protos;
pub mod scenarios;
pub mod sidecar;
pub mod transcoding;
