//! Which rule a request is for.

mod path_matcher;
mod trie;

pub use path_matcher::{PathMatch, PathMatcher};

use crate::rule::CompiledRule;

/// The rules of a configuration by what they match.
#[derive(Debug)]
pub struct Router {
    matcher: PathMatcher,
    rules: Vec<CompiledRule>,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// A rule.
    Found(Route<'a>),
    /// No rule has this path.
    NotFound,
    /// Rules have this path, but not this method: those that it has, as the value of `allow`.
    MethodNotAllowed(Vec<u8>),
}

/// The rule of a request, and the parts of the request that are bound to fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// The rule.
    pub rule: &'a CompiledRule,
    /// The path that variables are parts of: no verb, and no slash at either end.
    pub path: &'a [u8],
    /// What stands after the first `?`.
    pub query: &'a [u8],
}

impl Router {
    /// A router of rules, which the matcher knows by their position.
    pub(crate) fn new(matcher: PathMatcher, rules: Vec<CompiledRule>) -> Self {
        Self { matcher, rules }
    }

    /// What a method and a `:path` are for.
    pub fn find<'a>(&'a self, method: &[u8], path_and_query: &'a [u8]) -> Lookup<'a> {
        let end = path_and_query.iter().position(|byte| *byte == b'?').unwrap_or(path_and_query.len());
        let (path, query) = path_and_query.split_at(end);
        match self.matcher.find(method, path) {
            PathMatch::Found(position, path) => match self.rules.get(position as usize) {
                Some(rule) => Lookup::Found(Route { rule, path, query: query.get(1..).unwrap_or_default() }),
                None => Lookup::NotFound,
            },
            PathMatch::NotFound => Lookup::NotFound,
            PathMatch::OtherMethods(allow) => Lookup::MethodNotAllowed(allow),
        }
    }

    /// All rules, in the order of the services, methods and bindings.
    pub fn rules(&self) -> &[CompiledRule] {
        &self.rules
    }
}
