//! The two services of the guides' gray release: A, which speaks HTTP and calls B, and B, which speaks gRPC.
//!
//! `GET /hello` of A answers what served it: `--> HTTP A-Base --> gRPC B-Gray.` The method
//! `helloworld.HelloWorld/SayHello`, the hosts, the ports and the environment are those of the public demo
//! WenDev/spring-boot-istio-demo. Of the headers that either is asked with it passes on only those of
//! [tracing](super::TRACING_HEADERS), from HTTP to gRPC as metadata.
//!
//! Two things beyond the demo are for tests. `/hello?hops=3` goes through three services, A → B → A; without it through
//! two. `/hello?after=127.0.0.1:4000` is answered by A alone and at once: A connects to whoever listens there, waits
//! for a line, only then calls B, and writes what has served to the same connection.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tonic::Status;
use tonic::server::{Grpc, UnaryService};
use tonic_prost::ProstCodec;

use super::{client, server};

/// The one method of B.
pub const METHOD: &str = "/helloworld.HelloWorld/SayHello";

/// How many services a request passes where it does not say so: A and B.
const HOPS: u32 = 2;
/// A request that asks for more is refused.
const MOST_HOPS: u32 = 8;

/// What B is asked.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloRequest {
    /// Whom the demo greets; it says nothing about what served.
    #[prost(string, tag = "1")]
    pub name: String,
    /// How many services the request has yet to pass. Clients with the demo's own `.proto` send 0: B alone, like 1.
    #[prost(uint32, tag = "2")]
    pub hops: u32,
}

/// What B answers.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HelloResponse {
    /// What served, from B on.
    #[prost(string, tag = "1")]
    pub message: String,
}

/// One instance of A, `gray-http`.
#[derive(Clone, Debug)]
pub struct GrayHttp {
    served: String,
    backend: String,
    proxy: Option<SocketAddr>,
}

/// One instance of B, `gray-grpc`.
#[derive(Clone, Debug)]
pub struct GrayGrpc {
    served: String,
    backend: String,
    proxy: Option<SocketAddr>,
}

impl GrayHttp {
    /// The service with the name and version that it reports. It calls what `GRPC_SERVER_HOST` and `GRPC_SERVER_PORT`
    /// of this environment say, through `proxy`; without one it connects by itself.
    pub fn new(name: &str, version: &str, environment: &BTreeMap<String, String>, proxy: Option<SocketAddr>) -> Self {
        let backend = backend(environment, "GRPC_SERVER", "spring-boot-istio-server:18888");
        Self { served: format!("--> HTTP {name}-{version}"), backend, proxy }
    }

    /// Serves until it is dropped, and every connection of it too.
    pub async fn serve(self, listener: TcpListener) -> io::Error {
        let service = Arc::new(self);
        server::serve(listener, move |request, _| {
            let service = Arc::clone(&service);
            async move { service.answer(request).await.unwrap_or_else(|refusal| refusal) }
        })
        .await
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Page, Page> {
        if request.uri().path() != "/hello" {
            return Err(page(StatusCode::NOT_FOUND, String::new()));
        }
        if request.method() != Method::GET {
            return Err(page(StatusCode::METHOD_NOT_ALLOWED, String::new()));
        }
        let query = request.uri().query().unwrap_or_default();
        let asked = Asked::read(query).map_err(|refusal| page(StatusCode::BAD_REQUEST, refusal))?;
        let headers = client::tracing_only(request.headers());
        if let Some(listener) = asked.after {
            let answered = page(StatusCode::OK, chain(&self.served, None));
            // It ends at the latest with the connection to whoever listens.
            tokio::spawn(async move { self.call_later(listener, asked.hops, headers).await });
            return Ok(answered);
        }
        let chain = self.chain(asked.hops, headers).await;
        Ok(chain.map_or_else(
            |status| page(StatusCode::INTERNAL_SERVER_ERROR, failure(&status)),
            |chain| page(StatusCode::OK, chain),
        ))
    }

    /// What serves the rest of the way, from here on.
    async fn chain(&self, hops: u32, headers: HeaderMap) -> Result<String, Status> {
        let further = hops.saturating_sub(1);
        if further == 0 {
            return Ok(chain(&self.served, None));
        }
        let request = HelloRequest { name: String::new(), hops: further };
        let HelloResponse { message } = client::call(self.proxy, &self.backend, METHOD, headers, request).await?;
        Ok(chain(&self.served, Some(&message)))
    }

    async fn call_later(&self, listener: SocketAddr, hops: u32, headers: HeaderMap) -> io::Result<()> {
        let mut socket = BufReader::new(TcpStream::connect(listener).await?);
        if socket.read_line(&mut String::new()).await? == 0 {
            return Ok(());
        }
        let said = self.chain(hops, headers).await.unwrap_or_else(|status| failure(&status));
        socket.write_all(said.as_bytes()).await?;
        socket.shutdown().await
    }
}

/// What the query of a request says.
struct Asked {
    hops: u32,
    after: Option<SocketAddr>,
}

impl Asked {
    fn read(query: &str) -> Result<Self, String> {
        let value = |name: &str| {
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == name).map(|pair| pair.1)
        };
        let hops = match value("hops") {
            None => HOPS,
            Some(text) => text
                .parse()
                .ok()
                .filter(|hops| (1..=MOST_HOPS).contains(hops))
                .ok_or_else(|| format!("hops: expected a number from 1 to {MOST_HOPS}, but found {text:?}"))?,
        };
        let after = match value("after") {
            None => None,
            Some(text) => {
                let address = text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
                Some(address.ok_or_else(|| {
                    format!("after: expected an address on this machine such as 127.0.0.1:4000, but found {text:?}")
                })?)
            }
        };
        Ok(Self { hops, after })
    }
}

