//! A client as small as `curl`: one request, a connection of its own.

use std::net::SocketAddr;

use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The status and the body that a GET is answered with.
pub(super) async fn get(
    address: SocketAddr,
    path: &str,
    header: Option<(&str, &str)>,
) -> anyhow::Result<(u16, String)> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    // It ends by itself when the sender is gone.
    tokio::spawn(connection);
    let mut request = Request::get(path).header("host", address.to_string());
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
