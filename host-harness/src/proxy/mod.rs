//! The embedded data plane: real sockets in front of the engine.
//!
//! ```text
//! mod: acceptor ─┬─ worker_thread ── engine ─┬─ exchange (one per stream) ── upstream
//!                └─ worker_thread …          └─ callout (one per callout) ─── upstream
//! ```
//! Connections are dealt out to the workers in turn, as Envoy's exact connection balance does, so that two workers really
//! both work. What Envoy's connection manager and router add to messages is in `connection_manager`; what filters see and do
//! is the engine's ([`crate::envoy`]) alone.

mod body;
mod callout;
mod connection_manager;
mod engine;
mod environment;
mod exchange;
mod head;
mod upstream;
mod worker_thread;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use environment::SystemEnvironment;

use crate::bootstrap::Proxy;
use crate::envoy::{self, Environment, Metric, Modules, Process};
use worker_thread::{Accepted, WorkerThread};

/// Why an embedded proxy does not serve.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener's address cannot be had.
    #[error("{proxy}: expected to listen on {address}, but: {source}")]
    Listen {
        /// The proxy's name.
        proxy: String,
        /// The listener's address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A plugin does not start.
    #[error("{proxy}: {error}")]
    Plugin {
        /// The proxy's name.
        proxy: String,
        /// Which one, and why.
        error: Box<envoy::StartError>,
    },
    /// The engine itself or a thread of it does not start.
    #[error("{proxy}: expected a worker to start, but: {reason}")]
    Worker {
        /// The proxy's name.
        proxy: String,
        /// Why not.
        reason: String,
    },
}

/// A running proxy. Dropping it closes its listeners, its connections and its workers.
pub struct EmbeddedProxy {
    process: Arc<Process>,
    // The acceptors go first, so that no connection comes to a worker that has ended.
    _acceptors: JoinSet<()>,
    _workers: Vec<WorkerThread>,
}

impl EmbeddedProxy {
    /// Starts a proxy and returns when every plugin of every worker is configured and every listener accepts. A listener
    /// takes its socket from `sockets` where that has one of its address, else it binds one. Proxies that share `modules`
    /// compile each only once.
    pub async fn start(
        proxy: &Proxy,
        sockets: Vec<StdTcpListener>,
        environment: Arc<dyn Environment>,
        modules: Arc<Modules>,
    ) -> Result<Self, StartError> {
        let failed = |reason: String| StartError::Worker { proxy: proxy.name.clone(), reason };
        let listeners = listen(proxy, sockets)?;
        let process = Process::new(Arc::clone(&environment), modules);
        let shared = Arc::new(proxy.clone());
        let (mut workers, mut waiting) = (Vec::new(), Vec::new());
        for index in 0..proxy.concurrency.max(1) {
            let (process, environment) = (Arc::clone(&process), Arc::clone(&environment));
            let spawned = WorkerThread::spawn(process, environment, Arc::clone(&shared), index);
            let (worker, ready) = spawned.map_err(|error| failed(error.to_string()))?;
            workers.push(worker);
            waiting.push(ready);
        }
        for ready in waiting {
            ready.await.unwrap_or_else(|_| Err(failed("its thread ended".to_owned())))?;
        }
        let mut acceptors = JoinSet::new();
        let connections = Arc::new(AtomicU64::new(1));
        for (index, listener) in listeners.into_iter().enumerate() {
            let senders: Vec<_> = workers.iter().map(WorkerThread::connections).collect();
            acceptors.spawn(accept(listener, index, senders, Arc::clone(&connections)));
        }
        Ok(Self { process, _acceptors: acceptors, _workers: workers })
    }

    /// The metrics that its plugins have defined, by name.
    pub fn metrics(&self) -> BTreeMap<String, Metric> {
        self.process.metrics()
    }
}

fn listen(proxy: &Proxy, sockets: Vec<StdTcpListener>) -> Result<Vec<TcpListener>, StartError> {
    let mut held: BTreeMap<SocketAddr, StdTcpListener> =
        sockets.into_iter().filter_map(|socket| Some((socket.local_addr().ok()?, socket))).collect();
    let mut open = |address: SocketAddr| {
        let socket = held.remove(&address).map_or_else(|| StdTcpListener::bind(address), Ok)?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket)
    };
    let listeners = proxy.listeners.iter().map(|listener| {
        let address = listener.address;
        open(address).map_err(|source| StartError::Listen { proxy: proxy.name.clone(), address, source })
    });
    listeners.collect()
}

/// Deals the connections of one listener out to the workers in turn.
async fn accept(
    listener: TcpListener,
    index: usize,
    workers: Vec<tokio::sync::mpsc::UnboundedSender<Accepted>>,
    connections: Arc<AtomicU64>,
) {
    for worker in workers.iter().cycle() {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            // The client was faster than we, or there are too many open files: neither is the end of a listener.
            Err(_) => {
                tokio::task::yield_now().await;
                continue;
            }
        };
        // Its worker registers the socket with a runtime of its own.
        let Ok(socket) = socket.set_nodelay(true).and_then(|()| socket.into_std()) else { continue };
        let id = connections.fetch_add(1, Ordering::Relaxed);
        if worker.send(Accepted { id, listener: index, socket }).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
