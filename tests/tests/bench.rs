//! A bench runs on a real Envoy and every contender does its work; no time is asserted, since machines differ.

use host_harness::bench::{self, Options};

#[tokio::test]
async fn every_contender_is_measured_in_every_round() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let options = Options { filters: Vec::new(), requests: Some(100), rounds: 2, warm_up: 100 };
    let mut steps = Vec::new();
    let report = bench::run(&binary, &options, |progress| steps.push(progress)).await?;

    let names: Vec<_> = report.contenders.iter().map(|row| row.name).collect();
    assert_eq!(names.first(), Some(&"nothing"));
    assert!(
        artifacts::MODULES.iter().all(|module| report.contenders.iter().any(|row| row.filter == Some(module.name))),
        "{names:?}"
    );
    assert!(report.contenders.iter().all(|row| row.samples.len() == 2));
    assert_eq!(steps.len(), names.len() * 3);
    assert!(
        steps.iter().enumerate().all(|(index, step)| step.done as usize == index && step.of as usize == steps.len())
    );
    // Each round begins with another contender.
    let firsts: Vec<_> =
        steps.chunks(names.len()).filter_map(|round| round.first()).map(|step| step.contender).collect();
    assert_eq!(firsts.as_slice(), [names[0], names[0], names[1]]);
    Ok(())
}

#[tokio::test]
async fn references_take_part_whichever_filter_is_asked_for() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let filters = vec!["header-propagation".to_owned()];
    let options = Options { filters, requests: Some(10), rounds: 1, warm_up: 64 };
    let report = bench::run(&binary, &options, |_| {}).await?;
    assert_eq!(report.contenders.iter().filter(|row| row.filter.is_none()).count(), 4);
    assert!(report.contenders.iter().any(|row| row.filter == Some("header-propagation")));
    Ok(())
}

#[tokio::test]
async fn cors_stands_beside_envoys_own_wherever_that_does_something() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let options = Options { filters: vec!["cors".to_owned()], requests: Some(10), rounds: 1, warm_up: 64 };
    let report = bench::run(&binary, &options, |_| {}).await?;
    let ours = report.contenders.iter().filter(|row| row.filter == Some("cors"));
    let mut compared: Vec<_> = ours.map(|row| format!("{}: {}", row.section, row.reference)).collect();
    compared.dedup();
    insta::assert_snapshot!(compared.join("\n"), @"
    CORS: a request without an origin: no origin: do-nothing module
    CORS: a simple request, answered by an upstream: simple: native cors
    CORS: a preflight: preflight: native cors
    CORS: a preflight of another origin: rejected: native cors
    CORS: a preflight for a header a thousand times: 1,000 names: native cors
    CORS: a preflight for 50,000 commas: 50,000 commas: native cors
    CORS: a preflight for headers in 80 lines of 640 bytes: 80 lines: native cors
    ");
    Ok(())
}
