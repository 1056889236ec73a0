//! One proxy with a listener for each setup, with Envoy's own transcoder or with ours.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_harness::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Module, Node, Plugin, Protocol,
    Proxy, Route, RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::mesh::Ports;
use serde_json::{Value, json};

use super::Setup;
use crate::protos;

/// Envoy's own filter, as a setup configures it.
pub fn native(setup: &Setup) -> HttpFilter {
    let mut typed_config = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor_bin": STANDARD.encode(protos::DESCRIPTOR_SET),
    });
    if let Value::Object(fields) = &mut typed_config {
        fields.extend(setup.filter.clone());
    }
    HttpFilter::Native { name: "envoy.filters.http.grpc_json_transcoder".to_owned(), typed_config }
}

/// Our filter with the same configuration, in the profile that promises the same answers.
pub fn ours(module: &Module, setup: &Setup) -> HttpFilter {
    let mut configuration = setup.filter.clone();
    configuration.insert("profile".to_owned(), json!("envoy"));
    configuration.insert("proto_descriptor_bin".to_owned(), json!(STANDARD.encode(protos::DESCRIPTOR_SET)));
    let configuration = Value::Object(configuration).to_string();
    HttpFilter::Wasm(Arc::new(Plugin::new("grpc-json-transcoder", module.clone(), configuration)))
}

/// A proxy in front of an upstream, with a listener for each setup, in their order.
pub fn proxy(setups: &[Setup], filter: impl Fn(&Setup) -> HttpFilter, upstream: SocketAddr) -> std::io::Result<Proxy> {
    // The ports are held until all are known, and free again when this returns.
    let mut ports = Ports::default();
    let listeners = setups.iter().map(|setup| Ok(listener(setup, filter(setup), ports.any()?)));
    Ok(Proxy {
        name: "transcoding".to_owned(),
        node: Node { id: "sidecar~127.0.0.1~a.default~default.svc.cluster.local".to_owned(), ..Node::default() },
        listeners: listeners.collect::<std::io::Result<_>>()?,
        clusters: vec![Cluster { name: "upstream".to_owned(), endpoints: vec![upstream], protocol: Protocol::Http2 }],
        concurrency: 1,
    })
}

fn listener(setup: &Setup, filter: HttpFilter, address: SocketAddr) -> Listener {
    let route = Route {
        name: String::new(),
        matcher: RouteMatch::default(),
        action: RouteAction::Cluster("upstream".to_owned()),
        timeout: None,
    };
    let host = VirtualHost { name: "any".to_owned(), domains: vec!["*".to_owned()], routes: vec![route] };
    Listener {
        name: setup.name.clone(),
        address,
        direction: Direction::Outbound,
        routes: Arc::new(RouteTable { name: "transcoding".to_owned(), virtual_hosts: vec![host] }),
        filters: vec![filter],
        buffer_limit: setup.buffer_limit.unwrap_or(DEFAULT_BUFFER_LIMIT),
        connection_manager: ConnectionManager::Bare,
    }
}
