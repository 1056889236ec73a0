//! A stretch of wire in front of a proxy: everything passes as it is, and every request that does is noted.
//!
//! It shows what no page can see and no server behind the proxy gets: preflights, and that a cache answered instead.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A running relay; dropping it ends it.
pub struct Wire {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Log,
    _connections: JoinSet<()>,
}

type Log = Arc<Mutex<Vec<Request>>>;

/// A request that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `OPTIONS` is a preflight: no page here asks for it by itself.
    pub method: String,
    /// The host of the origin that it names, whose port is another in every run.
    pub origin: Option<String>,
}

impl Wire {
    /// Leads to `proxy`.
    pub async fn to(proxy: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, seen) = (listener.local_addr()?, Arc::default());
        let mut accepting = JoinSet::new();
        let log = Arc::clone(&seen);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((browser, _)) = listener.accept().await {
                connections.spawn(relay(browser, proxy, Arc::clone(&log)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, seen, _connections: accepting })
    }

    /// The requests since the last call.
    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection that breaks concerns its client alone.
async fn relay(browser: TcpStream, proxy: SocketAddr, seen: Log) {
    let Ok(proxy) = TcpStream::connect(proxy).await else { return };
    let ((mut requests, mut to_browser), (mut responses, mut to_proxy)) = (browser.into_split(), proxy.into_split());
    let up = async {
        let mut unread = Vec::new();
        let mut chunk = vec![0; 16 * 1024];
        loop {
            let length = requests.read(&mut chunk).await?;
            if length == 0 {
                return to_proxy.shutdown().await;
            }
            unread.extend_from_slice(&chunk[..length]);
            // Noted before it goes on, so that whoever has an answer finds the request here.
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend(requests_in(&mut unread));
            to_proxy.write_all(&chunk[..length]).await?;
        }
    };
    let down = async { tokio::io::copy(&mut responses, &mut to_browser).await.map(drop) };
    let _ = tokio::try_join!(up, down);
}

/// Takes the complete requests of HTTP/1.1 out of what came.
fn requests_in(unread: &mut Vec<u8>) -> Vec<Request> {
    let mut found = Vec::new();
    while let Some(end) = unread.windows(4).position(|it| it == b"\r\n\r\n").map(|at| at + 4) {
        let head = String::from_utf8_lossy(&unread[..end]).into_owned();
        let header = |name: &str| {
            let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
            pairs.find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let length: usize = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if unread.len() < end + length {
            break;
        }
        let method = head.split(' ').next().unwrap_or_default().to_owned();
        found.push(Request { method, origin: header("origin").map(host) });
        unread.drain(..end + length);
    }
    found
}

/// The host of an origin; `null` has none and stays as it is.
fn host(origin: &str) -> String {
    let authority = origin.split("://").last().unwrap_or_default();
    authority.split(':').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_noted_once_they_are_complete() {
        let request = |method: &str, origin: Option<&str>| Request {
            method: method.to_owned(),
            origin: origin.map(str::to_owned),
        };
        let mut unread = b"PUT /a HTTP/1.1\r\nOrigin: http://a.test:80\r\ncontent-length: 2\r\n\r\n{".to_vec();
        assert_eq!(requests_in(&mut unread), []);
        unread.extend_from_slice(b"}GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\norigin: null\r\n\r\nGE");
        let expected = [request("PUT", Some("a.test")), request("GET", None), request("GET", Some("null"))];
        assert_eq!(requests_in(&mut unread), expected);
        assert_eq!(unread, b"GE");
    }
}
