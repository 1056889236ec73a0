//! One policy, in Istio's words or in those of Envoy's `CorsPolicy`.

use super::{Profile, duration, one_name, origins, unlike};
use crate::fraction::Fraction;
use crate::names::{Names, is_token};
use crate::plan::Fields;
use std::cell::Cell;
use std::rc::Rc;
use strict_config::{Kind as Json, Object, Reader, Value};

/// A policy, and where in the text stands what is judged together with other policies.
#[derive(Debug)]
pub(super) struct Policy<'r> {
    pub(super) at: &'r Value,
    pub(super) hosts: &'r [Value],
    pub(super) paths: &'r [Value],
    pub(super) fields: Fields,
    /// An origin that stands for those of strangers.
    pub(super) wild: Option<&'r Value>,
    /// Origins that anyone on the way to the user can speak for.
    pub(super) clear_text: Vec<&'r Value>,
    /// `exposeHeaders`, if `*` is among them.
    pub(super) exposes_any: Option<&'r Value>,
    /// Whether it has been judged together with those that it inherits from.
    pub(super) is_judged: Cell<bool>,
    /// Whether it has been found to repeat another one.
    pub(super) is_repeated: Cell<bool>,
}

/// The methods that Istio accepts.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"];

/// No browser keeps an answer for longer.
const MAX_USEFUL_AGE: u64 = 86_400;

/// Reads an element of `policies`.
pub(super) fn read<'r>(reader: &'r Reader, profile: Profile, value: &'r Value) -> Option<Policy<'r>> {
    let mut element = reader.object(value)?.as_proto_json();
    let (hosts, paths) = (element.array("hosts"), element.array("paths"));
    let policy = element.required("cors_policy");
    element.finish();
    let at = policy?;
    let mut object = reader.object(at)?.as_proto_json();
    let origins = origins::read(reader, profile, &mut object);
    let methods = object.get("allow_methods").and_then(|list| read_names(reader, profile, list, &METHOD));
    let headers = object.get("allow_headers").and_then(|list| read_names(reader, profile, list, &HEADER));
    let exposed = object.get("expose_headers");
    let expose = exposed.and_then(|list| read_names(reader, profile, list, &HEADER));
    let exposes_any = exposed.filter(|_| expose.as_ref().is_some_and(|names| names.any));
    let max_age = object.get("max_age").and_then(|value| read_max_age(reader, value));
    let timing = object.get("timing_allow_origin");
    if let Some(value) = timing.filter(|_| profile == Profile::Envoy) {
        reader.problem(value, "expected the profile strict beside it, but found envoy, which has no such choice");
    }
    let fields = Fields {
        origins: origins.allowed,
        methods: methods.map(Rc::new),
        headers: headers.map(Rc::new),
        expose: expose.map(Rc::new),
        max_age: max_age.map(Rc::from),
        credentials: object.boolean("allow_credentials"),
        private_network: object.boolean("allow_private_network_access"),
        forward_unmatched: read_forward(reader, &mut object),
        timing: timing.and_then(|value| reader.boolean(value)),
        enabled: object.object("filter_enabled").and_then(|share| read_fraction(reader, share)),
        shadow: object.object("shadow_enabled").and_then(|share| read_fraction(reader, share)),
    };
    object.finish();
    let (wild, clear_text) = (origins.wild, origins.clear_text);
    let (is_judged, is_repeated) = (Cell::default(), Cell::default());
    Some(Policy { at, hosts, paths, fields, wild, clear_text, exposes_any, is_judged, is_repeated })
}

/// What the names of a list are of.
struct Kind {
    expected: &'static str,
    is_name: fn(&str) -> bool,
    /// How they are compared.
    folded: fn(&str) -> String,
}

const METHOD: Kind = Kind {
    expected: "a method of GET, HEAD, POST, PUT, PATCH, DELETE, CONNECT, OPTIONS and TRACE, or *",
    is_name: |name| METHODS.contains(&name),
    folded: str::to_owned,
};

const HEADER: Kind =
    Kind { expected: "a header name or *", is_name: |name| is_token(name.as_bytes()), folded: str::to_ascii_lowercase };

/// A list in Istio's form, an array, or in Envoy's, a text with commas. None where it is empty.
fn read_names(reader: &Reader, profile: Profile, value: &Value, kind: &Kind) -> Option<Names> {
    let mut names = Vec::new();
    let sound = |name: &str| name == "*" || (kind.is_name)(name);
    let text = if let Some(text) = value.as_str() {
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            // Envoy sends what is written, whatever it is, as long as it can be sent.
            if profile == Profile::Strict && !sound(name) {
                reader.problem(value, unlike(kind.expected, name, "", ""));
            }
            names.push((kind.folded)(name));
        }
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            reader.expected("a header's value", value);
        }
        text.to_owned()
    } else {
        let Some(elements) = value.as_array() else {
            reader.expected("an array of names, or a string with commas between them", value);
            return None;
        };
        let mut text = String::new();
        for element in elements {
            let Some(name) = reader.string(element) else { continue };
            if !sound(name) {
                reader.expected(kind.expected, element);
            }
            if !names.is_empty() {
                text.push(',');
            }
            text.push_str(name);
            names.push((kind.folded)(name));
        }
        text
    };
    (!text.is_empty()).then(|| Names::new(&text, &names))
}

fn read_max_age(reader: &Reader, value: &Value) -> Option<String> {
    let seconds = match value.kind() {
        // Gateway API has whole seconds.
        Json::Number(digits) if duration::is_delta(digits) => Some(digits.clone()),
        Json::String(text) if duration::is_delta(text) => Some(text.clone()),
        Json::String(text) => duration::seconds(text).map(|seconds| seconds.to_string()),
        _ => None,
    };
    match &seconds {
        None => reader.expected("whole seconds, such as 24h, 1h30m or 600", value),
        Some(seconds) if seconds.parse().is_ok_and(|seconds: u64| seconds > MAX_USEFUL_AGE) => {
            reader.warning(
                value,
                unlike("at most 24h, the most that a browser keeps", value.as_str().unwrap_or(seconds), "", ""),
            );
        }
        Some(_) => {}
    }
    seconds
}

/// What becomes of preflights of origins that are not allowed, in Istio's word or Envoy's.
fn read_forward(reader: &Reader, object: &mut Object<'_>) -> Option<bool> {
    let value = one_name(reader, object, &["unmatched_preflights", "forward_not_matching_preflights"])?;
    if value.as_bool().is_some() {
        return value.as_bool();
    }
    reader.one_of(value, &[("FORWARD", Some(true)), ("IGNORE", Some(false)), ("UNSPECIFIED", None)]).flatten()
}

/// Envoy's `RuntimeFractionalPercent`.
fn read_fraction(reader: &Reader, mut share: Object<'_>) -> Option<Fraction> {
    let percent = share.object("default_value");
    if percent.is_none() && share.get("default_value").is_none() {
        share.missing("default_value", "expected a share of requests, but found none");
    }
    if let Some(key) = share.get("runtime_key") {
        reader
            .warning(key, "expected no key, but found one: a plugin cannot read the runtime, so default_value counts");
    }
    share.finish();
    let mut percent = percent?;
    let denominators = [("HUNDRED", 100), ("TEN_THOUSAND", 10_000), ("MILLION", 1_000_000)];
    let fraction = Fraction {
        numerator: percent.integer("numerator", 0..=u32::MAX).unwrap_or(0),
        denominator: percent.one_of("denominator", &denominators).unwrap_or(100),
    };
    percent.finish();
    Some(fraction)
}
