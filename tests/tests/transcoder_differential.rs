//! The same HTTP requests through Envoy's own transcoder, whose answers are written down in `tests/transcoding`, and through
//! ours, in a real Envoy and in the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use host_harness::abi::LogLevel;
use host_harness::bootstrap::{Module, Proxy};
use host_harness::envoy::Modules;
use host_harness::envoy_process::{EnvoyBinary, EnvoyProcess, StartOptions};
use host_harness::proxy::{EmbeddedProxy, SystemEnvironment};
use host_harness::scenario;
use suite::grpc_upstream::GrpcUpstream;
use suite::transcoding::{self, ALLOWED, Case, Setup};

/// An Envoy with a listener for each setup. It is started anew when a request has ended it.
struct Reference<'a> {
    binary: &'a EnvoyBinary,
    proxy: Proxy,
    process: EnvoyProcess,
}

impl<'a> Reference<'a> {
    async fn start(binary: &'a EnvoyBinary, proxy: Proxy) -> anyhow::Result<Self> {
        let process = EnvoyProcess::start(binary, &proxy, &StartOptions::default()).await?;
        Ok(Self { binary, proxy, process })
    }

    /// What a client gets, or in words why nothing.
    async fn ask(&mut self, listener: usize, case: &Case) -> anyhow::Result<String> {
        let address = self.proxy.listeners[listener].address;
        let error = match transcoding::ask(address, case).await {
            Ok(answer) => return Ok(answer.to_string()),
            Err(error) => error,
        };
        // An Envoy that is about to end still accepts connections for a while.
        if transcoding::ask(address, &Case::get("/probe")).await.is_ok() {
            return Ok(format!("(no answer: {error:#})\n"));
        }
        self.process = EnvoyProcess::start(self.binary, &self.proxy, &StartOptions::default()).await?;
        Ok("(Envoy ended)\n".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_native_filter_answers_as_recorded() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let upstream = GrpcUpstream::start().await?;
    let setups = transcoding::load()?;
    let proxy = transcoding::proxy(&setups, transcoding::native, upstream.address)?;
    let mut reference = Reference::start(&binary, proxy).await?;
    for (index, setup) in setups.iter().enumerate() {
        let mut transcript = String::new();
        for case in &setup.cases {
            transcript.push_str(&transcoding::record(case, &reference.ask(index, case).await?));
        }
        transcript.push_str(transcoding::END);
        insta::with_settings!({snapshot_path => "../transcoding", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(setup.name.as_str(), transcript);
        });
    }
    Ok(())
}

/// Our filter, and every setup that it is to be put into.
fn ours(upstream: &GrpcUpstream) -> anyhow::Result<(Vec<Setup>, Proxy)> {
    let module = artifacts::module("grpc-json-transcoder").expect("the module is built in");
    let module = Module { name: module.name.to_owned(), bytes: module.bytes.into() };
    let setups = transcoding::load()?;
    let proxy = transcoding::proxy(&setups, |setup| transcoding::ours(&module, setup), upstream.address)?;
    Ok((setups, proxy))
}

/// Sends every request and compares the answers with what is recorded: they are equal, or their difference is allowed.
async fn compare(setups: &[Setup], proxy: &Proxy) -> anyhow::Result<()> {
    let allowed: BTreeMap<&str, &str> =
        ALLOWED.iter().flat_map(|(reason, cases)| cases.iter().map(move |case| (*case, *reason))).collect();
    let (mut complaints, mut seen) = (Vec::new(), BTreeSet::new());
    for (setup, listener) in setups.iter().zip(&proxy.listeners) {
        let recorded = transcoding::recorded(setup)?;
        for case in &setup.cases {
            let found = match transcoding::ask(listener.address, case).await {
                Ok(answer) => answer.to_string(),
                Err(error) => format!("(no answer: {error:#})\n"),
            };
            let name = format!("{}: {}", setup.name, case.name);
            let expected = recorded.get(&case.name).map(String::as_str).unwrap_or_default();
            let (expected, found) = (comparable(expected), comparable(&transcoding::record(case, &found)));
            match (scenario::difference(&expected, &found), allowed.get(name.as_str())) {
                (None, None) | (Some(_), Some(_)) => {}
                (None, Some(reason)) => complaints.push(format!("{name}: equal by now, though allowed since {reason}")),
                (Some(difference), None) => complaints.push(format!("{name} (- native, + ours)\n{difference}")),
            }
            seen.insert(name);
        }
    }
    complaints.extend(allowed.keys().filter(|name| !seen.contains(**name)).map(|name| format!("{name}: no such case")));
    let cases = seen.len();
    assert!(complaints.is_empty(), "{} of {cases} cases:\n{}", complaints.len(), complaints.join("\n"));
    Ok(())
}

/// What is to be equal of a record: how the connection is framed and closed is HTTP's own, and the wording of a refusal is ours.
fn comparable(record: &str) -> String {
    let (head, body) = record.split_once("\n\n").unwrap_or((record, ""));
    let is_refusal = head.lines().nth(2).is_some_and(|status| status >= "400")
        && head.lines().any(|line| line == "content-type: text/plain");
    let framing = ["content-length: ", "transfer-encoding: ", "connection: "];
    let head: Vec<_> = head.lines().filter(|line| !framing.iter().any(|name| line.starts_with(name))).collect();
    let body = if is_refusal { "(a refusal)\n" } else { body };
    format!("{}\n\n{body}", head.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn our_filter_answers_alike_in_a_real_envoy() -> anyhow::Result<()> {
    let Some(binary) = suite::parts::envoy() else { return Ok(()) };
    let upstream = GrpcUpstream::start().await?;
    let (setups, proxy) = ours(&upstream)?;
    let _envoy = EnvoyProcess::start(&binary, &proxy, &StartOptions::default()).await?;
    compare(&setups, &proxy).await
}

#[tokio::test(flavor = "multi_thread")]
async fn our_filter_answers_alike_in_the_engine() -> anyhow::Result<()> {
    let upstream = GrpcUpstream::start().await?;
    let (setups, proxy) = ours(&upstream)?;
    let environment = Arc::new(SystemEnvironment::new(LogLevel::Warn, |line| eprintln!("{}", line.message)));
    let _engine = EmbeddedProxy::start(&proxy, vec![], environment, Modules::new()?).await?;
    compare(&setups, &proxy).await
}
