//! The same HTTP requests through Envoy's own CORS filter and through ours in the profile `envoy`, in a real Envoy and in the engine:
//! what the client gets and what the upstream sees are the same to the byte.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use host_harness::abi::LogLevel;
use host_harness::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, HttpFilter, Listener, Module, Node, PathMatch, Plugin,
    Protocol, Proxy, Route, RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::envoy::Modules;
use host_harness::envoy_process::{EnvoyProcess, StartOptions};
use host_harness::mesh::Ports;
use host_harness::proxy::{EmbeddedProxy, SystemEnvironment};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

const NATIVE: &str = "envoy.filters.http.cors";

/// Policies, as they stand in a virtual host and in its routes: in Envoy's field names, and in Istio's as Istio translates them.
struct Setup {
    name: &'static str,
    host: Value,
    /// By the beginning of their path.
    routes: Vec<(&'static str, Value)>,
}

fn setup(name: &'static str, host: Value) -> Setup {
    Setup { name, host, routes: Vec::new() }
}

/// The policies of the native filter's own tests, one more for each kind of matcher, and what a route inherits from its virtual host.
fn setups() -> Vec<Setup> {
    let matchers = |matchers: Value| json!({ "allow_origin_string_match": matchers, "allow_methods": "GET" });
    let share = |numerator: u32| json!({ "default_value": { "numerator": numerator, "denominator": "HUNDRED" } });
    let any = json!([{ "exact": "*" }]);
    vec![
        setup(
            "any",
            json!({ "allow_origin_string_match": any, "allow_methods": "GET", "allow_headers": "content-type",
                "expose_headers": "content-type", "allow_credentials": false, "max_age": "0" }),
        ),
        setup(
            "one",
            json!({ "allow_origin_string_match": [{ "exact": "https://a.example" }], "allow_methods": "GET, PUT",
                "allow_headers": "X-A,x-b", "expose_headers": "x-c, X-D", "allow_credentials": true, "max_age": "600" }),
        ),
        setup(
            "ignored",
            json!({ "allow_origin_string_match": [{ "exact": "https://a.example" }], "allow_methods": "GET",
                "allow_credentials": true, "expose_headers": "x-c", "forward_not_matching_preflights": false }),
        ),
        setup("echoes", json!({ "allow_origin_string_match": any, "allow_methods": "*", "allow_headers": "*" })),
        setup(
            "lists with a wildcard",
            json!({ "allow_origin_string_match": any, "allow_methods": "*,GET", "allow_headers": "x-a, *" }),
        ),
        setup(
            "any with credentials",
            json!({ "allow_origin_string_match": any, "allow_credentials": true, "expose_headers": "*" }),
        ),
        setup("private networks", json!({ "allow_origin_string_match": any, "allow_private_network_access": true })),
        setup(
            "no private networks",
            json!({ "allow_origin_string_match": any, "allow_private_network_access": false }),
        ),
        setup("no origins", json!({ "allow_methods": "GET", "allow_credentials": true })),
        setup("disabled", json!({ "allow_origin_string_match": any, "filter_enabled": share(0) })),
        setup(
            "shadow",
            json!({ "allow_origin_string_match": any, "filter_enabled": share(0), "shadow_enabled": share(100) }),
        ),
        setup("shadow alone", json!({ "allow_origin_string_match": any, "shadow_enabled": share(100) })),
        setup(
            "both",
            json!({ "allow_origin_string_match": any, "filter_enabled": share(100), "shadow_enabled": share(100) }),
        ),
        setup("prefix", matchers(json!([{ "prefix": "https://a" }]))),
        setup("suffix", matchers(json!([{ "suffix": "a.example" }]))),
        setup("contains", matchers(json!([{ "contains": "a.ex" }]))),
        setup("without case", matchers(json!([{ "exact": "HTTPS://A.example", "ignore_case": true }]))),
        setup("regex", matchers(json!([{ "safe_regex": { "regex": "https://[a-z]+\\.example" } }]))),
        setup("regex of whatever", matchers(json!([{ "safe_regex": { "regex": ".*" } }]))),
        setup("a literal wildcard", matchers(json!([{ "prefix": "*" }]))),
        setup("null", matchers(json!([{ "exact": "null" }]))),
        setup(
            "several",
            matchers(
                json!([{ "exact": "https://b.example" }, { "prefix": "http://10." }, { "exact": "https://a.example" }]),
            ),
        ),
        Setup {
            name: "inherited",
            host: json!({ "allow_origin_string_match": [{ "exact": "https://a.example" }], "allow_methods": "GET",
                "allow_headers": "x-a", "allow_credentials": true, "max_age": "10", "expose_headers": "x-c",
                "forward_not_matching_preflights": false }),
            routes: vec![
                ("/methods", json!({ "allow_methods": "PUT" })),
                (
                    "/origins",
                    json!({ "allow_origin_string_match": [{ "suffix": ".example.evil" }], "allow_credentials": false }),
                ),
                ("/off", json!({ "filter_enabled": share(0) })),
                ("/forward", json!({ "forward_not_matching_preflights": true, "max_age": "20" })),
            ],
        },
        Setup {
            name: "off above",
            host: json!({ "allow_origin_string_match": any, "filter_enabled": share(0) }),
            routes: vec![("/methods", json!({ "allow_methods": "PUT" }))],
        },
    ]
}

/// What a request is called, its start, and its headers beside `host`.
type Request = (&'static str, &'static str, Vec<(&'static str, &'static str)>);

/// What every setup is asked.
fn requests() -> Vec<Request> {
    let origin = |value: &'static str| ("origin", value);
    let asks = ("access-control-request-method", "PUT");
    let names = ("access-control-request-headers", "x-a,X-B");
    let a = origin("https://a.example");
    let mut requests = vec![
        ("RequestWithoutOrigin", "GET /", vec![]),
        ("RequestWithOrigin", "GET /", vec![a]),
        ("a request that changes something", "POST /", vec![a]),
        ("OptionsRequestWithoutOrigin", "OPTIONS /", vec![asks]),
        ("OptionsRequestWithOrigin", "OPTIONS /", vec![a]),
        ("OptionsRequestWithoutAccessRequestMethod", "OPTIONS /", vec![a, names]),
        ("an empty method", "OPTIONS /", vec![a, ("access-control-request-method", "")]),
        ("an empty origin", "OPTIONS /", vec![origin(""), asks]),
        ("a preflight", "OPTIONS /", vec![a, asks]),
        ("a preflight for headers", "OPTIONS /", vec![a, asks, names]),
        ("a preflight for no headers", "OPTIONS /", vec![a, asks, ("access-control-request-headers", "")]),
        (
            "a preflight for headers in lines",
            "OPTIONS /",
            vec![a, asks, ("access-control-request-headers", "x-a"), names],
        ),
        ("a preflight for two methods", "OPTIONS /", vec![a, asks, ("access-control-request-method", "GET")]),
        ("two origins", "GET /", vec![a, origin("https://b.example")]),
        ("the same origin twice", "OPTIONS /", vec![a, a, asks]),
        (
            "a preflight to a private network",
            "OPTIONS /",
            vec![a, asks, ("access-control-request-private-network", "true")],
        ),
        (
            "a preflight to another network",
            "OPTIONS /",
            vec![a, asks, ("access-control-request-private-network", "TRUE")],
        ),
        ("a preflight of a route without cluster", "OPTIONS /direct", vec![a, asks]),
        ("a route without cluster", "GET /direct", vec![a]),
        ("a redirect", "GET /missing", vec![a]),
        ("an upstream with its own mind", "GET /own", vec![a]),
        ("an upstream with its own mind, without origin", "GET /own", vec![]),
        ("an upstream with its own mind, of another origin", "GET /own", vec![origin("https://c.test")]),
        ("other letters", "OPTIONS /", vec![origin("https://A.Example"), asks]),
        ("the null origin", "OPTIONS /", vec![origin("null"), asks]),
        ("no origin at all", "GET /", vec![origin("what ever")]),
        ("the wildcard as origin", "GET /", vec![origin("*")]),
    ];
    for (name, path) in [
        ("methods of a route", "OPTIONS /methods"),
        ("origins of a route", "OPTIONS /origins"),
        ("a route that is off", "OPTIONS /off"),
        ("a route that forwards", "OPTIONS /forward"),
    ] {
        for page in ["https://a.example", "https://a.example.evil", "https://a.test", "http://10.0.0.1"] {
            requests.push((name, path, vec![origin(page), asks]));
        }
    }
    for page in [
        "https://a.example.evil",
        "https://evila.example",
        "http://10.0.0.1.evil",
        "https://b.example",
        "https://a.test",
    ] {
        requests.push(("a simple request of another page", "GET /", vec![origin(page)]));
        requests.push(("a preflight of another page", "OPTIONS /", vec![origin(page), asks]));
    }
    requests
}

/// Envoy's own filter, whose policies stand in the routes.
fn native(_: &Setup) -> HttpFilter {
    let typed_config = json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors" });
    HttpFilter::Native { name: NATIVE.to_owned(), typed_config }
}

/// What virtual hosts and routes say to it.
fn native_policies(setups: &[Setup]) -> BTreeMap<String, Value> {
    let typed = |policy: &Value| {
        let mut policy = policy.clone();
        policy["@type"] = json!("type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy");
        json!({ NATIVE: policy })
    };
    let of_setup = |setup: &Setup| {
        let routes = setup.routes.iter().map(|(path, policy)| (format!("{}{path}", setup.name), typed(policy)));
        routes.chain([(setup.name.to_owned(), typed(&setup.host))]).collect::<Vec<_>>()
    };
    setups.iter().flat_map(of_setup).collect()
}

/// Our filter with the same policies.
fn ours(setup: &Setup) -> HttpFilter {
    let module = artifacts::module("cors").expect("the module is built in");
    let module = Module { name: module.name.to_owned(), bytes: module.bytes.into() };
    let routes =
        setup.routes.iter().map(|(path, policy)| json!({ "paths": [format!("{path}*")], "corsPolicy": policy }));
    let policies: Vec<_> = routes.chain([json!({ "corsPolicy": setup.host })]).collect();
    let configuration = json!({ "profile": "envoy", "policies": policies }).to_string();
    HttpFilter::Wasm(Arc::new(Plugin::new("cors", module, configuration)))
}

/// A proxy with a listener for each setup, in their order.
fn proxy(setups: &[Setup], filter: fn(&Setup) -> HttpFilter, upstream: SocketAddr) -> std::io::Result<Proxy> {
    let mut ports = Ports::default();
    let listener = |setup: &Setup| {
        let route = |name: String, prefix: &str, action| Route {
            name,
            matcher: RouteMatch { path: PathMatch::Prefix(prefix.to_owned()), ..RouteMatch::default() },
            action,
            timeout: None,
        };
        let cluster = || RouteAction::Cluster("upstream".to_owned());
        let direct = RouteAction::Direct { status: 403, body: "direct".to_owned() };
        let mut routes = vec![route("direct".to_owned(), "/direct", direct)];
        routes.extend(setup.routes.iter().map(|(path, _)| route(format!("{}{path}", setup.name), path, cluster())));
        routes.push(route("all".to_owned(), "/", cluster()));
        let host = VirtualHost { name: setup.name.to_owned(), domains: vec!["a.test".to_owned()], routes };
        Ok(Listener {
            name: setup.name.to_owned(),
            address: ports.any()?,
            direction: Direction::Outbound,
            routes: Arc::new(RouteTable { name: "routes".to_owned(), virtual_hosts: vec![host] }),
            filters: vec![filter(setup)],
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            connection_manager: ConnectionManager::Bare,
        })
    };
    Ok(Proxy {
        name: "cors".to_owned(),
        node: Node { id: "sidecar~127.0.0.1~a.default~default.svc.cluster.local".to_owned(), ..Node::default() },
        listeners: setups.iter().map(listener).collect::<std::io::Result<_>>()?,
        clusters: vec![Cluster { name: "upstream".to_owned(), endpoints: vec![upstream], protocol: Protocol::Http1 }],
        concurrency: 1,
    })
}

/// An upstream that answers with the head of the request that it got, and for `/own` with CORS headers of its own.
async fn start_mirror() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !seen.windows(4).any(|end| end == b"\r\n\r\n") && socket.read_buf(&mut seen).await? > 0 {}
                let own = "access-control-allow-origin: theirs\r\naccess-control-allow-credentials: theirs\r\n\
                           access-control-allow-methods: theirs\r\naccess-control-expose-headers: theirs\r\nvary: accept\r\n";
                let own = if seen.windows(5).any(|part| part == b" /own") { own } else { "" };
                let start =
                    format!("HTTP/1.1 200 OK\r\n{own}connection: close\r\ncontent-length: {}\r\n\r\n", seen.len());
                socket.write_all(&[start.as_bytes(), &seen].concat()).await
            });
        }
    });
    Ok(address)
}

