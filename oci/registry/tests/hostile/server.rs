//! A registry in memory that does as the specification says, except where a test wants it otherwise.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use oci::Digest;

/// What a registry does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Answers this status to so many requests of this method whose path contains this.
    Status { method: &'static str, path: &'static str, status: u16, times: usize },
    /// Closes the connection in the middle of so many uploads.
    HangUp { times: usize },
    /// Serves other bytes in the place of a blob of at least this size.
    WrongBlob { least: usize },
    /// Serves another manifest than the one that was pushed.
    WrongManifest,
    /// Takes a manifest and forgets it.
    Forgetful,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, Vec<u8>>,
    faults: usize,
    requests: Vec<String>,
}

/// A registry at work.
pub struct Server {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
}

impl Server {
    pub fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        // It ends with the test's process.
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(connection, fault, &state));
            }
        });
        Self { address, state }
    }

    /// The names under which there are manifests.
    pub fn names(&self) -> Vec<String> {
        self.state.lock().expect("no test panics with it").manifests.keys().cloned().collect()
    }

    /// How often this was asked for.
    pub fn requests(&self, method: &str, path: &str) -> usize {
        let state = self.state.lock().expect("no test panics with it");
        state.requests.iter().filter(|it| it.starts_with(method) && it.contains(path)).count()
    }
}

fn serve(mut connection: TcpStream, fault: Fault, state: &Mutex<State>) {
    let Some(request) = read(&connection) else { return };
    let mut state = state.lock().expect("no test panics with it");
    state.requests.push(format!("{} {}", request.method, request.path));
    if let Some(answer) = misbehave(fault, &request, &mut state) {
        let _ = connection.write_all(&answer);
        return;
    }
    let answer = answer(&request, &mut state);
    let _ = connection.write_all(&answer);
}

fn read(connection: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, body })
}

/// The wrong answer, where one is wanted; an empty one closes the connection.
fn misbehave(fault: Fault, request: &Request, state: &mut State) -> Option<Vec<u8>> {
    let Request { method, path, .. } = request;
    let is_get = method == "GET";
    match fault {
        Fault::Status { method: wanted, path: part, status, times } => {
            let is_it = method == wanted && path.contains(part) && state.faults < times;
            state.faults += usize::from(is_it);
            let message = br#"{"errors":[{"code":"UNKNOWN","message":"not today"}]}"#;
            is_it.then(|| response(status, "", message))
        }
        Fault::HangUp { times } => {
            let is_it = method == "PATCH" && state.faults < times;
            state.faults += usize::from(is_it);
            is_it.then(Vec::new)
        }
        Fault::WrongBlob { least } => {
            let blob = path.rsplit('/').next().and_then(|digest| state.blobs.get(digest));
            let is_it = is_get && path.contains("/blobs/") && blob.is_some_and(|blob| blob.len() >= least);
            is_it.then(|| response(200, "", b"something else"))
        }
        Fault::WrongManifest => {
            let other = br#"{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
            (is_get && path.contains("/manifests/")).then(|| response(200, "", other))
        }
        Fault::Forgetful => (is_get && path.contains("/manifests/")).then(|| response(404, "", b"")),
        Fault::None => None,
    }
}

fn answer(request: &Request, state: &mut State) -> Vec<u8> {
    let Request { method, path, body } = request;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let last = path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_upload = path.contains("/uploads/");
    match (method.as_str(), is_upload, path.contains("/manifests/")) {
        ("GET", ..) if path == "/v2/" => response(200, "", b""),
        ("POST", true, _) => {
            let session = format!("session-{}", state.uploads.len());
            state.uploads.insert(session.clone(), Vec::new());
            response(202, &format!("Location: /v2/x/blobs/uploads/{session}\r\n"), b"")
        }
        ("PATCH", true, _) => {
            state.uploads.entry(last.clone()).or_default().extend(body);
            response(202, &format!("Location: /v2/x/blobs/uploads/{last}\r\n"), b"")
        }
        ("PUT", true, _) => {
            let mut blob = state.uploads.remove(&last).unwrap_or_default();
            blob.extend(body);
            let digest = Digest::of(&blob).to_string();
            if query.replace("%3A", ":") != format!("digest={digest}") {
                return response(400, "", br#"{"errors":[{"code":"DIGEST_INVALID","message":"another digest"}]}"#);
            }
            state.blobs.insert(digest.clone(), blob);
            response(201, &format!("Location: /v2/x/blobs/{digest}\r\n"), b"")
        }
        ("PUT", _, true) => {
            let digest = Digest::of(body).to_string();
            state.manifests.insert(last, body.clone());
            state.manifests.insert(digest.clone(), body.clone());
            response(201, &format!("Location: /v2/x/manifests/{digest}\r\n"), b"")
        }
        (_, _, true) => found(state.manifests.get(&last)),
        _ => found(state.blobs.get(&last)),
    }
}

fn found(content: Option<&Vec<u8>>) -> Vec<u8> {
    content.map_or_else(|| response(404, "", b""), |content| response(200, "", content))
}

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} It\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}
