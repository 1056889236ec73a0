//! Sends a request and writes down what came back, but for what differs from run to run.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;

use super::Case;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Headers that differ from run to run.
const OF_ONE_RUN: [&str; 3] = ["date", "x-envoy-upstream-service-time", "x-request-id"];

/// What a client got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Sorted.
    pub headers: Vec<(String, String)>,
    /// As it came, without the framing of HTTP.
    pub body: Vec<u8>,
    /// Sorted.
    pub trailers: Vec<(String, String)>,
    /// Why the body ended before its end.
    pub cut: bool,
}

/// Sends a request over a connection of its own.
pub async fn ask(address: SocketAddr, case: &Case) -> anyhow::Result<Answer> {
    let asked = async {
        let socket = TokioIo::new(TcpStream::connect(address).await?);
        let response = if case.http2 {
            let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await?;
            // It ends by itself when the sender is gone.
            tokio::spawn(connection);
            sender.send_request(request(case, format!("http://weft.test{}", case.path))?).await?
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(socket).await?;
            tokio::spawn(connection);
            sender.send_request(request(case, case.path.clone())?).await?
        };
        read(response).await
    };
    tokio::time::timeout(PATIENCE, asked).await.context("no answer in time")?
}

fn request(case: &Case, target: String) -> anyhow::Result<Request<BoxBody<Bytes, std::convert::Infallible>>> {
    let mut request = Request::builder().method(case.method.as_str()).uri(target);
    if !case.http2 && case.headers.iter().all(|(name, _)| name != "host") {
        request = request.header("host", "weft.test");
    }
    for (name, value) in &case.headers {
        request = request.header(name, value.as_bytes());
    }
    let body = match case.chunks {
        _ if case.body.is_empty() => Empty::new().boxed(),
        None => Full::from(case.body.clone()).boxed(),
        Some(count) => {
            let chunks = case
                .body
                .chunks(case.body.len().div_ceil(count))
                .map(|chunk| Ok(Frame::data(Bytes::copy_from_slice(chunk))));
            BodyExt::boxed(StreamBody::new(futures_util::stream::iter(chunks.collect::<Vec<_>>())))
        }
    };
    Ok(request.body(body)?)
}

async fn read(response: Response<Incoming>) -> anyhow::Result<Answer> {
    let mut answer =
        Answer { status: response.status().as_u16(), headers: pairs(response.headers()), ..Answer::default() };
    let mut body = response.into_body();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        let Ok(frame) = frame else {
            answer.cut = true;
            break;
        };
        match frame.into_data() {
            Ok(data) => answer.body.extend_from_slice(&data),
            Err(frame) => answer.trailers = frame.trailers_ref().map(pairs).unwrap_or_default(),
        }
    }
    Ok(answer)
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| !OF_ONE_RUN.contains(&name.as_str()));
    let mut pairs: Vec<_> = kept.map(|(name, value)| (name.to_string(), readable(value.as_bytes()))).collect();
    pairs.sort();
    pairs
}

impl fmt::Display for Answer {
    /// As on the wire; a body that is long is told by its digest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONG: usize = 4000;
        writeln!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        match std::str::from_utf8(&self.body) {
            _ if self.body.is_empty() => {}
            _ if self.body.len() > LONG => {
                let digest: String = Sha256::digest(&self.body).iter().map(|byte| format!("{byte:02x}")).collect();
                writeln!(f, "\n({} bytes, SHA-256 {digest})", self.body.len())?;
            }
            Ok(text) if !text.contains(|c: char| c.is_control() && c != '\n') => writeln!(f, "\n{text}")?,
            _ => writeln!(f, "\n(bytes) {}", readable(&self.body))?,
        }
        if self.cut {
            writeln!(f, "(cut off)")?;
        }
        for (name, value) in &self.trailers {
            writeln!(f, "trailer {name}: {value}")?;
        }
        Ok(())
    }
}

/// Text as it is, other bytes as `\xNN`.
fn readable(bytes: &[u8]) -> String {
    let text = |byte: &u8| match *byte {
        byte @ b' '..=b'~' => char::from(byte).to_string(),
        byte => byte.escape_ascii().to_string(),
    };
    bytes.iter().map(text).collect()
}
