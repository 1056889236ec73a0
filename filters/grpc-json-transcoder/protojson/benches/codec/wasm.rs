//! The same conversions as Wasm: builds `examples/codec.rs` as filters are built and has Node time it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workload::{self, Workload};

pub fn main(workloads: &[Workload]) {
    if Command::new("node").arg("--version").output().is_err() {
        println!("left out, without node: the same code as Wasm");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codec");
    let module = module();
    let mut arguments: Vec<PathBuf> = vec![module];
    for workload in workloads {
        let folder = folder.join(workload.name);
        std::fs::create_dir_all(&folder).unwrap();
        let files: [(&str, &[u8]); 4] = [
            ("schema", &workload.descriptor_set),
            ("message", workload.message.full_name().as_bytes()),
            ("to_json", &workload.wire),
            ("to_wire", workload.json.as_bytes()),
        ];
        for (name, content) in files {
            std::fs::write(folder.join(name), content).unwrap();
        }
        arguments.push(folder);
    }
    let thousand = folder.join("a_thousand_methods");
    std::fs::create_dir_all(&thousand).unwrap();
    std::fs::write(thousand.join("schema"), workload::methods(1000)).unwrap();
    arguments.push(thousand);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/codec/wasm.mjs");
    let status = Command::new("node").arg(script).args(arguments).status().unwrap();
    assert!(status.success(), "expected node to run the module, but it ended with {status}");
}

/// Where the module is, once it is built.
fn module() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = ["build", "--quiet", "--profile", "wasm", "--target", "wasm32-unknown-unknown"];
    let package = ["--package", "protojson", "--example", "codec"];
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("wasm-bench");
    let status = Command::new(cargo).args(build).args(package).arg("--target-dir").arg(&target).status().unwrap();
    assert!(status.success(), "expected the example to build, but cargo ended with {status}");
    target.join("wasm32-unknown-unknown/wasm/examples/codec.wasm")
}
