//! What an origin is: the serialization of the HTML standard (§7.1.1 *Origins*), in the form in which browsers send it.
//!
//! ```text
//! origin = scheme "://" host [ ":" port ]        in lower case, without path, without the scheme's default port
//! ```
//! A reflected `Origin` is always one of these, so that nothing else that a client sends comes back in a header.

/// The most bytes of a scheme, a host (RFC 1035 §2.3.4) and a label.
const MAX_SCHEME: usize = 64;
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;
const MAX_ORIGIN: usize = MAX_SCHEME + "://".len() + MAX_HOST + ":65535".len();

/// The port of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// That of its scheme.
    Default,
    Number(u16),
}

/// A serialized origin, apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    pub(crate) scheme: &'a [u8],
    pub(crate) host: &'a [u8],
    pub(crate) port: Port,
    /// The whole without its port.
    pub(crate) base: &'a [u8],
}

impl<'a> Origin<'a> {
    /// Takes an origin apart; says what keeps a text from being one.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, &'static str> {
        if text.len() > MAX_ORIGIN {
            return Err("is too long");
        }
        // No part of an origin has an upper case letter, so one is looked for only to say what is wrong.
        Self::take_apart(text).map_err(|flaw| match text.iter().any(u8::is_ascii_uppercase) {
            true => "has upper case letters, which no browser sends",
            false => flaw,
        })
    }

    fn take_apart(text: &'a [u8]) -> Result<Self, &'static str> {
        let separator = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let (scheme, rest) = text.split_at_checked(separator).unwrap_or_default();
        let authority = rest.strip_prefix(b"://").ok_or("has no scheme such as https://")?;
        if authority.iter().any(|byte| matches!(byte, b'/' | b'?' | b'#')) {
            return Err("has more than scheme, host and port");
        }
        let is_scheme =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
        if !scheme.first().is_some_and(u8::is_ascii_lowercase)
            || !scheme.iter().all(is_scheme)
            || scheme.len() > MAX_SCHEME
        {
            return Err("has no scheme such as https://");
        }
        let (host, digits) = split_port(authority);
        check_host(host)?;
        let port = digits.map_or(Ok(Port::Default), |digits| number(digits).map(Port::Number))?;
        if matches!((scheme, port), (b"http", Port::Number(80)) | (b"https", Port::Number(443))) {
            return Err("has the default port of its scheme, which browsers leave out");
        }
        let base = text.get(..separator + 3 + host.len()).unwrap_or_default();
        Ok(Self { scheme, host, port, base })
    }

    /// Whether this is the origin of the request itself.
    pub(crate) fn is_of(&self, scheme: &[u8], authority: &[u8]) -> bool {
        let (host, digits) = split_port(authority);
        let port = match digits {
            Some(b"80") if scheme == b"http" => Ok(Port::Default),
            Some(b"443") if scheme == b"https" => Ok(Port::Default),
            Some(digits) => number(digits).map(Port::Number),
            None => Ok(Port::Default),
        };
        self.scheme == scheme && self.host.eq_ignore_ascii_case(host) && Ok(self.port) == port
    }
}

/// A host and what follows the colon after it. Colons inside brackets are those of an IPv6 address.
pub(crate) fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let after_host = authority.iter().rposition(|byte| matches!(byte, b':' | b']'));
    match after_host.and_then(|at| Some((authority.get(..at)?, authority.get(at..)?.split_first()?))) {
        Some((host, (b':', port))) => (host, Some(port)),
        _ => (authority, None),
    }
}

fn check_host(host: &[u8]) -> Result<(), &'static str> {
    if let Some(address) = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
        let is_address = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b':' | b'.');
        let sound = (2..=45).contains(&address.len()) && address.iter().all(is_address);
        return if sound { Ok(()) } else { Err("has a host that is no address") };
    }
    let is_letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_label = |label: &[u8]| (1..=MAX_LABEL).contains(&label.len()) && label.iter().all(is_letter);
    let sound = host.len() <= MAX_HOST && host.split(|byte| *byte == b'.').all(is_label);
    match host.is_ascii() {
        _ if sound => Ok(()),
        true => Err("has no host such as www.example.com"),
        false => Err("has a host that is not ASCII, which browsers send as xn--…"),
    }
}

