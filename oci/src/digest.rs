//! The digest of a content: SHA-256 alone, as every registry has it (OCI image specification, descriptors, §Digests).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// `sha256:` and 64 lowercase hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected sha256: and 64 lowercase hexadecimal digits, but found {0:?}")]
pub struct NoDigest(String);

const SCHEME: &str = "sha256:";

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{SCHEME}{digits}"))
    }

    /// Reads the form in which manifests have it, with or without the scheme.
    ///
    /// ```
    /// let digest = oci::Digest::of(b"");
    /// assert_eq!(oci::Digest::from_hex(digest.hex()), Ok(digest));
    /// ```
    pub fn from_hex(digits: &str) -> Result<Self, NoDigest> {
        let hex = digits.strip_prefix(SCHEME).unwrap_or(digits);
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hex.len() == 64 && hex.bytes().all(is_digit) {
            return Ok(Self(format!("{SCHEME}{hex}")));
        }
        Err(NoDigest(digits.to_owned()))
    }

    /// The 64 digits, as manifests have them in a field `sha256`.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix(SCHEME).unwrap_or_default()
    }

    /// With its scheme, as URLs have it after `@`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        if text.starts_with(SCHEME) { Self::from_hex(text) } else { Err(NoDigest(text.to_owned())) }
    }
}

impl TryFrom<String> for Digest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, NoDigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_its_bytes() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").as_str(), empty);
        assert_eq!(empty.parse(), Ok(Digest::of(b"")));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let upper = Digest::of(b"").as_str().to_uppercase();
        for text in ["", "sha256:", "sha256:00", "sha512:e3b0", Digest::of(b"").hex(), &upper] {
            assert_eq!(text.parse::<Digest>(), Err(NoDigest(text.to_owned())), "{text}");
        }
    }
}
