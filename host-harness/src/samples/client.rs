//! How samples call each other: through the sidecar of the one that calls, a connection for each call.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{self, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::Status;
use tonic::client::{Grpc, GrpcService};
use tonic::metadata::MetadataMap;
use tonic_prost::ProstCodec;

use super::TRACING_HEADERS;

/// What a service passes on of the headers that it was asked with.
pub(super) fn tracing_only(headers: &HeaderMap) -> HeaderMap {
    let pairs = headers.iter().filter(|(name, _)| TRACING_HEADERS.contains(&name.as_str()));
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Asks for a page, in the absolute form that a client gives an HTTP proxy; without one it connects by itself.
pub(super) async fn get(
    proxy: Option<SocketAddr>,
    authority: &str,
    path: &str,
    mut headers: HeaderMap,
) -> anyhow::Result<(StatusCode, String)> {
    headers.insert(header::HOST, HeaderValue::from_str(authority)?);
    let target = if proxy.is_some() { format!("http://{authority}{path}") } else { path.to_owned() };
    let mut request = Request::builder().uri(target).body(Empty::<Bytes>::new())?;
    *request.headers_mut() = headers;
    let socket = connect(proxy, authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    // It ends by itself when the sender is gone.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Calls a method of gRPC; the headers are its metadata.
pub(super) async fn call<M, R>(
    proxy: Option<SocketAddr>,
    authority: &str,
    method: &'static str,
    headers: HeaderMap,
    message: M,
) -> Result<R, Status>
where
    M: prost::Message + 'static,
    R: prost::Message + Default + 'static,
{
    let unavailable = |error: &dyn std::fmt::Display| Status::unavailable(format!("{authority}: {error}"));
    let origin: Uri = format!("http://{authority}").parse().map_err(|error| unavailable(&error))?;
    let socket = connect(proxy, authority).await.map_err(|error| unavailable(&error))?;
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.map_err(|error| unavailable(&error))?;
    tokio::spawn(connection);
    let mut grpc = Grpc::with_origin(Channel(sender), origin);
    grpc.ready().await.map_err(|error| unavailable(&error))?;
    let mut request = tonic::Request::new(message);
    *request.metadata_mut() = MetadataMap::from_headers(headers);
    let method = PathAndQuery::from_static(method);
    Ok(grpc.unary(request, method, ProstCodec::<M, R>::default()).await?.into_inner())
}

async fn connect(proxy: Option<SocketAddr>, authority: &str) -> std::io::Result<TcpStream> {
    match proxy {
        Some(proxy) => TcpStream::connect(proxy).await,
        None => TcpStream::connect(authority).await,
    }
}

/// A connection as gRPC wants it.
struct Channel(http2::SendRequest<tonic::body::Body>);

impl GrpcService<tonic::body::Body> for Channel {
    type ResponseBody = Incoming;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
