//! The configuration: what the user writes, read with every problem and every warning at its path.

mod duration;
mod fields;
mod origins;
mod sites;

use crate::plan::Plan;
use crate::sites::Sites;
use strict_config::{Object, Problems, Quoted, Reader, Value};

/// Whose behaviour is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// The safe one.
    Strict,
    /// That of `envoy.filters.http.cors`.
    Envoy,
}

/// What becomes of the CORS headers that an upstream sends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// They are removed.
    Override,
    /// They are kept, and the policy's come only where there are none.
    Preserve,
    /// They are kept where the policy does not allow the origin.
    Fallback,
}

/// A configuration as it runs.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) profile: Profile,
    pub(crate) upstream: Upstream,
    /// Of the answer to a preflight that is allowed.
    pub(crate) preflight_status: u16,
    pub(crate) debug: bool,
    pub(crate) sites: Sites,
    pub(crate) plans: Vec<Plan>,
    /// What is legal and dangerous.
    pub(crate) warnings: Problems,
}

/// Reads a configuration.
pub(crate) fn parse(json: &[u8]) -> Result<Configuration, Problems> {
    let reader = strict_config::read(json)?;
    let Some(object) = reader.object(reader.root()) else { return Err(reader.into_problems()) };
    let mut object = object.as_proto_json();
    let profiles = [("strict", Profile::Strict), ("envoy", Profile::Envoy)];
    let profile = object.one_of("profile", &profiles).unwrap_or(Profile::Strict);
    let deny_insecure = object.boolean("deny_insecure").unwrap_or(false);
    let ways = [("override", Upstream::Override), ("preserve", Upstream::Preserve), ("fallback", Upstream::Fallback)];
    for name in ["upstream_headers", "preflight_status", "debug"] {
        if profile == Profile::Envoy
            && let Some(value) = object.get(name)
        {
            reader.problem(value, "expected the profile strict beside it, but found envoy, which has no such choice");
        }
    }
    let upstream = object.one_of("upstream_headers", &ways).unwrap_or(Upstream::Override);
    let preflight_status = object.get("preflight_status").and_then(|value| read_status(&reader, value)).unwrap_or(200);
    let debug = object.boolean("debug").unwrap_or(false);
    let policies =
        object.required("policies").and_then(|policies| read_policies(&reader, policies)).unwrap_or_default();
    let (sites, plans) = sites::read(&reader, profile, policies);
    object.finish();
    let mut warnings = reader.take_warnings();
    let mut problems = reader.into_problems();
    if deny_insecure {
        problems.append(std::mem::take(&mut warnings));
    }
    problems.unless_any(Configuration { profile, upstream, preflight_status, debug, sites, plans, warnings })
}

fn read_status(reader: &Reader, value: &Value) -> Option<u16> {
    let status =
        value.as_u64().and_then(|status| u16::try_from(status).ok()).filter(|status| [200, 204].contains(status));
    if status.is_none() {
        reader.expected("200 or 204", value);
    }
    status
}

fn read_policies<'r>(reader: &'r Reader, value: &'r Value) -> Option<&'r [Value]> {
    let policies = reader.array(value)?;
    if policies.is_empty() {
        reader.problem(value, "expected a policy, but found none");
    }
    Some(policies)
}

/// What is wrong with a text, and a remark on it.
fn unlike(what: &str, text: &str, remark: &str, flaw: &str) -> String {
    ["expected ", what, ", but found ", &format!("{}", Quoted(text)), remark, flaw].concat()
}

/// The value under one of several names for the same thing; a problem with each further one.
fn one_name<'r>(reader: &Reader, object: &mut Object<'r>, names: &[&'static str]) -> Option<&'r Value> {
    let mut found: Option<(&str, &Value)> = None;
    for name in names {
        let Some(value) = object.get(name) else { continue };
        match found {
            None => found = Some((name, value)),
            Some((first, _)) => {
                reader.problem(value, ["expected ", first, " alone, but found ", name, " beside it"].concat());
            }
        }
    }
    found.map(|(_, value)| value)
}
