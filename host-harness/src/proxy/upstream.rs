//! Connections to the endpoints of clusters, one set of pools for each worker, as in Envoy.
//!
//! An HTTP/1.1 connection serves one exchange at a time and is kept for the next; one HTTP/2 connection serves all. Endpoints
//! are taken in turn. A request that an old connection did not even begin to send goes out on a new one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::body::OutgoingBody;
use crate::bootstrap::{Cluster, Protocol};
use crate::envoy::UpstreamFailure;

/// `connect_timeout` of every cluster.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head that an upstream may send.
const HEADERS_LIMIT: u32 = 60 * 1024;

/// All clusters of one worker.
pub(super) struct Clusters(BTreeMap<String, Pool>);

struct Pool {
    endpoints: Vec<Rc<Endpoint>>,
    next: Cell<usize>,
}

/// One endpoint with its connections.
pub(super) struct Endpoint {
    pub address: SocketAddr,
    pub protocol: Protocol,
    idle: RefCell<Vec<http1::SendRequest<OutgoingBody>>>,
    shared: RefCell<Option<http2::SendRequest<OutgoingBody>>>,
}

impl Clusters {
    /// `worker` is where in each list of endpoints this worker begins, so that two do not march in step.
    pub fn new(clusters: &[Cluster], worker: usize) -> Self {
        let pool = |cluster: &Cluster| Pool {
            endpoints: cluster.endpoints.iter().map(|it| Rc::new(Endpoint::new(*it, cluster.protocol))).collect(),
            next: Cell::new(worker),
        };
        Self(clusters.iter().map(|cluster| (cluster.name.clone(), pool(cluster))).collect())
    }

    /// The endpoint whose turn it is.
    pub fn pick(&self, cluster: &str) -> Result<Rc<Endpoint>, UpstreamFailure> {
        let pool = self.0.get(cluster).ok_or(UpstreamFailure::NoHealthyUpstream)?;
        let turn = pool.next.replace(pool.next.get().wrapping_add(1));
        let endpoint = turn.checked_rem(pool.endpoints.len()).and_then(|index| pool.endpoints.get(index));
        endpoint.cloned().ok_or(UpstreamFailure::NoHealthyUpstream)
    }
}

impl Endpoint {
    fn new(address: SocketAddr, protocol: Protocol) -> Self {
        Self { address, protocol, idle: RefCell::default(), shared: RefCell::default() }
    }

    /// Sends a request and waits for the head of its response.
    pub async fn send(self: Rc<Self>, request: Request<OutgoingBody>) -> Result<Response<Incoming>, UpstreamFailure> {
        match self.protocol {
            Protocol::Http1 => self.send_http1(request).await,
            Protocol::Http2 => self.send_http2(request).await,
        }
    }

    async fn send_http1(
        self: Rc<Self>,
        mut request: Request<OutgoingBody>,
    ) -> Result<Response<Incoming>, UpstreamFailure> {
        loop {
            let kept = self.take_idle();
            let is_new = kept.is_none();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.connect_http1().await?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => {
                    // It is ready again when the response has been read to its end.
                    tokio::task::spawn_local(async move {
                        if sender.ready().await.is_ok() {
                            self.idle.borrow_mut().push(sender);
                        }
                    });
                    return Ok(response);
                }
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !is_new => request = unsent,
                    _ => return Err(failure_of(error.error())),
                },
            }
        }
    }

    fn take_idle(&self) -> Option<http1::SendRequest<OutgoingBody>> {
        let mut idle = self.idle.borrow_mut();
        idle.retain(http1::SendRequest::is_ready);
        idle.pop()
    }

    async fn connect_http1(&self) -> Result<http1::SendRequest<OutgoingBody>, UpstreamFailure> {
        let socket = self.connect().await?;
        let (mut sender, connection) = http1::handshake(socket).await.map_err(|_| UpstreamFailure::Connect)?;
        drive(connection);
        sender.ready().await.map_err(|_| UpstreamFailure::Disconnect)?;
        Ok(sender)
    }

    async fn send_http2(&self, mut request: Request<OutgoingBody>) -> Result<Response<Incoming>, UpstreamFailure> {
        loop {
            let kept = self.shared.borrow().clone().filter(|sender| !sender.is_closed());
            let is_new = kept.is_none();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.connect_http2().await?,
            };
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !is_new => request = unsent,
                    _ => return Err(failure_of(error.error())),
                },
            }
        }
    }

    async fn connect_http2(&self) -> Result<http2::SendRequest<OutgoingBody>, UpstreamFailure> {
        let socket = self.connect().await?;
        let handshake = http2::Builder::new(LocalExecutor).max_header_list_size(HEADERS_LIMIT).handshake(socket);
        let (sender, connection) = handshake.await.map_err(|_| UpstreamFailure::Connect)?;
        drive(connection);
        *self.shared.borrow_mut() = Some(sender.clone());
        Ok(sender)
    }

    async fn connect(&self) -> Result<TokioIo<TcpStream>, UpstreamFailure> {
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(self.address)).await;
        let Ok(Ok(socket)) = connected else { return Err(UpstreamFailure::Connect) };
        socket.set_nodelay(true).map_err(|_| UpstreamFailure::Connect)?;
        Ok(TokioIo::new(socket))
    }
}

/// What broke an exchange: HTTP/2 can reset a stream alone, all else ends the connection.
pub(super) fn failure_of(error: &hyper::Error) -> UpstreamFailure {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    if cause.is_some_and(|cause| cause.is_reset()) { UpstreamFailure::Reset } else { UpstreamFailure::Disconnect }
}

/// Runs a connection in the background; its end shows in the exchanges that it carries.
fn drive<E>(connection: impl Future<Output = Result<(), E>> + 'static) {
    tokio::task::spawn_local(async move {
        let _ = connection.await;
    });
}

/// Runs hyper's tasks on the thread of the worker that they belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalExecutor;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
