//! The arguments of every subcommand that speaks to a registry.

use std::io::Read;

use oci_registry::{Access, Login, Retries};

use super::Failure;

/// Who asks a registry, and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct LoginArguments {
    /// The user's name. Without one, docker's configuration and its credential helpers are asked.
    #[arg(long, value_name = "NAME", requires = "password_stdin", help_heading = "Registry")]
    username: Option<String>,
    /// Read the password from standard input.
    #[arg(long, requires = "username", help_heading = "Registry")]
    password_stdin: bool,
    /// Speak without TLS; implied for registries on this machine.
    #[arg(long, help_heading = "Registry")]
    plain_http: bool,
}

impl LoginArguments {
    pub(super) fn access(&self) -> Result<Access, Failure> {
        let login = match &self.username {
            None => Login::DockerConfig,
            Some(username) => {
                let mut password = String::new();
                let read = std::io::stdin().lock().read_to_string(&mut password);
                read.map_err(|error| {
                    Failure::BadInput(format!("expected a password on standard input, but: {error}"))
                })?;
                let password = password.trim_end_matches(['\r', '\n']).to_owned();
                Login::Password { username: username.clone(), password }
            }
        };
        Ok(Access { login, plain_http: self.plain_http, retries: Retries::default() })
    }
}
