//! The commands of `oci/README.md` are run as they stand there, against a registry in memory.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use oci_registry::memory::MemoryRegistry;

#[test]
fn every_command_of_the_readme_works() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("the document");
    let blocks: Vec<_> = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "expected at least five blocks of commands, but found {}", blocks.len());
    let registry = MemoryRegistry::start().expect("a free port");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let openssl =
        Command::new("openssl").arg("version").output().map_err(|error| format!("{error} (apt-get install openssl)"));
    let has_openssl = suite::parts::available("openssl", openssl).is_some();
    let commands = Path::new(env!("CARGO_BIN_EXE_weft-oci")).parent().expect("a folder").display().to_string();
    let path = format!("{commands}:{}", std::env::var("PATH").unwrap_or_default());
    for block in blocks.iter().filter(|block| has_openssl || !block.contains("openssl")) {
        let script = block.replace("registry.example.com", &registry.host());
        let Output { status, stdout, stderr } = Command::new("sh")
            .args(["-ec", &script])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("DOCKER_CONFIG", folder.path())
            .output()
            .expect("a shell");
        let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(status.success(), "{block}\n{stdout}{stderr}");
    }
    for file in ["header-propagation.yaml", "grpc-json-transcoder.yaml", "plugin.wasm", "layout/index.json"] {
        assert!(folder.path().join(file).exists(), "expected {file} to be written");
    }
}
