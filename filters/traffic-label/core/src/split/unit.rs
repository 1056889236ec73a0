//! Units: who is split, each by what of it is the same at every visit.
//!
//! A chain names several, and the first that a request has counts. What is empty is not there. A unit is taken as it
//! came, byte by byte, and the same text gives the same bucket whichever kind of unit it is, so that a user is in the
//! same one whether the claim or the header told.

use super::new_cookie::{self, NewCookie, NewCookies};
use crate::address::Address;
use crate::claim;
use crate::subject::{Request, Subject, SubjectId, Subjects};
use http_exchange::Headers;
use strict_config::{Reader, Value};
use trace_context::{Format, RequestId};

/// Room for a unit that does not stand in the request.
pub(crate) type Scratch = [u8; 32];

/// Units in the order in which they are looked for.
#[derive(Debug, Clone)]
pub(crate) struct Units(Vec<Unit>);

/// One kind of unit.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Subject(SubjectId),
    /// What the subject, a cookie, says; where it says nothing, a new one.
    NewCookie(SubjectId, NewCookie),
    /// That many leading bits of the client's address.
    Address {
        v4: u32,
        v6: u32,
    },
    Request,
}

/// Where a request says which it is: first the identifier that Envoy gives each request and that an application passes
/// on with those it makes for it, else its trace.
const REQUEST_IDS: [&str; 8] = [
    "x-request-id",
    "traceparent",
    "b3",
    "x-b3-traceid",
    "uber-trace-id",
    "sw8",
    "x-amzn-trace-id",
    "x-datadog-trace-id",
];

impl Units {
    /// Requests, each of which is a unit of its own, the same one at every hop.
    pub(crate) fn request() -> Self {
        Self(vec![Unit { name: "request".to_owned(), kind: Kind::Request }])
    }

    /// Reads an array of units.
    pub(crate) fn read(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<Self> {
        let values = reader.array(value)?;
        if values.is_empty() {
            reader.problem(value, "expected units to split by, but found none");
        }
        let mut units = Vec::with_capacity(values.len());
        for value in values {
            if units.last().is_some_and(Unit::makes_cookies) {
                reader.problem(value, "expected new_cookie last, as every request has it, but found a unit after it");
            }
            units.extend(Unit::read(reader, value, subjects));
        }
        (!values.is_empty() && units.len() == values.len()).then_some(Self(units))
    }

    /// Whether a visitor without identity is given one.
    pub(crate) fn make_cookies(&self) -> bool {
        self.0.last().is_some_and(Unit::makes_cookies)
    }

    /// The first unit that the request has, and what it says.
    pub(crate) fn find<'u, 'a>(
        &'u self,
        request: &'a mut Request<'_>,
        new_cookies: Option<&mut NewCookies>,
        scratch: &'a mut Scratch,
    ) -> Option<(&'u Unit, &'a [u8])> {
        let welcomes = new_cookies.is_some();
        let unit = self.0.iter().find(|unit| unit.is_there(request, welcomes))?;
        let length = match &unit.kind {
            Kind::Subject(subject) => return Some((unit, said(request, *subject)?)),
            Kind::NewCookie(subject, cookie) => {
                if said(request, *subject).is_some() {
                    return Some((unit, said(request, *subject)?));
                }
                *scratch = new_cookies?.identify(cookie, request);
                scratch.len()
            }
            Kind::Address { v4, v6 } => {
                let address = request.source()?;
                let (first, _) = Address::new(address).network(if address.is_ipv4() { *v4 } else { *v6 });
                fill(scratch, first.octets())
            }
            Kind::Request => fill(scratch, &request_id(request.head())?.to_be_bytes()),
        };
        Some((unit, scratch.get(..length)?))
    }
}

impl Unit {
    /// What it is called where a decision is explained, such as `cookie uid`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn read(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<Self> {
        let mut object = reader.object(value)?;
        let mut units = Vec::new();
        for (kind, read) in KINDS {
            if let Some(value) = object.get(kind) {
                units.push(read(reader, value, subjects).map(|(name, read)| {
                    let name = if name.is_empty() { kind.to_owned() } else { format!("{kind} {name}") };
                    Self { name, kind: read }
                }));
            }
        }
        object.finish();
        if units.len() != 1 {
            let found = if units.is_empty() { "none" } else { "several" };
            let message = "expected one of claim, header, cookie, query, ip and new_cookie, but found";
            reader.problem(value, format!("{message} {found}"));
            return None;
        }
        units.pop()?
    }

