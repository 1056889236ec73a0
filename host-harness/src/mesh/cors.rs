//! The CORS policies of VirtualServices → the built-in filter `cors`, right before the router of gateways and of what sidecars
//! call, where Istio puts Envoy's own.
//!
//! Envoy gives a request the policy of its route. Here the filter chooses by host and path, so what a route asks besides (headers,
//! regular expressions) has no say, and a warning at the VirtualService says that.

use std::sync::Arc;

use serde_json::{Value, json};

use super::virtual_service::CorsRule;
use crate::bootstrap::{HttpFilter, Module, PathMatch, Plugin};

/// The policies of a listener's virtual hosts, by their domains.
#[derive(Debug, Default)]
pub struct Policies(Vec<(Vec<String>, Vec<CorsRule>)>);

impl Policies {
    /// Adds the rules of a virtual host after those that it has.
    pub fn add(&mut self, domains: &[String], rules: Vec<CorsRule>) {
        match self.0.iter_mut().find(|(have, _)| have == domains) {
            Some((_, have)) => have.extend(rules),
            None => self.0.push((domains.to_vec(), rules)),
        }
    }

    /// The filter that applies them, if there are any.
    pub fn filter(&self, module: Option<&Module>) -> Option<HttpFilter> {
        let any = self.0.iter().flat_map(|(_, rules)| rules).any(|rule| rule.policy.is_some());
        let module = module.filter(|_| any)?;
        // Of hosts without one, too: else that of `*` would be theirs.
        let policies: Vec<_> = self.0.iter().flat_map(|(domains, rules)| policies(domains, rules)).collect();
        let configuration = json!({ "profile": "envoy", "policies": policies }).to_string();
        Some(HttpFilter::Wasm(Arc::new(Plugin::new("cors", module.clone(), configuration))))
    }
}

/// The policies of one virtual host. The first rule that takes a path has it, as with routes.
fn policies(domains: &[String], rules: &[CorsRule]) -> Vec<Value> {
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
        policies.push(json!({ "hosts": domains, "paths": [path], "corsPolicy": policy }));
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
        let found = policies(&["api.example".to_owned()], &rules);
        let paths: Vec<_> = found.iter().filter_map(|policy| policy.pointer("/paths/0")?.as_str()).collect();
        assert_eq!(paths, ["/open", "/api/*", "/*"]);
        let configuration = json!({ "profile": "envoy", "policies": found }).to_string();
        assert!(cors_core::Cors::parse(configuration.as_bytes(), 0).is_ok(), "{configuration}");
    }
}
