//! Scripted upstreams: one HTTP/2 server for each cluster of a scenario, which records what it receives and answers as told.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::net::{TcpListener, TcpStream};

use super::client::{extend, receive_body, send_body, to_http};
use super::model::{Failure, Upstream, trailer_map};
use super::transcript::{Received, Seen};
use crate::envoy::HeaderMap;
use crate::free_port;

/// The upstreams of one run; they end with the runtime that they were started on.
pub struct Upstreams {
    addresses: BTreeMap<String, SocketAddr>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    behaviours: Mutex<BTreeMap<String, Upstream>>,
    received: Mutex<Vec<Received>>,
    /// Streams whose request is not complete yet.
    incomplete: AtomicUsize,
}

impl Upstreams {
    /// Starts a server for each cluster.
    pub async fn start(clusters: &BTreeMap<String, Upstream>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut addresses = BTreeMap::new();
        for (name, upstream) in clusters {
            let listener = free_port::bind()?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            addresses.insert(name.clone(), listener.local_addr()?);
            // Nothing listens any more at the address of an upstream that refuses.
            if upstream.fail != Some(Failure::Refused) {
                tokio::spawn(serve(listener, name.clone(), Arc::clone(&shared)));
            }
        }
        let upstreams = Self { addresses, shared };
        upstreams.behave(clusters.clone());
        Ok(upstreams)
    }

    /// Where a cluster's endpoint is.
    pub fn address(&self, cluster: &str) -> SocketAddr {
        self.addresses.get(cluster).copied().unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 1)))
    }

    /// How all clusters answer from now on.
    pub fn behave(&self, behaviours: BTreeMap<String, Upstream>) {
        *self.shared.behaviours.lock().unwrap_or_else(PoisonError::into_inner) = behaviours;
    }

    /// What was received since the last call.
    pub fn take_received(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether every request that arrived did so to its end.
    pub fn are_idle(&self) -> bool {
        self.shared.incomplete.load(Ordering::SeqCst) == 0
    }
}

impl Shared {
    fn behaviour(&self, cluster: &str) -> Upstream {
        let behaviours = self.behaviours.lock().unwrap_or_else(PoisonError::into_inner);
        behaviours.get(cluster).cloned().unwrap_or_default()
    }
}

async fn serve(listener: TcpListener, cluster: String, shared: Arc<Shared>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(serve_connection(socket, cluster.clone(), Arc::clone(&shared)));
    }
}

async fn serve_connection(socket: TcpStream, cluster: String, shared: Arc<Shared>) {
    let _ = socket.set_nodelay(true);
    let Ok(mut connection) = h2::server::handshake(socket).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        shared.incomplete.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(serve_stream(request, respond, cluster.clone(), Arc::clone(&shared)));
    }
}

async fn serve_stream(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    cluster: String,
    shared: Arc<Shared>,
) {
    let (head, mut body) = request.into_parts();
    let mut headers = HeaderMap::from_pairs([
        (":method", head.method.as_str()),
        (":scheme", head.uri.scheme_str().unwrap_or_default()),
        (":authority", head.uri.authority().map_or("", |authority| authority.as_str())),
        (":path", head.uri.path_and_query().map_or("", |path| path.as_str())),
    ]);
    extend(&mut headers, &head.headers);
    let mut seen = Seen { headers: Some(headers), ..Seen::default() };
    let behaviour = shared.behaviour(&cluster);
    if behaviour.early {
        // A proxy that has reset the stream gets no answer, and needs none.
        let _ = answer(&mut respond, &behaviour).await;
    }
    receive_body(&mut body, &mut seen).await;

    let received = Received { cluster, message: seen.normalised() };
    shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    shared.incomplete.fetch_sub(1, Ordering::SeqCst);
    if !behaviour.early {
        let _ = answer(&mut respond, &behaviour).await;
    }
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum AnswerError {
    Http(#[from] http::Error),
    Http2(#[from] h2::Error),
}

async fn answer(respond: &mut SendResponse<Bytes>, behaviour: &Upstream) -> Result<(), AnswerError> {
    match behaviour.fail {
        Some(Failure::Reset) => {
            respond.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
        Some(Failure::Silent) => {
            std::future::poll_fn(|context| respond.poll_reset(context)).await?;
            return Ok(());
        }
        Some(Failure::NoEndpoint | Failure::Refused) | None => {}
    }
    let mut head = http::Response::builder().status(behaviour.status);
    if let Some(headers) = head.headers_mut() {
        *headers = to_http(&behaviour.header_map())?;
    }
    let trailers = trailer_map(&behaviour.trailers).map(|map| to_http(&map)).transpose()?;
    let headers_only = behaviour.body.is_empty() && trailers.is_none();
    let mut body = respond.send_response(head.body(())?, headers_only)?;
    if !headers_only {
        send_body(&mut body, &behaviour.body, trailers)?;
    }
    Ok(())
}
