//! One running Envoy: started from a proxy's configuration, watched until it serves, ended by its own process id.
//!
//! A thread of its own starts Envoy and reads its log until the end. That Envoy dies with this program even when the program
//! is killed is left to `setpriv --pdeathsig` of util-linux, which asks the kernel for it; the kernel means the death of the
//! *thread* that forked, and that is one more reason for the thread. Where there is no `setpriv`, an Envoy outlives a parent
//! that was killed with SIGKILL, and only then.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

use super::log::{FORMAT, LogEntry};
use super::{EnvoyBinary, admin};
use crate::bootstrap::Proxy;
use crate::bootstrap::render::{RenderOptions, configure_per_route, envoy_bootstrap, write_modules};

/// Is told each entry of Envoy's log as it is written; of a message of several lines it gets the first.
pub type LogWatcher = Arc<dyn Fn(LogEntry) + Send + Sync>;

/// How Envoy is started.
#[derive(Clone)]
pub struct StartOptions {
    /// `--log-level`.
    pub log_level: String,
    /// `--component-log-level`; `wasm:trace` shows whatever plugins log.
    pub component_log_level: String,
    /// How long it may take until the listeners answer: compiling modules on a busy machine takes seconds.
    pub patience: Duration,
    /// Who follows the log while Envoy runs, if anybody.
    pub watcher: Option<LogWatcher>,
    /// What virtual hosts and routes of these names say to native filters; the engine has none.
    pub per_route: BTreeMap<String, serde_json::Value>,
}

impl Default for StartOptions {
    fn default() -> Self {
        Self {
            log_level: "warning".to_owned(),
            component_log_level: "wasm:trace".to_owned(),
            patience: Duration::from_secs(60),
            watcher: None,
            per_route: BTreeMap::new(),
        }
    }
}

