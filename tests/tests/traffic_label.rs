//! The traffic-label module in the embedded engine, and in meshes on both data planes: what it costs, and that no request is
//! ever routed into another's lane.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use host_harness::abi::LogLevel;
use host_harness::bootstrap::Module;
use host_harness::cli::demo::{entrance, s1};
use host_harness::data_plane::{DataPlane, LogSink, Plane};
use host_harness::envoy::TraceEntry;
use host_harness::mesh::{self, Ports};
use suite::sidecar::Sidecar;

const FILTER: &str = "traffic-label";
const ONE_LABEL: &str = r#"{"labels": [{"name": "lane"}]}"#;
/// How many requests are on their way at once.
const CROWD: usize = 200;

fn host_calls(trace: &[TraceEntry]) -> Vec<&str> {
    let entries = trace.iter().filter(|entry| entry.callback == "proxy_on_request_headers");
    entries.flat_map(|entry| entry.calls.iter().map(|call| call.function)).collect()
}

#[test]
fn a_label_that_is_there_costs_two_host_calls_and_one_that_nobody_has_no_more() {
    let mut sidecar = Sidecar::with(FILTER, ONE_LABEL, 1);
    let id = ("x-request-id", "a8d1c0a8-5d0d-4f0e-9c3b-0d7b7a7f7f10");
    for (listener, headers, most) in [
        ("outbound", &[id, ("lane", "gray")][..], 2),
        ("outbound", &[id], 2),
        ("inbound", &[id], 2),
        ("inbound", &[], 1),
        ("outbound", &[], 1),
    ] {
        let (_, trace) = sidecar.send(0, listener, headers);
        let calls = host_calls(&trace);
        assert!(calls.len() <= most, "{listener} {headers:?}: {calls:?}");
    }
}

#[test]
fn a_label_that_came_in_goes_out_on_another_worker() {
    let mut sidecar = Sidecar::with(FILTER, ONE_LABEL, 4);
    let id = ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124");
    sidecar.send(0, "inbound", &[id, ("x-asm-prefer-tag", "gray")]);
    for worker in 0..4 {
        let (out, _) = sidecar.send(worker, "outbound", &[id]);
        assert_eq!(out.get(b"lane"), Some(&b"gray"[..]), "worker {worker}");
    }
}

/// Whoever makes up another's trace sends its calls into a lane that was allowed for that trace, and never changes the lane of a
/// request whose own first label counts.
#[test]
fn a_made_up_trace_cannot_move_a_request_whose_first_label_counts() {
    let configuration =
        r#"{"labels": [{"name": "lane", "values": {"exact": ["base", "gray"]}}], "store": {"on_conflict": "first"}}"#;
    let mut sidecar = Sidecar::with(FILTER, configuration, 2);
    let id = ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124");
    sidecar.send(0, "inbound", &[id, ("lane", "base")]);
    sidecar.send(1, "inbound", &[id, ("lane", "gray")]);
    sidecar.send(1, "inbound", &[id, ("lane", "evil")]);
    let (out, _) = sidecar.send(1, "outbound", &[id]);
    assert_eq!(out.get(b"lane"), Some(&b"base"[..]));
}

#[test]
fn metrics_say_what_happened_once_a_second() {
    let configuration = r#"{"labels": [{"name": "lane", "values": {"exact": ["gray"]}}]}"#;
    let mut sidecar = Sidecar::with(FILTER, configuration, 1);
    let id = ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124");
    sidecar.send(0, "inbound", &[id, ("lane", "gray")]);
    sidecar.send(0, "outbound", &[id]);
    sidecar.send(0, "inbound", &[id, ("lane", "evil")]);
    sidecar.pass(std::time::Duration::from_secs(2));
    assert_eq!(sidecar.counter("lane.value.gray"), 1);
    assert_eq!(sidecar.counter("lane.from.store"), 1);
    assert_eq!(sidecar.counter("lane.ignored"), 1);
    assert_eq!(sidecar.counter("store.hits"), 1);
}

/// Runs S1's chain with a label in place of the stamps, four workers for each proxy.
async fn run(plane: &Plane, check: impl AsyncFnOnce(SocketAddr)) -> anyhow::Result<()> {
    let meshes = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes");
    let files = ["s1-propagate/services", "s1-propagate/routing", "s1-labels/filters"];
    let files: Vec<_> = files.iter().map(|file| meshes.join(file).with_extension("yaml")).collect();
    let builtin =
        |name: &str| artifacts::module(name).map(|module| Module { name: name.to_owned(), bytes: module.bytes.into() });
    let mut ports = Ports::new(None);
    let mesh = mesh::load(&files, &mut ports, &builtin)?;
    assert!(mesh.proxies.iter().all(|proxy| proxy.concurrency == 4));
    let log: LogSink = Arc::new(|proxy, line| eprintln!("{proxy} {}: {}", line.plugin, line.message));
    let running = DataPlane::start(&mesh, &mut ports, plane, LogLevel::Warn, &log).await.context("the mesh starts")?;
    check(entrance(&mesh)?).await;
    running.stop().await;
    Ok(())
}

async fn every_chain_is_pure(plane: &Plane) -> anyhow::Result<()> {
    run(plane, async |gateway| {
        let report = s1::probe(gateway, CROWD).await;
        assert_eq!(report.crowd.requests, CROWD);
        assert!(report.is_good(), "{report:#?}");
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_routed_into_another_lane_on_the_embedded_engine() -> anyhow::Result<()> {
    every_chain_is_pure(&Plane::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_routed_into_another_lane_on_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    every_chain_is_pure(&Plane::Envoy(binary)).await
}
