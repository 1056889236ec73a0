//! The native library's PathMatcher tests as tables, and what they leave open.

use super::*;
use crate::bindings::percent::unescape;
use crate::configuration::UnescapeSpec;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Rules such as `GET /a/{x}`; without a method it is GET.
pub(super) struct Rules {
    matcher: PathMatcher,
    templates: Vec<(String, Template)>,
    spec: UnescapeSpec,
}

impl Rules {
    pub(super) fn new(rules: &[&str]) -> Self {
        Self::with(rules, false, UnescapeSpec::default())
    }

    fn with(rules: &[&str], match_unregistered_custom_verb: bool, spec: UnescapeSpec) -> Self {
        let mut matcher = PathMatcher::new(match_unregistered_custom_verb);
        let mut templates = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let (method, text) = rule.split_once(' ').unwrap_or(("GET", rule));
            let template = Template::parse(text).unwrap();
            matcher.insert(method, &template, index as u32);
            templates.push(((*rule).to_owned(), template));
        }
        Self { matcher, templates, spec }
    }

    /// The rule that a request such as `GET /a/b` is for, with what its variables are bound to; `-` for none.
    fn find(&self, request: &str) -> String {
        let (method, path) = request.split_once(' ').unwrap_or(("GET", request));
        match self.matcher.find(method.as_bytes(), path.as_bytes()) {
            PathMatch::NotFound => "-".to_owned(),
            PathMatch::OtherMethods(allow) => format!("allow: {}", String::from_utf8(allow).unwrap()),
            PathMatch::Found(value, path) => {
                let (mut shown, template) = self.templates[value as usize].clone();
                for variable in template.variables {
                    let spec = if variable.span.is_multi_segment { self.spec } else { UnescapeSpec::AllCharacters };
                    let value = unescape(variable.span.of(path), spec, false).into_owned();
                    shown = format!("{shown} {}={}", variable.field_path.join("."), String::from_utf8(value).unwrap());
                }
                shown
            }
        }
    }

    #[track_caller]
    fn check(&self, cases: &[(&str, &str)]) {
        for (request, expected) in cases {
            assert_eq!(self.find(request), *expected, "{request}");
        }
    }

    /// How many nodes a search visits.
    pub(super) fn visits(&self, path: &str) -> usize {
        self.matcher.trie.visits.set(0);
        self.matcher.find(b"GET", path.as_bytes());
        self.matcher.trie.visits.get()
    }
}

/// PathMatcher: WildCardMatchesRoot, WildCardMatches.
#[test]
fn wildcards_take_segments_and_literals_come_first() {
    Rules::new(&["/**"]).check(&[("/", "/**"), ("/a", "/**"), ("/a/", "/**")]);
    Rules::new(&["/a/**", "/b/*", "/c/*/d/**", "/c/*/d/e", "/c/f/d/e", "/"]).check(&[
        ("/a/b", "/a/**"),
        ("/a/b/c", "/a/**"),
        ("/a", "/a/**"),
        ("/b/c", "/b/*"),
        ("/b", "-"),
        ("b/c/d", "-"),
        ("/c/u/d/v", "/c/*/d/**"),
        ("/c/v/d/w/x", "/c/*/d/**"),
        ("/c/x/y/d/z", "-"),
        ("/c//v/d/w/x", "-"),
        ("/c/x/d/e", "/c/*/d/e"),
        ("/c/f/d/e", "/c/f/d/e"),
        ("/", "/"),
        ("", "-"),
        ("*", "-"),
    ]);
}

/// PathMatcher: VariableBindings.
#[test]
fn variables_are_bound_to_segments() {
    Rules::new(&[
        "/a/{x}/c/d/e",
        "/{x=a/*}/b/{y=*}/c",
        "/a/{x=b/*}/{y=d/**}",
        "/alpha/{x=*}/beta/{y=**}/gamma",
        "/{x=*}/a",
        "/{x=**}/a/b",
        "/a/b/{x=*}",
        "/a/b/c/{x=**}",
        "/{x=*}/d/e/f/{y=**}",
    ])
    .check(&[
        ("/a/book/c/d/e", "/a/{x}/c/d/e x=book"),
        ("/a/hello/b/world/c", "/{x=a/*}/b/{y=*}/c x=a/hello y=world"),
        ("/a/b/zoo/d/animal/tiger", "/a/{x=b/*}/{y=d/**} x=b/zoo y=d/animal/tiger"),
        ("/alpha/dog/beta/eat/bones/gamma", "/alpha/{x=*}/beta/{y=**}/gamma x=dog y=eat/bones"),
        ("/foo/a", "/{x=*}/a x=foo"),
        ("/foo/bar/a/b", "/{x=**}/a/b x=foo/bar"),
        ("/a/b/foo", "/a/b/{x=*} x=foo"),
        ("/a/b/c/foo/bar/baz", "/a/b/c/{x=**} x=foo/bar/baz"),
        ("/a/b/c", "/a/b/c/{x=**} x="),
        ("/foo/d/e/f/bar/baz", "/{x=*}/d/e/f/{y=**} x=foo y=bar/baz"),
    ]);
}

