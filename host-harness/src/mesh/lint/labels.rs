//! Values of labels that lead nowhere. A value is the name of a subset; it may also be one that a VirtualService matches and a
//! plugin gives, since then routes say themselves which subset it means.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::mesh::finding::{Findings, Problem, Subject};
use crate::mesh::installation::{Installation, SetLabel, entries};
use crate::mesh::manifest::Manifests;
use crate::mesh::registry::list;

/// A value of a label, and where it stands.
struct Named<'a> {
    subject: &'a Subject,
    path: String,
    label: String,
    value: String,
}

/// Looks at the values that plugins give and that VirtualServices match.
pub fn check(manifests: &Manifests, installations: &[Installation<'_>], findings: &mut Findings) {
    let subsets: BTreeSet<&str> =
        manifests.destination_rules.iter().flat_map(|it| &it.spec.subsets).map(|it| it.name.as_str()).collect();
    let mut headers = BTreeMap::new();
    let mut given = Vec::new();
    for installation in installations {
        for label in installation.labels() {
            headers.insert(label.header.to_ascii_lowercase(), label.name.to_owned());
            let named = |(path, value)| {
                let path = format!("{}.{path}", label.path);
                Named { subject: installation.subject, path, label: label.name.to_owned(), value }
            };
            given.extend(values(&label).into_iter().map(named));
        }
    }
    let matched = matched(manifests, &headers);
    for (named, others) in [(&given, &matched), (&matched, &given)] {
        for Named { subject, path, label, value } in named {
            let elsewhere = others.iter().any(|it| it.label == *label && it.value == *value);
            if !subsets.contains(value.as_str()) && !elsewhere {
                let (path, label, value) = (path.clone(), label.clone(), value.clone());
                let declared = list(&subsets);
                findings.warn(subject, Problem::ValueWithoutSubset { path, label, value, declared });
            }
        }
    }
}

/// Every value that a label's definition names, with its path in there.
fn values(label: &SetLabel<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |path: String, value: Option<&Value>| {
        found.extend(value.and_then(Value::as_str).map(|value| (path, value.to_owned())));
    };
    let definition = label.definition;
    for (index, value) in entries(definition.pointer("/values/exact")).iter().enumerate() {
        add(format!("values.exact[{index}]"), Some(value));
    }
    add("default".to_owned(), definition.get("default"));
    add("guard.baseline".to_owned(), definition.pointer("/guard/baseline"));
    for (index, source) in entries(definition.get("value_from")).iter().enumerate() {
        add(format!("value_from[{index}].value"), source.get("value"));
    }
    for (index, rule) in entries(definition.get("rules")).iter().enumerate() {
        add(format!("rules[{index}].value"), rule.get("value"));
        for (at, weight) in entries(rule.pointer("/split/weights")).iter().enumerate() {
            for value in weight.as_object().into_iter().flat_map(|it| it.keys()) {
                add(format!("rules[{index}].split.weights[{at}]"), Some(&Value::from(value.as_str())));
            }
        }
        for value in rule.pointer("/split/ranges").and_then(Value::as_object).into_iter().flat_map(|it| it.keys()) {
            add(format!("rules[{index}].split.ranges"), Some(&Value::from(value.as_str())));
        }
    }
    found
}

/// Every value that a VirtualService asks a label's header for.
fn matched<'a>(manifests: &'a Manifests, headers: &BTreeMap<String, String>) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    for virtual_service in &manifests.virtual_services {
        for (rule, route) in virtual_service.spec.http.iter().enumerate() {
            for (index, entry) in route.matches.iter().enumerate() {
                for (name, condition) in &entry.headers {
                    let label = headers.get(&name.to_ascii_lowercase());
                    let (Some(label), Some(value)) = (label, &condition.exact) else { continue };
                    let path = format!("spec.http[{rule}].match[{index}].headers.{name}.exact");
                    let (label, value) = (label.clone(), value.clone());
                    found.push(Named { subject: &virtual_service.subject, path, label, value });
                }
            }
        }
    }
    found
}
