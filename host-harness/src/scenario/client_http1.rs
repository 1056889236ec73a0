//! The client of a scenario over HTTP/1.1: one request, written at once so that nothing depends on timing, and what came back.
//!
//! How Envoy frames the answer (`transfer-encoding`, `connection`, `content-length: 0`) is its codec's business and left out of
//! what was seen.

use std::future::Future;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::model::Request;
use super::transcript::{End, Seen};
use crate::envoy::HeaderMap;

/// Sends a request and returns what arrived until the connection ended or `leave` did.
pub async fn exchange(
    mut socket: TcpStream,
    request: &Request,
    leave: impl Future<Output = ()>,
) -> std::io::Result<Seen> {
    socket.write_all(&encoded(request)).await?;
    let mut bytes = Vec::new();
    let left = tokio::select! {
        // A connection that is reset ends the answer as one that is closed does.
        _ = socket.read_to_end(&mut bytes) => false,
        () = leave => true,
    };
    let mut seen = decoded(&bytes);
    if left {
        seen.end = End::Left;
    }
    Ok(seen)
}

fn encoded(request: &Request) -> Vec<u8> {
    let mut bytes =
        format!("{} {} HTTP/1.1\r\nhost: {}\r\n", request.method, request.path, request.authority).into_bytes();
    for header in &request.headers {
        bytes.extend([header.0.as_bytes(), b": ", &header.1.0, b"\r\n"].concat());
    }
    bytes.extend(b"connection: close\r\n");
    if request.body.is_empty() {
        bytes.extend(b"\r\n");
        return bytes;
    }
    bytes.extend(b"transfer-encoding: chunked\r\n\r\n");
    for chunk in request.body.iter().filter(|chunk| !chunk.0.is_empty()) {
        bytes.extend([format!("{:x}\r\n", chunk.0.len()).as_bytes(), &chunk.0, b"\r\n"].concat());
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn decoded(bytes: &[u8]) -> Seen {
    let reset = Seen { end: End::Reset, ..Seen::default() };
    let Some((head, rest)) = cut(bytes, b"\r\n\r\n") else { return reset };
    let mut headers = HeaderMap::new();
    for (index, line) in head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).enumerate() {
        if index == 0 {
            let status = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            headers.add(b":status", status);
        } else if let Some((name, value)) = cut(line, b":") {
            headers.add(name, value.trim_ascii());
        }
    }
    let (body, complete) = match headers.get(b"content-length").map(<[u8]>::to_vec) {
        Some(length) => (rest.to_vec(), rest.len().to_string().as_bytes() == length),
        None if headers.get(b"transfer-encoding").is_some() => dechunked(rest),
        None => (rest.to_vec(), true),
    };
    headers.remove(b"transfer-encoding");
    headers.remove(b"connection");
    if headers.get(b"content-length") == Some(b"0") {
        headers.remove(b"content-length");
    }
    Seen { headers: Some(headers), body, trailers: None, end: if complete { End::Complete } else { End::Reset } }
}

/// The bytes in chunks, and whether the last chunk was there.
fn dechunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some((size, data)) = cut(rest, b"\r\n") {
        let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        match size {
            Some(0) => return (body, true),
            Some(size) => {
                body.extend(data.get(..size.min(data.len())).unwrap_or_default());
                rest = data.get(size + 2..).unwrap_or_default();
            }
            None => break,
        }
    }
    (body, false)
}

fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}
