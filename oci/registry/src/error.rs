//! What a registry's failure means for the user, and whether it may pass.

use std::error::Error;

use oci::{Digest, Reference};
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};

/// Why a registry did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It wants to know who asks, or does not let them.
    #[error(
        "{image}: expected to be let in, but the registry answered 401{reason}\n  \
         say who you are: `docker login {registry}`, or --username and --password-stdin"
    )]
    Unauthorized {
        /// The image.
        image: String,
        /// The registry.
        registry: String,
        /// What it said, after a colon.
        reason: String,
    },
    /// Credentials are there and cannot be used.
    #[error("{registry}: expected credentials in docker's configuration, but found {reason}")]
    Credentials {
        /// The registry.
        registry: String,
        /// What is there instead.
        reason: String,
    },
    /// There is no such image.
    #[error("{image}: expected an image, but the registry has none by that name{reason}")]
    NotFound {
        /// The image.
        image: String,
        /// What it said, after a colon.
        reason: String,
    },
    /// It answered with an error, to the last attempt, too.
    #[error("{image}: expected the registry to {task}, but it answered {status}{attempts}{reason}")]
    Status {
        /// The image.
        image: String,
        /// What it was to do.
        task: &'static str,
        /// The status.
        status: u16,
        /// How often it was asked, where that was more than once.
        attempts: String,
        /// What it said, after a colon.
        reason: String,
    },
    /// It did not answer, or not to the end.
    #[error("{image}: expected the registry to {task}, but{attempts}: {reason}")]
    Unreachable {
        /// The image.
        image: String,
        /// What it was to do.
        task: &'static str,
        /// How often it was asked, where that was more than once.
        attempts: String,
        /// What went wrong.
        reason: String,
    },
    /// What it serves is something else.
    #[error("{image}: expected content with the digest {expected}, but the registry serves {found}: do not trust it")]
    WrongDigest {
        /// The image.
        image: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An image names a content that is not at hand.
    #[error("{image}: expected everything that the manifest names, but {digest} is missing")]
    Incomplete {
        /// The image.
        image: String,
        /// The content.
        digest: Digest,
    },
    /// The cache cannot be written.
    #[error("expected to keep an image in the cache, but: {0}")]
    Cache(String),
}

/// One answer that is a failure.
pub(crate) struct Failure {
    error: OciDistributionError,
    status: Option<u16>,
}

impl Failure {
    /// Whether the same request may succeed later: too many at once, or a failure on the other side or on the way.
    pub fn may_pass(&self) -> bool {
        match (&self.error, self.status) {
            (_, Some(status)) => status == 429 || status == 408 || status >= 500,
            (OciDistributionError::RequestError(error), None) => !is_tls(error),
            (OciDistributionError::IoError(_), None) => true,
            _ => false,
        }
    }

    pub fn explain(self, reference: &Reference, task: &'static str, attempts: u32) -> RegistryError {
        let (image, registry) = (reference.to_string(), reference.registry.clone());
        let attempts = if attempts > 1 { format!(" {attempts} times") } else { String::new() };
        let status = self.status;
        match self.error {
            OciDistributionError::DigestError(DigestError::VerificationError { expected, actual }) => {
                RegistryError::WrongDigest { image, expected, found: actual }
            }
            OciDistributionError::AuthenticationFailure(reason) => {
                RegistryError::Unauthorized { image, registry, reason: after_colon(&reason) }
            }
            error => {
                let reason = said(&error);
                match status {
                    Some(401 | 403) => RegistryError::Unauthorized { image, registry, reason: after_colon(&reason) },
                    Some(404) => RegistryError::NotFound { image, reason: after_colon(&reason) },
                    Some(status) => {
                        RegistryError::Status { image, task, status, attempts, reason: after_colon(&reason) }
                    }
                    None => RegistryError::Unreachable { image, task, attempts, reason },
                }
            }
        }
    }
}

impl From<OciDistributionError> for Failure {
    fn from(error: OciDistributionError) -> Self {
        let status = match &error {
            OciDistributionError::ServerError { code, .. } => Some(*code),
            OciDistributionError::UnauthorizedError { .. } => Some(401),
            OciDistributionError::ImageManifestNotFoundError(_) => Some(404),
            OciDistributionError::RequestError(error) => error.status().map(|status| status.as_u16()),
            // A client error with the specification's envelope comes without its status; its code says as much.
            OciDistributionError::RegistryError { envelope, .. } => {
                Some(match envelope.errors.first().map(|error| &error.code) {
                    Some(OciErrorCode::Unauthorized | OciErrorCode::Denied) => 401,
                    Some(OciErrorCode::Toomanyrequests) => 429,
                    Some(
                        OciErrorCode::BlobUnknown
                        | OciErrorCode::ManifestBlobUnknown
                        | OciErrorCode::ManifestUnknown
                        | OciErrorCode::NameUnknown
                        | OciErrorCode::NotFound,
                    ) => 404,
                    _ => 400,
                })
            }
            _ => None,
        };
        Self { error, status }
    }
}

/// The registry's own words, else those of what went wrong on the way.
fn said(error: &OciDistributionError) -> String {
    match error {
        OciDistributionError::ServerError { message, .. } => words(message),
        OciDistributionError::RegistryError { envelope, .. } => {
            let messages: Vec<_> = envelope.errors.iter().map(|error| error.message.clone()).collect();
            messages.join(", ")
        }
        OciDistributionError::RequestError(error) => {
            let hint = if is_tls(error) { " (a registry without TLS? then give --plain-http)" } else { "" };
            format!("{}{hint}", root_cause(error))
        }
        error => error.to_string(),
    }
}

/// The message of the specification's envelope, or the first line of anything else.
fn words(body: &str) -> String {
    let envelope: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = envelope.as_ref().and_then(|it| it.pointer("/errors/0/message")).and_then(|it| it.as_str());
    let line = message.unwrap_or_else(|| body.lines().next().unwrap_or_default());
    line.chars().take(200).collect()
}

fn after_colon(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// What a registry without TLS looks like to a client with TLS, which no patience helps.
fn is_tls(error: &dyn Error) -> bool {
    root_cause(error).contains("InvalidContentType")
}
