//! Two checkouts in different folders give one module for every filter, and so one digest for every package.

#![allow(clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use oci::{Layout, Module, RuntimeConfig, Words, pack};
use wasm_build::Workspace;

/// Copies the sources, as a clone would have them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder of the project").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_file() {
            fs::copy(&path, to.join(&name)).expect("a file");
        } else if ![".git", "target", "node_modules"].contains(&name.to_string_lossy().as_ref()) {
            copy(&path, &to.join(&name));
        }
    }
}

#[test]
fn another_checkout_gives_the_same_modules_and_digests() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clone = folder.path().join("another/folder/with-a-longer-name");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &clone);
    for here in artifacts::MODULES {
        let target_dir = folder.path().join("target").join(here.name);
        let workspace = Workspace::new(&clone, target_dir).with_flags(&artifacts::flags(here.name));
        let built = workspace.compile(&[here.name.to_owned()]).expect("it compiles there, too");
        let there = fs::read(&built.first().expect("one module").path).expect("the module");
        assert!(there == here.bytes, "{}: {} bytes here, {} there", here.name, here.bytes.len(), there.len());
        for layout in [Layout::Artifact, Layout::Image, Layout::Cncf] {
            let digests = [here.bytes.to_vec(), there.clone()].map(|bytes| {
                let module = Module::read(bytes).expect("a module");
                let config = RuntimeConfig::new(module.abi_version(), vec![here.name.to_owned()]);
                pack(&module, &config, layout, &Words::default()).expect("in memory").digest()
            });
            assert!(digests.windows(2).all(|pair| pair.first() == pair.last()), "{}: {digests:?}", here.name);
        }
    }
}
