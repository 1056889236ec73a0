//! The load: a bounded number of HTTP/1.1 requests over a few connections that stay open (RFC 9112).
//!
//! It is as plain as a client can be, since only the server is measured: no pipelining, every connection has at most one
//! request in flight, and every answer is read whole and compared.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How many connections share the load.
const CONNECTIONS: usize = 8;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a browser or a client library sends with any request: filters read heads of a usual size.
const USUAL: &str = "host: reviews.default\r\n\
    user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    accept: application/json, text/plain, */*\r\n\
    accept-encoding: gzip, deflate, br\r\n\
    accept-language: en-US,en;q=0.5\r\n\
    x-forwarded-proto: https\r\n";

/// A request as it goes over the wire.
#[derive(Clone)]
pub(super) struct Request(Vec<u8>);

impl Request {
    /// A GET with the usual headers and these.
    pub(super) fn get<'a>(path: &str, headers: impl Iterator<Item = (&'a str, String)>) -> Self {
        Self::without_body("GET", path, headers)
    }

    /// An OPTIONS with the usual headers and these.
    pub(super) fn options<'a>(path: &str, headers: impl Iterator<Item = (&'a str, String)>) -> Self {
        Self::without_body("OPTIONS", path, headers)
    }

    fn without_body<'a>(method: &str, path: &str, headers: impl Iterator<Item = (&'a str, String)>) -> Self {
        let own: String = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        Self(format!("{method} {path} HTTP/1.1\r\n{USUAL}{own}\r\n").into_bytes())
    }

    /// The names and values that every request has, but for its host.
    pub(super) fn usual() -> impl Iterator<Item = (&'static str, &'static str)> {
        USUAL.lines().filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "host")
    }

    /// A POST with the usual headers.
    pub(super) fn post(path: &str, content_type: &str, body: &[u8]) -> Self {
        let length = body.len();
        let own = format!("content-type: {content_type}\r\ncontent-length: {length}\r\n");
        Self([format!("POST {path} HTTP/1.1\r\n{USUAL}{own}\r\n").as_bytes(), body].concat())
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What must answer a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    /// 200 with this body.
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into() }
    }

    /// This status without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, body: Vec::new() }
    }

    fn is(&self, head: &[u8], body: &[u8]) -> bool {
        head.starts_with(format!("HTTP/1.1 {} ", self.status).as_bytes()) && body == self.body
    }
}

/// Why the load could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The connection failed.
    #[error("expected a connection that stays open, but: {0}")]
    Connection(#[from] io::Error),
    /// Another answer than the one that shows the filter at work.
    #[error("expected the answer {status} with the body {expected:?}, but found: {found}")]
    Answer {
        /// The status that was expected.
        status: u16,
        /// The body that was expected.
        expected: String,
        /// What came, from its first byte.
        found: String,
    },
}

/// Open connections to one listener.
pub(super) struct Client {
    connections: Vec<Connection>,
}

impl Client {
    /// Opens the connections.
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let connections = (0..CONNECTIONS).map(|_| Connection::open(address)).collect::<io::Result<_>>()?;
        Ok(Self { connections })
    }

    /// Sends `count` requests, these in turn, and expects this answer to each.
    pub(super) fn send(&mut self, requests: &[Request], count: u32, answer: &Answer) -> Result<(), LoadError> {
        let mut turn = requests.iter().cycle().take(count as usize);
        loop {
            // All ask before the first waits, so that the server always finds some work.
            let mut asked = 0;
            for (connection, request) in self.connections.iter_mut().zip(turn.by_ref()) {
                connection.stream.write_all(&request.0)?;
                asked += 1;
            }
            if asked == 0 {
                return Ok(());
            }
            for connection in self.connections.iter_mut().take(asked) {
                connection.expect(answer)?;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, answer: Vec::new() })
    }

    fn expect(&mut self, expected: &Answer) -> Result<(), LoadError> {
        self.answer.clear();
        let mut chunk = [0; 4096];
        loop {
            if let Some(found) = complete_body(&self.answer) {
                if expected.is(&self.answer, found) {
                    return Ok(());
                }
                let found = String::from_utf8_lossy(&self.answer).into_owned();
                let body = String::from_utf8_lossy(&expected.body).into_owned();
                return Err(LoadError::Answer { status: expected.status, expected: body, found });
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => self.answer.extend(chunk.iter().take(count)),
                // A signal, which is for others to act on.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The body, once the answer is there as a whole. An answer without a length counts as one without a body.
fn complete_body(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = answer.split_at_checked(end + 4)?;
    let length = head.split(|byte| *byte == b'\n').find_map(content_length).unwrap_or(0);
    body.get(..length)
}

fn content_length(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let value = std::str::from_utf8(value).ok()?.trim_start_matches(':').trim();
    name.eq_ignore_ascii_case(b"content-length").then(|| value.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_answer_is_complete_with_the_last_byte_of_its_body() {
        assert_eq!(complete_body(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"), None);
        assert_eq!(complete_body(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv"), None);
        assert_eq!(complete_body(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nv2"), Some(&b"v2"[..]));
        assert_eq!(complete_body(b"HTTP/1.1 204 No Content\r\nserver: envoy\r\n\r\n"), Some(&b""[..]));
    }

    /// A server that gives this answer to every request of one read, and counts them.
    fn server(answer: &'static str) -> (SocketAddr, std::thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let served = std::thread::spawn(move || {
            let threads: Vec<_> = (0..CONNECTIONS)
                .map(|_| {
                    let (mut stream, _) = listener.accept().expect("a connection");
                    std::thread::spawn(move || {
                        let (mut count, mut buffer) = (0, [0; 4096]);
                        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                            count += 1;
                            stream.write_all(answer.as_bytes()).expect("written");
                        }
                        count
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("its count")).sum()
        });
        (address, served)
    }

    #[test]
    fn exactly_as_many_requests_are_sent_as_were_asked_for() {
        let (address, served) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nv2");
        let requests = [Request::get("/", std::iter::empty())];
        let mut client = Client::connect(address).expect("connections");
        client.send(&requests, 20, &Answer::ok("v2")).expect("20 answers");
        client.send(&requests, 1, &Answer::ok("v2")).expect("one more");
        drop(client);
        assert_eq!(served.join().expect("a count"), 21);
    }

    #[test]
    fn another_answer_is_an_error_that_shows_it() {
        for (expected, complaint) in [
            (Answer::ok("v2"), "expected the answer 200 with the body \"v2\", but found: HTTP/1.1 503 Service"),
            (Answer::empty(503), "expected the answer 503 with the body \"\", but found: HTTP/1.1 503 Service"),
        ] {
            let (address, served) = server("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\nv2");
            let mut client = Client::connect(address).expect("connections");
            let error = client.send(&[Request::get("/", std::iter::empty())], 1, &expected).expect_err("another one");
            assert!(error.to_string().starts_with(complaint), "{error}");
            drop(client);
            served.join().expect("a count");
        }
    }
}
