//! gRPC-JSON transcoding: the decisions, without a host.

#![forbid(unsafe_code)]

pub mod configuration;
