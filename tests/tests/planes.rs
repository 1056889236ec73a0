//! The embedded plane beside the real Envoy, byte by byte over sockets: what each makes of a request that no plugin touches.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use host_harness::abi::LogLevel;
use host_harness::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, Listener, Node, PathMatch, Protocol, Proxy, Route,
    RouteAction, RouteMatch, RouteTable, VirtualHost,
};
use host_harness::envoy::Modules;
use host_harness::envoy_process::{EnvoyProcess, StartOptions};
use host_harness::proxy::{EmbeddedProxy, SystemEnvironment};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The `x-envoy-*` headers that mean something to Envoy; most of them only from a client that it knows to be internal.
const INTERNAL: [&str; 21] = [
    "attempt-count",
    "decorator-operation",
    "downstream-service-cluster",
    "downstream-service-node",
    "expected-rq-timeout-ms",
    "force-trace",
    "hedge-on-per-try-timeout",
    "internal",
    "ip-tags",
    "max-retries",
    "original-path",
    "original-url",
    "retriable-header-names",
    "retriable-status-codes",
    "retry-grpc-on",
    "retry-on",
    "upstream-alt-stat-name",
    "upstream-rq-per-try-timeout-ms",
    "upstream-rq-timeout-alt-response",
    "upstream-rq-timeout-ms",
    "upstream-stream-duration-ms",
];

/// Requests as they stand on the wire. Each asks for the end of its connection, so that the answer has an end.
fn requests() -> Vec<(&'static str, Vec<u8>)> {
    let request = |head: &str, body: &[u8]| {
        let head = head.replace('\n', "\r\n");
        [head.as_bytes(), b"\r\n", body].concat()
    };
    let large = format!("GET / HTTP/1.1\nhost: a\nconnection: close\nx-large: {}\n", "a".repeat(62_000));
    let many = format!("GET / HTTP/1.1\nhost: a\nconnection: close\n{}", "x-many: 1\n".repeat(101));
    let plain = "GET /a?b=c HTTP/1.1\nHost: a.test:8001\nX-Case: Kept\nconnection: close\n";
    let hops = "GET / HTTP/1.1\nhost: a\nconnection: close, x-hop\nx-hop: 1\nkeep-alive: 5\nproxy-connection: a\nte: trailers, deflate\n";
    let client = "GET / HTTP/1.1\nhost: a\nconnection: close\nx-forwarded-for: 1.2.3.4\nx-forwarded-proto: https\nx-request-id: mine\nx-envoy-own: kept\n";
    let internal: String = INTERNAL.iter().map(|name| format!("x-envoy-{name}: 1\n")).collect();
    let internal = format!("{client}{internal}");
    vec![
        ("what only a proxy may say", request(&internal, b"")),
        ("a plain request", request(plain, b"")),
        ("headers of one connection", request(hops, b"")),
        ("what a client says about itself", request(client, b"")),
        (
            "bytes that are no UTF-8",
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-bytes: \xff\xfe\r\n\r\n".to_vec(),
        ),
        ("an absolute target", request("GET http://b.test:8001/x HTTP/1.1\nhost: a\nconnection: close\n", b"")),
        (
            "a body of a known length",
            request("POST / HTTP/1.1\nhost: a\nconnection: close\ncontent-length: 3\n", b"abc"),
        ),
        ("no body where one is usual", request("POST / HTTP/1.1\nhost: a\nconnection: close\n", b"")),
        ("the head alone", request("HEAD / HTTP/1.1\nhost: a\nconnection: close\n", b"")),
        ("an upgrade", request("GET / HTTP/1.1\nhost: a\nconnection: upgrade\nupgrade: websocket\n", b"")),
        ("a tunnel", request("CONNECT a:80 HTTP/1.1\nhost: a:80\n", b"")),
        ("no host", request("GET / HTTP/1.1\nconnection: close\n", b"")),
        ("an old version", request("GET / HTTP/1.0\nhost: a\n", b"")),
        ("headers that are too large", request(&large, b"")),
        ("too many headers", request(&many, b"")),
        ("an upstream that hangs up", request("GET /cut HTTP/1.1\nhost: a\nconnection: close\n", b"")),
        ("an upstream that refuses", request("GET /refused HTTP/1.1\nhost: a\nconnection: close\n", b"")),
        ("an upstream without endpoints", request("GET /empty HTTP/1.1\nhost: a\nconnection: close\n", b"")),
    ]
}

/// An upstream that answers with the head of the request that it got, and with headers that a proxy has to think about.
async fn start_mirror() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !seen.windows(4).any(|end| end == b"\r\n\r\n") && socket.read_buf(&mut seen).await? > 0 {}
                if seen.starts_with(b"GET /cut") {
                    return Ok(());
                }
                let head = seen.split(|byte| *byte == b'\r').flatten().copied().collect::<Vec<u8>>();
                let body = if head.starts_with(b"HEAD") { &[][..] } else { &head };
                let fields = "server: own\r\nx-own: 1\r\nkeep-alive: 5\r\nproxy-connection: a\r\nconnection: close\r\n";
                let start = format!("HTTP/1.1 200 OK\r\n{fields}content-length: {}\r\n\r\n", head.len());
                socket.write_all(&[start.as_bytes(), body].concat()).await
            });
        }
    });
    Ok(address)
}

async fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

async fn proxy(node: &str, manager: ConnectionManager, mirror: SocketAddr) -> anyhow::Result<Proxy> {
    let route = |prefix: &str, cluster: &str| Route {
        name: String::new(),
        matcher: RouteMatch { path: PathMatch::Prefix(prefix.to_owned()), ..RouteMatch::default() },
        action: RouteAction::Cluster(cluster.to_owned()),
        timeout: None,
    };
    let routes = vec![route("/refused", "refused"), route("/empty", "empty"), route("/", "mirror")];
    let cluster = |name: &str, endpoints| Cluster { name: name.to_owned(), endpoints, protocol: Protocol::Http1 };
    Ok(Proxy {
        name: node.to_owned(),
        node: Node { id: node.to_owned(), cluster: "cluster".to_owned(), ..Node::default() },
        listeners: vec![Listener {
            name: "listener".to_owned(),
            address: free_address().await?,
            direction: Direction::Outbound,
            routes: Arc::new(RouteTable {
                name: "routes".to_owned(),
                virtual_hosts: vec![VirtualHost { name: "any".to_owned(), domains: vec!["*".to_owned()], routes }],
            }),
            filters: vec![],
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            connection_manager: manager,
        }],
        clusters: vec![
            cluster("mirror", vec![mirror]),
            cluster("refused", vec![free_address().await?]),
            cluster("empty", vec![]),
        ],
        concurrency: 1,
    })
}

/// Every line that is answered, the head of the mirrored request among them, without what differs in every run.
async fn ask(address: SocketAddr, request: &[u8]) -> anyhow::Result<BTreeSet<String>> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(request).await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    let lines = answer.split(|byte| *byte == b'\n').map(|line| line.trim_ascii().escape_ascii().to_string());
    Ok(lines.filter(|line| !line.is_empty()).map(|line| without_chance(&line)).collect())
}

fn without_chance(line: &str) -> String {
    // hyper answers in the client's own version.
    let line = line.strip_prefix("HTTP/1.0 ").map_or(line.to_owned(), |rest| format!("HTTP/1.1 {rest}"));
    let line = line.as_str();
    let Some((name, value)) = line.split_once(": ") else { return line.to_owned() };
    match (name, value) {
        ("date" | "x-envoy-upstream-service-time" | "content-length", _) => format!("{name}: …"),
        ("x-request-id", value) if value.len() == 36 => format!("{name}: …"),
        // A real Envoy writes the machine's own address for a client on the loopback interface.
        ("x-forwarded-for", value) if value != "1.2.3.4" => {
            let before = value.rsplit_once(',').map(|(before, _)| before).unwrap_or_default();
            format!("{name}: {before},…")
        }
        _ => line.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_planes_treat_a_request_alike() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let mirror = start_mirror().await?;
    let mut differences = Vec::new();
    for (node, manager) in [
        ("sidecar~127.0.0.1~a.default~default.svc.cluster.local", ConnectionManager::Mesh),
        ("router~127.0.0.1~a.default~default.svc.cluster.local", ConnectionManager::Mesh),
        ("sidecar~127.0.0.1~a.default~default.svc.cluster.local", ConnectionManager::Bare),
    ] {
        let embedded = proxy(node, manager, mirror).await?;
        let real = proxy(node, manager, mirror).await?;
        let environment = Arc::new(SystemEnvironment::new(LogLevel::Warn, |_| {}));
        let _embedded = EmbeddedProxy::start(&embedded, vec![], environment, Modules::new()?).await?;
        let _real = EnvoyProcess::start(&binary, &real, &StartOptions::default()).await?;
        let address = |proxy: &Proxy| proxy.listeners.first().map(|it| it.address).context("one listener");
        let (to_embedded, to_real) = (address(&embedded)?, address(&real)?);
        let mut asking = JoinSet::new();
        for (name, request) in requests() {
            asking.spawn(async move {
                let answers = tokio::try_join!(ask(to_embedded, &request), ask(to_real, &request));
                answers.context(name).map(|(ours, theirs)| (name, ours, theirs))
            });
        }
        for answers in asking.join_all().await {
            let (name, ours, theirs) = answers?;
            if ours != theirs {
                let kind = node.split('~').next().unwrap_or_default();
                let (more, less) = (&ours - &theirs, &theirs - &ours);
                differences
                    .push(format!("{kind} {manager:?}, {name}:\n  only embedded {more:?}\n  only Envoy {less:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}