/// Why Envoy does not serve.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The bootstrap or a module could not be written.
    #[error("{proxy}: expected to write Envoy's configuration, but: {source}")]
    Files {
        /// The proxy's name.
        proxy: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The binary could not be run.
    #[error("{proxy}: expected to run {}, but: {source}", binary.display())]
    Spawn {
        /// The proxy's name.
        proxy: String,
        /// What was run.
        binary: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Envoy ended instead of serving.
    #[error("{proxy}: expected Envoy to serve, but it ended ({status}):\n{}", complaints.join("\n"))]
    Ended {
        /// The proxy's name.
        proxy: String,
        /// How it ended.
        status: ExitStatus,
        /// What it and its plugins complained about.
        complaints: Vec<String>,
    },
    /// Envoy did not serve in time.
    #[error("{proxy}: expected Envoy to serve within {patience:?}, but it did not:\n{}", complaints.join("\n"))]
    Late {
        /// The proxy's name.
        proxy: String,
        /// How long was waited.
        patience: Duration,
        /// What it and its plugins complained about.
        complaints: Vec<String>,
    },
}

/// A running Envoy. Dropping it ends the process and waits for its end.
#[derive(Debug)]
pub struct EnvoyProcess {
    child: OwnedChild,
    log: Log,
    reader: Option<JoinHandle<()>>,
    admin: SocketAddr,
    // Kept while Envoy runs: it may read a module again when it rebuilds a virtual machine.
    _files: tempfile::TempDir,
}

/// A child that ends when it is dropped, wherever that happens.
#[derive(Debug)]
struct OwnedChild(Child);

impl Drop for OwnedChild {
    fn drop(&mut self) {
        // Killing one that has ended already is an error without meaning here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl EnvoyProcess {
    /// Starts Envoy as this proxy and returns when every listener answers.
    pub async fn start(binary: &EnvoyBinary, proxy: &Proxy, options: &StartOptions) -> Result<Self, StartError> {
        let unwritten = |source| StartError::Files { proxy: proxy.name.clone(), source };
        let files = tempfile::tempdir().map_err(unwritten)?;
        let admin_file = files.path().join("admin");
        let configuration = write_configuration(proxy, files.path(), options).map_err(unwritten)?;
        let mut command = bound_to_this_thread(binary.path().as_os_str());
        command
            .arg("--config-path")
            .arg(configuration)
            .arg("--admin-address-path")
            .arg(&admin_file)
            .args(["--concurrency", &proxy.concurrency.to_string()])
            // Hot restart would share memory under an id that two proxies must not have in common.
            .arg("--disable-hot-restart")
            .args(["--log-format", FORMAT])
            .args(["--log-level", &options.log_level])
            .args(["--component-log-level", &options.component_log_level]);
        let log = Log::default();
        let (child, reader) = spawn(command, log.clone(), options.watcher.clone()).await.map_err(|source| {
            StartError::Spawn { proxy: proxy.name.clone(), binary: binary.path().to_owned(), source }
        })?;
        let mut process =
            Self { child, log, reader: Some(reader), admin: SocketAddr::from(([127, 0, 0, 1], 0)), _files: files };
        process.serve(proxy, &admin_file, options.patience).await?;
        Ok(process)
    }

    /// Waits until the server is live and every listener accepts.
    async fn serve(&mut self, proxy: &Proxy, admin_file: &Path, patience: Duration) -> Result<(), StartError> {
        let deadline = Instant::now() + patience;
        loop {
            if let Ok(Some(status)) = self.child.0.try_wait() {
                // The reader has the whole log once the pipe is closed.
                self.join_reader();
                return Err(StartError::Ended { proxy: proxy.name.clone(), status, complaints: self.complaints() });
            }
            if let Some(admin) = std::fs::read_to_string(admin_file).ok().and_then(|text| text.trim().parse().ok()) {
                self.admin = admin;
                if admin::is_live(admin).await && all_accept(proxy).await {
                    return Ok(());
                }
            }
            if Instant::now() >= deadline {
                return Err(StartError::Late { proxy: proxy.name.clone(), patience, complaints: self.complaints() });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where the admin interface listens.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// What Envoy has written to its log so far, as it stands there.
    pub fn log_lines(&self) -> Vec<String> {
        self.log.lines()
    }

    /// The log so far, read into entries; [`LogEntry::wasm`] tells what plugins said.
    pub fn log_entries(&self) -> Vec<LogEntry> {
        LogEntry::parse_all(self.log.lines().iter().map(String::as_str))
    }

    /// The processor time that the threads of the process have used, to the nanosecond. Zero where there is no `/proc`.
    pub fn cpu_time(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.0.id()));
        let statistics = threads.into_iter().flatten().flatten().map(|thread| thread.path().join("schedstat"));
        statistics.filter_map(|file| cpu_time_of(&std::fs::read_to_string(file).ok()?)).sum()
    }

    /// Lets Envoy shut down in order, its plugins too, and waits for the end; ends it by force after five seconds. Returns the
    /// whole log, with what plugins said while they were deleted.
    pub async fn stop(mut self) -> Vec<String> {
        if admin::quit(self.admin).await.is_err() {
            return self.log_lines();
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if matches!(self.child.0.try_wait(), Ok(Some(_))) {
            self.join_reader();
        }
        self.log_lines()
    }

    fn complaints(&self) -> Vec<String> {
        let entries = self.log_entries();
        entries.into_iter().filter(LogEntry::is_complaint).map(|entry| format!("  {}", entry.message)).collect()
    }

    fn join_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            // A reader that panicked has nothing more to tell.
            let _ = reader.join();
        }
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

fn write_configuration(proxy: &Proxy, folder: &Path, options: &StartOptions) -> io::Result<PathBuf> {
    write_modules(proxy, folder)?;
    let rendering = RenderOptions { admin: SocketAddr::from(([127, 0, 0, 1], 0)), modules: folder.to_owned() };
    let mut bootstrap = envoy_bootstrap(proxy, &rendering);
    configure_per_route(&mut bootstrap, &options.per_route);
    let path = folder.join("bootstrap.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&bootstrap)?)?;
    Ok(path)
}

/// A command whose process the kernel kills when the thread that starts it dies, where there is a way to ask for that.
pub(crate) fn bound_to_this_thread(program: &OsStr) -> Command {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let setpriv = std::env::split_paths(&folders).map(|folder| folder.join("setpriv")).find(|path| path.is_file());
    match setpriv {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Starts the command on a thread that then collects the log and lives as long as the process writes to it.
async fn spawn(
    mut command: Command,
    log: Log,
    watcher: Option<LogWatcher>,
) -> io::Result<(OwnedChild, JoinHandle<()>)> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let (started, child) = tokio::sync::oneshot::channel();
    let reader = std::thread::Builder::new().name("envoy-log".to_owned()).spawn(move || {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return drop(started.send(Err(error))),
        };
        let Some(stderr) = child.stderr.take() else { return };
        // Where nobody waits for it any more, it ends right here.
        drop(started.send(Ok(OwnedChild(child))));
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if let Some((watcher, entry)) = watcher.as_ref().zip(LogEntry::parse(&line)) {
                watcher(entry);
            }
            log.push(line);
        }
    })?;
    let child = child.await.unwrap_or_else(|_| Err(io::Error::other("the thread that starts it ended")))?;
    Ok((child, reader))
}

async fn all_accept(proxy: &Proxy) -> bool {
    for listener in &proxy.listeners {
        if tokio::net::TcpStream::connect(listener.address).await.is_err() {
            return false;
        }
    }
    true
}

/// The time on a processor of a thread's statistics, in nanoseconds (the kernel's documentation of sched-stats).
fn cpu_time_of(schedstat: &str) -> Option<Duration> {
    Some(Duration::from_nanos(schedstat.split(' ').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_the_first_of_a_threads_statistics() {
        assert_eq!(cpu_time_of("1750000042 93000 12\n"), Some(Duration::from_nanos(1_750_000_042)));
        assert_eq!(cpu_time_of(""), None);
    }

    #[tokio::test]
    async fn the_end_of_a_process_closes_its_log() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one >&2; echo two >&2"]);
        let log = Log::default();
        let (mut child, reader) = spawn(command, log.clone(), None).await.expect("a shell");
        assert!(child.0.wait().expect("its end").success());
        reader.join().expect("the reader");
        assert_eq!(log.lines(), ["one", "two"]);
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_is_an_error() {
        let error =
            spawn(Command::new("no-such-program-here"), Log::default(), None).await.expect_err("nothing to run");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
