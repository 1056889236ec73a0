//! Rules from a service configuration: `http.rules` of a `google.api.Service`, each for the method that it selects.
//!
//! Only `http` is read, because a service configuration says much that is not about transcoding; within it every name that is
//! not known is a problem. Names are those of `google/api/http.proto`, in either of protobuf's spellings. Whether a selector or a
//! field exists is judged in [`crate::rule`].

use crate::rule::{HttpRule, Pattern};
use strict_config::{Member, Problems, Value};

/// What a service configuration says about HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The rules in their order.
    pub rules: Vec<SelectedRule>,
    /// `fully_decode_reserved_expansion`: variables of several segments keep no escape but `%2F`.
    pub fully_decode_reserved_expansion: bool,
}

/// A rule and the method that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedRule {
    /// `package.Service.Method`
    pub selector: String,
    /// Its path in the configuration.
    pub place: String,
    /// The rule.
    pub rule: HttpRule,
}

impl ServiceConfig {
    /// Reads a service configuration that stands at a path of the filter's configuration.
    pub fn read(value: &Value, path: &str) -> Result<Self, Problems> {
        let mut config = Self::default();
        let mut problems = Problems::default();
        let mut all = members(value, path, &mut problems);
        if let Some(http) = all.find(|member| member.name == "http") {
            let path = format!("{path}.http");
            for Member { name, value, .. } in members(&http.value, &path, &mut problems) {
                let path = format!("{path}.{name}");
                match name.as_str() {
                    "rules" => {
                        let rules = elements(value, &path, &mut problems);
                        config.rules = rules.map(|(value, path)| selected_rule(value, path, &mut problems)).collect();
                    }
                    "fully_decode_reserved_expansion" | "fullyDecodeReservedExpansion" => {
                        let flag = value.as_bool();
                        config.fully_decode_reserved_expansion = flag.unwrap_or_default();
                        if flag.is_none() {
                            problems.push(path, format!("expected true or false, but found {value}"));
                        }
                    }
                    _ => problems
                        .push(path, "expected `rules` or `fully_decode_reserved_expansion`, but found another name"),
                }
            }
        }
        problems.unless_any(config)
    }
}

fn selected_rule(value: &Value, place: String, problems: &mut Problems) -> SelectedRule {
    let mut selector = None;
    let rule = rule(value, &place, &mut Some(&mut selector), problems);
    if selector.is_none() {
        problems.push(place.as_str(), "expected `selector`, but found none");
    }
    SelectedRule { selector: selector.unwrap_or_default(), place, rule }
}

/// A rule with a selector, or an additional binding without.
fn rule(value: &Value, place: &str, selector: &mut Option<&mut Option<String>>, problems: &mut Problems) -> HttpRule {
    let mut rule = HttpRule::default();
    for Member { name, value, .. } in members(value, place, problems) {
        let path = format!("{place}.{name}");
        let pattern = match name.as_str() {
            "selector" => {
                if let Some(selector) = selector {
                    **selector = Some(text(value, path, problems));
                } else {
                    problems.push(path, "expected no selector in an additional binding, but found one");
                }
                continue;
            }
            "body" => {
                rule.body = text(value, path, problems);
                continue;
            }
            "response_body" | "responseBody" => {
                rule.response_body = text(value, path, problems);
                continue;
            }
            "additional_bindings" | "additionalBindings" => {
                if selector.is_some() {
                    for (value, path) in elements(value, &path, problems) {
                        rule.additional_bindings.push(self::rule(value, &path, &mut None, problems));
                    }
                } else {
                    problems.push(path, "expected no bindings in an additional binding, but found some");
                }
                continue;
            }
            "custom" => custom(value, &path, problems),
            name => match Pattern::of_field(name) {
                Some((field, method)) => {
                    Pattern { field, method: method.to_owned(), path: text(value, path.clone(), problems) }
                }
                None => {
                    problems.push(path, "expected a field of google.api.HttpRule, but found another name");
                    continue;
                }
            },
        };
        if let Some(first) = rule.pattern.replace(pattern) {
            problems.push(path, format!("expected one pattern, but found `{}` too", first.field));
        }
    }
    rule
}

fn custom(value: &Value, place: &str, problems: &mut Problems) -> Pattern {
    let mut pattern = Pattern { field: "custom", ..Pattern::default() };
    for Member { name, value, .. } in members(value, place, problems) {
        let path = format!("{place}.{name}");
        match name.as_str() {
            "kind" => pattern.method = text(value, path, problems),
            "path" => pattern.path = text(value, path, problems),
            _ => problems.push(path, "expected `kind` or `path`, but found another name"),
        }
    }
    pattern
}

fn members<'a>(value: &'a Value, path: &str, problems: &mut Problems) -> impl Iterator<Item = &'a Member> + use<'a> {
    if value.as_object().is_none() {
        problems.push(path, format!("expected an object, but found {value}"));
    }
    value.as_object().unwrap_or_default().iter()
}

/// The elements of an array, each with its path.
fn elements<'a>(
    value: &'a Value,
    path: &str,
    problems: &mut Problems,
) -> impl Iterator<Item = (&'a Value, String)> + use<'a> {
    if value.as_array().is_none() {
        problems.push(path, format!("expected an array, but found {value}"));
    }
    let path = path.to_owned();
    let elements = value.as_array().unwrap_or_default().iter();
    elements.enumerate().map(move |(index, value)| (value, format!("{path}[{index}]")))
}

fn text(value: &Value, path: String, problems: &mut Problems) -> String {
    if value.as_str().is_none() {
        problems.push(path, format!("expected a string, but found {value}"));
    }
    value.as_str().unwrap_or_default().to_owned()
}
