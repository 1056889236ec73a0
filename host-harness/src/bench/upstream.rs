//! A gRPC service for the filters that call one: replies that are written once, over HTTP/2.
//!
//! It has a thread of its own, since the one that measures is busy with the load. What it costs is not measured.

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::oneshot;

use crate::samples::server;

/// What a method answers to a message: the message of the reply.
pub(super) type Answer = fn(path: &str, message: &[u8]) -> Vec<u8>;

/// The running service; dropping it ends it.
pub(super) struct Upstream {
    /// Where it listens.
    pub(super) address: SocketAddr,
    _end: oneshot::Sender<Infallible>,
}

impl Upstream {
    /// Starts it on a port that is free.
    pub(super) fn start(answer: Answer) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new().name("bench upstream".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::select! {
                    _ = server::serve(listener, move |request, _| reply(request, answer)) => {}
                    _ = ended => {}
                }
            });
        })?;
        Ok(Self { address, _end: end })
    }
}

async fn reply(request: Request<Incoming>, answer: Answer) -> Response<BoxBody<Bytes, Infallible>> {
    let (head, body) = request.into_parts();
    // A request that is cut off gets an answer that nobody reads.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let message = framed(&answer(head.uri.path(), body.get(5..).unwrap_or_default()));
    let length = message.len();
    let trailers =
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
    let body = Full::new(Bytes::from(message)).with_trailers(ready(Some(Ok(trailers))));
    let mut response = Response::new(body.boxed());
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    // So that a client of HTTP/1.1 that gets it as it is need not read chunks.
    headers.insert("content-length", HeaderValue::from(length));
    response
}

/// A message with gRPC's prefix.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), message].concat()
}
