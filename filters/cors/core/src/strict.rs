//! What the policy says, and nothing that a browser or a cache could take for more.
//!
//! - An answer that depends on the origin says so: `Vary: Origin` is on every response that a policy is for, merged into what
//!   is there (RFC 9110 §12.5.5).
//! - A preflight is judged by all that it asks for, and answered with that alone (Fetch §4.8).
//! - What an upstream says about CORS is never mixed with what the policy says.

use crate::configuration::{Configuration, Upstream};
use crate::cors::Verdict;
use crate::counts::Counts;
use crate::field;
use crate::fraction::{Dice, Fraction};
use crate::names::elements;
use crate::origin::Origin;
use crate::plan::Plan;
use http_exchange::{Bytes, HeaderEdit, HeaderEdits, Headers, LocalReply};

/// What a preflight's answer depends on.
const PREFLIGHT_VARY: &[u8] = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// Judges a request.
pub(crate) fn judge<'a>(
    configuration: &'a Configuration,
    plan: &'a Plan,
    head: &Headers<'a>,
    counts: &mut Counts,
    dice: &mut Dice,
) -> Verdict<'a> {
    // What is not enabled for this request may be for the next one.
    let otherwise = || if plan.enabled == Fraction::NONE { Verdict::Passing } else { Verdict::Varying };
    let mut origins = head.values(field::ORIGIN).filter(|origin| !origin.is_empty());
    let Some(origin) = origins.next() else { return otherwise() };
    let enabled = plan.enabled.draw(dice);
    if !enabled && !plan.shadow.draw(dice) {
        return otherwise();
    }
    let sound = Origin::parse(origin).ok();
    if sound.is_some_and(|sound| is_own(&sound, head)) {
        return otherwise();
    }
    let allowed = origins.next().is_none() && sound.is_some_and(|sound| plan.origins.allow(origin, &sound));
    counts.count_origin(allowed);
    if !enabled {
        return otherwise();
    }
    let asked = head.get(field::REQUEST_METHOD).filter(|method| !method.is_empty());
    match asked.filter(|_| head.get(b":method") == Some(b"OPTIONS")) {
        Some(method) if allowed || !plan.forward_unmatched => {
            let preflight = Preflight { plan, origin, allowed, method, head: *head };
            Verdict::Answered(preflight.answer(configuration, counts))
        }
        _ if allowed => Verdict::Allowed(origin),
        _ => Verdict::NotAllowed,
    }
}

/// Whether a page asks the very server that it came from, which needs no permission.
fn is_own(origin: &Origin<'_>, head: &Headers<'_>) -> bool {
    let (Some(scheme), Some(authority)) = (head.get(b":scheme"), head.get(b":authority")) else { return false };
    origin.is_of(scheme, authority)
}

/// A preflight that is to be answered.
struct Preflight<'a> {
    plan: &'a Plan,
    origin: &'a [u8],
    allowed: bool,
    method: &'a [u8],
    head: Headers<'a>,
}

/// How far a preflight comes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Origin,
    Method,
    Header,
    All,
}

impl<'a> Preflight<'a> {
    fn reached(&self) -> Reached {
        if !self.allowed {
            Reached::Origin
        } else if !self.plan.methods.allow_method(self.method) {
            Reached::Method
        } else if !self.plan.headers.allow_headers(self.head.values(field::REQUEST_HEADERS)) {
            Reached::Header
        } else {
            Reached::All
        }
    }

