//! On random templates and paths the trie finds what trying every template one by one finds, and nothing panics.

use grpc_json_transcoder_core::router::{PathMatch, PathMatcher};
use grpc_json_transcoder_core::template::{Segment, Template};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// How early a template is tried at each of its segments: literals, then `*`, then `**` with the most literals after it.
/// Nothing if the template does not match.
fn precedence(template: &[Segment], path: &[&str]) -> Option<Vec<(u8, Reverse<usize>)>> {
    match (template, path) {
        ([], []) => Some(Vec::new()),
        ([Segment::Many], []) => Some(vec![(2, Reverse(0))]),
        ([Segment::Many, suffix @ ..], path) => {
            let literals = suffix.iter().map(|segment| match segment {
                Segment::Literal(literal) => literal.as_str(),
                _ => unreachable!("the grammar allows nothing but literals here"),
            });
            let suffix: Vec<&str> = literals.collect();
            (path.len() > suffix.len() && path.ends_with(&suffix)).then(|| vec![(2, Reverse(suffix.len()))])
        }
        ([first, template @ ..], [segment, path @ ..]) => {
            let rank = match first {
                Segment::Literal(literal) if literal == segment => 0,
                Segment::One => 1,
                _ => return None,
            };
            let mut ranks = precedence(template, path)?;
            ranks.insert(0, (rank, Reverse(0)));
            Some(ranks)
        }
        _ => None,
    }
}

/// The first of all rules, tried one by one.
fn try_all(rules: &[(String, Template)], method: &str, path: &str) -> Option<usize> {
    let known = |verb: &str| !verb.is_empty() && rules.iter().any(|(_, rule)| rule.verb.as_deref() == Some(verb));
    let (path, verb) = match path.rsplit_once(':') {
        Some((before, verb)) if !verb.contains('/') && known(verb) => (before, Some(verb)),
        _ => (path, None),
    };
    let path = path.strip_prefix('/')?.trim_end_matches('/');
    let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    let matching = rules.iter().enumerate().filter_map(|(index, (of, rule))| {
        let fits = (of == method || of == "*") && rule.verb.as_deref() == verb;
        let precedence = if fits { precedence(&rule.segments, &segments) } else { None };
        precedence.map(|precedence| (precedence, of == "*", index))
    });
    matching.min().map(|(.., index)| index)
}

fn template() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec!["a", "b", "*", "{x=a/*}", "{y}"]);
    let suffix = prop::collection::vec(prop::sample::select(vec!["a", "b"]), 0..3);
    let verb = prop::sample::select(vec!["", ":go", ":stop"]);
    (prop::collection::vec(segment, 0..5), prop::option::of(suffix), verb).prop_map(|(mut segments, suffix, verb)| {
        if let Some(suffix) = suffix {
            segments.push("**");
            segments.extend(suffix);
        }
        if segments.is_empty() { "/".to_owned() } else { format!("/{}{verb}", segments.join("/")) }
    })
}

fn path() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["/a", "/b", "/c", "/", "a", ":go", ":", ":walk"]);
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_trie_agrees_with_trying_every_template(
        rules in prop::collection::vec((prop::sample::select(vec!["GET", "PUT", "*"]), template()), 0..24),
        paths in prop::collection::vec((prop::sample::select(vec!["GET", "PUT", "HEAD"]), path()), 1..24),
    ) {
        let mut matcher = PathMatcher::new(false);
        let (mut known, mut seen) = (Vec::new(), BTreeSet::new());
        for (method, text) in rules {
            let template = Template::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            if seen.insert(format!("{method} {:?} {:?}", template.segments, template.verb)) {
                prop_assert_eq!(matcher.insert(method, &template, known.len() as u32), None);
                known.push((method.to_owned(), template));
            }
        }
        for (method, path) in paths {
            let expected = try_all(&known, method, &path);
            let allowed = |of: &str| try_all(&known, of, &path).is_some();
            match matcher.find(method.as_bytes(), path.as_bytes()) {
                PathMatch::Found(index, _) => prop_assert_eq!(Some(index as usize), expected, "{} {}", method, path),
                PathMatch::NotFound => {
                    prop_assert_eq!(expected, None, "{} {}", method, path);
                    prop_assert!(!allowed("GET") && !allowed("PUT"), "{} {}", method, path);
                }
                PathMatch::OtherMethods(allow) => {
                    prop_assert_eq!(expected, None, "{} {}", method, path);
                    let methods = ["GET", "PUT"].into_iter().filter(|of| allowed(of)).collect::<Vec<_>>().join(", ");
                    prop_assert_eq!(String::from_utf8_lossy(&allow), methods, "{} {}", method, path);
                }
            }
        }
    }

    #[test]
    fn no_bytes_of_a_template_or_a_path_panic(
        text in prop_oneof![any::<String>(), "/[/*{}=.:ab]{0,16}", template()],
        path in prop_oneof![any::<Vec<u8>>(), path().prop_map(String::into_bytes)],
    ) {
        let mut matcher = PathMatcher::new(path.len() % 2 == 0);
        if let Ok(template) = Template::parse(&text) {
            matcher.insert("*", &template, 0);
            if let PathMatch::Found(_, matched) = matcher.find(b"GET", &path) {
                for variable in &template.variables {
                    let bound = variable.span.of(matched);
                    prop_assert!(bound.is_empty() || matched.windows(bound.len()).any(|part| part == bound));
                }
            }
        }
    }
}