/// PathMatcher: PercentEscapesUnescapedForSingleSegment, …NotUnescapedForMultiSegment1 and 2,
/// OnlyUnreservedCharsAreUnescapedForMultiSegmentMatch… ×4; UnescapeSpec of the native filter.
#[test]
fn escapes_are_decoded_by_what_the_variable_covers() {
    Rules::new(&["/a/{x}/c"]).check(&[("/a/p%20q%2Fr+/c", "/a/{x}/c x=p q/r+")]);
    Rules::new(&["/a/{x=p/*/q/*}/c"])
        .check(&[("/a/p/foo%20foo/q/bar%2Fbar/c", "/a/{x=p/*/q/*}/c x=p/foo foo/q/bar%2Fbar")]);
    Rules::new(&["/a/{x=**}/c"]).check(&[("/a/p/foo%20foo/q/bar%2Fbar+/c", "/a/{x=**}/c x=p/foo foo/q/bar%2Fbar+")]);

    let reserved = "%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D";
    let path = format!("/a/{reserved}/{reserved}/c");
    for (spec, expected) in [
        (UnescapeSpec::AllCharactersExceptReserved, reserved),
        (UnescapeSpec::AllCharactersExceptSlash, "!#$&'()*+,%2F:;=?@[]"),
        (UnescapeSpec::AllCharacters, "!#$&'()*+,/:;=?@[]"),
    ] {
        let expected = format!("/a/{{x=*}}/{{y=**}}/c x=!#$&'()*+,/:;=?@[] y={expected}");
        Rules::with(&["/a/{x=*}/{y=**}/c"], false, spec).check(&[(&path, &expected)]);
    }
}

/// PathMatcher: PercentEscapesUnescapedForSingleSegmentAllAsciiChars.
#[test]
fn an_escaped_character_is_never_a_separator() {
    let rules = Rules::new(&["/{x}"]);
    for byte in 0..0x7f_u8 {
        for path in [format!("/%{byte:02x}"), format!("/%{byte:02X}")] {
            rules.check(&[(&path, &format!("/{{x}} x={}", char::from(byte)))]);
        }
    }
}

/// PathMatcher: CustomVerbIssue.
#[test]
fn a_verb_belongs_to_the_templates_that_have_it() {
    Rules::new(&["/person", "/person/{id=*}", "/{x=**}:verb"]).check(&[
        ("/person:verb", "/{x=**}:verb x=person"),
        ("/person/jason:verb", "/{x=**}:verb x=person/jason"),
        ("/animal:verb", "/{x=**}:verb x=animal"),
        ("/animal/cat:verb", "/{x=**}:verb x=animal/cat"),
        ("/person", "/person"),
        ("/person/jason", "/person/{id=*} id=jason"),
        ("/animal", "-"),
        ("/animal/cat", "-"),
        ("/person:other", "-"),
        ("/person/jason:other", "/person/{id=*} id=jason:other"),
        ("/person/jason:", "/person/{id=*} id=jason:"),
        ("/animal:other", "-"),
        ("/animal/cat:other", "-"),
    ]);
}

/// PathMatcher: MatchUnregisteredCustomVerb.
#[test]
fn an_unregistered_verb_may_be_one() {
    let rules = ["/person/{id=*}", "/person/**", "/person/{id=*}/name", "/{x=**}:verb"];
    Rules::with(&rules, true, UnescapeSpec::default()).check(&[
        ("/person:verb", "/{x=**}:verb x=person"),
        ("/person/jason:verb", "/{x=**}:verb x=person/jason"),
        ("/person/jason/name", "/person/{id=*}/name id=jason"),
        ("/person/jason:verb/name", "/person/{id=*}/name id=jason:verb"),
        ("/animal:verb", "/{x=**}:verb x=animal"),
        ("/animal/cat:verb", "/{x=**}:verb x=animal/cat"),
        ("/person/jason:", "/person/{id=*} id=jason"),
        ("/person:other", "-"),
        ("/person/jason:other", "-"),
        ("/animal:other", "-"),
        ("/animal/cat:other", "-"),
    ]);
}

