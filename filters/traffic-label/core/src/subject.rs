//! Subjects: the parts of a request that rules look at, each found once per request.
//!
//! A configuration names the same header in a thousand rules; so it names a [`Subject`] by its place in one table, and a
//! [`Request`] remembers what it found there. Nothing is searched for before a rule asks for it.

use crate::claim;
use crate::surroundings::Surroundings;
use http_exchange::Headers;
use proxy_role::Direction;
use std::borrow::Cow;
use std::net::IpAddr;
use trace_context::baggage;

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A header by its lower-case name, `:method` among them.
    Header(Vec<u8>),
    /// A cookie by its name (RFC 6265 §4.2).
    Cookie(Vec<u8>),
    /// A parameter of the query by its name; name and value are percent-decoded, and `+` is a space.
    Query(Vec<u8>),
    /// The path without its query, as Envoy's routes match it.
    Path,
    /// The authority without its port, in lower case.
    Host,
    /// A claim of the verified token by its path.
    Claim(Vec<String>),
}

/// The place of a subject in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SubjectId(u16);

/// All subjects that a configuration names, each once.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    table: Vec<Subject>,
    /// Where the claims of a verified token are.
    pub(crate) claims: claim::Source,
}

impl Subjects {
    /// The place of a subject, which it is given if it has none yet.
    pub(crate) fn place(&mut self, subject: Subject) -> SubjectId {
        let known = self.table.iter().position(|other| *other == subject);
        let at = known.unwrap_or_else(|| {
            self.table.push(subject);
            self.table.len() - 1
        });
        // A configuration of 65,536 different names is longer than a proxy takes; the last place would be shared then.
        SubjectId(u16::try_from(at).unwrap_or(u16::MAX))
    }
}

/// The values of a subject; several where a header is repeated or a claim is an array.
pub(crate) type Values<'r> = Vec<Cow<'r, [u8]>>;

/// One request, and what has been found in it so far.
pub(crate) struct Request<'r> {
    head: &'r Headers<'r>,
    subjects: &'r Subjects,
    found: Vec<Option<Values<'r>>>,
    now: Option<Option<u64>>,
    source: Option<Option<IpAddr>>,
    surroundings: &'r mut dyn Surroundings,
}

impl<'r> Request<'r> {
    pub(crate) fn new(head: &'r Headers<'r>, subjects: &'r Subjects, surroundings: &'r mut dyn Surroundings) -> Self {
        Self { head, subjects, found: Vec::new(), now: None, source: None, surroundings }
    }

    /// The head itself.
    pub(crate) fn head(&self) -> &'r Headers<'r> {
        self.head
    }

    /// The values of a subject, none if the request does not have it.
    pub(crate) fn values(&mut self, id: SubjectId) -> &[Cow<'r, [u8]>] {
        let at = usize::from(id.0);
        if self.found.len() <= at {
            self.found.resize_with(at + 1, || None);
        }
        if self.found.get(at).is_some_and(Option::is_none) {
            let values = match self.subjects.table.get(at) {
                Some(subject) => self.find(subject),
                None => Values::new(),
            };
            if let Some(place) = self.found.get_mut(at) {
                *place = Some(values);
            }
        }
        self.found.get(at).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The direction of the request's listener.
    pub(crate) fn direction(&mut self) -> Option<Direction> {
        self.surroundings.direction()
    }

    /// Milliseconds since 1970.
    pub(crate) fn unix_millis(&mut self) -> Option<u64> {
        *self.now.get_or_insert_with(|| self.surroundings.unix_millis())
    }

    /// The client's address.
    pub(crate) fn source(&mut self) -> Option<IpAddr> {
        *self.source.get_or_insert_with(|| self.surroundings.source_address().and_then(|address| ip_address(&address)))
    }

    fn find(&mut self, subject: &Subject) -> Values<'r> {
        let only = match subject {
            Subject::Header(name) => return self.head.values(name).map(Cow::Borrowed).collect(),
            Subject::Cookie(name) => cookie(self.head, name).map(Cow::Borrowed),
            Subject::Query(name) => query(self.head, name),
            Subject::Path => path(self.head).map(|(path, _)| Cow::Borrowed(path)),
            Subject::Host => host(self.head),
            Subject::Claim(path) => {
                let claims = &self.subjects.claims;
                return claim::find(claims, path, self.head, self.surroundings).into_iter().map(Cow::Owned).collect();
            }
        };
        only.into_iter().collect()
    }
}

