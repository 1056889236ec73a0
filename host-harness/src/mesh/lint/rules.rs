//! Rules that never match, because an earlier one takes every request that they would, and weights that do not add up.
//!
//! Of conditions only what can be told without a request is compared: equal ones, prefixes of each other, and an exact value
//! with its prefix. What a regular expression covers is not known, but that it covers itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::mesh::finding::{Findings, Problem};
use crate::mesh::installation::{Installation, entries};
use crate::mesh::istio::{HttpMatch, HttpRoute, StringCondition};
use crate::mesh::manifest::{Manifests, selects};

/// Looks at the rules of VirtualServices and of labels.
pub fn check(manifests: &Manifests, installations: &[Installation<'_>], findings: &mut Findings) {
    for virtual_service in &manifests.virtual_services {
        let rules = &virtual_service.spec.http;
        let mut problems: Vec<_> = rules.iter().enumerate().filter_map(|(index, rule)| weights(index, rule)).collect();
        problems.extend((0..rules.len()).flat_map(|index| unreachable(rules, index)));
        problems.into_iter().for_each(|problem| findings.warn(&virtual_service.subject, problem));
    }
    for installation in installations {
        for label in installation.labels() {
            let rules = entries(label.definition.get("rules"));
            for problem in label_rules(rules, &label.path) {
                findings.warn(installation.subject, problem);
            }
        }
    }
}

fn weights(index: usize, rule: &HttpRoute) -> Option<Problem> {
    let sum: u64 = rule.route.iter().map(|it| u64::from(it.weight.unwrap_or(0))).sum();
    // One destination gets everything, and that nothing gets anything the reader says.
    let wrong = rule.route.len() > 1 && ![0, 100].contains(&sum);
    wrong.then(|| Problem::WeightSum { path: format!("spec.http[{index}].route"), sum: sum.to_string() })
}

/// What of a rule is taken by the rules before it: all of it, or some of its alternatives.
fn unreachable(rules: &[HttpRoute], index: usize) -> Vec<Problem> {
    let Some(rule) = rules.get(index) else { return Vec::new() };
    let taken: Vec<(String, usize)> = alternatives(rule)
        .enumerate()
        .filter_map(|(alternative, entry)| {
            let earlier = rules.iter().take(index).position(|it| alternatives(it).any(|wide| covers(&wide, &entry)))?;
            Some((format!("spec.http[{index}].match[{alternative}]"), earlier))
        })
        .collect();
    let never =
        |(path, earlier): (String, usize)| Problem::NeverMatches { path, earlier: format!("spec.http[{earlier}]") };
    match taken.first() {
        Some((_, earlier)) if taken.len() == alternatives(rule).count() => {
            vec![never((format!("spec.http[{index}]"), *earlier))]
        }
        _ => taken.into_iter().map(never).collect(),
    }
}

/// The matches of a rule; one that asks for nothing where it has none.
fn alternatives(rule: &HttpRoute) -> impl Iterator<Item = HttpMatch> {
    let any = rule.matches.is_empty().then(HttpMatch::default);
    rule.matches.iter().cloned().chain(any)
}

/// Whether every request that `narrow` takes is one that `wide` takes.
fn covers(wide: &HttpMatch, narrow: &HttpMatch) -> bool {
    let strings =
        [(&wide.method, &narrow.method), (&wide.authority, &narrow.authority), (&wide.scheme, &narrow.scheme)];
    let is_any_path = wide.uri.as_ref().is_none_or(|uri| uri.prefix.as_deref() == Some("/"));
    (is_any_path || implied(wide.uri.as_ref(), narrow.uri.as_ref()))
        && strings.iter().all(|(wide, narrow)| implied(wide.as_ref(), narrow.as_ref()))
        && all_implied(&wide.headers, &narrow.headers)
        && all_implied(&wide.query_params, &narrow.query_params)
        // The more values are excluded, the fewer requests are left.
        && wide.without_headers.iter().all(|(name, excluded)| {
            narrow.without_headers.get(name).is_some_and(|more| implied(Some(more), Some(excluded)))
        })
        && wide.port.is_none_or(|port| narrow.port == Some(port))
        && selects(&wide.source_labels, &narrow.source_labels)
        && wide.source_namespace.as_ref().is_none_or(|it| narrow.source_namespace.as_ref() == Some(it))
        && (wide.gateways.is_empty()
            || (!narrow.gateways.is_empty() && narrow.gateways.iter().all(|it| wide.gateways.contains(it))))
}

fn all_implied(wide: &BTreeMap<String, StringCondition>, narrow: &BTreeMap<String, StringCondition>) -> bool {
    wide.iter().all(|(name, condition)| {
        let same = narrow.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        same.is_some_and(|(_, it)| implied(Some(condition), Some(it)))
    })
}

/// Whether a string that meets `narrow` meets `wide` as well.
fn implied(wide: Option<&StringCondition>, narrow: Option<&StringCondition>) -> bool {
    let Some(wide) = wide else { return true };
    let Some(narrow) = narrow else { return false };
    let begins = |with: &String| [&narrow.exact, &narrow.prefix].into_iter().flatten().any(|it| it.starts_with(with));
    match wide {
        StringCondition { exact: None, prefix: None, regex: None } => true,
        StringCondition { exact: Some(exact), .. } => narrow.exact.as_ref() == Some(exact),
        StringCondition { prefix: Some(prefix), .. } => begins(prefix),
        StringCondition { regex, .. } => narrow.regex == *regex,
    }
}

/// The rules of a label that never decide, and the splits whose weights do not add up. A rule with a split lets the next one
/// try where it does not apply.
fn label_rules(rules: &[Value], path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let decides =
            |it: &&Value| it.get("value").is_some() && (it.get("when").is_none() || it.get("when") == rule.get("when"));
        if let Some(earlier) = rules.iter().take(index).position(|it| decides(&it)) {
            let (path, earlier) = (format!("{path}.rules[{index}]"), format!("{path}.rules[{earlier}]"));
            problems.push(Problem::NeverMatches { path, earlier });
        }
        let Some(weights) = rule.pointer("/split/weights").and_then(Value::as_array) else { continue };
        let weights = weights.iter().filter_map(Value::as_object).flat_map(|weight| weight.values());
        // Two decimals are allowed, so hundredths are whole.
        let hundredths: f64 = weights.filter_map(Value::as_f64).map(|it| (it * 100.0).round()).sum();
        if hundredths != 10_000.0 {
            let (path, sum) = (format!("{path}.rules[{index}].split.weights"), (hundredths / 100.0).to_string());
            problems.push(Problem::WeightSum { path, sum });
        }
    }
    problems
}
