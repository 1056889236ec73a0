//! A client as small as `curl`: one request, a connection of its own.

use std::net::SocketAddr;

use http::request::Builder;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The status and the body that a request is answered with.
pub(super) async fn send(address: SocketAddr, request: Builder, body: &str) -> anyhow::Result<(u16, String)> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    // It ends by itself when the sender is gone.
    tokio::spawn(connection);
    let request = request.header("host", address.to_string()).body(Full::new(Bytes::from(body.to_owned())))?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
