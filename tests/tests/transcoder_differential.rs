//! The same HTTP requests through Envoy's own transcoder, whose answers are written down in `tests/transcoding`.

use host_harness::bootstrap::Proxy;
use host_harness::envoy_process::{EnvoyBinary, EnvoyProcess, StartOptions};
use suite::grpc_upstream::GrpcUpstream;
use suite::transcoding::{self, Case};

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
