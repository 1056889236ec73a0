//! A registry in memory, on this machine: for a demonstration that needs nothing installed, and for tests that want one to
//! misbehave.
//!
//! It speaks as much of the distribution specification as pushing and pulling need, without TLS, users and referrers API. It lasts as
//! long as its process.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use oci::{Digest, media_type};

/// More than any module has.
const MAX_BODY: usize = 512 * 1024 * 1024;

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path with its query.
    pub path: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Location`, where there is one.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a registry holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// Blobs by digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// Manifests by `repository/tag` and `repository/digest`.
    pub manifests: BTreeMap<String, Vec<u8>>,
    /// What was asked, as `METHOD path`.
    pub requests: Vec<String>,
    uploads: BTreeMap<String, Vec<u8>>,
}

/// What is done in the place of an answer: give another one, or close the connection.
#[derive(Clone, Debug)]
pub enum Instead {
    /// This answer.
    Answer(Answer),
    /// None at all.
    HangUp,
}

/// A registry at work.
pub struct MemoryRegistry {
    address: SocketAddr,
    contents: Arc<Mutex<Contents>>,
}

impl MemoryRegistry {
    /// Starts one on a free port.
    pub fn start() -> io::Result<Self> {
        Self::start_with(|_, _| None)
    }

    /// Starts one that is asked before each answer what to do instead.
    pub fn start_with(
        intercept: impl Fn(&Request, &Contents) -> Option<Instead> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let contents = Arc::new(Mutex::new(Contents::default()));
        let (shared, intercept) = (Arc::clone(&contents), Arc::new(intercept));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (contents, intercept) = (Arc::clone(&shared), Arc::clone(&intercept));
                // A client that goes away is none of the registry's business.
                thread::spawn(move || serve(connection, &contents, &*intercept));
            }
        });
        Ok(Self { address, contents })
    }

    /// As the registry of a reference.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Looks at what it holds.
    pub fn look<T>(&self, look: impl FnOnce(&Contents) -> T) -> T {
        look(&self.contents.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(
    mut connection: TcpStream,
    contents: &Mutex<Contents>,
    intercept: &(impl Fn(&Request, &Contents) -> Option<Instead> + ?Sized),
) -> io::Result<()> {
    let request = read(&connection)?;
    let mut contents = contents.lock().unwrap_or_else(PoisonError::into_inner);
    contents.requests.push(format!("{} {}", request.method, request.path));
    let answer = match intercept(&request, &contents) {
        Some(Instead::HangUp) => return Ok(()),
        Some(Instead::Answer(answer)) => answer,
        None => contents.answer(&request),
    };
    let Answer { status, location, body } = answer;
    let location = location.map(|location| format!("Location: {location}\r\n")).unwrap_or_default();
    let media_type = serde_json::from_slice::<serde_json::Value>(&body).ok();
    let media_type =
        media_type.as_ref().and_then(|it| it.get("mediaType")?.as_str()).unwrap_or(media_type::IMAGE_MANIFEST);
    let head = format!(
        "HTTP/1.1 {status} -\r\n{location}Content-Type: {media_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes())?;
    // The length is that of the body that is not sent.
    if request.method == "HEAD" { Ok(()) } else { connection.write_all(&body) }
}

fn read(connection: &TcpStream) -> io::Result<Request> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().ok_or_else(malformed)?, words.next().ok_or_else(malformed)?);
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok().filter(|length| *length <= MAX_BODY).ok_or_else(malformed)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request { method, path, body })
}

impl Contents {
    fn answer(&mut self, Request { method, path, body }: &Request) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = path.strip_prefix("/v2/").unwrap_or(path);
        if let Some((repository, session)) = path.split_once("/blobs/uploads/") {
            return self.upload(method, repository, session, query, body);
        }
        if let Some((repository, name)) = path.split_once("/manifests/") {
            return match method.as_str() {
                "PUT" => {
                    let digest = Digest::of(body);
                    for name in [name, digest.as_str()] {
                        self.manifests.insert(format!("{repository}/{name}"), body.clone());
                    }
                    moved(201, format!("/v2/{repository}/manifests/{digest}"))
                }
                _ => found(self.manifests.get(&format!("{repository}/{name}"))),
            };
        }
        match path.split_once("/blobs/") {
            Some((_, digest)) => found(self.blobs.get(digest)),
            None if path.is_empty() => Answer { status: 200, ..Answer::default() },
            None => found(None),
        }
    }

    fn upload(&mut self, method: &str, repository: &str, session: &str, query: &str, body: &[u8]) -> Answer {
        let place = |session: &str| format!("/v2/{repository}/blobs/uploads/{session}");
        match method {
            "POST" => {
                let session = format!("{}", self.requests.len());
                self.uploads.insert(session.clone(), Vec::new());
                moved(202, place(&session))
            }
            "PATCH" => {
                self.uploads.entry(session.to_owned()).or_default().extend(body);
                moved(202, place(session))
            }
            _ => {
                let mut blob = self.uploads.remove(session).unwrap_or_default();
                blob.extend(body);
                let digest = Digest::of(&blob).to_string();
                if query.replace("%3A", ":") != format!("digest={digest}") {
                    let body = br#"{"errors":[{"code":"DIGEST_INVALID","message":"another digest"}]}"#;
                    return Answer { status: 400, location: None, body: body.to_vec() };
                }
                self.blobs.insert(digest.clone(), blob);
                moved(201, format!("/v2/{repository}/blobs/{digest}"))
            }
        }
    }
}

fn moved(status: u16, location: String) -> Answer {
    Answer { status, location: Some(location), body: Vec::new() }
}

fn found(content: Option<&Vec<u8>>) -> Answer {
    match content {
        Some(content) => Answer { status: 200, location: None, body: content.clone() },
        None => Answer { status: 404, ..Answer::default() },
    }
}