/// PathMatcher: VariableBindingsWithCustomVerb.
#[test]
fn variables_and_verbs_go_together() {
    Rules::new(&[
        "/a/{y=*}:verb",
        "/a/{y=d/**}:verb",
        "/{x=*}/a:verb",
        "/{x=**}/b:verb",
        "/e/{x=*}/f:verb",
        "/g/{x=**}/h:verb",
    ])
    .check(&[
        ("/a/world:verb", "/a/{y=*}:verb y=world"),
        ("/a/d/animal/tiger:verb", "/a/{y=d/**}:verb y=d/animal/tiger"),
        ("/foo/a:verb", "/{x=*}/a:verb x=foo"),
        ("/foo/bar/baz/b:verb", "/{x=**}/b:verb x=foo/bar/baz"),
        ("/e/foo/f:verb", "/e/{x=*}/f:verb x=foo"),
        ("/g/foo/bar/h:verb", "/g/{x=**}/h:verb x=foo/bar"),
    ]);
}

/// PathMatcher: ConstantSuffixesWithVariable.
#[test]
fn literals_after_the_wildcard_are_the_end_of_the_path() {
    Rules::new(&[
        "/a/{x=b/**}",
        "/a/{x=b/**}/z",
        "/a/{x=b/**}/y/z",
        "/a/{x=b/**}:verb",
        "/a/{x=**}",
        "/c/{x=*}/{y=d/**}/e",
        "/c/{x=*}/{y=d/**}/e:verb",
        "/f/{x=*}/{y=**}/g",
        "/f/{x=*}/{y=**}/g:verb",
        "/a/{x=b/*/y/z/**}/foo",
        "/a/{x=b/*/**/y/z}/foo",
    ])
    .check(&[
        ("/a/b/hello/world/c", "/a/{x=b/**} x=b/hello/world/c"),
        ("/a/b/world/c/z", "/a/{x=b/**}/z x=b/world/c"),
        ("/a/b/world/c/y/z", "/a/{x=b/**}/y/z x=b/world/c"),
        ("/a/b/world/c:verb", "/a/{x=b/**}:verb x=b/world/c"),
        ("/a/hello/b/world/c", "/a/{x=**} x=hello/b/world/c"),
        ("/c/hello/d/esp/world/e", "/c/{x=*}/{y=d/**}/e x=hello y=d/esp/world"),
        ("/c/hola/d/esp/mundo/e:verb", "/c/{x=*}/{y=d/**}/e:verb x=hola y=d/esp/mundo"),
        ("/f/foo/bar/baz/g", "/f/{x=*}/{y=**}/g x=foo y=bar/baz"),
        ("/f/foo/bar/baz/g:verb", "/f/{x=*}/{y=**}/g:verb x=foo y=bar/baz"),
        ("/a/b/foo/y/z/bar/baz/foo", "/a/{x=b/*/y/z/**}/foo x=b/foo/y/z/bar/baz"),
        ("/a/b/foo/bar/baz/y/z/foo", "/a/{x=b/*/**/y/z}/foo x=b/foo/bar/baz/y/z"),
    ]);
}

#[test]
fn a_variable_of_literals_after_the_wildcard_is_bound_to_them() {
    Rules::new(&["/**/{x=b/c}/d"]).check(&[("/p/q/b/c/d", "/**/{x=b/c}/d x=b/c"), ("/b/c/d", "-")]);
}

/// PathMatcher: CustomVerbMatches, CustomVerbMatch2 to CustomVerbMatch5.
#[test]
fn a_verb_stands_after_the_last_colon_of_the_last_segment() {
    Rules::new(&["/some/const:verb", "/some/*:verb", "/some/*/foo:verb", "/other/**:verb", "/other/**/const:verb"])
        .check(&[
            ("/some/const:verb", "/some/const:verb"),
            ("/some/other:verb", "/some/*:verb"),
            ("/some/other:verb/", "-"),
            ("/some/bar/foo:verb", "/some/*/foo:verb"),
            ("/some/foo1/foo2/foo:verb", "-"),
            ("/some/foo/bar:verb", "-"),
            ("/other/bar/foo:verb", "/other/**:verb"),
            ("/other/bar/foo/const:verb", "/other/**/const:verb"),
        ]);
    Rules::new(&["/{a=*}/{b=*}:verb"]).check(&[("/some:verb/const:verb", "/{a=*}/{b=*}:verb a=some:verb b=const")]);
    Rules::new(&["/foo/{a=*}"]).check(&[("/foo/other:verb", "/foo/{a=*} a=other:verb")]);
    Rules::new(&["/foo/*/hello"]).check(&[("/foo/other:verb/hello", "/foo/*/hello")]);
    Rules::new(&["/{a=**}:verb", "/{a=**}"]).check(&[
        ("/some:verb/const:verb", "/{a=**}:verb a=some:verb/const"),
        ("/some:verb/const", "/{a=**} a=some:verb/const"),
        ("/some:verb2/const:verb2", "/{a=**} a=some:verb2/const:verb2"),
    ]);
}

