//! Subjects: the parts of a request that rules look at, each found once per request.
//!
//! A configuration names the same header in a thousand rules; so it names a [`Subject`] by its place in one table, and a
//! [`Request`] remembers what it found there. Nothing is searched for before a rule asks for it.

use crate::claim;
use crate::surroundings::Surroundings;
use http_exchange::Headers;
use std::borrow::Cow;
use std::net::IpAddr;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The values of a subject; several where a header is repeated.
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

    /// The first value of a subject.
    pub(crate) fn first(&mut self, id: SubjectId) -> Option<&[u8]> {
        self.values(id).first().map(|value| &**value)
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
        match subject {
            Subject::Header(name) => self.head.values(name).map(Cow::Borrowed).collect(),
            Subject::Cookie(name) => cookie(self.head, name).map(Cow::Borrowed).into_iter().collect(),
            Subject::Query(name) => query(self.head, name).into_iter().collect(),
            Subject::Path => path(self.head).map(|(path, _)| Cow::Borrowed(path)).into_iter().collect(),
            Subject::Host => host(self.head).into_iter().collect(),
            Subject::Claim(path) => {
                let claims = &self.subjects.claims;
                claim::find(claims, path, self.head, self.surroundings).map(Cow::Owned).into_iter().collect()
            }
        }
    }
}

/// The value of a cookie: of equal names the first, as servers commonly take it.
fn cookie<'r>(head: &Headers<'r>, name: &[u8]) -> Option<&'r [u8]> {
    let pairs = head.values(b"cookie").flat_map(|value| value.split(|byte| *byte == b';'));
    pairs.map(<[u8]>::trim_ascii).find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
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
fn host<'r>(head: &Headers<'r>) -> Option<Cow<'r, [u8]>> {
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
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, after))
            }
            (b'+', _) => Some((b' ', after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*byte, after));
        value.push(byte);
        rest = after;
    }
    Cow::Owned(value)
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|number| u8::try_from(number).ok())
}

/// The address in what Envoy calls an address: without port, brackets and zone.
fn ip_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split([']', '%']).next()?,
        None => text.rsplit_once(':').map_or(text, |(host, _)| host),
    };
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
