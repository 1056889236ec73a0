//! gRPC through the mesh of S2, on either data plane: HTTP/2 all the way, and the status in the trailers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_harness::abi::LogLevel;
use host_harness::data_plane::{DataPlane, LogSink, Plane};
use host_harness::mesh::{self, Ports};
use suite::transcoding::{self, Case};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/s2-transcoding")
}

/// A call of a method of the service with one request: the index of a greeting, and a language.
fn call(method: &str, index: &str) -> Case {
    let field = |number: u8, text: &str| [&[number << 3 | 2, text.len() as u8], text.as_bytes()].concat();
    let message = [field(1, index), field(2, "java")].concat();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Case {
        name: format!("{method} {index}"),
        method: "POST".to_owned(),
        path: format!("/org.feuyeux.grpc.LandingService/{method}"),
        headers: vec![header("content-type", "application/grpc"), header("te", "trailers")],
        body: [&[0, 0, 0, 0, message.len() as u8], message.as_slice()].concat(),
        chunks: None,
        http2: true,
    }
}

/// The status of HTTP, `grpc-status` of the trailers or else of the head, and how many times the body says Hello.
async fn calls(plane: &Plane) -> anyhow::Result<String> {
    let without_filters = tempfile::tempdir()?;
    for file in ["services.yaml", "routing.yaml", "weft.yaml"] {
        std::fs::copy(folder().join(file), without_filters.path().join(file))?;
    }
    let mut ports = Ports::new(None);
    let mesh = mesh::load(&[without_filters.path().to_owned()], &mut ports, &|_: &str| None)?;
    assert_eq!(mesh.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let log: LogSink = Arc::new(|proxy, line| eprintln!("{proxy}: {}", line.message));
    let running = DataPlane::start(&mesh, &mut ports, plane, LogLevel::Warn, &log).await?;
    let gateway = mesh.gateways.first().context("a gateway")?.address;
    let mut seen = String::new();
    for case in [
        call("talk", "0"),
        call("talk", "9"),
        call("talkOneAnswerMore", "0,0"),
        call("talkMoreAnswerOne", "0"),
        call("talkBidirectional", "0"),
        call("nothing", "0"),
    ] {
        let answer = transcoding::ask(gateway, &case).await.with_context(|| case.name.clone())?;
        let status = |pairs: &[(String, String)]| pairs.iter().find(|(name, _)| name == "grpc-status").cloned();
        let (place, ended) = match (status(&answer.trailers), status(&answer.headers)) {
            (Some((_, status)), None) => ("trailers", status),
            (None, Some((_, status))) => ("head", status),
            other => anyhow::bail!("{}: expected one status, but found {other:?}", case.name),
        };
        let hellos = answer.body.windows(5).filter(|text| text == b"Hello").count();
        seen.push_str(&format!("{}: {} {hellos} Hello, status {ended} in the {place}\n", case.name, answer.status));
    }
    running.stop().await;
    Ok(seen)
}

const EXPECTED: &str = "\
talk 0: 200 1 Hello, status 0 in the trailers
talk 9: 200 0 Hello, status 5 in the head
talkOneAnswerMore 0,0: 200 2 Hello, status 0 in the trailers
talkMoreAnswerOne 0: 200 1 Hello, status 0 in the trailers
talkBidirectional 0: 200 1 Hello, status 0 in the trailers
nothing 0: 200 0 Hello, status 12 in the head
";

#[tokio::test(flavor = "multi_thread")]
async fn calls_pass_the_embedded_engine() -> anyhow::Result<()> {
    assert_eq!(calls(&Plane::Embedded).await?, EXPECTED);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_pass_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    assert_eq!(calls(&Plane::Envoy(binary)).await?, EXPECTED);
    Ok(())
}

/// The plugin's configuration holds what a compiler makes of the `.proto` file beside it.
#[test]
fn the_descriptor_set_in_the_manifest_is_that_of_the_proto_file() -> anyhow::Result<()> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oci/weft-oci/protos");
    let mut compiler = protox::Compiler::new([folder(), protos])?;
    compiler.include_imports(true).open_file("landing.proto")?;
    let compiled = STANDARD.encode(compiler.encode_file_descriptor_set());
    let manifest: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(&std::fs::read_to_string(folder().join("filters.yaml"))?)?;
    let written = manifest["spec"]["pluginConfig"]["proto_descriptor_bin"].as_str().context("a descriptor set")?;
    assert!(written == compiled, "expected in filters.yaml:\n    proto_descriptor_bin: \"{compiled}\"");
    Ok(())
}
