//! The client of a scenario: one request over HTTP/2 on a connection of its own, and what came back.
//!
//! All frames of a request are queued before the connection writes, so a proxy reads them in one go and nothing depends on
//! timing. Which bytes to send is decided by the scenario alone.

use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use http::{HeaderName, HeaderValue, Method, Uri};
use tokio::net::TcpStream;

use super::model::{Octets, Protocol, Request, trailer_map};
use super::transcript::{End, Seen};
use crate::envoy::HeaderMap;

/// Why a request could not be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The listener cannot be reached.
    #[error("connecting to the listener: {0}")]
    Connect(#[from] std::io::Error),
    /// HTTP/2 failed before there was a stream.
    #[error("opening a stream: {0}")]
    Http2(#[from] h2::Error),
    /// The scenario asks for what HTTP cannot carry.
    #[error("expected what HTTP/2 can carry, but found {0}")]
    Unsendable(#[from] http::Error),
}

/// Sends a request and returns what arrived until the answer ended or `leave` did.
pub async fn exchange(
    listener: SocketAddr,
    request: &Request,
    leave: impl Future<Output = ()>,
) -> Result<Seen, ClientError> {
    let socket = TcpStream::connect(listener).await?;
    socket.set_nodelay(true)?;
    if request.protocol == Protocol::Http1 {
        return Ok(super::client_http1::exchange(socket, request, leave).await?.normalised());
    }
    let (sender, connection) = h2::client::handshake(socket).await?;
    let connection = tokio::spawn(connection);
    let mut sender = sender.ready().await?;

    let uri = Uri::builder()
        .scheme("http")
        .authority(request.authority.as_str())
        .path_and_query(request.path.as_str())
        .build()?;
    let mut head =
        http::Request::builder().method(Method::from_bytes(request.method.as_bytes()).map_err(http::Error::from)?);
    head = head.uri(uri);
    if let Some(headers) = head.headers_mut() {
        *headers = to_http(&request.header_map())?;
    }
    let trailers = trailer_map(&request.trailers).map(|map| to_http(&map)).transpose()?;
    let headers_only = request.body.is_empty() && trailers.is_none();
    let (response, mut body) = sender.send_request(head.body(())?, headers_only)?;
    if !headers_only {
        // A proxy that has answered already may have reset the stream; what it answered is what counts.
        let _ = send_body(&mut body, &request.body, trailers);
    }

    let mut seen = Seen::default();
    let left = tokio::select! {
        () = receive(response, &mut seen) => false,
        () = leave => true,
    };
    if left {
        seen.end = End::Left;
    }
    // Dropping what is left of the stream resets it; the connection's task then says so and ends.
    drop((body, sender));
    if !left {
        connection.abort();
    }
    Ok(seen.normalised())
}

async fn receive(response: h2::client::ResponseFuture, seen: &mut Seen) {
    let Ok(response) = response.await else {
        seen.end = End::Reset;
        return;
    };
    let (head, mut body) = response.into_parts();
    let mut headers = HeaderMap::from_pairs([(":status", head.status.as_str())]);
    extend(&mut headers, &head.headers);
    seen.headers = Some(headers);
    receive_body(&mut body, seen).await;
}

/// Reads what follows the headers of a message.
pub async fn receive_body(body: &mut RecvStream, seen: &mut Seen) {
    seen.end = End::Reset;
    while let Some(chunk) = body.data().await {
        let Ok(chunk) = chunk else { return };
        let _ = body.flow_control().release_capacity(chunk.len());
        seen.body.extend(chunk);
    }
    let Ok(trailers) = body.trailers().await else { return };
    seen.trailers = trailers.map(|trailers| {
        let mut map = HeaderMap::new();
        extend(&mut map, &trailers);
        map
    });
    seen.end = End::Complete;
}

/// Sends what follows the headers of a message, ending the stream with its last frame.
pub fn send_body(
    stream: &mut SendStream<Bytes>,
    body: &[Octets],
    trailers: Option<http::HeaderMap>,
) -> Result<(), h2::Error> {
    for (index, chunk) in body.iter().enumerate() {
        let last = index + 1 == body.len() && trailers.is_none();
        stream.send_data(chunk.0.clone(), last)?;
    }
    match trailers {
        Some(trailers) => stream.send_trailers(trailers),
        None => Ok(()),
    }
}

/// The entries that are no pseudo-headers.
pub fn to_http(map: &HeaderMap) -> Result<http::HeaderMap, http::Error> {
    let mut headers = http::HeaderMap::new();
    for (name, value) in map.iter().filter(|(name, _)| !name.starts_with(b":")) {
        headers.append(HeaderName::from_bytes(name)?, HeaderValue::from_bytes(value)?);
    }
    Ok(headers)
}

/// Adds the entries of an HTTP library's map.
pub fn extend(map: &mut HeaderMap, headers: &http::HeaderMap) {
    for (name, value) in headers {
        map.add(name.as_str().as_bytes(), value.as_bytes());
    }
}
