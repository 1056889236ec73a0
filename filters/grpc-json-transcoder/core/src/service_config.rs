//! Rules from a service configuration: `http.rules` of a `google.api.Service`, each for the method that it selects.
//!
//! Only `http` is read, because a service configuration says much that is not about transcoding; within it every name that is
//! not known is a problem. Names are those of `google/api/http.proto`, in either of protobuf's spellings. Whether a selector or a
//! field exists is judged in [`crate::rule`].

use crate::rule::{HttpRule, Pattern};
use strict_config::{Object, Problems, Reader, Value};

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
    /// Reads the service configuration that stands at a path of the filter's, and adds what is wrong with it to the problems.
    pub fn read(value: &Value, path: &str, problems: &mut Problems) -> Self {
        let reader = Reader::below(path, value.clone());
        let mut config = Self::default();
        let root = reader.object(reader.root()).map(Object::as_proto_json);
        if let Some(mut http) = root.and_then(|mut root| root.object("http")) {
            for (index, value) in http.array("rules").iter().enumerate() {
                let Some(mut object) = reader.object(value).map(Object::as_proto_json) else { continue };
                let selector = object.required("selector").and_then(|value| reader.string(value));
                let place = format!("{path}.http.rules[{index}]");
                let rule = rule(&reader, object, true);
                config.rules.extend(selector.map(|selector| SelectedRule {
                    selector: selector.to_owned(),
                    place,
                    rule,
                }));
            }
            let fully_decode = http.boolean("fully_decode_reserved_expansion");
            config.fully_decode_reserved_expansion = fully_decode.unwrap_or_default();
            http.finish();
        }
        problems.append(reader.into_problems());
        config
    }
}

/// A rule; of an additional binding the bindings are counted but not read, because it may have none.
fn rule(reader: &Reader, mut object: Object<'_>, may_have_more: bool) -> HttpRule {
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut patterns: Vec<Pattern> = Vec::new();
    for (_, field, method) in Pattern::FIELDS {
        let path = object.string(field);
        patterns.extend(path.map(|path| Pattern { field, method: method.to_owned(), path: path.to_owned() }));
    }
    if let Some(mut custom) = object.object("custom") {
        let (method, path) = (owned(custom.string("kind")), owned(custom.string("path")));
        patterns.push(Pattern { field: "custom", method, path });
        custom.finish();
    }
    if let [first, second, ..] = patterns.as_slice() {
        let message = format!("expected one pattern, but found `{}` and `{}`", first.field, second.field);
        reader.problem(object.value(), message);
    }
    let binding = |value| match reader.object(value).map(Object::as_proto_json) {
        Some(object) if may_have_more => rule(reader, object, false),
        _ => HttpRule::default(),
    };
    let additional_bindings = object.array("additional_bindings").iter().map(binding).collect();
    let (body, response_body) = (owned(object.string("body")), owned(object.string("response_body")));
    object.finish();
    HttpRule { pattern: patterns.pop(), body, response_body, additional_bindings }
}