    fn answer(&self, configuration: &Configuration, counts: &mut Counts) -> LocalReply<'a> {
        let reached = self.reached();
        let (count, details) = match reached {
            Reached::All => (&mut counts.preflight_ok, "cors_preflight_ok"),
            Reached::Origin => (&mut counts.preflight_origin, "cors_preflight_origin"),
            Reached::Method => (&mut counts.preflight_method, "cors_preflight_method"),
            Reached::Header => (&mut counts.preflight_header, "cors_preflight_header"),
        };
        *count += 1;
        let (status, body) = match reached {
            Reached::All => (configuration.preflight_status, Bytes::Borrowed(&b""[..])),
            // A browser reads the rest of an answer only if its status is one of success, and then says what is missing.
            _ if configuration.debug => (200, self.reason(reached).into()),
            _ => (403, Bytes::Borrowed(&b""[..])),
        };
        let shown = if status == 403 { Reached::Origin } else { reached };
        LocalReply { status, headers: self.headers(shown), body, details }
    }

    /// The headers of an answer up to what was reached.
    fn headers(&self, reached: Reached) -> Vec<(Bytes<'a>, Bytes<'a>)> {
        let plan = self.plan;
        let mut headers: Vec<(Bytes<'a>, Bytes<'a>)> = Vec::with_capacity(7);
        let mut add = |name: &'static [u8], value: Bytes<'a>| headers.push((name.into(), value));
        if reached > Reached::Origin {
            add(field::ALLOW_ORIGIN, allow_origin(plan, self.origin).into());
            if plan.credentials {
                add(field::ALLOW_CREDENTIALS, Bytes::Borrowed(b"true"));
            }
        }
        if reached > Reached::Method {
            add(field::ALLOW_METHODS, self.method.into());
        }
        if reached == Reached::Header && !plan.headers.text.is_empty() {
            add(field::ALLOW_HEADERS, (&*plan.headers.text).into());
        }
        if reached == Reached::All {
            if let Some(asked) = joined(self.head.values(field::REQUEST_HEADERS)) {
                add(field::ALLOW_HEADERS, asked);
            }
            if !plan.max_age.is_empty() {
                add(field::MAX_AGE, plan.max_age.as_bytes().into());
            }
            if plan.private_network && self.head.get(field::REQUEST_PRIVATE_NETWORK) == Some(b"true") {
                add(field::ALLOW_PRIVATE_NETWORK, Bytes::Borrowed(b"true"));
            }
        }
        add(field::VARY, PREFLIGHT_VARY.into());
        headers
    }

    /// Why a preflight is not allowed, for the page's developer.
    fn reason(&self, reached: Reached) -> Vec<u8> {
        let list = |text: &'a [u8]| if text.is_empty() { b"no header" } else { text };
        let asked = joined(self.head.values(field::REQUEST_HEADERS)).unwrap_or_default();
        let (expected, or, found): (&[u8], &[u8], &[u8]) = match reached {
            Reached::Origin => (b"an origin that the policy allows", b"", self.origin),
            Reached::Method if self.plan.methods.text.is_empty() => (b"GET, HEAD or POST", b"", self.method),
            Reached::Method => (&self.plan.methods.text, b", GET, HEAD or POST", self.method),
            _ => (list(&self.plan.headers.text), b"", &asked),
        };
        let shown = |byte: &u8| if matches!(byte, b' '..=b'~') { *byte } else { b'?' };
        let found: Vec<u8> = found.iter().take(MAX_SHOWN).map(shown).collect();
        [b"CORS: expected ", expected, or, b", but found ", &found, b"\n"].concat()
    }
}

/// The most bytes of a request that the reason of a refusal repeats.
const MAX_SHOWN: usize = 256;

/// The value for an origin that is allowed.
fn allow_origin<'a>(plan: &Plan, origin: &'a [u8]) -> &'a [u8] {
    if plan.origins.any { b"*" } else { origin }
}

/// Lines of one header as one; none where there are none.
fn joined<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Bytes<'a>> {
    let mut all: Option<Bytes<'a>> = None;
    for line in lines {
        match &mut all {
            None => all = Some(line.into()),
            Some(all) => {
                let all = all.to_mut();
                all.extend_from_slice(b", ");
                all.extend_from_slice(line);
            }
        }
    }
    all
}

/// What a response gets and loses; `judged` is what was decided on its request's origin, if there was one.
pub(crate) fn mark<'a>(
    upstream: Upstream,
    judged: Option<(&'a Plan, Option<&'a [u8]>)>,
    head: &Headers<'a>,
) -> HeaderEdits<'a> {
    let mut edits = Vec::new();
    if let Some((plan, origin)) = judged {
        let keeps = match upstream {
            Upstream::Override => false,
            Upstream::Preserve => head.get(field::ALLOW_ORIGIN).is_some(),
            Upstream::Fallback => origin.is_none(),
        };
        if !keeps {
            for name in field::OF_RESPONSES {
                if head.get(name).is_some() {
                    edits.push(HeaderEdit::Remove(name.into()));
                }
            }
            allow(plan, origin, &mut edits);
        }
    }
    edits.extend(vary(head));
    edits
}

fn allow<'a>(plan: &'a Plan, origin: Option<&'a [u8]>, edits: &mut HeaderEdits<'a>) {
    let Some(origin) = origin.map(|origin| allow_origin(plan, origin)) else { return };
    let mut set = |name: &'static [u8], value: &'a [u8]| edits.push(HeaderEdit::Set(name.into(), value.into()));
    set(field::ALLOW_ORIGIN, origin);
    if plan.credentials {
        set(field::ALLOW_CREDENTIALS, b"true");
    }
    if !plan.expose.text.is_empty() {
        set(field::EXPOSE_HEADERS, &plan.expose.text);
    }
    if plan.timing {
        set(field::TIMING_ALLOW_ORIGIN, origin);
    }
}

/// Adds `Origin` to what the response depends on, unless it is there or covered.
fn vary<'a>(head: &Headers<'a>) -> Option<HeaderEdit<'a>> {
    let mut names = head.values(field::VARY).flat_map(elements);
    if names.any(|name| name == b"*" || name.eq_ignore_ascii_case(field::ORIGIN)) {
        return None;
    }
    // As Envoy names it where it merges: one line.
    let lines = head.values(field::VARY).filter(|line| !line.is_empty());
    let all = joined(lines.chain([&b"Origin"[..]])).unwrap_or_default();
    Some(HeaderEdit::Set(field::VARY.into(), all))
}
