//! `weft-oci sign`: an image is signed so that cosign can check it.

use std::path::PathBuf;

use host_harness::cli::console::Console;
use oci::Reference;
use oci_registry::{Registry, RegistryError};

use super::login::LoginArguments;
use super::{Failure, Outcome};
use crate::signature::{self, PrivateKey};

/// Sign an image with a key of cosign's form; `cosign verify --key cosign.pub --insecure-ignore-tlog REF` checks it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  COSIGN_PASSWORD=… weft-oci sign registry.example.com/mesh/plugin:1.0 --key cosign.key
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key    a key without a password

What is signed is the digest that the name stands for now.")]
pub(super) struct Arguments {
    /// The image.
    #[arg(value_name = "REF")]
    reference: Reference,
    /// The private key: cosign's, with its password in COSIGN_PASSWORD, or PKCS#8.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    login: LoginArguments,
}

/// Runs the subcommand.
pub(super) async fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { reference, key, login } = arguments;
    let failed = |error: &dyn std::fmt::Display| Failure::BadInput(format!("{}: {error}", key.display()));
    let pem = std::fs::read_to_string(key).map_err(|error| failed(&error))?;
    let password = std::env::var("COSIGN_PASSWORD").unwrap_or_default();
    let key = PrivateKey::read(&pem, &password).map_err(|error| failed(&error))?;
    let registry = Registry::new(reference, &login.access()?)?;
    let _spinner = console.progress(&format!("signing {reference}"));
    let digest = registry.digest(reference).await?;
    let place = reference.tagged(&signature::tag(&digest));
    let others = match registry.pull(&place, oci_registry::SILENT).await {
        Ok(others) => Some(others),
        Err(RegistryError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let signed = signature::sign(reference, &digest, &key, others.as_ref()).map_err(anyhow::Error::from)?;
    registry.push(&place, &signed, oci_registry::SILENT).await?;
    console.line(reference.at(digest));
    console.line(&place);
    Ok(Outcome::Good)
}