/// The value of a cookie: of equal names the first, as servers commonly take it.
fn cookie<'r>(head: &Headers<'r>, name: &[u8]) -> Option<&'r [u8]> {
    let of_pair = |pair: &'r [u8]| pair.trim_ascii().strip_prefix(name)?.strip_prefix(b"=");
    head.values(b"cookie").find_map(|value| value.split(|byte| *byte == b';').find_map(of_pair))
}

/// The path and the query of a request, without the question mark between.
fn path<'r>(head: &Headers<'r>) -> Option<(&'r [u8], &'r [u8])> {
    let whole = head.get(b":path")?;
    // A fragment does not belong to a request's target; where one comes, it ends what is read.
    let target = whole.split(|byte| *byte == b'#').next()?;
    let at = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
    let (path, query) = target.split_at_checked(at)?;
    Some((path, query.strip_prefix(b"?").unwrap_or_default()))
}

/// The value of a query parameter: of equal names the first.
fn query<'r>(head: &Headers<'r>, name: &[u8]) -> Option<Cow<'r, [u8]>> {
    let (_, query) = path(head)?;
    query.split(|byte| *byte == b'&').find_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (key, value) = pair.split_at_checked(at)?;
        let found = *decoded(key) == *name;
        found.then(|| decoded(value.strip_prefix(b"=").unwrap_or_default()))
    })
}

/// The host that a request is for. The brackets of an IPv6 address belong to it.
pub(crate) fn host<'r>(head: &Headers<'r>) -> Option<Cow<'r, [u8]>> {
    let authority = head.get(b":authority")?;
    let without_port = match authority.iter().rposition(|byte| *byte == b':' || *byte == b']') {
        Some(at) if authority.get(at) == Some(&b':') => authority.get(..at)?,
        _ => authority,
    };
    let is_lower = !without_port.iter().any(u8::is_ascii_uppercase);
    Some(if is_lower { Cow::Borrowed(without_port) } else { Cow::Owned(without_port.to_ascii_lowercase()) })
}

/// What a text of `application/x-www-form-urlencoded` stands for; a percent sign without two digits after it is itself.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Cow::Owned(baggage::decode(&spaced))
}

