//! A whole mesh at work: its applications, then its proxies, on the plane of one's choice.
//!
//! Everything belongs to a [`DataPlane`]. Dropping it, wherever and for whatever reason, ends every process and every server
//! that it started; so does an error in the middle of starting.

mod application;
mod proof;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::abi::LogLevel;
use crate::bootstrap::Proxy;
use crate::envoy::{EngineError, LogLine, Modules};
use crate::envoy_process::{self, EnvoyBinary, EnvoyProcess, LogEntry, LogWatcher, StartOptions};
use crate::mesh::{Mesh, Ports};
use crate::proxy::{self, EmbeddedProxy, SystemEnvironment};
use application::Application;
pub use proof::Refusal;

/// How long applications and proxies may take until they answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What runs the proxies.
#[derive(Clone, Debug)]
pub enum Plane {
    /// The engine of this crate, in this process.
    Embedded,
    /// One process of a real Envoy for each proxy.
    Envoy(EnvoyBinary),
}

/// Takes what a proxy's plugins log: the proxy's name and the line.
pub type LogSink = Arc<dyn Fn(&str, LogLine) + Send + Sync>;

/// Why a mesh does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An application does not start or does not answer.
    #[error(transparent)]
    Application(#[from] application::Error),
    /// Plugins refuse their configurations, or do not load.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine itself does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An embedded proxy does not start.
    #[error(transparent)]
    Embedded(#[from] proxy::StartError),
    /// An Envoy does not start.
    #[error(transparent)]
    Envoy(#[from] envoy_process::StartError),
    /// A listener does not answer.
    #[error("{proxy}: expected the listener {listener} to answer at {address}, but it did not within {PATIENCE:?}")]
    Silent {
        /// The proxy's name.
        proxy: String,
        /// The listener's name.
        listener: String,
        /// Its address.
        address: SocketAddr,
    },
}

/// A running mesh.
pub struct DataPlane {
    // Proxies end before the applications behind them.
    proxies: Vec<Running>,
    _applications: Vec<Application>,
}

enum Running {
    Embedded { _proxy: EmbeddedProxy },
    Envoy(EnvoyProcess),
}

impl DataPlane {
    /// Starts a mesh and returns when everything in it answers. `ports` are those that the mesh was loaded with; what plugins
    /// log goes to `log`, from `level` on.
    pub async fn start(
        mesh: &Mesh,
        ports: &mut Ports,
        plane: &Plane,
        level: LogLevel,
        log: &LogSink,
    ) -> Result<Self, StartError> {
        let modules = Modules::new()?;
        proof::prove(mesh, &modules)?;
        let mut applications = Vec::new();
        for pod in &mesh.pods {
            for app in &pod.apps {
                applications.push(Application::start(pod, app, ports).await?);
            }
        }
        for application in &mut applications {
            application.answers(PATIENCE).await?;
        }
        let proxies = match plane {
            Plane::Embedded => start_embedded(mesh, ports, &modules, level, log).await?,
            Plane::Envoy(binary) => start_envoys(mesh, ports, binary, level, log).await?,
        };
        for proxy in &mesh.proxies {
            all_listeners_answer(proxy).await?;
        }
        Ok(Self { proxies, _applications: applications })
    }

    /// Ends the mesh in order: each real Envoy shuts down by itself, then the applications end.
    pub async fn stop(self) {
        let mut stopping = JoinSet::new();
        for proxy in self.proxies {
            match proxy {
                Running::Embedded { .. } => {}
                Running::Envoy(envoy) => drop(stopping.spawn(envoy.stop())),
            }
        }
        while stopping.join_next().await.is_some() {}
    }
}

async fn start_embedded(
    mesh: &Mesh,
    ports: &mut Ports,
    modules: &Arc<Modules>,
    level: LogLevel,
    log: &LogSink,
) -> Result<Vec<Running>, StartError> {
    let starting = mesh.proxies.iter().map(|proxy| {
        let (name, log) = (proxy.name.clone(), Arc::clone(log));
        let environment = Arc::new(SystemEnvironment::new(level, move |line| log(&name, line)));
        EmbeddedProxy::start(proxy, take_sockets(proxy, ports), environment, Arc::clone(modules))
    });
    let started = try_join_all(starting.collect::<Vec<_>>()).await?;
    Ok(started.into_iter().map(|proxy| Running::Embedded { _proxy: proxy }).collect())
}

async fn start_envoys(
    mesh: &Mesh,
    ports: &mut Ports,
    binary: &EnvoyBinary,
    level: LogLevel,
    log: &LogSink,
) -> Result<Vec<Running>, StartError> {
    let starting = mesh.proxies.iter().map(|proxy| {
        // From here on Envoy may have them.
        drop(take_sockets(proxy, ports));
        let options = StartOptions { watcher: Some(watcher(&proxy.name, level, log)), ..StartOptions::default() };
        async move { EnvoyProcess::start(binary, proxy, &options).await }
    });
    let started = try_join_all(starting.collect::<Vec<_>>()).await?;
    Ok(started.into_iter().map(Running::Envoy).collect())
}

/// Passes on what plugins of a real Envoy log, and its own errors.
fn watcher(proxy: &str, least: LogLevel, log: &LogSink) -> LogWatcher {
    let (proxy, log) = (proxy.to_owned(), Arc::clone(log));
    Arc::new(move |entry: LogEntry| {
        let level = level_of(&entry.level);
        let (plugin, message, from_host) = match entry.wasm() {
            Some(line) => (line.plugin, line.message, false),
            None if level >= LogLevel::Error => (entry.logger, entry.message, true),
            None => return,
        };
        if level >= least {
            log(&proxy, LogLine { level, plugin, message, from_host });
        }
    })
}

/// The level that Envoy's log calls by this name.
fn level_of(name: &str) -> LogLevel {
    match name {
        "trace" => LogLevel::Trace,
        "debug" => LogLevel::Debug,
        "info" => LogLevel::Info,
        "warning" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Critical,
    }
}

fn take_sockets(proxy: &Proxy, ports: &mut Ports) -> Vec<TcpListener> {
    proxy.listeners.iter().filter_map(|listener| ports.take(listener.address)).collect()
}

async fn all_listeners_answer(proxy: &Proxy) -> Result<(), StartError> {
    for listener in &proxy.listeners {
        let address = listener.address;
        accepts(address, PATIENCE).await.map_err(|_| StartError::Silent {
            proxy: proxy.name.clone(),
            listener: listener.name.clone(),
            address,
        })?;
    }
    Ok(())
}

/// Waits until something accepts connections at an address.
async fn accepts(address: SocketAddr, patience: Duration) -> io::Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
