//! gRPC-JSON transcoding: the decisions, without a host.

#![forbid(unsafe_code)]

pub mod bindings;
pub mod configuration;
pub mod conversion;
pub mod deadline;
pub mod elements;
pub mod exchange;
pub mod failure;
pub mod frame;
pub mod framing;
pub mod http_body;
pub mod names;
pub mod reply;
pub mod request;
pub mod router;
pub mod routing;
pub mod rule;
pub mod service_config;
pub mod status;
pub mod template;
pub mod transcoder;
mod weave;