/// The address in what Envoy calls an address: without port, brackets and zone.
fn ip_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.get(..rest.bytes().position(|byte| matches!(byte, b']' | b'%')).unwrap_or(rest.len()))?,
        None => text.rsplit_once(':').map_or(text, |(host, _)| host),
    };
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Around, with_request};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn values(subject: Subject, head: &[(&str, &[u8])]) -> Vec<Vec<u8>> {
        let mut subjects = Subjects::default();
        let id = subjects.place(subject);
        with_request(head, &subjects, &mut Around::default(), |request| {
            request.values(id).iter().map(|value| value.to_vec()).collect()
        })
    }

    #[track_caller]
    fn check(subject: Subject, head: &[(&str, &[u8])], expected: &[&[u8]]) {
        assert_eq!(values(subject.clone(), head), expected, "{subject:?} {head:?}");
    }

    #[test]
    fn a_header_has_all_its_values() {
        let head: &[(&str, &[u8])] = &[("a", b"1"), ("b", b"2"), ("a", b"\xff"), ("a", b"")];
        check(Subject::Header(b"a".to_vec()), head, &[b"1", b"\xff", b""]);
        check(Subject::Header(b"c".to_vec()), head, &[]);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        for (cookie, expected) in [
            (&b"uid=7"[..], Some(&b"7"[..])),
            (b"theme=dark; uid=7; uid=8", Some(b"7")),
            (b"xuid=1;uid=a=b;", Some(b"a=b")),
            (b"uid=; x", Some(b"")),
            (b"uid", None),
            (b"uidx=7", None),
            (b"UID=7", None),
            (b"", None),
        ] {
            let expected: Vec<_> = expected.into_iter().collect();
            check(Subject::Cookie(b"uid".to_vec()), &[("cookie", cookie)], &expected);
        }
        check(Subject::Cookie(b"uid".to_vec()), &[("cookie", b"a=1"), ("cookie", b"uid=2")], &[b"2"]);
    }

    #[test]
    fn a_query_parameter_is_decoded() {
        for (path, expected) in [
            (&b"/?uid=7"[..], Some(&b"7"[..])),
            (b"/a?b=c&uid=7&uid=8", Some(b"7")),
            (b"/?u%69d=a%20b+c%2B", Some(b"a b c+")),
            (b"/?uid=%zz%f%", Some(b"%zz%f%")),
            (b"/?uid=%ff%00", Some(b"\xff\0")),
            (b"/?uid", Some(b"")),
            (b"/?uid=a?b=c", Some(b"a?b=c")),
            (b"/?uid=a#b", Some(b"a")),
            (b"/?a=1#?uid=7", None),
            (b"/uid=7", None),
            (b"/?", None),
            (b"", None),
        ] {
            let expected: Vec<_> = expected.into_iter().collect();
            check(Subject::Query(b"uid".to_vec()), &[(":path", path)], &expected);
        }
    }

    #[test]
    fn a_path_ends_before_its_query() {
        for (path, expected) in
            [(&b"/a/b"[..], &b"/a/b"[..]), (b"/a?b", b"/a"), (b"/a#b?c", b"/a"), (b"?", b""), (b"*", b"*"), (b"", b"")]
        {
            check(Subject::Path, &[(":path", path)], &[expected]);
        }
        check(Subject::Path, &[], &[]);
    }

    #[test]
    fn a_host_has_no_port_and_no_upper_case() {
        for (authority, expected) in [
            (&b"shop.example.com"[..], &b"shop.example.com"[..]),
            (b"Shop.Example.com:8080", b"shop.example.com"),
            (b"[2001:DB8::1]:80", b"[2001:db8::1]"),
            (b"[::1]", b"[::1]"),
            (b"shop:", b"shop"),
            (b"", b""),
        ] {
            check(Subject::Host, &[(":authority", authority)], &[expected]);
        }
    }

    #[test]
    fn an_address_has_a_port() {
        for (text, expected) in [
            ("10.0.0.1:4711", Some("10.0.0.1")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("[fe80::1%eth0]:1", Some("fe80::1")),
            ("[::ffff:10.0.0.1]:4711", Some("10.0.0.1")),
            ("[", None),
            ("", None),
            ("@/var/run/socket", None),
            ("envoy://internal/endpoint", None),
        ] {
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(ip_address(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(ip_address(b"\xff"), None);
    }

    #[test]
    fn a_subject_has_one_place() {
        let mut subjects = Subjects::default();
        let first = subjects.place(Subject::Path);
        let second = subjects.place(Subject::Host);
        assert_ne!(first, second);
        assert_eq!(subjects.place(Subject::Path), first);
    }

    #[test]
    fn what_was_found_is_remembered() {
        let mut subjects = Subjects::default();
        let id = subjects.place(Subject::Claim(vec!["sub".to_owned()]));
        let mut around = Around { source: Some("[::1]:1"), now: Some(7), ..Around::default() };
        with_request(&[], &subjects, &mut around, |request| {
            for _ in 0..3 {
                assert_eq!(request.values(id).first().map(|value| &**value), None);
                assert_eq!(request.unix_millis(), Some(7));
                assert!(request.source().is_some());
            }
        });
        assert_eq!(around.calls, 3);
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn no_bytes_are_too_much(value: Vec<u8>, text in "[\\[\\]:;=&?#%+a-f0-9]{0,20}") {
                for value in [&value[..], text.as_bytes()] {
                    let head: &[(&str, &[u8])] = &[(":path", value), (":authority", value), ("cookie", value)];
                    let named = [Subject::Cookie(b"a".to_vec()), Subject::Query(b"a".to_vec())];
                    for subject in named.into_iter().chain([Subject::Path, Subject::Host]) {
                        values(subject, head);
                    }
                    ip_address(value);
                }
            }

            #[test]
            fn a_query_brings_back_what_was_encoded(name: Vec<u8>, value: Vec<u8>) {
                let encoded = |bytes: &[u8]| bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<String>();
                let path = format!("/?x=1&{}={}", encoded(&name), encoded(&value));
                prop_assume!(name != b"x");
                prop_assert_eq!(values(Subject::Query(name), &[(":path", path.as_bytes())]), [value]);
            }
        }
    }
}
