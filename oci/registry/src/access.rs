//! How a registry is spoken to: with whose credentials, with or without TLS, and how patiently.

use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci::Reference;
use oci_client::client::ClientProtocol;
use oci_client::secrets::RegistryAuth;

use crate::error::RegistryError;

/// Everything about how a registry is spoken to.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Who asks.
    pub login: Login,
    /// Without TLS, whatever the registry; those on this machine are always spoken to without.
    pub plain_http: bool,
    /// How patiently.
    pub retries: Retries,
}

/// Who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Login {
    /// Whom the configuration of docker (`DOCKER_CONFIG`, `~/.docker/config.json`) and its credential helpers name, else nobody.
    #[default]
    DockerConfig,
    /// This user.
    Password {
        /// The name.
        username: String,
        /// The password, or a token that stands for it.
        password: String,
    },
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DockerConfig => f.write_str("DockerConfig"),
            Self::Password { username, .. } => write!(f, "Password of {username}"),
        }
    }
}

/// How often a request is sent again after a failure that may pass.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// How often at most.
    pub most: u32,
    /// The pause before the first; each one after is twice as long.
    pub pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { most: 3, pause: Duration::from_millis(500) }
    }
}

/// Docker Hub, as docker's configuration calls it.
const DOCKER_HUB: (&str, &str) = ("docker.io", "https://index.docker.io/v1/");

impl Access {
    pub(crate) fn protocol(&self, reference: &Reference) -> ClientProtocol {
        match self.plain_http || reference.is_loopback() {
            true => ClientProtocol::Http,
            false => ClientProtocol::Https,
        }
    }

    pub(crate) fn auth(&self, reference: &Reference) -> Result<RegistryAuth, RegistryError> {
        if let Login::Password { username, password } = &self.login {
            return Ok(RegistryAuth::Basic(username.clone(), password.clone()));
        }
        let registry = reference.registry.as_str();
        let key = if registry == DOCKER_HUB.0 { DOCKER_HUB.1 } else { registry };
        let unusable = |reason: String| RegistryError::Credentials { registry: registry.to_owned(), reason };
        match docker_credential::get_credential(key) {
            Ok(DockerCredential::UsernamePassword(username, password)) => Ok(RegistryAuth::Basic(username, password)),
            Ok(DockerCredential::IdentityToken(_)) => Err(unusable(
                "an identity token, which is not supported: use --username and --password-stdin".to_owned(),
            )),
            Err(
                CredentialRetrievalError::ConfigNotFound
                | CredentialRetrievalError::ConfigReadError
                | CredentialRetrievalError::NoCredentialConfigured,
            ) => Ok(RegistryAuth::Anonymous),
            // A helper that knows nobody says so by failing.
            Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
                Ok(RegistryAuth::Anonymous)
            }
            Err(error) => Err(unusable(error.to_string())),
        }
    }
}
