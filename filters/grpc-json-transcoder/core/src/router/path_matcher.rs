//! HTTP methods and paths to rules: what stands around the trie of templates.
//!
//! A path is taken without its query and the slashes at its end; slashes within it separate empty segments. What stands
//! after the last colon of the last segment is a verb if some template has that verb, or always where the configuration says
//! so; otherwise it is part of the segment. A rule of the method comes before one of the method `*`. Sources:
//! `google/api/http.proto`, and the native transcoder where that is silent.
//!
//! It differs from the native one where that is plainly wrong: a rule of the method `*` with a verb is found, one without a
//! verb does not take a path with one, and a segment `**` of a path is a segment like any other.

use super::trie::{Leaf, Trie};
use crate::names::Names;
use crate::template::Template;

/// Templates with their methods, and for each pair a number that its owner chose.
#[derive(Debug)]
pub struct PathMatcher {
    trie: Trie,
    verbs: Names,
    methods: Names,
    match_unregistered_custom_verb: bool,
}

/// What a path is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathMatch<'a> {
    /// The number of the method and template, and the part of the path that variables count in.
    Found(u32, &'a [u8]),
    /// No template matches.
    NotFound,
    /// Templates match, but not with this method: those that would, as the value of `allow`.
    OtherMethods(Vec<u8>),
}

/// The verb of what has none.
const NO_VERB: u32 = 0;
/// The method `*`.
const ANY_METHOD: u32 = 0;
/// A verb or method that no template has.
const UNKNOWN: u32 = u32::MAX;

impl PathMatcher {
    /// A matcher without templates.
    pub fn new(match_unregistered_custom_verb: bool) -> Self {
        let (mut verbs, mut methods) = (Names::default(), Names::default());
        // They are the first, and so have the number 0.
        verbs.number(b"");
        methods.number(b"*");
        Self { trie: Trie::default(), verbs, methods, match_unregistered_custom_verb }
    }

    /// Adds a template for a method. Where there is one already that matches the same paths, neither is ever found, as the
    /// native transcoder has it, and the number of the first is given.
    pub fn insert(&mut self, method: &str, template: &Template, value: u32) -> Option<u32> {
        let verb = self.verbs.number(template.verb.as_deref().unwrap_or_default().as_bytes());
        let method = self.methods.number(method.as_bytes());
        self.trie.insert(&template.segments, Leaf { verb, method, value, is_ambiguous: false })
    }

    /// What a method and a path without its query are for.
    pub fn find<'a>(&self, method: &[u8], path: &'a [u8]) -> PathMatch<'a> {
        let Some((path, verb)) = self.split_verb(path) else {
            return PathMatch::NotFound;
        };
        let method = self.methods.get(method).unwrap_or(UNKNOWN);
        let found = self.trie.search(path, |leaves| {
            let of = |method| leaves.binary_search_by_key(&(verb, method), |leaf| (leaf.verb, leaf.method)).ok();
            leaves.get(of(method).or_else(|| of(ANY_METHOD))?).copied()
        });
        match found {
            Some(leaf) if leaf.is_ambiguous => PathMatch::NotFound,
            Some(leaf) => PathMatch::Found(leaf.value, path),
            None => self.other_methods(path, verb),
        }
    }

    /// The path without the slashes at its ends, and its verb. A path that begins with no slash is none.
    fn split_verb<'a>(&self, path: &'a [u8]) -> Option<(&'a [u8], u32)> {
        let last = path.iter().rposition(|byte| matches!(byte, b':' | b'/'))?;
        let (before, after) = path.split_at(last);
        let named = after.strip_prefix(b":").and_then(|name| {
            let unknown = self.match_unregistered_custom_verb.then_some(UNKNOWN);
            self.verbs.get(name).filter(|verb| *verb != NO_VERB || unknown.is_some()).or(unknown)
        });
        let (path, verb) = named.map_or((path, NO_VERB), |verb| (before, verb));
        let path = path.strip_prefix(b"/")?;
        let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
        Some((path.get(..end)?, verb))
    }

    fn other_methods<'a>(&self, path: &[u8], verb: u32) -> PathMatch<'a> {
        let mut found = Vec::new();
        self.trie.search(path, |leaves| -> Option<()> {
            found.extend(leaves.iter().filter(|leaf| leaf.verb == verb && !leaf.is_ambiguous).map(|leaf| leaf.method));
            None
        });
        if found.is_empty() {
            return PathMatch::NotFound;
        }
        let names = self.methods.iter().filter(|(_, method)| found.contains(method)).map(|(name, _)| name);
        PathMatch::OtherMethods(names.collect::<Vec<_>>().join(&b", "[..]))
    }
}

#[cfg(test)]
mod tests;
