//! Istio's own resources, field for field as far as they are modelled. Only names and types are decided here.

mod destination_rule;
mod envoy_filter;
mod gateway;
mod virtual_service;
mod wasm_plugin;

pub use destination_rule::DestinationRuleSpec;
pub use envoy_filter::{EnvoyFilterSpec, WasmFilter};
pub use gateway::{GatewaySpec, Server, ServerProtocol};
pub use virtual_service::{
    Destination, HttpMatch, HttpRoute, StringCondition, VirtualServiceSpec, WeightedDestination,
};
pub use wasm_plugin::{
    EnvSource, FailStrategy, Phase, PluginKind, TrafficExtensionSpec, TrafficMode, TrafficSelector, WasmPluginSpec,
};
