//! A gRPC server over HTTP/2 for any method of `tests/protos`, which answers what the request's metadata asks for.
//!
//! Without such wishes the answer is made of the request: the same message where the method answers with the type that it
//! takes, the first field of the answer's type where the request has one, else an empty message; a streaming method answers
//! so to each message. Every gRPC reply says in the header `received` what the server made of the messages, so that a test sees
//! what arrived whatever the reply is. What is not gRPC is answered in plain text, with what was asked.

mod frame;
mod reply;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor, SerializeOptions};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::protos;
pub use reply::unhex;
use reply::{Reply, Wishes};

/// How much of what was received is told.
const TOLD: usize = 300;

type Body = BoxBody<Bytes, Infallible>;

/// A running server; dropping it ends it.
pub struct GrpcUpstream {
    /// Where it listens.
    pub address: SocketAddr,
    _connections: JoinSet<()>,
}

impl GrpcUpstream {
    /// Starts one on a port that is free.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener));
        Ok(Self { address, _connections: connections })
    }
}

async fn accept(listener: TcpListener) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(async move {
            let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) });
            // A connection that breaks concerns its client alone.
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let wishes = Wishes::of(&head.headers);
    let shown = wishes.shown_head(&head);
    // A request that is cut off has whatever came of it.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    tokio::time::sleep(wishes.delay).await;
    let is_grpc = head.headers.get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/grpc"));
    let mut response = match method(head.uri.path()) {
        Some(method) if is_grpc => grpc(&method, &body, wishes),
        _ => plain(&head, &body),
    };
    if let Some(shown) = shown {
        response.headers_mut().insert("seen-head", shown);
    }
    response
}

/// `/package.Service/Method`.
fn method(path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    protos::pool().get_service_by_name(service)?.methods().find(|it| it.name() == method)
}

fn plain(head: &http::request::Parts, body: &[u8]) -> Response<Body> {
    let kind =
        head.headers.get("content-type").map_or("no content type".into(), |it| String::from_utf8_lossy(it.as_bytes()));
    let text = format!("plain {} {} ({kind}): {}", head.method, head.uri, body.escape_ascii());
    Response::new(Full::from(text).boxed())
}

fn grpc(method: &MethodDescriptor, body: &[u8], wishes: Wishes) -> Response<Body> {
    let received = frame::messages(body).and_then(|messages| {
        let decode = |message: &Vec<u8>| {
            DynamicMessage::decode(method.input(), message.as_slice()).map_err(|error| format!("no message: {error}"))
        };
        messages.iter().map(decode).collect::<Result<Vec<_>, _>>()
    });
    let told = match &received {
        Ok(messages) => messages.iter().map(json).collect::<Vec<_>>().join(" "),
        Err(problem) => format!("{problem}: {}", body.escape_ascii()),
    };
    let messages = wishes.messages(method, received.as_deref().unwrap_or_default());
    let mut reply = wishes.reply(&messages);
    if received.is_err() && !reply.has_status() {
        reply.refuse();
    }
    if !wishes.quiet() {
        reply.headers.insert("received", header(&told));
    }
    response(reply)
}

fn response(reply: Reply) -> Response<Body> {
    let Reply { status, headers, data, trailers } = reply;
    let frames: Vec<Result<Frame<Bytes>, Infallible>> = data
        .into_iter()
        .map(|chunk| Ok(Frame::data(Bytes::from(chunk))))
        .chain(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
        .collect();
    // Only an empty body lets the headers end the stream, as trailers-only wants it.
    let body = if frames.is_empty() {
        Full::default().boxed()
    } else {
        BodyExt::boxed(StreamBody::new(futures_util::stream::iter(frames)))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Canonical JSON, in ASCII.
fn json(message: &DynamicMessage) -> String {
    let options = SerializeOptions::new();
    match message.serialize_with_options(serde_json::value::Serializer, &options) {
        Ok(value) => value.to_string(),
        Err(error) => format!("not JSON ({error}): {}", message.encode_to_vec().escape_ascii()),
    }
}

fn header(text: &str) -> HeaderValue {
    let ascii: String = text
        .chars()
        .flat_map(|c| if c.is_ascii() && !c.is_ascii_control() { vec![c] } else { c.escape_unicode().collect() })
        .collect();
    let told = match ascii.get(..TOLD) {
        Some(start) => format!("{start}… of {}", ascii.len()).replace('…', "..."),
        None => ascii,
    };
    HeaderValue::from_str(&told).unwrap_or(HeaderValue::from_static("unspeakable"))
}

/// Every value of a header, as text.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}
