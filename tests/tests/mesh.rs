//! What starting a mesh says when its manifests are sound and a plugin is not.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use host_harness::abi::LogLevel;
use host_harness::bootstrap::Module;
use host_harness::data_plane::{DataPlane, LogSink, Plane};
use host_harness::mesh::{self, Ports};

fn builtin(name: &str) -> Option<Module> {
    let module = artifacts::module(name)?;
    Some(Module { name: name.to_owned(), bytes: module.bytes.into() })
}

#[tokio::test]
async fn a_refused_configuration_is_said_once_for_the_whole_mesh() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mesh = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/s1-propagate");
    for file in ["services.yaml", "routing.yaml", "weft.yaml", "filters.yaml"] {
        let text = fs::read_to_string(mesh.join(file))?;
        fs::write(folder.path().join(file), text.replace("exact: [route-v]", "exact: [te, ':path']"))?;
    }
    let mut ports = Ports::new(None);
    let mesh = mesh::load(&[folder.path().to_owned()], &mut ports, &builtin)?;
    let nowhere: LogSink = Arc::new(|_: &str, _| ());
    let started = DataPlane::start(&mesh, &mut ports, &Plane::Embedded, LogLevel::Warn, &nowhere).await;
    let refusal = started.err().map(|error| error.to_string()).unwrap_or_default();
    insta::assert_snapshot!(refusal, @r#"
    plugin default.header-propagation: configuration: propagate.exact[0]: expected a header that may be set, but found "te", which belongs to one connection or message (line 1 column 24)
    plugin default.header-propagation: configuration: propagate.exact[1]: expected a header that may be set, but found the pseudo-header ":path" (line 1 column 29)
    "#);
    Ok(())
}
