//! The CORS policies of VirtualServices → the built-in filter `cors` at a gateway, right before the router, where Istio puts
//! Envoy's own.
//!
//! Envoy gives a request the policy of its route. Here the filter chooses by host and path, so what a route asks besides (headers,
//! regular expressions) has no say, and a warning at the VirtualService says that.

use std::sync::Arc;

use serde_json::{Value, json};

use super::virtual_service::CorsRule;
use crate::bootstrap::{HttpFilter, Module, PathMatch, Plugin};

/// The policies of a listener's hosts.
#[derive(Debug, Default)]
pub struct Policies(Vec<(String, Vec<CorsRule>)>);

impl Policies {
    /// Adds a host's rules after those that it has.
    pub fn add(&mut self, host: &str, rules: Vec<CorsRule>) {
        match self.0.iter_mut().find(|(have, _)| have == host) {
            Some((_, have)) => have.extend(rules),
            None => self.0.push((host.to_owned(), rules)),
        }
    }

    /// The filter that applies them, if there are any.
    pub fn filter(&self, module: Option<&Module>) -> Option<HttpFilter> {
        let hosts = self.0.iter().filter(|(_, rules)| rules.iter().any(|rule| rule.policy.is_some()));
        let policies: Vec<_> = hosts.flat_map(|(host, rules)| policies(host, rules)).collect();
        let configuration = json!({ "profile": "envoy", "policies": policies }).to_string();
        let module = module.filter(|_| !policies.is_empty())?;
        Some(HttpFilter::Wasm(Arc::new(Plugin::new("cors", module.clone(), configuration))))
    }
}

/// The policies of one host. The first rule that takes a path has it, as with routes.
fn policies(host: &str, rules: &[CorsRule]) -> Vec<Value> {
    let mut policies = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let Some(path) = pattern(&rule.path) else { continue };
        let earlier = rules.iter().take(index).filter_map(|rule| pattern(&rule.path));
        if earlier.into_iter().any(|earlier| takes(&earlier, &path)) {
            continue;
        }
        let off = || json!({ "filterEnabled": { "defaultValue": { "numerator": 0 } } });
        // With a path each, since a policy for all paths would pass its fields on to the others, and Istio has each alone.
        let policy = rule.policy.clone().unwrap_or_else(off);
        policies.push(json!({ "hosts": [host], "paths": [path], "corsPolicy": policy }));
    }
    policies
}

/// A path as the filter writes it.
fn pattern(path: &PathMatch) -> Option<String> {
    match path {
        PathMatch::Prefix(prefix) => Some(format!("{prefix}*")),
        PathMatch::Exact(path) => Some(path.clone()),
        PathMatch::Regex(_) => None,
    }
}

fn takes(earlier: &str, later: &str) -> bool {
    earlier.strip_suffix('*').map_or(earlier == later, |prefix| later.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_takes_a_path_has_it() {
        let rule = |path: PathMatch, policy: Option<Value>| CorsRule { path, policy };
        let (exact, prefix) = (|path: &str| PathMatch::Exact(path.into()), |path: &str| PathMatch::Prefix(path.into()));
        let own = || Some(json!({ "allowOrigins": [{ "exact": "https://a.example" }] }));
        let rules = vec![
            rule(exact("/open"), None),
            rule(prefix("/api/"), own()),
            rule(prefix("/api/v1/"), None),
            rule(exact("/open"), own()),
            rule(prefix("/"), own()),
        ];
        let found = policies("api.example", &rules);
        let paths: Vec<_> = found.iter().filter_map(|policy| policy.pointer("/paths/0")?.as_str()).collect();
        assert_eq!(paths, ["/open", "/api/*", "/*"]);
        let configuration = json!({ "profile": "envoy", "policies": found }).to_string();
        assert!(cors_core::Cors::parse(configuration.as_bytes(), 0).is_ok(), "{configuration}");
    }
}
