//! One application of a pod: a sample served in this process, or a command of the user's as a child process.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::accepts;
use crate::envoy_process::bound_to_this_thread;
use crate::mesh::{App, Pod, Ports, Program};
use crate::samples::{Details, GrayGrpc, GrayHttp, Hello, Landing, Pages};

/// Why an application does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its port cannot be had.
    #[error("{application}: expected to listen on {address}, but: {source}")]
    Listen {
        /// Pod and container.
        application: String,
        /// The port's address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Its command cannot be run.
    #[error("{application}: expected to run {program}, but: {source}")]
    Spawn {
        /// Pod and container.
        application: String,
        /// The first word of the command.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// Its command ended instead of serving.
    #[error("{application}: expected the command to serve on {address}, but it ended ({status})")]
    Ended {
        /// Pod and container.
        application: String,
        /// The port's address.
        address: SocketAddr,
        /// How it ended.
        status: ExitStatus,
    },
    /// It does not answer.
    #[error(
        "{application}: expected the command to serve on {address} (its PORT), but nothing answers there after {patience:?}"
    )]
    Silent {
        /// Pod and container.
        application: String,
        /// The port's address.
        address: SocketAddr,
        /// How long was waited.
        patience: Duration,
    },
}

/// A running application. Dropping it ends it.
pub(super) struct Application {
    name: String,
    addresses: Vec<SocketAddr>,
    running: Running,
}

enum Running {
    Sample { _servers: JoinSet<io::Error> },
    Command(Child),
}

impl Running {
    /// A sample on each of its ports.
    fn served<F>(listeners: Vec<TcpListener>, serve: impl Fn(TcpListener) -> F) -> Self
    where
        F: Future<Output = io::Error> + Send + 'static,
    {
        Self::Sample { _servers: listeners.into_iter().map(serve).collect() }
    }
}

impl Application {
    pub async fn start(pod: &Pod, app: &App, ports: &mut Ports) -> Result<Self, Error> {
        let name = format!("{}/{}", pod.name, app.container);
        let addresses: Vec<SocketAddr> = app.ports.iter().map(|port| port.address).collect();
        let mut listeners = || {
            let listener = |address: &SocketAddr| {
                let failed = |source| Error::Listen { application: name.clone(), address: *address, source };
                listen(*address, ports).map_err(failed)
            };
            addresses.iter().map(listener).collect::<Result<Vec<_>, _>>()
        };
        let (environment, proxy) = (&app.environment, Some(pod.outbound));
        let running = match &app.program {
            Program::Hello { greeting } => {
                let hello = Hello::new(greeting, environment, proxy);
                Running::served(listeners()?, |it| hello.clone().serve(it))
            }
            Program::Landing => Running::served(listeners()?, |it| Landing.serve(it)),
            Program::GrayHttp { name, version } => {
                let gray = GrayHttp::new(name, version, environment, proxy);
                Running::served(listeners()?, |it| gray.clone().serve(it))
            }
            Program::GrayGrpc { name, version } => {
                let gray = GrayGrpc::new(name, version, environment, proxy);
                Running::served(listeners()?, |it| gray.clone().serve(it))
            }
            Program::Details => Running::served(listeners()?, |it| Details.serve(it)),
            Program::Pages => Running::served(listeners()?, |it| Pages.serve(it)),
            Program::Command { argv, folder } => {
                // From here on the command may have them.
                addresses.iter().for_each(|address| drop(ports.take(*address)));
                let child = spawn(argv, folder, environment).map_err(|source| Error::Spawn {
                    application: name.clone(),
                    program: argv.first().cloned().unwrap_or_default(),
                    source,
                })?;
                Running::Command(child)
            }
        };
        Ok(Self { name, addresses, running })
    }

    /// Waits until every port accepts.
    pub async fn answers(&mut self, patience: Duration) -> Result<(), Error> {
        let Self { name, addresses, running: Running::Command(child) } = self else { return Ok(()) };
        let deadline = Instant::now() + patience;
        for address in addresses.iter().copied() {
            while accepts(address, Duration::ZERO).await.is_err() {
                if let Ok(Some(status)) = child.try_wait() {
                    return Err(Error::Ended { application: name.clone(), address, status });
                }
                if Instant::now() >= deadline {
                    return Err(Error::Silent { application: name.clone(), address, patience });
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        if let Running::Command(child) = &mut self.running {
            // Killing one that has ended already is an error without meaning here.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn listen(address: SocketAddr, ports: &mut Ports) -> io::Result<TcpListener> {
    let socket = ports.take(address).map_or_else(|| std::net::TcpListener::bind(address), Ok)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket)
}

fn spawn(argv: &[String], folder: &Path, environment: &BTreeMap<String, String>) -> io::Result<Child> {
    let (program, arguments) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    // `./mine` means the folder of the weft.yaml that says so; `mine` is looked up as in a shell.
    let resolved = if program.contains('/') { folder.join(program).into_os_string() } else { program.into() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut command = bound_to_this_thread(OsStr::new(&resolved));
    // Standard output is for what this program itself answers.
    command.args(arguments).current_dir(folder).envs(environment).stdin(Stdio::null()).stdout(io::stderr());
    command.spawn()
}
