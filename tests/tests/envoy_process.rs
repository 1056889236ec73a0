//! A real Envoy serves what the model says, says why it cannot, and is gone when its owner is.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context;
use host_harness::bootstrap::{
    ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Module, Node, Plugin, Proxy, Route,
    RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::envoy_process::{EnvoyProcess, StartOptions};

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn direct_response(filters: Vec<HttpFilter>) -> anyhow::Result<Proxy> {
    let route = Route {
        name: String::new(),
        matcher: RouteMatch::default(),
        action: RouteAction::Direct { status: 200, body: "hello".to_owned() },
        timeout: None,
    };
    let host = VirtualHost { name: "any".to_owned(), domains: vec!["*".to_owned()], routes: vec![route] };
    let listener = Listener {
        name: "listener".to_owned(),
        address: free_address()?,
        direction: Direction::Unspecified,
        routes: Arc::new(RouteTable { name: "routes".to_owned(), virtual_hosts: vec![host] }),
        filters,
        buffer_limit: DEFAULT_BUFFER_LIMIT,
        connection_manager: ConnectionManager::Mesh,
    };
    Ok(Proxy {
        name: "the proxy".to_owned(),
        node: Node { id: "id".to_owned(), cluster: "cluster".to_owned(), ..Node::default() },
        listeners: vec![listener],
        clusters: vec![],
        concurrency: 1,
    })
}

#[tokio::test]
async fn it_serves_on_return_and_is_gone_after_drop() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let proxy = direct_response(vec![])?;
    let address = proxy.listeners.first().context("one listener")?.address;
    let envoy = EnvoyProcess::start(&binary, &proxy, &StartOptions::default()).await?;
    assert!(std::net::TcpStream::connect(address).is_ok());
    assert!(std::net::TcpStream::connect(envoy.admin()).is_ok());
    assert!(!envoy.cpu_time().is_zero());
    drop(envoy);
    assert!(std::net::TcpStream::connect(address).is_err());

    let envoy = EnvoyProcess::start(&binary, &proxy, &StartOptions::default()).await?;
    envoy.stop().await;
    assert!(std::net::TcpStream::connect(address).is_err());
    Ok(())
}

#[tokio::test]
async fn a_plugin_that_refuses_its_configuration_is_named_in_the_error() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    // It logs, then answers false to its configuration.
    let module = r#"(module
        (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 8) "expected a lane, but found none")
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) i32.const 1024)
        (func (export "proxy_on_context_create") (param i32 i32))
        (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $log (i32.const 4) (i32.const 8) (i32.const 31)))
            i32.const 0))"#;
    let module = Module { name: "refuses".to_owned(), bytes: module.as_bytes().into() };
    let plugin = HttpFilter::Wasm(Arc::new(Plugin::new("refuses", module, "{}")));
    let started = EnvoyProcess::start(&binary, &direct_response(vec![plugin])?, &StartOptions::default()).await;
    let message = started.err().context("expected a refusal, but Envoy serves")?.to_string();
    assert!(message.starts_with("the proxy: expected Envoy to serve, but it ended (exit status: 1):"), "{message}");
    assert!(message.contains("wasm log: expected a lane, but found none"), "{message}");
    Ok(())
}
