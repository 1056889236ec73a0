//! The embedded proxy over loopback sockets, with no plugin: what the sockets, the connection manager and the router do.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::*;
use crate::abi::LogLevel;
use crate::bootstrap::{
    Cluster, ConnectionManager, DEFAULT_BUFFER_LIMIT, Direction, Listener, Node, Protocol, Route, RouteAction,
    RouteMatch, RouteTable, VirtualHost,
};

type ChannelBody = BoxBody<Bytes, Infallible>;

/// A proxy whose one listener sends everything to one cluster.
async fn start(
    endpoints: Vec<SocketAddr>,
    protocol: Protocol,
    timeout: Option<Duration>,
) -> (EmbeddedProxy, SocketAddr) {
    let socket = StdTcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("its address");
    let action = RouteAction::Cluster("upstream".to_owned());
    let route = Route { name: String::new(), matcher: RouteMatch::default(), action, timeout };
    let host = VirtualHost { name: "any".to_owned(), domains: vec!["*".to_owned()], routes: vec![route] };
    let proxy = Proxy {
        name: "proxy".to_owned(),
        node: Node::default(),
        listeners: vec![Listener {
            name: "listener".to_owned(),
            address,
            direction: Direction::Unspecified,
            routes: Arc::new(RouteTable { name: String::new(), virtual_hosts: vec![host] }),
            filters: vec![],
            buffer_limit: DEFAULT_BUFFER_LIMIT,
            connection_manager: ConnectionManager::Mesh,
        }],
        clusters: vec![Cluster { name: "upstream".to_owned(), endpoints, protocol }],
        concurrency: 2,
    };
    let environment = Arc::new(SystemEnvironment::new(LogLevel::Info, |_| {}));
    (
        EmbeddedProxy::start(&proxy, vec![socket], environment, Modules::new().expect("the engine"))
            .await
            .expect("a proxy"),
        address,
    )
}

/// An upstream that sends each part of a body back as it comes, and the trailers at the end.
async fn start_echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("a connection");
            let echo = service_fn(|request: Request<Incoming>| async {
                let (parts, body) = request.into_parts();
                let mut response = Response::new(body);
                *response.headers_mut() = parts.headers;
                response.headers_mut().insert("x-target", parts.uri.to_string().parse().expect("a value"));
                Ok::<_, Infallible>(response)
            });
            tokio::spawn(async move {
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(socket), echo).await;
            });
        }
    });
    address
}

fn sending() -> (mpsc::UnboundedSender<Frame<Bytes>>, ChannelBody) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let frames = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context).map(|it| it.map(Ok)));
    (sender, BodyExt::boxed(StreamBody::new(frames)))
}

async fn send(address: SocketAddr, version: Version, request: Request<ChannelBody>) -> Response<Incoming> {
    let socket = TokioIo::new(TcpStream::connect(address).await.expect("a connection"));
    if version == Version::HTTP_2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.expect("a handshake");
        tokio::spawn(connection);
        return sender.send_request(request).await.expect("a response");
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(socket).await.expect("a handshake");
    tokio::spawn(connection);
    sender.send_request(request).await.expect("a response")
}

fn request(body: ChannelBody) -> Request<ChannelBody> {
    let request = Request::post("http://echo.test/a?b").header("host", "echo.test").header("x-bytes", &b"\xff\xfe"[..]);
    request.body(body).expect("a request")
}

async fn text(response: Response<Incoming>) -> String {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    format!("{status} {}", String::from_utf8_lossy(&body))
}

