//! The same HTTP requests through Envoy's own transcoder, which is the reference, and through ours.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_harness::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Node, Protocol, Proxy, Route,
    RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::envoy_process::{EnvoyBinary, EnvoyProcess, StartOptions};
use host_harness::mesh::Ports;
use serde_json::{Value, json};
use suite::grpc_upstream::GrpcUpstream;
use suite::protos;
use suite::transcoding::{self, Case, Setup};

fn native(setup: &Setup) -> HttpFilter {
    let mut typed_config = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor_bin": STANDARD.encode(protos::DESCRIPTOR_SET),
    });
    if let Value::Object(fields) = &mut typed_config {
        fields.extend(setup.filter.clone());
    }
    HttpFilter::Native { name: "envoy.filters.http.grpc_json_transcoder".to_owned(), typed_config }
}

fn listener(name: String, setup: &Setup, filter: HttpFilter, address: SocketAddr) -> Listener {
    let route = Route {
        name: String::new(),
        matcher: RouteMatch::default(),
        action: RouteAction::Cluster("upstream".to_owned()),
        timeout: None,
    };
    let host = VirtualHost { name: "any".to_owned(), domains: vec!["*".to_owned()], routes: vec![route] };
    Listener {
        name,
        address,
        direction: Direction::Outbound,
        routes: Arc::new(RouteTable { name: "transcoding".to_owned(), virtual_hosts: vec![host] }),
        filters: vec![filter],
        buffer_limit: setup.buffer_limit.unwrap_or(DEFAULT_BUFFER_LIMIT),
        connection_manager: ConnectionManager::Bare,
    }
}

fn proxy(listeners: Vec<Listener>, upstream: SocketAddr) -> Proxy {
    Proxy {
        name: "transcoding".to_owned(),
        node: Node { id: "sidecar~127.0.0.1~a.default~default.svc.cluster.local".to_owned(), ..Node::default() },
        listeners,
        clusters: vec![Cluster { name: "upstream".to_owned(), endpoints: vec![upstream], protocol: Protocol::Http2 }],
        concurrency: 1,
    }
}

/// An Envoy with a listener for each setup. It is started anew when a request has ended it.
struct Reference<'a> {
    binary: &'a EnvoyBinary,
    proxy: Proxy,
    process: EnvoyProcess,
}

impl<'a> Reference<'a> {
    async fn start(binary: &'a EnvoyBinary, proxy: Proxy) -> anyhow::Result<Self> {
        let process = EnvoyProcess::start(binary, &proxy, &StartOptions::default()).await?;
        Ok(Self { binary, proxy, process })
    }

    /// What a client gets, or in words why nothing.
    async fn ask(&mut self, listener: usize, case: &Case) -> anyhow::Result<String> {
        let address = self.proxy.listeners[listener].address;
        let answer = match transcoding::ask(address, case).await {
            Ok(answer) => return Ok(answer.to_string()),
            Err(error) => error,
        };
        // An Envoy that is about to end still accepts connections for a while.
        let probe = Case {
            name: String::new(),
            method: "GET".to_owned(),
            path: "/probe".to_owned(),
            headers: vec![],
            body: vec![],
            chunks: None,
            http2: false,
        };
        if transcoding::ask(address, &probe).await.is_ok() {
            return Ok(format!("(no answer: {answer:#})\n"));
        }
        self.process = EnvoyProcess::start(self.binary, &self.proxy, &StartOptions::default()).await?;
        Ok("(Envoy ended)\n".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_native_filter_answers_as_recorded() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let upstream = GrpcUpstream::start().await?;
    let setups = transcoding::load()?;
    let listeners = {
        let mut ports = Ports::default();
        let listener = |setup: &Setup| Ok(listener(setup.name.clone(), setup, native(setup), ports.any()?));
        setups.iter().map(listener).collect::<anyhow::Result<Vec<_>>>()?
    };
    let mut reference = Reference::start(&binary, proxy(listeners, upstream.address)).await?;
    for (index, setup) in setups.iter().enumerate() {
        let mut transcript = String::new();
        for case in &setup.cases {
            let answer = reference.ask(index, case).await?;
            transcript.push_str(&format!("### {}\n{} {}\n{answer}\n", case.name, case.method, case.path));
        }
        insta::with_settings!({snapshot_path => "../transcoding", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(setup.name.as_str(), transcript);
        });
    }
    Ok(())
}
