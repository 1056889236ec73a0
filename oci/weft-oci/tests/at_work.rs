//! Emitted manifests at work: the mesh of S1 pulls what they name and answers as the mission says; a real Envoy starts with the
//! snippet; the demonstration is right.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use host_harness::abi::LogLevel;
use host_harness::cli::demo::{Form, entrance, s1};
use host_harness::cli::images::Images;
use host_harness::data_plane::{DataPlane, LogSink, Plane};
use oci_registry::Cache;
use oci_registry::memory::MemoryRegistry;
use serde_json::{Value, json};
use tempfile::TempDir;

const FILTER: &str = "header-propagation";

/// A folder with an own cache, and commands that run in it.
struct Workbench(TempDir);

impl Workbench {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What `weft-oci` prints when it succeeds.
    fn weft_oci(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft-oci"));
        command.args(arguments).current_dir(self.path()).env("DOCKER_CONFIG", self.path());
        let Output { status, stdout, stderr } = command.output().expect("the command runs");
        assert!(
            status.success(),
            "{arguments:?}: {}{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr)
        );
        String::from_utf8(stdout).expect("text")
    }

    fn emit(&self, target: &str, image: &str, config: &Value, more: &[&str]) -> String {
        std::fs::write(self.path().join("config.json"), config.to_string()).expect("a file");
        let given = ["emit", target, FILTER, "--config", "config.json", "--image", image];
        self.weft_oci(&[&given[..], more].concat())
    }

    /// The guides' mesh with these filters, which come from the registry: every chain is pure.
    async fn runs_s1(&self, form: &Form, filters: &str, registry: &MemoryRegistry) {
        let images = Images::with_cache(Some(Cache::new(self.path().join("images"))));
        let (mesh, mut ports) = form.load_with(Some(filters), &images).expect("a mesh");
        assert_eq!(mesh.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
        let log: LogSink = Arc::new(|proxy, line| eprintln!("{proxy} {}: {}", line.plugin, line.message));
        let running =
            DataPlane::start(&mesh, &mut ports, &Plane::Embedded, LogLevel::Warn, &log).await.expect("it starts");
        let report = s1::probe(entrance(&mesh).expect("a gateway"), s1::CROWD).await;
        running.stop().await;
        assert!(report.is_good(), "{report:#?}\n{filters}");
        let pulls = |request: &&String| request.starts_with("GET") && request.contains("/blobs/");
        assert!(registry.look(|contents| contents.requests.iter().any(|it| pulls(&it))), "the filter was never pulled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_runs_with_what_is_emitted_for_istio() {
    for target in ["wasmplugin", "trafficextension"] {
        let (bench, registry) = (Workbench::new(), MemoryRegistry::start().expect("a free port"));
        let image = format!("{}/mesh/propagation:1", registry.host());
        bench.weft_oci(&["push", FILTER, &image]);
        // The tag is pinned by asking the registry.
        let manifest = bench.emit(target, &image, &json!({"propagate": {"exact": ["route-v"]}}), &[]);
        assert!(manifest.contains("@sha256:"), "{manifest}");
        bench.runs_s1(&s1::FORMS[1], &manifest, &registry).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_runs_with_what_is_emitted_for_asm() {
    let (bench, registry) = (Workbench::new(), MemoryRegistry::start().expect("a free port"));
    let image = format!("{}/asm_repo/propaganda:1", registry.host());
    bench.weft_oci(&["push", FILTER, &image]);
    let mut manifests = String::new();
    for (from, to) in [("hello1", "hello2v2"), ("hello2", "hello3v2")] {
        let config = json!({"head_tag_name": "route-v", "head_tag_value": to});
        let (name, label) = (format!("{from}-propagate-header"), format!("app={from}-deploy-v2"));
        let place = ["--name", &name, "--label", &label, "--label", "version=v2", "--mode", "client"];
        manifests += "---\n";
        manifests += &bench.emit("asmfilterdeployment", &image, &config, &place);
    }
    bench.runs_s1(&s1::FORMS[0], &manifests, &registry).await;
}

#[test]
fn the_demonstration_is_right() {
    let shown = Workbench::new().weft_oci(&["demo"]);
    for expected in ["60 requests at once, both lanes mixed: 60 chains pure", "✓ ASM takes it", "sha256: "] {
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn a_real_envoy_starts_with_the_snippet() {
    let Some(envoy) = suite::parts::envoy() else { return };
    let (bench, registry) = (Workbench::new(), MemoryRegistry::start().expect("a free port"));
    let image = format!("{}/mesh/propagation:1", registry.host());
    bench.weft_oci(&["push", FILTER, &image]);
    bench.weft_oci(&["pull", &image, "-o", "propagation.wasm"]);
    let file = bench.path().join("propagation.wasm").display().to_string();
    let config = json!({"propagate": {"exact": ["route-v"]}});
    let snippet = bench.emit("envoy", &image, &config, &["--module-file", &file, "--fail-strategy", "close"]);
    let snippet: Value = serde_yaml_ng::from_str(&snippet).expect("YAML");
    let mut filters = snippet["http_filters"].as_array().expect("filters").clone();
    filters.push(json!({"name": "envoy.filters.http.router", "typed_config":
        {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}));
    let manager = json!({"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "test", "route_config": {"virtual_hosts": []}, "http_filters": filters});
    let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
    let chain =
        json!({"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]});
    let bootstrap =
        json!({"static_resources": {"listeners": [{"name": "l", "address": address, "filter_chains": [chain]}]}});
    std::fs::write(bench.path().join("envoy.json"), bootstrap.to_string()).expect("a file");
    let mut child = Command::new(envoy.path())
        .args(["-c", "envoy.json", "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "info"])
        .args(["--service-node", "sidecar~127.0.0.1~web.default~test", "--service-cluster", "web"])
        .current_dir(bench.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("Envoy starts");
    let log = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut said = Vec::new();
    for line in log.lines().map_while(Result::ok) {
        let is_ready = line.contains("starting workers");
        said.push(line);
        if is_ready {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    let said = said.join("\n");
    assert!(said.contains("starting workers"), "{said}");
    assert!(said.contains("propagation, store of at most"), "the plugin says what it is configured as: {said}");
}
