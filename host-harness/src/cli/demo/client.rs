//! A client as small as `curl`: one request, a connection of its own.

use std::net::SocketAddr;

use http::Response;
use http::request::Builder;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The status and the body that a request is answered with.
pub(super) async fn send(address: SocketAddr, request: Builder, body: &str) -> anyhow::Result<(u16, String)> {
    let (head, body) = exchange(address, request.header("host", address.to_string()), body).await?.into_parts();
    Ok((head.status.as_u16(), body))
}

/// The answer to a request that names its host.
pub(super) async fn exchange(address: SocketAddr, request: Builder, body: &str) -> anyhow::Result<Response<String>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    // It ends by itself when the sender is gone.
    tokio::spawn(connection);
    let response = sender.send_request(request.body(Full::new(Bytes::from(body.to_owned())))?).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(head, String::from_utf8_lossy(&body).into_owned()))
}
