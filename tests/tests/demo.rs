//! The scenarios of `weft demo`, end to end: every form, on the embedded engine and on real Envoy processes.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use host_harness::abi::LogLevel;
use host_harness::cli::demo::{Form, entrance, s1, s2, s3, s4};
use host_harness::data_plane::{DataPlane, LogSink, Plane};

/// Starts a form, asks whether it is good, and looks whether nothing is left of it.
async fn run(form: &Form, plane: &Plane, is_good: impl AsyncFnOnce(SocketAddr)) -> anyhow::Result<()> {
    let log: LogSink =
        Arc::new(|proxy, line| eprintln!("{proxy} {} {}: {}", line.level.name(), line.plugin, line.message));
    let (mesh, mut ports) = form.load()?;
    assert!(mesh.proxies.iter().all(|proxy| proxy.concurrency == 2), "{}: expected two workers", form.name);
    let running = DataPlane::start(&mesh, &mut ports, plane, LogLevel::Warn, &log).await.context(form.name)?;
    is_good(entrance(&mesh)?).await;
    running.stop().await;
    for gateway in &mesh.gateways {
        let left = std::net::TcpStream::connect(gateway.address);
        assert!(left.is_err(), "{}: expected nothing to be left at {}", form.name, gateway.address);
    }
    Ok(())
}

/// Every form of S1: each chain is pure, one request after the other and sixty at once.
async fn every_chain_is_pure(plane: &Plane) -> anyhow::Result<()> {
    for form in &s1::FORMS {
        run(form, plane, async |gateway| {
            let report = s1::probe(gateway, s1::CROWD).await;
            assert_eq!(report.crowd.requests, 60);
            assert!(report.is_good(), "{}: {report:#?}", form.name);
        })
        .await?;
    }
    Ok(())
}

/// S2: what a client of HTTP gets is what the guides show.
async fn every_answer_is_transcoded(plane: &Plane) -> anyhow::Result<()> {
    for form in &s2::FORMS {
        run(form, plane, async |gateway| {
            let report = s2::probe(gateway).await;
            assert!(report.is_good(), "{}: {report:#?}", form.name);
            let first = &report.exchanges[0].body;
            assert!(first.starts_with("{\n \"status\": 200,\n \"results\": [\n  {\n   \"id\": \""), "{first}");
        })
        .await?;
    }
    Ok(())
}

/// S3: in every variant each hop is served by the version that the mission says.
async fn every_hop_is_served_as_labelled(plane: &Plane) -> anyhow::Result<()> {
    for variant in &s3::VARIANTS {
        run(&variant.form, plane, async |gateway| {
            let report = variant.probe(gateway).await;
            assert!(report.is_good(), "{}: {report:#?}", variant.form.name);
        })
        .await?;
    }
    Ok(())
}

/// S4: without the policy no page reads, with it those that it names.
async fn every_page_reads_what_the_policy_says(plane: &Plane) -> anyhow::Result<()> {
    for variant in &s4::VARIANTS {
        run(&variant.form, plane, async |gateway| {
            let report = variant.probe(gateway).await;
            assert!(report.is_good(), "{}: {report:#?}", variant.form.name);
        })
        .await?;
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

#[tokio::test(flavor = "multi_thread")]
async fn s2_holds_on_the_embedded_engine() -> anyhow::Result<()> {
    every_answer_is_transcoded(&Plane::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_holds_on_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    every_answer_is_transcoded(&Plane::Envoy(binary)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_holds_on_the_embedded_engine() -> anyhow::Result<()> {
    every_hop_is_served_as_labelled(&Plane::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_holds_on_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    every_hop_is_served_as_labelled(&Plane::Envoy(binary)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_holds_on_the_embedded_engine() -> anyhow::Result<()> {
    every_page_reads_what_the_policy_says(&Plane::Embedded).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_holds_on_real_envoys() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    every_page_reads_what_the_policy_says(&Plane::Envoy(binary)).await
}
