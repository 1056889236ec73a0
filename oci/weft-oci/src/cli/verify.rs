//! `weft-oci verify`: what a consumer says to an image, before it says it in a cluster.

use host_harness::cli::console::{BAD, Console, GOOD};
use oci::{Accepted, Consumer, Digest, Question, Refused};
use serde_json::{Value, json};

use super::login::LoginArguments;
use super::source::Source;
use super::{Failure, Outcome};

/// Say whether a consumer takes an image; if not, in its own words why not, and what to do.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft-oci verify registry.example.com/mesh/plugin:1.0
  weft-oci verify registry.example.com/mesh/plugin:1.0 --consumer istio --consumer asm
  weft-oci verify oci://registry.example.com/mesh/plugin:1.0 --sha256 4f1c…
  weft-oci verify layout --consumer envoy-gateway --json

Exit status: 0 all of them take it, 1 one does not.")]
pub(super) struct Arguments {
    /// An image in a registry, or an image layout.
    #[arg(value_name = "REF|LAYOUT")]
    image: String,
    /// Who pulls it; may be repeated.
    #[arg(long, value_enum, default_values_t = [ConsumerName::Istio])]
    consumer: Vec<ConsumerName>,
    /// What the field `sha256` of a manifest says.
    #[arg(long, value_name = "DIGEST", value_parser = |text: &str| Digest::from_hex(text))]
    sha256: Option<Digest>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    login: LoginArguments,
}

/// A consumer on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ConsumerName {
    Istio,
    EnvoyGateway,
    Asm,
    Cncf,
}

impl From<ConsumerName> for Consumer {
    fn from(name: ConsumerName) -> Self {
        match name {
            ConsumerName::Istio => Self::Istio,
            ConsumerName::EnvoyGateway => Self::EnvoyGateway,
            ConsumerName::Asm => Self::Asm,
            ConsumerName::Cncf => Self::Cncf,
        }
    }
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let source = Source::read(&arguments.image)?;
    let content = source.content(None, &arguments.login.access()?, console).await?;
    let of_url = if let Source::Image(reference) = &source { reference.digest.clone() } else { None };
    if let (Some(given), Some(of_url)) = (&arguments.sha256, &of_url)
        && given != of_url
    {
        let message =
            format!("--sha256: expected the digest after @, {of_url}, but found {given}: Istio refuses the manifest");
        return Err(Failure::BadInput(message));
    }
    let pin = arguments.sha256.clone().or(of_url);
    let url = format!("oci://{}", source.name());
    let question = Question { content: &content, url: &url, pin: pin.as_ref() };
    let verdicts: Vec<_> = arguments
        .consumer
        .iter()
        .map(|name| Consumer::from(*name))
        .map(|consumer| (consumer, oci::verify(question, consumer)))
        .collect();
    let good = verdicts.iter().all(|(_, verdict)| verdict.is_ok());
    if arguments.json {
        let shown = verdicts.iter().map(|(consumer, verdict)| verdict_json(*consumer, verdict));
        console.line(json!({ "accepted": good, "consumers": shown.collect::<Vec<_>>() }));
    } else {
        for (consumer, verdict) in &verdicts {
            print(console, *consumer, verdict);
        }
    }
    Ok(if good { Outcome::Good } else { Outcome::Bad })
}

fn print(console: &Console, consumer: Consumer, verdict: &Result<Accepted, Refused>) {
    match verdict {
        Ok(Accepted { via, module, manifest, warnings }) => {
            let (bytes, digest) = (module.len(), Digest::of(module));
            console.line(format_args!("{GOOD}✓{GOOD:#} {consumer} takes it, {via}: {bytes} bytes, module {digest}"));
            console.line(format_args!("  sha256: {}", manifest.hex()));
            warnings.iter().for_each(|warning| console.warning(warning));
        }
        Err(refused) => console.line(format_args!("{BAD}✗{BAD:#} {refused}")),
    }
}

fn verdict_json(consumer: Consumer, verdict: &Result<Accepted, Refused>) -> Value {
    let consumer = consumer.to_string();
    match verdict {
        Ok(Accepted { via, module, manifest, warnings }) => json!({
            "consumer": consumer, "accepted": true, "found": via.to_string(), "sha256": manifest.hex(),
            "module": Digest::of(module), "warnings": warnings,
        }),
        Err(Refused { words, advice, .. }) => {
            json!({ "consumer": consumer, "accepted": false, "words": words, "advice": advice })
        }
    }
}
