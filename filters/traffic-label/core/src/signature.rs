//! Signatures of labels, by which a sidecar tells a label that the mesh has set from one that somebody wrote.
//!
//! ```text
//! <header>-signature: <Unix seconds> "." <32 hexadecimal digits>
//! ```
//! The digits are the first half of HMAC-SHA-256 (RFC 2104, which allows halves) over header name, NUL, value, NUL and the
//! seconds. A label is valid for as long as the configuration says, so a copied one is of use for that time only. The first key
//! signs, every key is accepted: so keys can be changed one after the other.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;
use strict_config::{Reader, Value};

/// The bytes of a signature.
const BYTES: usize = 16;
/// How far the clock of another proxy may be ahead, in milliseconds.
const CLOCK_SKEW: u64 = 60_000;
/// The least bytes of a key: those of a signature.
const MIN_KEY: usize = BYTES;

/// Signs and verifies the values of labels.
pub(crate) struct Signer {
    /// The name of the header that carries signatures, in lower case.
    pub(crate) header: Vec<u8>,
    keys: Vec<Hmac<Sha256>>,
    max_age: u64,
}

impl Signer {
    /// Reads `{"keys": [...], "max_age": "5m"}` for the label in `header`.
    pub(crate) fn read(reader: &Reader, value: &Value, header: &[u8]) -> Option<Self> {
        let mut object = reader.object(value)?;
        let keys = object.required("keys").and_then(|keys| read_keys(reader, keys));
        let range = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
        let max_age = object.duration("max_age", range).unwrap_or(Duration::from_secs(300));
        object.finish();
        let max_age = u64::try_from(max_age.as_millis()).unwrap_or(u64::MAX);
        Some(Self { header: [header, b"-signature"].concat(), keys: keys?, max_age })
    }

    /// The signature of a value, as its header carries it.
    pub(crate) fn sign(&self, header: &[u8], value: &[u8], now: u64) -> Option<Vec<u8>> {
        let seconds = format!("{}", now / 1000);
        let tag = self.tag(self.keys.first()?, header, value, seconds.as_bytes()).finalize().into_bytes();
        let mut text = seconds.into_bytes();
        text.push(b'.');
        for byte in tag.iter().take(BYTES) {
            text.extend([digit(byte >> 4), digit(byte & 0x0f)]);
        }
        Some(text)
    }

    /// Whether the signature is that of the value, and not too old.
    pub(crate) fn accepts(&self, header: &[u8], value: &[u8], signature: &[u8], now: u64) -> bool {
        let dot = signature.iter().position(|byte| *byte == b'.');
        let Some((seconds, tag)) = dot.and_then(|dot| signature.split_at_checked(dot)) else { return false };
        let Some(tag) = tag.strip_prefix(b".").and_then(bytes) else { return false };
        let Some(at) = std::str::from_utf8(seconds).ok().and_then(|text| text.parse::<u64>().ok()) else {
            return false;
        };
        let at = at.saturating_mul(1000);
        let is_fresh = at <= now.saturating_add(CLOCK_SKEW) && now <= at.saturating_add(self.max_age);
        let is_ours = |key| self.tag(key, header, value, seconds).verify_truncated_left(&tag).is_ok();
        is_fresh && self.keys.iter().any(is_ours)
    }

    fn tag(&self, key: &Hmac<Sha256>, header: &[u8], value: &[u8], seconds: &[u8]) -> Hmac<Sha256> {
        let mut mac = key.clone();
        for part in [header, b"\0", value, b"\0", seconds] {
            mac.update(part);
        }
        mac
    }
}

fn read_keys(reader: &Reader, value: &Value) -> Option<Vec<Hmac<Sha256>>> {
    let values = reader.array(value)?;
    if values.is_empty() {
        reader.problem(value, "expected a key, but found none");
    }
    let mut keys = Vec::with_capacity(values.len());
    for value in values {
        let Some(text) = reader.string(value) else { continue };
        if text.len() < MIN_KEY {
            // What a key is has no place in a log.
            reader.problem(value, format!("expected at least {MIN_KEY} bytes, but found {}", text.len()));
            continue;
        }
        keys.extend(Hmac::<Sha256>::new_from_slice(text.as_bytes()));
    }
    (!keys.is_empty() && keys.len() == values.len()).then_some(keys)
}

fn digit(number: u8) -> u8 {
    b"0123456789abcdef".get(usize::from(number)).copied().unwrap_or(b'0')
}

fn bytes(text: &[u8]) -> Option<[u8; BYTES]> {
    let mut tag = [0; BYTES];
    if text.len() != 2 * BYTES {
        return None;
    }
    for (byte, digits) in tag.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = digits else { return None };
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(value(*high)? << 4 | value(*low)?).ok()?;
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn signer(json: &str) -> Result<Signer, String> {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let signer = Signer::read(&reader, reader.root(), b"x-lane");
        reader.into_problems().unless_any(()).map_err(|problems| problems.to_string()).map(|()| signer.unwrap())
    }

    const KEY: &str = r#"{"keys": ["0123456789abcdef"]}"#;
    const NOW: u64 = 1_700_000_000_500;

    #[test]
    fn a_signature_is_of_one_header_value_and_time() {
        let signer = signer(KEY).unwrap();
        let signature = signer.sign(b"x-lane", b"gray", NOW).unwrap();
        // The same as `printf 'x-lane\0gray\0001700000000' | openssl dgst -sha256 -hmac 0123456789abcdef | cut -c-32`.
        assert_eq!(String::from_utf8_lossy(&signature), "1700000000.1ed38fb95ee5e5536e8ffd89b5157fb6");
        assert!(signer.accepts(b"x-lane", b"gray", &signature, NOW + 299_000));
        assert!(!signer.accepts(b"x-lane", b"base", &signature, NOW));
        assert!(!signer.accepts(b"y-lane", b"gray", &signature, NOW));
        assert!(!signer.accepts(b"x-lane", b"gray", &signature, NOW + 301_000));
        assert!(!signer.accepts(b"x-lane", b"gray", &signature, NOW - 120_000));
    }

    #[test]
    fn what_is_malformed_is_no_signature() {
        let signer = signer(KEY).unwrap();
        for signature in ["", ".", "1700000000", "1700000000.", "1700000000.ab", "x.0123456789abcdef0123456789abcdef"] {
            assert!(!signer.accepts(b"x-lane", b"gray", signature.as_bytes(), NOW), "{signature}");
        }
        assert!(!signer.accepts(b"x-lane", b"gray", b"99999999999999999999.\xff", NOW));
    }

    #[test]
    fn a_new_key_signs_while_the_old_one_is_accepted() {
        let old = signer(KEY).unwrap();
        let both = signer(r#"{"keys": ["fedcba9876543210", "0123456789abcdef"]}"#).unwrap();
        let signature = old.sign(b"x-lane", b"gray", NOW).unwrap();
        assert!(both.accepts(b"x-lane", b"gray", &signature, NOW));
        assert!(!old.accepts(b"x-lane", b"gray", &both.sign(b"x-lane", b"gray", NOW).unwrap(), NOW));
    }

    #[test]
    fn problems_do_not_show_the_key() {
        let problem = |json: &str| signer(json).err().unwrap();
        assert_eq!(
            problem(r#"{"keys": ["short"]}"#),
            "keys[0]: expected at least 16 bytes, but found 5 (line 1 column 11)"
        );
        assert_eq!(problem(r#"{"keys": []}"#), "keys: expected a key, but found none (line 1 column 10)");
        assert_eq!(problem("{}"), "keys: expected a value, but found none (line 1 column 1)");
    }
}