#[tokio::test]
async fn bodies_flow_both_ways_at_once_and_bytes_of_any_kind_pass() {
    let echo = start_echo().await;
    for upstream in [Protocol::Http1, Protocol::Http2] {
        let (_proxy, address) = start(vec![echo], upstream, None).await;
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let (frames, body) = sending();
            frames.send(Frame::data(Bytes::from_static(b"one"))).expect("a body");
            let mut response = send(address, version, request(body)).await;
            assert_eq!(response.headers().get("x-bytes").expect("it").as_bytes(), b"\xff\xfe");
            assert_eq!(response.headers().get("server").expect("it"), "envoy");
            assert_eq!(response.headers().get("x-envoy-expected-rq-timeout-ms").expect("it"), "15000");
            // The first part is back before the second is sent.
            let part = response.frame().await.expect("a part").expect("data").into_data().ok();
            assert_eq!(part.as_deref(), Some(&b"one"[..]), "{upstream:?} {version:?}");
            frames.send(Frame::data(Bytes::from_static(b"two"))).expect("a body");
            let trailers = http::HeaderMap::from_iter([(
                http::HeaderName::from_static("x-trailer"),
                http::HeaderValue::from_static("end"),
            )]);
            frames.send(Frame::trailers(trailers)).expect("a body");
            drop(frames);
            let rest = response.into_body().collect().await.expect("the rest");
            // Envoy passes trailers on only where both sides speak HTTP/2.
            let trailers = rest.trailers().is_some();
            assert_eq!(trailers, upstream == Protocol::Http2 && version == Version::HTTP_2, "{upstream:?} {version:?}");
            assert_eq!(rest.to_bytes(), "two");
        }
    }
}

#[tokio::test]
async fn an_upstream_that_cannot_answer_is_answered_for() {
    let empty = || request(Full::default().boxed());
    let (_proxy, address) = start(vec![], Protocol::Http1, None).await;
    assert_eq!(text(send(address, Version::HTTP_11, empty()).await).await, "503 no healthy upstream");

    let closed = StdTcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let (_proxy, address) = start(vec![closed], Protocol::Http1, None).await;
    let refused = text(send(address, Version::HTTP_11, empty()).await).await;
    assert!(refused.starts_with("503 upstream connect error or disconnect/reset before headers."), "{refused}");

    // It accepts, and says nothing.
    let silent = StdTcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = silent.local_addr().expect("its address");
    let (_proxy, address) = start(vec![endpoint], Protocol::Http1, Some(Duration::from_millis(50))).await;
    assert_eq!(text(send(address, Version::HTTP_2, empty()).await).await, "504 upstream request timeout");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_upstream_request() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (_proxy, address) = start(vec![upstream.local_addr().expect("it")], Protocol::Http1, None).await;
    let mut client = TcpStream::connect(address).await.expect("a connection");
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let (mut request, _) = upstream.accept().await.expect("the request");
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        request.read_buf(&mut seen).await.expect("its head");
    }
    drop(client);
    // The proxy's connection ends, which is the end of what can be read.
    assert_eq!(request.read_to_end(&mut seen).await.expect("the end"), 0);
}

#[tokio::test]
async fn a_request_that_is_none_closes_the_connection() {
    let (_proxy, address) = start(vec![], Protocol::Http1, None).await;
    let large = format!("GET / HTTP/1.1\r\nhost: a\r\nx-large: {}\r\n\r\n", "a".repeat(62_000));
    for (request, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"),
        ("GET / HTTP/1.0\r\nhost: a\r\n\r\n", "HTTP/1.0 426 Upgrade Required\r\n"),
        (large.as_str(), "HTTP/1.1 431 Request Header Fields Too Large\r\n"),
    ] {
        let mut client = TcpStream::connect(address).await.expect("a connection");
        client.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.expect("the end");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(expected), "{answer}");
        assert!(answer.contains("server: envoy\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn connections_are_dealt_out_to_the_workers_in_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let (first, mut to_first) = mpsc::unbounded_channel();
    let (second, mut to_second) = mpsc::unbounded_channel();
    let accepting = tokio::spawn(accept(listener, 0, vec![first, second], Arc::new(AtomicU64::new(1))));
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(TcpStream::connect(address).await.expect("a connection"));
        clients.push(TcpStream::connect(address).await.expect("a connection"));
        let (one, other) = (to_first.recv().await.expect("one"), to_second.recv().await.expect("other"));
        assert_eq!(one.id % 2, 1);
        assert_eq!(other.id % 2, 0);
    }
    accepting.abort();
}
