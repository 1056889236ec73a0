//! A cookie for a visitor without an identity, so that the next visit falls where this one did (RFC 6265 §4.1).
//!
//! A Proxy-Wasm host has no randomness to give. What an identity needs is to be nobody else's, not to be unguessable,
//! because it opens nothing: who makes one up is put into some bucket, as everybody is. So it is SHA-256 of the time,
//! the request's identifier, which Envoy draws at random, its source, and the number of the request at this worker. Two
//! visitors share one only if they come without an identifier from one address to two workers, in the same millisecond
//! and as the same request of each; then they share a bucket, and nothing else.

use super::unit::Scratch;
use crate::subject::Request;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;
use strict_config::{Reader, Value};

/// A cookie to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewCookie {
    /// `name=`
    start: Vec<u8>,
    /// `; Path=/` and what else follows the identity.
    attributes: Vec<u8>,
}

/// The cookies that the response to one request must set.
#[derive(Debug)]
pub(crate) struct NewCookies {
    number: u64,
    made: Vec<Vec<u8>>,
}

impl NewCookies {
    /// For a request, the `number`th that this worker has seen.
    pub(crate) fn new(number: u64) -> Self {
        Self { number, made: Vec::new() }
    }

    /// The values for `set-cookie`, none where everybody has an identity.
    pub(crate) fn into_values(self) -> Vec<Vec<u8>> {
        self.made
    }

    /// The identity that a request is given by a cookie: the same one for every split, and the cookie is set once.
    pub(crate) fn identify(&mut self, cookie: &NewCookie, request: &mut Request<'_>) -> Scratch {
        let id = identity(&cookie.start, self.number, request);
        if !self.made.iter().any(|made| made.starts_with(&cookie.start)) {
            self.made.push([&cookie.start, &id[..], &cookie.attributes].concat());
        }
        id
    }
}

/// 128 bits in lower-case hexadecimal digits.
fn identity(start: &[u8], number: u64, request: &mut Request<'_>) -> Scratch {
    let source = match request.source() {
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped().octets(),
        Some(IpAddr::V6(address)) => address.octets(),
        None => [0; 16],
    };
    let digest = Sha256::new()
        .chain_update(start)
        .chain_update(number.to_le_bytes())
        .chain_update(request.unix_millis().unwrap_or_default().to_le_bytes())
        .chain_update(source)
        .chain_update(request.head().get(b"x-request-id").unwrap_or_default())
        .finalize();
    let mut id = Scratch::default();
    for (digits, byte) in id.chunks_exact_mut(2).zip(digest) {
        if let [high, low] = digits {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
    id
}

fn digit(number: u8) -> u8 {
    if number < 10 { b'0' + number } else { b'a' + number - 10 }
}

/// When a browser sends a cookie with a request that another site began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SameSite {
    Strict,
    Lax,
    None,
}

impl NewCookie {
    /// Reads the name of a cookie and its attributes.
    pub(crate) fn read(reader: &Reader, value: &Value) -> Option<(String, Self)> {
        let mut object = reader.object(value)?;
        let name = object.required("name").and_then(|name| read_name(reader, name));
        let path = object.get("path").map_or(Some("/"), |path| read_path(reader, path));
        let domain = object.get("domain").map_or(Some(""), |domain| read_domain(reader, domain));
        // Browsers keep no cookie for more than 400 days.
        let max_age = object.duration("max_age", Duration::from_secs(1)..=Duration::from_hours(400 * 24));
        let max_age = max_age.unwrap_or(Duration::from_hours(720));
        let secure = object.boolean("secure").unwrap_or(true);
        let http_only = object.boolean("http_only").unwrap_or(true);
        let sites = [("strict", SameSite::Strict), ("lax", SameSite::Lax), ("none", SameSite::None)];
        let same_site = object.one_of("same_site", &sites).unwrap_or(SameSite::Lax);
        object.finish();
        let (name, path, domain) = (name?, path?, domain?);

        // What a browser would silently throw away, and with it the stickiness.
        let needs_secure = name.starts_with("__Secure-") || name.starts_with("__Host-") || same_site == SameSite::None;
        if needs_secure && !secure {
            reader.problem(value, "expected secure with __Secure-, __Host- or same_site none, but found it false");
        }
        if name.starts_with("__Host-") && (path != "/" || !domain.is_empty()) {
            reader.problem(value, "expected no path but / and no domain with __Host-, but found one");
        }

        let mut attributes = format!("; Path={path}; Max-Age={}", max_age.as_secs());
        if !domain.is_empty() {
            attributes.push_str("; Domain=");
            attributes.push_str(domain);
        }
        if secure {
            attributes.push_str("; Secure");
        }
        if http_only {
            attributes.push_str("; HttpOnly");
        }
        attributes.push_str(match same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        let cookie = Self { start: format!("{name}=").into_bytes(), attributes: attributes.into_bytes() };
        Some((name.to_owned(), cookie))
    }
}

/// Reads the name of a cookie, a token.
pub(crate) fn read_name<'v>(reader: &Reader, value: &'v Value) -> Option<&'v str> {
    read_made_of(reader, value, "the name of a cookie", |byte| header_field::is_token(&[byte]))
}

fn read_path<'v>(reader: &Reader, value: &'v Value) -> Option<&'v str> {
    let path = read_made_of(reader, value, "a path", |byte| matches!(byte, b'!'..=b'~') && byte != b';')?;
    if !path.starts_with('/') {
        reader.expected("a path that begins with /", value);
        return None;
    }
    Some(path)
}

fn read_domain<'v>(reader: &Reader, value: &'v Value) -> Option<&'v str> {
    read_made_of(reader, value, "a domain", |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

fn read_made_of<'v>(reader: &Reader, value: &'v Value, what: &str, is_part: fn(u8) -> bool) -> Option<&'v str> {
    let text = reader.string(value)?;
    if text.is_empty() || !text.bytes().all(is_part) {
        reader.expected(what, value);
        return None;
    }
    Some(text)
}
