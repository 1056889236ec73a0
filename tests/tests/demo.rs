//! S1, the full-link A/B test, end to end: both forms, on the embedded engine and on real Envoy processes.

use std::sync::Arc;

use anyhow::Context;
use host_harness::abi::LogLevel;
use host_harness::cli::demo::s1::{self, FORMS};
use host_harness::data_plane::{DataPlane, LogSink, Plane};

/// Runs every form of S1 and checks each chain, one request after the other and sixty at once.
async fn every_chain_is_pure(plane: &Plane) -> anyhow::Result<()> {
    let log: LogSink =
        Arc::new(|proxy, line| eprintln!("{proxy} {} {}: {}", line.level.name(), line.plugin, line.message));
    for form in FORMS {
        let (mesh, mut ports) = form.load()?;
        assert!(mesh.proxies.iter().all(|proxy| proxy.concurrency == 2), "{}: expected two workers", form.name);
        let running = DataPlane::start(&mesh, &mut ports, plane, LogLevel::Warn, &log).await.context(form.name)?;
        let report = s1::probe(s1::entrance(&mesh)?).await;
        assert_eq!(report.crowd.requests, 60);
        assert!(report.is_good(), "{}: {report:#?}", form.name);
        running.stop().await;
        for gateway in &mesh.gateways {
            let left = std::net::TcpStream::connect(gateway.address);
            assert!(left.is_err(), "{}: expected nothing to be left at {}", form.name, gateway.address);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_holds_on_the_embedded_engine() -> anyhow::Result<()> {
    every_chain_is_pure(&Plane::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_holds_on_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    every_chain_is_pure(&Plane::Envoy(binary)).await
}