fn number(digits: &[u8]) -> Result<u16, &'static str> {
    // Its length is looked at first, so that the sum cannot overflow.
    let sound = (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) && !digits.starts_with(b"0");
    if !sound {
        return Err("has no port from 1 to 65535");
    }
    let value = digits.iter().fold(0_u32, |value, digit| value * 10 + u32::from(*digit & 0xf));
    u16::try_from(value).map_err(|_| "has no port from 1 to 65535")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (text, scheme, host, port) in [
            ("https://example.com", "https", "example.com", Port::Default),
            ("http://a_b.example:8080", "http", "a_b.example", Port::Number(8080)),
            ("http://127.0.0.1:65535", "http", "127.0.0.1", Port::Number(65535)),
            ("http://[::1]:90", "http", "[::1]", Port::Number(90)),
            ("https://[2001:db8::1]", "https", "[2001:db8::1]", Port::Default),
            ("moz-extension://0d7b7a7f-9c3b", "moz-extension", "0d7b7a7f-9c3b", Port::Default),
            ("https://xn--mnchen-3ya.example", "https", "xn--mnchen-3ya.example", Port::Default),
            ("http://localhost:443", "http", "localhost", Port::Number(443)),
        ] {
            let origin = Origin::parse(text.as_bytes()).unwrap();
            assert_eq!((origin.scheme, origin.host, origin.port), (scheme.as_bytes(), host.as_bytes(), port), "{text}");
            assert!(text.as_bytes().starts_with(origin.base), "{text}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_none() {
        let longest = format!(
            "https://{}",
            [["a"; 63].concat(), ["a"; 63].concat(), ["a"; 63].concat(), ["a"; 62].concat()].join(".")
        );
        assert!(Origin::parse(longest.as_bytes()).is_err());
        for text in [
            "",
            "null",
            "*",
            "example.com",
            "https://",
            "https:/example.com",
            "https:///example.com",
            "https://Example.com",
            "HTTPS://example.com",
            "https://example.com/",
            "https://example.com?a",
            "https://example.com#a",
            "https://user@example.com",
            "https://example.com:443",
            "http://example.com:80",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:080",
            "https://example.com:65536",
            "https://example.com:999999",
            "https://example.com:99999999999999999999",
            "http://example.com:8080.evil.example",
            "https://example.com:a",
            "https://example..com",
            "https://.example.com",
            "https://example.com.",
            "https://exa mple.com",
            "https://a.com,https://b.com",
            "https://a.com https://b.com",
            "https://münchen.example",
            "https://[::1",
            "https://::1]",
            "https://[]",
            "https://[::g]",
            "1https://example.com",
            "://example.com",
            "https://example.com\n",
        ] {
            assert!(Origin::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Origin::parse(b"https://\xff.com").is_err());
    }

    #[test]
    fn the_flaw_of_what_is_no_origin_is_said() {
        let (upper, no_scheme) = ("has upper case letters, which no browser sends", "has no scheme such as https://");
        let no_host = "has no host such as www.example.com";
        for (text, flaw) in [
            ("https://Example.com", upper),
            ("HTTPS://example.com/", upper),
            ("http://[::A]", upper),
            ("Example", upper),
            ("example.com", no_scheme),
            ("example.com:80", no_scheme),
            ("1a://example.com", no_scheme),
            ("https://example.com/path", "has more than scheme, host and port"),
            ("https://münchen.example", "has a host that is not ASCII, which browsers send as xn--…"),
            ("https://[::g]", "has a host that is no address"),
            ("https://", no_host),
            ("https://a..example", no_host),
            ("https://example.com:443", "has the default port of its scheme, which browsers leave out"),
            ("https://example.com:0", "has no port from 1 to 65535"),
            (&"A".repeat(MAX_ORIGIN + 1), "is too long"),
        ] {
            assert_eq!(Origin::parse(text.as_bytes()), Err(flaw), "{text}");
        }
    }

    #[test]
    fn a_requests_own_origin_is_recognised() {
        for (origin, scheme, authority, own) in [
            ("https://a.example", "https", "a.example", true),
            ("https://a.example", "https", "A.example:443", true),
            ("http://a.example:8080", "http", "a.example:8080", true),
            ("http://[::1]:90", "http", "[::1]:90", true),
            ("http://[::1]", "http", "[::1]", true),
            ("http://a.example", "https", "a.example", false),
            ("https://a.example", "https", "b.example", false),
            ("https://a.example:8443", "https", "a.example", false),
            ("https://a.example", "https", "", false),
            ("https://a.example", "https", "a.example:", false),
        ] {
            let parsed = Origin::parse(origin.as_bytes()).unwrap();
            assert_eq!(parsed.is_of(scheme.as_bytes(), authority.as_bytes()), own, "{origin} {scheme} {authority}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn nothing_panics_and_an_origin_is_its_parts(text: Vec<u8>, near in "[a-z:/.*0-9\\[\\]]{0,40}") {
            for text in [text.as_slice(), near.as_bytes()] {
                let Ok(origin) = Origin::parse(text) else { continue };
                let port = match origin.port { Port::Default => String::new(), Port::Number(number) => format!(":{number}") };
                let again = [origin.scheme, b"://", origin.host, port.as_bytes()].concat();
                proptest::prop_assert_eq!(again, text);
            }
        }
    }
}