impl GrayGrpc {
    /// The service with the name and version that it reports. Where a request has yet to pass more services, it calls
    /// what `HTTP_SERVER_HOST` and `HTTP_SERVER_PORT` of this environment say, through `proxy`; without one it connects
    /// by itself.
    pub fn new(name: &str, version: &str, environment: &BTreeMap<String, String>, proxy: Option<SocketAddr>) -> Self {
        let backend = backend(environment, "HTTP_SERVER", "spring-boot-istio-client:19090");
        Self { served: format!("--> gRPC {name}-{version}"), backend, proxy }
    }

    /// Serves until it is dropped, and every connection of it too.
    pub async fn serve(self, listener: TcpListener) -> io::Error {
        server::serve(listener, move |request, _| {
            let service = self.clone();
            async move { service.answer(request).await }
        })
        .await
    }

    async fn answer(self, request: Request<Incoming>) -> Response<tonic::body::Body> {
        match request.uri().path() {
            METHOD => Grpc::new(ProstCodec::<HelloResponse, HelloRequest>::default()).unary(self, request).await,
            path => Status::unimplemented(format!("expected {METHOD}, but found {path}")).into_http(),
        }
    }

    async fn hello(&self, request: tonic::Request<HelloRequest>) -> Result<tonic::Response<HelloResponse>, Status> {
        let (metadata, _, HelloRequest { hops, .. }) = request.into_parts();
        let further = hops.saturating_sub(1);
        if further == 0 {
            return Ok(tonic::Response::new(HelloResponse { message: chain(&self.served, None) }));
        }
        let path = format!("/hello?hops={further}");
        let headers = client::tracing_only(&metadata.into_headers());
        match client::get(self.proxy, &self.backend, &path, headers).await {
            Ok((StatusCode::OK, rest)) => {
                Ok(tonic::Response::new(HelloResponse { message: chain(&self.served, Some(&rest)) }))
            }
            Ok((status, body)) => Err(Status::unknown(format!("{}: {status}: {body}", self.backend))),
            Err(error) => Err(Status::unavailable(format!("{}: {error:#}", self.backend))),
        }
    }
}

impl UnaryService<HelloRequest> for GrayGrpc {
    type Response = HelloResponse;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<HelloResponse>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<HelloRequest>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { service.hello(request).await })
    }
}

/// Where `<prefix>_HOST` and `<prefix>_PORT` lead, with the demo's own host and port in place of what is not said.
fn backend(environment: &BTreeMap<String, String>, prefix: &str, demo: &str) -> String {
    let (host, port) = demo.split_once(':').unwrap_or_default();
    let value = |part: &str, default: &str| {
        let said = environment.get(&format!("{prefix}_{part}")).filter(|it| !it.is_empty());
        said.map_or_else(|| default.to_owned(), Clone::clone)
    };
    format!("{}:{}", value("HOST", host), value("PORT", port))
}

