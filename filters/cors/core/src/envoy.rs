//! What Envoy's own filter does (`envoy.filters.http.cors`, observed in 1.40): nothing more, nothing else.
//!
//! It answers preflights without looking at what they ask for, allows an origin by whatever matches it or a literal `*`,
//! echoes it even where it is no origin, and knows no `Vary`.

use crate::cors::Verdict;
use crate::counts::Counts;
use crate::field;
use crate::fraction::Dice;
use crate::names::Names;
use crate::plan::Plan;
use http_exchange::{Bytes, HeaderEdit, HeaderEdits, Headers, LocalReply, Route};

/// Judges a request.
pub(crate) fn judge<'a>(
    plan: &'a Plan,
    head: &Headers<'a>,
    route: &mut dyn Route,
    counts: &mut Counts,
    dice: &mut Dice,
) -> Verdict<'a> {
    let Some(origin) = head.get(field::ORIGIN).filter(|origin| !origin.is_empty()) else { return Verdict::Passing };
    let enabled = plan.enabled.draw(dice);
    // A request that goes to no cluster has no policy: it is redirected, answered directly, or not found.
    if (!enabled && !plan.shadow.draw(dice)) || route.cluster().is_none() {
        return Verdict::Passing;
    }
    let allowed = plan.origins.allow_as_envoy(origin);
    counts.count_origin(allowed);
    if !enabled {
        return Verdict::Passing;
    }
    let is_preflight = head.get(b":method") == Some(b"OPTIONS") && !get(head, field::REQUEST_METHOD).is_empty();
    match (is_preflight, allowed) {
        (true, false) if !plan.forward_unmatched => Verdict::Answered(answer(plan, None, head)),
        (true, true) => Verdict::Answered(answer(plan, Some(origin), head)),
        (_, true) => Verdict::Allowed(origin),
        (_, false) => Verdict::NotAllowed,
    }
}

fn get<'a>(head: &Headers<'a>, name: &[u8]) -> &'a [u8] {
    head.get(name).unwrap_or_default()
}

/// The answer to a preflight. Without an allowed origin it still shows the policy.
fn answer<'a>(plan: &'a Plan, origin: Option<&'a [u8]>, head: &Headers<'a>) -> LocalReply<'a> {
    let mut headers: Vec<(Bytes<'a>, Bytes<'a>)> = Vec::with_capacity(7);
    let mut add = |name: &'static [u8], value: &'a [u8]| headers.push((name.into(), value.into()));
    if let Some(origin) = origin {
        add(field::ALLOW_ORIGIN, origin);
    }
    if plan.credentials {
        add(field::ALLOW_CREDENTIALS, b"true");
    }
    for (name, names, asked) in [
        (field::ALLOW_METHODS, &plan.methods, field::REQUEST_METHOD),
        (field::ALLOW_HEADERS, &plan.headers, field::REQUEST_HEADERS),
    ] {
        match &*names.text {
            b"" => {}
            b"*" => add(name, get(head, asked)),
            text => add(name, text),
        }
    }
    if !plan.max_age.is_empty() {
        add(field::MAX_AGE, plan.max_age.as_bytes());
    }
    if plan.private_network && head.get(field::REQUEST_PRIVATE_NETWORK) == Some(b"true") {
        add(field::ALLOW_PRIVATE_NETWORK, b"true");
    }
    if origin.is_some() && is_listed(&plan.expose) {
        add(field::EXPOSE_HEADERS, &plan.expose.text);
    }
    LocalReply { status: 200, headers, body: Bytes::Borrowed(b""), details: "cors_response" }
}

/// What a response for an allowed origin gets, whatever else it has.
pub(crate) fn mark<'a>(plan: &'a Plan, origin: &'a [u8]) -> HeaderEdits<'a> {
    let mut edits = vec![HeaderEdit::Set(field::ALLOW_ORIGIN.into(), origin.into())];
    if plan.credentials {
        edits.push(HeaderEdit::Set(field::ALLOW_CREDENTIALS.into(), b"true".as_slice().into()));
    }
    if is_listed(&plan.expose) {
        edits.push(HeaderEdit::Set(field::EXPOSE_HEADERS.into(), (&*plan.expose.text).into()));
    }
    edits
}

fn is_listed(names: &Names) -> bool {
    !names.text.is_empty()
}