/// PathMatcher: RejectPartialMatches, LookupReturnsNullIfMatcherEmpty, LookupSimplePaths,
/// LookupReturnsNullForOverspecifiedPath, ReturnNullvoidSharedPtrForUnderspecifiedPath.
#[test]
fn a_path_matches_as_a_whole() {
    Rules::new(&["/prefix/middle/suffix", "/prefix/middle", "/prefix"]).check(&[
        ("/prefix/middle/suffix", "/prefix/middle/suffix"),
        ("/prefix/middle", "/prefix/middle"),
        ("/prefix", "/prefix"),
        ("/prefix/middle/suffix/other", "-"),
        ("/prefix/middle/other", "-"),
        ("/prefix/other", "-"),
        ("/other", "-"),
        ("/", "-"),
    ]);
    Rules::new(&[]).check(&[("a/b/blue/foo", "-"), ("/a/b/blue/foo", "-")]);
    let paths = [
        "/prefix/middle/suffix",
        "/prefix/middle/othersuffix",
        "/prefix/othermiddle/suffix",
        "/otherprefix/middle/suffix",
        "/otherprefix/suffix",
    ];
    let rules = Rules::new(&paths);
    paths.iter().for_each(|path| rules.check(&[(path, path)]));
    for path in ["/prefix/not/a/path", "/prefix/middle", "/prefix/not/othermiddle", "/otherprefix/suffix/othermiddle"] {
        rules.check(&[(path, "-")]);
    }
    Rules::new(&["/a/b/c/d"]).check(&[("/a/b/c", "-"), ("/a/b/c/d/e", "-")]);
}

/// PathMatcher: DifferentHttpMethod.
#[test]
fn a_path_under_another_method_says_which_methods_it_has() {
    Rules::new(&["/a/b", "PUT /a/*", "DELETE /a/**", "POST /a/b:go", "/c"]).check(&[
        ("GET /a/b", "/a/b"),
        ("PUT /a/b", "PUT /a/*"),
        ("DELETE /a/b", "DELETE /a/**"),
        ("POST /a/b", "allow: DELETE, GET, PUT"),
        ("POST /a/c", "allow: DELETE, PUT"),
        ("GET /a/b:go", "allow: POST"),
        ("POST /a/b:go", "POST /a/b:go"),
        ("HEAD /c", "allow: GET"),
        ("get /c", "allow: GET"),
        ("POST /d", "-"),
    ]);
}

#[test]
fn a_custom_kind_is_a_method_and_a_star_is_any() {
    Rules::new(&["HEAD /a", "* /a", "GET /a", "* /b/*:go", "GET /b/{x}:go"]).check(&[
        ("HEAD /a", "HEAD /a"),
        ("GET /a", "GET /a"),
        ("PURGE /a", "* /a"),
        ("* /a", "* /a"),
        ("PURGE /b/c:go", "* /b/*:go"),
        ("GET /b/c:go", "GET /b/{x}:go x=c"),
    ]);
}

#[test]
fn a_star_without_a_verb_takes_no_path_with_one() {
    Rules::new(&["* /a/*", "GET /b/*:go", "* /c/**"]).check(&[
        ("PUT /a/x", "* /a/*"),
        ("PUT /a/x:go", "-"),
        ("PUT /c/x:go", "-"),
        ("PUT /a/x:stop", "* /a/*"),
    ]);
}

#[test]
fn stars_in_a_path_are_segments_like_any_other() {
    Rules::new(&["/a/b", "/c/{x}", "/d/{x=**}/e"]).check(&[
        ("/a/*", "-"),
        ("/a/**", "-"),
        ("/c/**", "/c/{x} x=**"),
        ("/d/**/*/e", "/d/{x=**}/e x=**/*"),
    ]);
}