/// What served here, and what served further on.
fn chain(served: &str, rest: Option<&str>) -> String {
    rest.map_or_else(|| format!("{served}."), |rest| format!("{served} {rest}"))
}

fn failure(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

type Page = Response<Full<Bytes>>;

fn page(status: StatusCode, body: String) -> Page {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::HeaderName;
    use tokio::io::AsyncReadExt;
    use tokio::sync::mpsc;

    use super::*;

    async fn listen() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        (listener, address)
    }

    async fn start_http(version: &str, proxy: Option<SocketAddr>) -> SocketAddr {
        let (listener, address) = listen().await;
        tokio::spawn(GrayHttp::new("A", version, &BTreeMap::new(), proxy).serve(listener));
        address
    }

    async fn start_grpc(version: &str, proxy: Option<SocketAddr>) -> SocketAddr {
        let (listener, address) = listen().await;
        tokio::spawn(GrayGrpc::new("B", version, &BTreeMap::new(), proxy).serve(listener));
        address
    }

    /// A proxy's stand-in that shows where a request is for and which headers it has, and hands it to B.
    async fn start_echo() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
        let (listener, address) = listen().await;
        let (seen, requests) = mpsc::unbounded_channel();
        tokio::spawn(server::serve(listener, move |request, _| {
            let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
            let _ = seen.send(format!("{} {}", request.uri(), names.join(" ")));
            GrayGrpc::new("B", "Base", &BTreeMap::new(), None).answer(request)
        }));
        (address, requests)
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let headers = ["x-request-id", "x-b3-traceid", "x-b3-sampled", "traceparent", "userdefinelabel1", "baggage"]
            .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("1")));
        let (status, body) =
            client::get(Some(address), "any", path, headers.into_iter().collect()).await.expect("an answer");
        format!("{} {body}", status.as_u16())
    }

    #[tokio::test]
    async fn the_answer_names_what_served() {
        let first = start_http("Base", Some(start_grpc("Gray", None).await)).await;
        assert_eq!(get(first, "/hello").await, "200 --> HTTP A-Base --> gRPC B-Gray.");
        assert_eq!(get(first, "/hello?hops=1").await, "200 --> HTTP A-Base.");
        assert_eq!(get(first, "/other").await, "404 ");
    }

    #[tokio::test]
    async fn a_request_comes_back_to_the_first_service_when_asked_to() {
        let last = start_http("Gray", None).await;
        let first = start_http("Base", Some(start_grpc("Gray", Some(last)).await)).await;
        assert_eq!(get(first, "/hello?hops=3").await, "200 --> HTTP A-Base --> gRPC B-Gray --> HTTP A-Gray.");
    }

    #[tokio::test]
    async fn only_tracing_headers_travel_as_metadata() {
        let (proxy, mut requests) = start_echo().await;
        get(start_http("Base", Some(proxy)).await, "/hello").await;
        insta::assert_snapshot!(requests.recv().await.expect("a request"), @"http://spring-boot-istio-server:18888/helloworld.HelloWorld/SayHello x-request-id x-b3-traceid x-b3-sampled te content-type");
    }

    #[tokio::test]
    async fn a_call_after_the_answer_is_made_when_told() {
        let first = start_http("Base", Some(start_grpc("Gray", None).await)).await;
        let (listener, address) = listen().await;
        assert_eq!(get(first, &format!("/hello?after={address}")).await, "200 --> HTTP A-Base.");
        let (mut socket, _) = listener.accept().await.expect("a connection");
        socket.write_all(b"now\n").await.expect("a listener");
        let mut said = String::new();
        socket.read_to_string(&mut said).await.expect("what was answered");
        assert_eq!(said, "--> HTTP A-Base --> gRPC B-Gray.");
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_said() {
        // Nothing listens at the port of a listener that is gone.
        let (_, nowhere) = listen().await;
        let service = start_http("Base", Some(nowhere)).await;
        insta::assert_snapshot!(get(service, "/hello?hops=9").await, @r#"400 hops: expected a number from 1 to 8, but found "9""#);
        insta::assert_snapshot!(get(service, "/hello?after=192.0.2.1:80").await, @r#"400 after: expected an address on this machine such as 127.0.0.1:4000, but found "192.0.2.1:80""#);
        insta::assert_snapshot!(get(service, "/hello").await, @"500 Unavailable: spring-boot-istio-server:18888: Connection refused (os error 111)");
    }
}