    fn makes_cookies(&self) -> bool {
        matches!(self.kind, Kind::NewCookie(..))
    }

    fn is_there(&self, request: &mut Request<'_>, welcomes: bool) -> bool {
        match self.kind {
            Kind::Subject(subject) => said(request, subject).is_some(),
            Kind::NewCookie(subject, _) => welcomes || said(request, subject).is_some(),
            Kind::Address { .. } => request.source().is_some(),
            Kind::Request => true,
        }
    }
}

/// Reads what a unit of one kind is of: its name, empty where it needs none, and the rest.
type ReadKind = fn(&Reader, &Value, &mut Subjects) -> Option<(String, Kind)>;

const KINDS: [(&str, ReadKind); 6] = [
    ("claim", read_claim),
    ("header", read_header),
    ("cookie", read_cookie),
    ("query", read_query),
    ("ip", read_address),
    ("new_cookie", read_new_cookie),
];

fn read_claim(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<(String, Kind)> {
    let path = reader.string(value)?;
    let parts = claim::read_path(reader, value, path)?;
    Some((path.to_owned(), Kind::Subject(subjects.place(Subject::Claim(parts)))))
}

fn read_header(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<(String, Kind)> {
    let name = header_field::read_lower_name(reader, value)?;
    let subject = subjects.place(Subject::Header(name.as_bytes().to_vec()));
    Some((name, Kind::Subject(subject)))
}

fn read_cookie(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<(String, Kind)> {
    let name = new_cookie::read_name(reader, value)?;
    Some((name.to_owned(), Kind::Subject(subjects.place(Subject::Cookie(name.as_bytes().to_vec())))))
}

fn read_query(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<(String, Kind)> {
    let name = reader.string(value)?;
    if name.is_empty() {
        reader.expected("the name of a query parameter", value);
        return None;
    }
    Some((name.to_owned(), Kind::Subject(subjects.place(Subject::Query(name.as_bytes().to_vec())))))
}

/// The prefix lengths default to what one household or site has: its neighbours' addresses and its next one are the
/// same unit.
fn read_address(reader: &Reader, value: &Value, _: &mut Subjects) -> Option<(String, Kind)> {
    let mut object = reader.object(value)?;
    let v4 = object.integer("v4", 1..=32).unwrap_or(24);
    let v6 = object.integer("v6", 1..=128).unwrap_or(64);
    object.finish();
    Some((String::new(), Kind::Address { v4, v6 }))
}

fn read_new_cookie(reader: &Reader, value: &Value, subjects: &mut Subjects) -> Option<(String, Kind)> {
    let (name, cookie) = NewCookie::read(reader, value)?;
    let subject = subjects.place(Subject::Cookie(name.as_bytes().to_vec()));
    Some((name, Kind::NewCookie(subject, cookie)))
}

/// What a request says of a subject, which is not nothing.
fn said<'a>(request: &'a mut Request<'_>, subject: SubjectId) -> Option<&'a [u8]> {
    request.values(subject).iter().map(|value| &**value).find(|value| !value.is_empty())
}

fn request_id(head: &Headers<'_>) -> Option<u64> {
    let mut ids = REQUEST_IDS.iter().filter_map(|name| Format::of(name).read(head.get(name.as_bytes())?));
    ids.next().map(RequestId::low)
}

/// Puts bytes at the beginning of the room, and says how many they are.
fn fill(scratch: &mut Scratch, bytes: &[u8]) -> usize {
    for (place, byte) in scratch.iter_mut().zip(bytes) {
        *place = *byte;
    }
    bytes.len()
}