#[test]
fn a_more_specific_template_without_the_method_yields_to_a_wildcard_that_has_it() {
    Rules::new(&["/a/b/c", "POST /a/{x}/c", "PUT /{x=**}"])
        .check(&[("POST /a/b/c", "POST /a/{x}/c x=b"), ("PUT /a/b/c", "PUT /{x=**} x=a/b/c")]);
}

/// PathMatcher: LookupSilentlyFailsOnDuplicate, RegisterFailsOnDuplicateIfOptIn, ReplacevoidForPath.
#[test]
fn of_two_equal_rules_none_is_found_and_the_first_is_named() {
    let mut matcher = PathMatcher::new(false);
    let mut insert = |method, text, value| matcher.insert(method, &Template::parse(text).unwrap(), value);
    assert_eq!(insert("GET", "/a/{x}", 0), None);
    assert_eq!(insert("PUT", "/a/{x}", 1), None);
    assert_eq!(insert("GET", "/a/{x}:verb", 2), None);
    assert_eq!(insert("GET", "/a/*", 3), Some(0));
    assert_eq!(insert("GET", "/a/{y}", 4), Some(0));
    assert_eq!(matcher.find(b"GET", b"/a/b"), PathMatch::NotFound);
    assert_eq!(matcher.find(b"PUT", b"/a/b"), PathMatch::Found(1, b"a/b"));
    assert_eq!(matcher.find(b"POST", b"/a/b"), PathMatch::OtherMethods(b"PUT".to_vec()));
}

#[test]
fn slashes_at_the_end_do_not_count_and_those_within_do() {
    Rules::new(&["/a/b", "/a/*/b", "/c/{x=**}"]).check(&[
        ("/a/b/", "/a/b"),
        ("/a/b///", "/a/b"),
        ("/a//b", "/a/*/b"),
        ("//a/b", "-"),
        ("/c//d//", "/c/{x=**} x=/d"),
    ]);
}

/// PathMatcher: WildCardMatchesManyWithoutStackOverflow.
#[test]
fn many_slashes_are_matched_in_a_few_steps() {
    let rules = Rules::new(&["/a/**/x"]);
    let slashes = "/".repeat(64_000);
    rules.check(&[(&format!("/a/{slashes}/x"), "/a/**/x"), (&format!("/a/{slashes}/y"), "-")]);
    assert!(rules.visits(&format!("/a/{slashes}/x")) <= 4);
    assert!(rules.visits(&format!("/a/{slashes}/y")) <= 8, "a search for the method and one for other methods");
    assert_eq!(rules.find(&slashes), "-");
}

#[test]
fn a_hostile_path_visits_no_more_nodes_than_the_templates_have() {
    let segments = "a/".repeat(30);
    // Each of the four is wrong only at the very end, and a search goes wherever `a` leads.
    let rules = [
        format!("/{segments}b"),
        format!("/{}b", "*/".repeat(30)),
        format!("/{}b", "a/*/".repeat(15)),
        format!("/{}**/b", "*/a/".repeat(15)),
    ];
    let nodes = rules.iter().map(|rule| rule.split('/').count()).sum::<usize>();
    let rules = Rules::new(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    for path in [format!("/{segments}c"), "/a".repeat(31), "/a".repeat(32_000), "/".repeat(64_000) + "a"] {
        let visits = rules.visits(&path);
        assert!(visits <= 2 * nodes, "expected at most two searches of {nodes} nodes, but found {visits} visits");
    }
}

#[test]
fn ten_routes_and_ten_thousand_cost_the_same_visits() {
    let rules = |count: usize| {
        let texts: Vec<String> = (0..count)
            .flat_map(|index| [format!("/v1/shelves{index}/{{shelf}}/books/*"), format!("/v1/shelves{index}/**:go")])
            .collect();
        Rules::new(&texts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (few, many) = (rules(10), rules(10_000));
    for path in ["/v1/shelves7/9/books/1", "/v1/shelves7/9/books/1:go", "/v1/shelves7/9", "/v1/other", "/"] {
        assert_eq!(few.visits(path), many.visits(path), "{path}");
        assert_eq!(few.find(path), many.find(path), "{path}");
    }
    assert_eq!(few.visits("/v1/shelves7/9/books/1"), 6);
}

#[test]
fn a_template_of_any_length_is_searched_without_recursion() {
    let text = "/a/*".repeat(50_000);
    let rules = Rules::new(&[&text, &format!("{text}/**/b")]);
    assert_eq!(rules.find(&"/a/b".repeat(50_000)), text);
}
