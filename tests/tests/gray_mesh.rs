//! The two services of S3 in a mesh, on either data plane, beyond what the scenario itself asks: a request that comes
//! back to the service it came from, and a call that a service makes after it answered.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use host_harness::abi::LogLevel;
use host_harness::bootstrap::Module;
use host_harness::cli::demo::entrance;
use host_harness::data_plane::{DataPlane, LogSink, Plane};
use host_harness::mesh::{self, Ports};
use suite::transcoding::{self, Case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long a service may take until it calls.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many requests are on their way at once.
const CROWD: usize = 200;

/// A mesh where every hop is routed by the label, the one back to A too.
const LABELLED: [&str; 6] =
    ["services", "gateway-by-label", "server-by-label", "client-by-label", "label-from-request", "label-at-gateway"];

/// Labels, and the version that serves each.
const LANES: [(&str, &str); 2] = [("version-gray", "Gray"), ("version-base", "Base")];

fn builtin(name: &str) -> Option<Module> {
    let module = artifacts::module(name)?;
    Some(Module { name: name.to_owned(), bytes: module.bytes.into() })
}

/// Runs the mesh that some of the files in `tests/meshes/s3` describe, which must be understood without a warning.
async fn run(
    files: &[&str],
    plane: &Plane,
    check: impl AsyncFnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/s3");
    let paths: Vec<_> = files.iter().map(|file| folder.join(file).with_extension("yaml")).collect();
    let mut ports = Ports::new(None);
    let mesh = mesh::load(&paths, &mut ports, &builtin)?;
    assert_eq!(mesh.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let log: LogSink = Arc::new(|proxy, line| eprintln!("{proxy} {}: {}", line.plugin, line.message));
    let running = DataPlane::start(&mesh, &mut ports, plane, LogLevel::Warn, &log).await?;
    check(entrance(&mesh)?).await?;
    running.stop().await;
    Ok(())
}

/// What serves a request with this label, if any.
async fn served(gateway: SocketAddr, path: &str, label: Option<&str>) -> anyhow::Result<String> {
    let mut case = Case::get(path);
    case.headers.extend(label.map(|label| ("x-asm-prefer-tag".to_owned(), label.to_owned())));
    let answer = transcoding::ask(gateway, &case).await?;
    let body = String::from_utf8(answer.body)?;
    anyhow::ensure!(answer.status == 200, "{path}: status {} {body}", answer.status);
    Ok(body)
}

/// What serves a request that A answers at once, and what serves the call that it makes after that.
async fn served_before_and_after(gateway: SocketAddr, label: Option<&str>) -> anyhow::Result<(String, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let before = served(gateway, &format!("/hello?after={}", listener.local_addr()?), label).await?;
    let called_later = async {
        let (mut socket, _) = listener.accept().await?;
        socket.write_all(b"now\n").await?;
        let mut after = String::new();
        socket.read_to_string(&mut after).await?;
        Ok::<_, std::io::Error>(after)
    };
    Ok((before, tokio::time::timeout(PATIENCE, called_later).await.context("no call in time")??))
}

async fn requests_come_back_and_calls_come_late(plane: &Plane) -> anyhow::Result<()> {
    run(&["services", "gateway-balanced"], plane, async |gateway| {
        let there_and_back = served(gateway, "/hello?hops=3", None).await?.replace("Gray", "Base");
        assert_eq!(there_and_back, "--> HTTP A-Base --> gRPC B-Base --> HTTP A-Base.");
        let (before, after) = served_before_and_after(gateway, None).await?;
        assert_eq!(before.replace("Gray", "Base"), "--> HTTP A-Base.");
        // The instance that answered is the one that calls.
        assert_eq!(after.replace("B-Gray", "B-Base"), before.replace('.', " --> gRPC B-Base."));
        Ok(())
    })
    .await
}

/// Both lanes mixed, each request through three services and back to the first.
async fn every_request_keeps_its_lane(plane: &Plane) -> anyhow::Result<()> {
    run(&LABELLED, plane, async |gateway| {
        let mut crowd = JoinSet::new();
        for number in 0..CROWD {
            let (label, version) = LANES[number % 2];
            crowd.spawn(async move {
                let expected = format!("--> HTTP A-{version} --> gRPC B-{version} --> HTTP A-{version}.");
                (served(gateway, "/hello?hops=3", Some(label)).await, expected)
            });
        }
        for (found, expected) in crowd.join_all().await {
            assert_eq!(found?, expected);
        }
        for (label, version) in LANES {
            let (before, after) = served_before_and_after(gateway, Some(label)).await?;
            assert_eq!(before, format!("--> HTTP A-{version}."));
            assert_eq!(after, format!("--> HTTP A-{version} --> gRPC B-{version}."));
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_work_on_the_embedded_engine() -> anyhow::Result<()> {
    requests_come_back_and_calls_come_late(&Plane::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_work_on_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    requests_come_back_and_calls_come_late(&Plane::Envoy(binary)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_are_kept_on_the_embedded_engine() -> anyhow::Result<()> {
    every_request_keeps_its_lane(&Plane::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_are_kept_on_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    every_request_keeps_its_lane(&Plane::Envoy(binary)).await
}
