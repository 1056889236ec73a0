//! One worker: an operating system thread with its own engine and its own connections, as in Envoy.

use std::io;
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use super::StartError;
use super::body::{Cut, OutgoingBody};
use super::connection_manager::Manager;
use super::engine::Engine;
use super::exchange::Exchange;
use super::head;
use super::upstream::{Clusters, LocalExecutor};
use crate::bootstrap::Proxy;
use crate::envoy::{Connection, Environment, ListenerId, Process, Worker};

/// What hyper may read of a head before [`Manager`] decides: more than Envoy's limit, so that it is the limit that speaks.
const HEAD_BUFFER: usize = 128 * 1024;

/// A connection that was accepted for this worker.
#[derive(Debug)]
pub(super) struct Accepted {
    /// Unique in the proxy.
    pub id: u64,
    /// The index of the listener.
    pub listener: usize,
    pub socket: StdTcpStream,
}

/// The thread. Dropping it ends the worker's connections, then the worker.
#[derive(Debug)]
pub(super) struct WorkerThread {
    connections: mpsc::UnboundedSender<Accepted>,
    /// Dropped, it tells the thread to end.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl WorkerThread {
    /// Starts the thread; the receiver tells when its plugins are configured, or why not.
    pub fn spawn(
        process: Arc<Process>,
        environment: Arc<dyn Environment>,
        proxy: Arc<Proxy>,
        index: u32,
    ) -> io::Result<(Self, oneshot::Receiver<Result<(), StartError>>)> {
        let (connections, accepted) = mpsc::unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(format!("wrk:{index}")).spawn(move || {
            let worker = match Worker::start(process, index, &proxy) {
                Ok(worker) => worker,
                Err(error) => {
                    let (proxy, error) = (proxy.name.clone(), Box::new(error));
                    return drop(ready.send(Err(StartError::Plugin { proxy, error })));
                }
            };
            let listeners = listeners_of(&worker, &proxy);
            let clusters = Clusters::new(&proxy.clusters, usize::try_from(index).unwrap_or_default());
            let engine = Engine::new(worker, clusters, environment);
            // Whoever waited may have given up.
            let _ = ready.send(Ok(()));
            let tasks = tokio::task::LocalSet::new();
            tasks.block_on(&runtime, serve(Rc::clone(&engine), listeners, accepted, stopped));
            drop(tasks);
            engine.shut_down();
        })?;
        Ok((Self { connections, stop: Some(stop), thread: Some(thread) }, is_ready))
    }

    /// Where to hand connections in.
    pub fn connections(&self) -> mpsc::UnboundedSender<Accepted> {
        self.connections.clone()
    }
}

impl Drop for WorkerThread {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// A listener as a connection needs it.
#[derive(Clone, Copy)]
struct Listening {
    id: ListenerId,
    manager: Manager,
    address: SocketAddr,
}

fn listeners_of(worker: &Worker, proxy: &Proxy) -> Vec<Listening> {
    let listening = |listener: &crate::bootstrap::Listener| {
        let id = worker.listener(&listener.name)?;
        Some(Listening { id, manager: Manager::new(&proxy.node, listener), address: listener.address })
    };
    proxy.listeners.iter().filter_map(listening).collect()
}

/// Serves connections until it is told to stop.
async fn serve(
    engine: Rc<Engine>,
    listeners: Vec<Listening>,
    mut accepted: mpsc::UnboundedReceiver<Accepted>,
    mut stopped: oneshot::Receiver<()>,
) {
    tokio::task::spawn_local(Rc::clone(&engine).run_timers());
    loop {
        let next = tokio::select! {
            next = accepted.recv() => next,
            _ = &mut stopped => None,
        };
        let Some(Accepted { id, listener, socket }) = next else { return };
        let Some(listener) = listeners.get(listener).copied() else { continue };
        tokio::task::spawn_local(serve_connection(Rc::clone(&engine), listener, id, socket));
    }
}

async fn serve_connection(engine: Rc<Engine>, listener: Listening, id: u64, socket: StdTcpStream) {
    let Ok(source) = socket.peer_addr() else { return };
    let Ok(socket) = TcpStream::from_std(socket) else { return };
    let service = service_fn(move |request| {
        let engine = Rc::clone(&engine);
        async move { answer(engine, listener, id, source, request).await }
    });
    let mut server = auto::Builder::new(LocalExecutor);
    server.http1().auto_date_header(false).max_buf_size(HEAD_BUFFER).max_headers(1000);
    let limit = u32::try_from(HEAD_BUFFER).unwrap_or(u32::MAX);
    server.http2().auto_date_header(false).max_header_list_size(limit);
    // A connection that breaks concerns its exchanges, and they have seen it.
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}

async fn answer(
    engine: Rc<Engine>,
    listener: Listening,
    connection: u64,
    source: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<OutgoingBody>, Cut> {
    let (parts, body) = request.into_parts();
    let headers = match listener.manager.admit(&parts, source.ip(), engine.environment.as_ref()) {
        Ok(headers) => headers,
        Err(refusal) => {
            let mut headers = refusal.headers();
            listener.manager.release(&mut headers);
            // After a refusal Envoy closes the connection.
            headers.overwrite(b"connection", b"close");
            return Ok(head::to_response(
                &headers,
                OutgoingBody::whole(Bytes::from_static(refusal.body.as_bytes()), None),
            ));
        }
    };
    let protocol = if parts.version == Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" };
    let connection =
        Connection { id: connection, source, destination: listener.address, protocol: protocol.to_owned() };
    let stream = engine.drive(|worker| worker.open_stream(listener.id, connection)).ok_or(Cut)?;
    let (sender, response) = oneshot::channel();
    let exchange = Exchange::new(engine, listener.manager, stream, &Request::from_parts(parts, ()), body, sender);
    tokio::task::spawn_local(exchange.run(headers));
    // The exchange lets go of the sender when the stream is reset.
    response.await.map_err(|_| Cut)
}
