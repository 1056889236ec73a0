//! A real `docker-registry` (Debian's package) on a port of its own, and the commands that tests run against it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// The user that a registry with passwords knows: `weft` with the password `secret` (bcrypt).
const HTPASSWD: &str = "weft:$2y$05$rRPSk0ClW39r78YCcCUEZuuIkE96mbyqgCfgJ543JCpJdUhl1Nk3m\n";

/// A registry that ends with the test.
pub struct DockerRegistry {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub host: String,
    /// Its own files, docker's configuration of the test, and whatever the test writes.
    pub folder: TempDir,
}

impl DockerRegistry {
    /// One for everybody.
    pub fn anonymous() -> Result<Self, String> {
        Self::start("")
    }

    /// One for the user `weft`.
    pub fn with_password() -> Result<Self, String> {
        Self::start("auth: {htpasswd: {realm: 'https://registry.test/auth', path: htpasswd}}\n")
    }

    fn start(auth: &str) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        let configuration = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n{auth}",
            path.join("images").display()
        );
        std::fs::write(path.join("registry.yml"), configuration).expect("a file");
        std::fs::write(path.join("htpasswd"), HTPASSWD).expect("a file");
        std::fs::create_dir(path.join("docker")).expect("a folder");
        std::fs::write(path.join("docker/config.json"), "{}").expect("a file");
        let mut child = Command::new("docker-registry")
            .args(["serve", "registry.yml"])
            .current_dir(path)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("docker-registry: {error} (apt-get install docker-registry)"))?;
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        let host = loop {
            line.clear();
            if log.read_line(&mut line).expect("its log") == 0 {
                panic!("docker-registry ended before it listened");
            }
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.chars().take_while(|it| it.is_ascii_digit() || ".:".contains(*it)).collect();
            }
        };
        // Read to its end, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(Self { child, host, folder })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The image of that name.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    /// Runs a command in the registry's folder, with an own configuration of docker and an own cache.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command.env("DOCKER_CONFIG", self.path().join("docker")).env("WEFT_CACHE_DIR", self.path().join("cache"));
        command.env("COSIGN_PASSWORD", "").env_remove("SOURCE_DATE_EPOCH");
        command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    /// Runs `weft-oci`.
    pub fn weft_oci(&self, arguments: &[&str]) -> Output {
        self.run(env!("CARGO_BIN_EXE_weft-oci"), arguments)
    }

    /// What a command prints that succeeds.
    pub fn good(&self, program: &str, arguments: &[&str]) -> String {
        good(self.run(program, arguments), arguments)
    }

    /// What `weft-oci` prints when it succeeds.
    pub fn good_weft_oci(&self, arguments: &[&str]) -> String {
        good(self.weft_oci(arguments), arguments)
    }
}

fn good(output: Output, arguments: &[&str]) -> String {
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{arguments:?}\n{stdout}\n{stderr}");
    stdout
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that a machine may lack, or how to get it.
pub fn program(name: &str, arguments: &[&str], package: &str) -> Result<(), String> {
    match Command::new(name).args(arguments).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{name}: {} ({package})", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{name}: {error} ({package})")),
    }
}
