//! A shop of several origins: pages of a front end, and servers behind a proxy with the filter `cors`.
//!
//! | host | policy |
//! |---|---|
//! | `plain.shop.test` | none |
//! | `details.shop.test` | `www.shop.test` alone: credentials, `PUT`, `x-token`, `x-total` exposed, preflights kept |
//! | `unkept.shop.test` | the same, preflights not kept |
//! | `guarded.shop.test` | the same, and behind the filter one that refuses everything |
//! | `open.shop.test` | everyone |
//! | `wide.shop.test` | every page below `shop.test` |
//! | `envoy.shop.test` | the same, as Envoy's own filter does it |
//!
//! All of `shop.test` is one site, so that browsers send cookies and share a cache among its origins. Every other host
//! is a page of the front end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use host_harness::abi::LogLevel;
use host_harness::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Module, Node, Plugin, Protocol,
    Proxy, Route, RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::data_plane::Plane;
use host_harness::envoy::Modules;
use host_harness::envoy_process::{EnvoyProcess, StartOptions};
use host_harness::mesh::Ports;
use host_harness::proxy::{EmbeddedProxy, SystemEnvironment};
use serde_json::{Value, json};

use super::site::Site;
use super::wire::{Request, Wire};

/// What refuses everything.
const GUARD: &str = "on_request_headers:\n  reply 403 body=\"forbidden by a filter\"\n";

/// A running shop; dropping it ends it.
pub struct Shop {
    site: Site,
    /// By the name of the listener they lead to.
    wires: BTreeMap<&'static str, Wire>,
    _proxy: Running,
}

enum Running {
    Embedded { _proxy: EmbeddedProxy },
    Envoy { _proxy: EnvoyProcess },
}

impl Shop {
    /// Opens one on a plane.
    pub async fn open(plane: &Plane) -> anyhow::Result<Self> {
        let site = Site::start().await?;
        let proxy = proxy(site.address)?;
        let running = match plane {
            Plane::Embedded => {
                let environment =
                    Arc::new(SystemEnvironment::new(LogLevel::Error, |line| eprintln!("{}", line.message)));
                Running::Embedded { _proxy: EmbeddedProxy::start(&proxy, vec![], environment, Modules::new()?).await? }
            }
            Plane::Envoy(binary) => {
                Running::Envoy { _proxy: EnvoyProcess::start(binary, &proxy, &StartOptions::default()).await? }
            }
        };
        let mut wires = BTreeMap::new();
        for (name, listener) in LISTENERS.into_iter().zip(&proxy.listeners) {
            wires.insert(name, Wire::to(listener.address).await?);
        }
        Ok(Self { site, wires, _proxy: running })
    }

    /// Where a place such as `details.shop.test/details/2` really is.
    pub fn url(&self, place: &str) -> String {
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        let name = host.strip_suffix(".shop.test").unwrap_or_default();
        let address = match name {
            "guarded" | "envoy" => self.wires.get(name).map(|wire| wire.address),
            "plain" | "details" | "unkept" | "open" | "wide" => self.wires.get("strict").map(|wire| wire.address),
            _ => None,
        };
        format!("http://{host}:{}/{path}", address.unwrap_or(self.site.address).port())
    }

    /// What the proxy was sent since the last call.
    pub fn sent(&self) -> Vec<Request> {
        self.wires.values().flat_map(Wire::take).collect()
    }
}

/// Each with a chain of its own.
const LISTENERS: [&str; 3] = ["strict", "guarded", "envoy"];

fn proxy(site: SocketAddr) -> anyhow::Result<Proxy> {
    let www = format!("http://www.shop.test:{}", site.port());
    let named = |max_age: &str| {
        json!({ "allowOrigins": [www], "allowMethods": ["PUT"], "allowHeaders": ["x-token"],
            "exposeHeaders": ["x-total"], "allowCredentials": true, "maxAge": max_age })
    };
    let all = json!({ "allowOrigins": ["*"], "allowMethods": ["*"], "allowHeaders": ["*"] });
    let strict = json!({ "policies": [
        { "hosts": ["details.shop.test"], "corsPolicy": named("10m") },
        { "hosts": ["unkept.shop.test"], "corsPolicy": named("0") },
        { "hosts": ["open.shop.test"], "corsPolicy": all },
        { "hosts": ["wide.shop.test"], "corsPolicy": { "allowOrigins": ["http://*.shop.test:*"] } },
    ]});
    let guarded = json!({ "policies": [{ "corsPolicy": named("10m") }] });
    let regex = r"http://.+\.shop\.test:\d+";
    let envoy = json!({ "profile": "envoy", "policies": [{ "corsPolicy": { "allowOrigins": [{ "regex": regex }] } }] });
    let chains = [vec![cors(&strict)], vec![cors(&guarded), guard()], vec![cors(&envoy)]];
    // The ports are held until all are known, and free again when this returns.
    let mut ports = Ports::default();
    let mut listeners = Vec::new();
    for (name, filters) in LISTENERS.into_iter().zip(chains) {
        let action = RouteAction::Cluster("site".to_owned());
        let route = Route { name: String::new(), matcher: RouteMatch::default(), action, timeout: None };
        let host = VirtualHost { name: "any".to_owned(), domains: vec!["*".to_owned()], routes: vec![route] };
        listeners.push(Listener {
            name: name.to_owned(),
            address: ports.any()?,
            direction: Direction::Outbound,
            routes: Arc::new(RouteTable { name: name.to_owned(), virtual_hosts: vec![host] }),
            filters,
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            connection_manager: ConnectionManager::Mesh,
        });
    }
    Ok(Proxy {
        name: "shop".to_owned(),
        node: Node { id: "router~127.0.0.1~shop.default~default.svc.cluster.local".to_owned(), ..Node::default() },
        listeners,
        clusters: vec![Cluster { name: "site".to_owned(), endpoints: vec![site], protocol: Protocol::Http1 }],
        concurrency: 1,
    })
}

fn cors(configuration: &Value) -> HttpFilter {
    let bytes = artifacts::module("cors").expect("the module is built in").bytes;
    plugin("cors", bytes, configuration.to_string())
}

fn guard() -> HttpFilter {
    plugin("guard", crate::guests::guest("probe").expect("the guest is built"), GUARD.to_owned())
}

fn plugin(name: &str, bytes: &[u8], configuration: String) -> HttpFilter {
    let module = Module { name: name.to_owned(), bytes: bytes.into() };
    HttpFilter::Wasm(Arc::new(Plugin::new(name, module, configuration)))
}