/// An answer, and in it what the upstream saw.
async fn ask(address: SocketAddr, start: &str, headers: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut socket = TcpStream::connect(address).await?;
    // A host that no virtual host has is not found.
    let host = if start.ends_with("/missing") { "b.test" } else { "a.test" };
    let mut request = format!("{start} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    socket.write_all(format!("{request}\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    // Envoy closes a connection a second later, if the client does not.
    while !is_complete(&answer) && socket.read_buf(&mut answer).await? > 0 {}
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    // Headers have no order among them, neither here nor at the upstream.
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect();
        lines.get_mut(1..).unwrap_or_default().sort_unstable();
        lines.join("\n")
    };
    Ok(format!("{}\n\n{}", sorted(head), sorted(body)))
}

/// Whether an answer has all of its body.
fn is_complete(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// Everything that a proxy answers, by setup and request.
async fn answers(setups: &[Setup], proxy: &Proxy) -> anyhow::Result<BTreeMap<String, String>> {
    let mut answers = BTreeMap::new();
    for (setup, listener) in setups.iter().zip(&proxy.listeners) {
        for (name, start, headers) in requests() {
            let case = format!("{}: {name}, {start} {headers:?}", setup.name);
            let answer = tokio::time::timeout(PATIENCE, ask(listener.address, start, &headers)).await;
            answers.insert(case.clone(), answer.with_context(|| case)??);
        }
    }
    Ok(answers)
}

#[track_caller]
fn compare(plane: &str, native: &BTreeMap<String, String>, ours: &BTreeMap<String, String>) {
    let different = native.iter().filter(|(case, expected)| ours.get(*case) != Some(expected));
    let complaints: Vec<_> = different
        .map(|(case, expected)| {
            format!("{case}\n-- native\n{expected}\n-- ours\n{}", ours.get(case).map_or("", String::as_str))
        })
        .collect();
    assert!(
        complaints.is_empty(),
        "{plane}: {} of {} cases:\n{}",
        complaints.len(),
        native.len(),
        complaints.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn our_filter_answers_as_envoys_own_does() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let upstream = start_mirror().await?;
    let setups = setups();
    let reference = proxy(&setups, native, upstream)?;
    let options = StartOptions { per_route: native_policies(&setups), ..StartOptions::default() };
    let envoy = EnvoyProcess::start(&binary, &reference, &options).await?;
    let native = answers(&setups, &reference).await?;
    drop(envoy);
    assert!(native.values().any(|answer| answer.contains("access-control-allow-origin: https://a.example")));
    let in_envoy = proxy(&setups, ours, upstream)?;
    let _envoy = EnvoyProcess::start(&binary, &in_envoy, &StartOptions::default()).await?;
    compare("in a real Envoy", &native, &answers(&setups, &in_envoy).await?);
    let in_engine = proxy(&setups, ours, upstream)?;
    let environment = Arc::new(SystemEnvironment::new(LogLevel::Error, |line| eprintln!("{}", line.message)));
    let _engine = EmbeddedProxy::start(&in_engine, vec![], environment, Modules::new()?).await?;
    compare("in the engine", &native, &answers(&setups, &in_engine).await?);
    Ok(())
}
