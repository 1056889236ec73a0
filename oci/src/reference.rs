//! The name of an image: `REGISTRY/REPOSITORY[:TAG][@sha256:…]` (OCI distribution specification, §Pulling manifests).
//!
//! A registry is always named: what Docker guesses where none is, differs between the tools that read a manifest.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// An image in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry's host, perhaps with a port.
    pub registry: String,
    /// The path of the images there.
    pub repository: String,
    /// One of them by a name that may move.
    pub tag: Option<String>,
    /// One of them for good.
    pub digest: Option<Digest>,
}

/// A text that names no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an image such as registry.example.com/team/plugin:1.0, but found {text:?}: {reason}")]
pub struct NoReference {
    text: String,
    reason: &'static str,
}

impl Reference {
    /// Without tag and digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// What a registry is asked for: the digest, else the tag, else `latest`.
    pub fn identifier(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => "latest",
        }
    }

    /// The same image for good.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// Another image of the same repository.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() }
    }

    /// Whether the registry runs on this machine, where nobody expects TLS.
    pub fn is_loopback(&self) -> bool {
        let host = match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.registry.split(':').next().unwrap_or_default(),
        };
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Reference {
    type Err = NoReference;

    fn from_str(text: &str) -> Result<Self, NoReference> {
        let refused = |reason| NoReference { text: text.to_owned(), reason };
        let plain = text.strip_prefix("oci://").unwrap_or(text);
        let (named, digest) = match plain.split_once('@') {
            Some((named, digest)) => {
                let digest = digest
                    .parse()
                    .map_err(|_| refused("after @ stands sha256: and 64 lowercase hexadecimal digits"))?;
                (named, Some(digest))
            }
            None => (plain, None),
        };
        let (registry, path) =
            named.split_once('/').ok_or_else(|| refused("the registry comes first, then a slash"))?;
        let is_host = registry.contains(['.', ':']) || registry == "localhost";
        let host_character = |character: char| character.is_ascii_alphanumeric() || "-.:[]".contains(character);
        if !is_host || !registry.chars().all(host_character) {
            return Err(refused("what comes first is no host; for Docker Hub it is docker.io"));
        }
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        let part = |part: &str| {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
            let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
            part.bytes().all(allowed) && edge(part.as_bytes().first()) && edge(part.as_bytes().last())
        };
        if !repository.split('/').all(part) {
            return Err(refused("a repository has lowercase letters, digits and - _ . between slashes"));
        }
        let in_tag = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_tag =
            |tag: &str| (1..=128).contains(&tag.len()) && tag.bytes().all(in_tag) && !tag.starts_with(['-', '.']);
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(refused("a tag has at most 128 letters, digits and - _ ."));
        }
        let (registry, repository) = (registry.to_owned(), repository.to_owned());
        Ok(Self { registry, repository, tag: tag.map(str::to_owned), digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_they_are_written() {
        let digest = Digest::of(b"");
        for (text, name, identifier) in [
            ("registry.example.com/team/plugin:1.0", "registry.example.com/team/plugin", "1.0"),
            ("oci://127.0.0.1:5000/x", "127.0.0.1:5000/x", "latest"),
            ("localhost/x:1", "localhost/x", "1"),
            (&format!("r.test/x@{digest}"), "r.test/x", digest.as_str()),
            (&format!("r.test/x:1@{digest}"), "r.test/x", digest.as_str()),
        ] {
            let reference: Reference = text.parse().expect(text);
            assert_eq!((reference.name().as_str(), reference.identifier()), (name, identifier), "{text}");
            assert_eq!(reference.to_string(), text.trim_start_matches("oci://"));
        }
    }

    #[test]
    fn what_names_no_image_is_refused() {
        for text in [
            "",
            "plugin:1.0",
            "team/plugin",
            "r.test/",
            "r.test/UPPER",
            "r.test/x:",
            "r.test/x:-a",
            "r.test/x@sha256:00",
            "r.test//x",
        ] {
            let error = text.parse::<Reference>().expect_err(text).to_string();
            assert!(error.starts_with("expected an image such as"), "{error}");
        }
    }

    #[test]
    fn this_machine_is_known() {
        for (text, expected) in
            [("127.0.0.1:5000/x", true), ("localhost:5000/x", true), ("r.test/x", false), ("10.0.0.1:80/x", false)]
        {
            assert_eq!(text.parse::<Reference>().expect(text).is_loopback(), expected, "{text}");
        }
    }
}
