//! `weft-oci verify-signature`: whether an image is signed by a key.

use std::path::PathBuf;

use host_harness::cli::console::{BAD, Console, GOOD};
use oci::{Content, Reference, media_type};
use oci_registry::{Registry, RegistryError};

use super::login::LoginArguments;
use super::{Failure, Outcome};
use crate::signature::{self, PublicKey};

/// Check an image's signature, by cosign or by `weft-oci sign`, with a public key.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  weft-oci verify-signature registry.example.com/mesh/plugin:1.0 --key cosign.pub

Exit status: 0 it is signed, 1 it is not. No proxy checks this: let it stand before the deployment.")]
pub(super) struct Arguments {
    /// The image.
    #[arg(value_name = "REF")]
    reference: Reference,
    /// The public key.
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
    let key = PublicKey::read(&pem).map_err(|error| failed(&error))?;
    let registry = Registry::new(reference, &login.access()?)?;
    let digest = registry.digest(reference).await?;
    let signatures = match registry.pull(&reference.tagged(&signature::tag(&digest)), oci_registry::SILENT).await {
        Ok(signatures) => signatures,
        Err(RegistryError::NotFound { .. }) => Content::new(media_type::IMAGE_MANIFEST, Vec::new()),
        Err(error) => return Err(error.into()),
    };
    match signature::verify(&digest, &key, &signatures) {
        Ok(()) => {
            console.line(format_args!("{GOOD}✓{GOOD:#} {} is signed by this key", reference.at(digest)));
            Ok(Outcome::Good)
        }
        Err(error) => {
            console.line(format_args!("{BAD}✗{BAD:#} {error}"));
            Ok(Outcome::Bad)
        }
    }
}
