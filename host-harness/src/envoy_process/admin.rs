//! The few questions asked of Envoy's admin interface.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Whether the server says that it is live, which it does when its listeners have started.
pub(super) async fn is_live(admin: SocketAddr) -> bool {
    ask(admin, "GET", "/ready").await.is_ok_and(|answer| answer.trim() == "LIVE")
}

/// Asks the server to end by itself, so that it shuts its plugins down in order.
pub(super) async fn quit(admin: SocketAddr) -> anyhow::Result<()> {
    ask(admin, "POST", "/quitquitquit").await.map(drop)
}

async fn ask(admin: SocketAddr, method: &str, path: &str) -> anyhow::Result<String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(admin).await?)).await?;
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::HOST, admin.to_string())
        .body(Empty::<bytes::Bytes>::new())?;
    // It ends by itself when the sender is gone.
    tokio::spawn(connection);
    let body = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}
