//! Which rule decides, how many are looked at for it, and what is wrong with rules that cannot be read.

use super::*;
use crate::fixture::{Around, Pod, with_request};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

type Head<'h> = &'h [(&'h str, &'h [u8])];

/// Rules whose action is `value`, which always applies, or `split`, which applies where a test says so.
fn read(json: &str) -> Result<(Rules, Subjects), String> {
    let reader = strict_config::read(json.as_bytes()).unwrap();
    let mut subjects = Subjects::default();
    let values = reader.root().as_array().unwrap();
    let rules = Rules::read(&reader, values, &mut subjects, &mut Pod, &mut |object, _| {
        object.get("split");
        object.string("value").is_some()
    });
    let problems = reader.into_problems();
    assert!(rules.is_some() || !problems.is_empty());
    problems.unless_any(()).map(|()| (rules.unwrap(), subjects)).map_err(|problems| problems.to_string())
}

impl Rules {
    fn decide(&self, subjects: &Subjects, head: Head<'_>) -> Option<usize> {
        with_request(head, subjects, &mut Around::default(), |request| self.first(request, &mut |_, _| true))
    }

    /// How many rules are looked at if none of them applies.
    fn visits(&self, subjects: &Subjects, head: Head<'_>) -> usize {
        with_request(head, subjects, &mut Around::default(), |request| {
            let mut candidates = self.index.candidates();
            std::iter::from_fn(|| candidates.next(request)).count()
        })
    }
}

#[test]
fn the_first_rule_that_is_for_a_request_decides() {
    let (rules, subjects) = read(
        r#"[
            {"name": "iphone", "when": {"user_agent": {"contains": "iPhone13"}}, "value": "gray"},
            {"name": "alice", "when": {"header": {"x-user": "alice"}}, "value": "blue"},
            {"when": {"header": {"x-user": {"in": ["alice", "bob"]}}, "method": "GET"}, "value": "gray"},
            {"when": {"namespace": "bank"}, "value": "never"},
            {"when": {"not": {"header": {"x-user": "carol"}}}, "value": "gray"},
            {"name": "rest", "value": "base"}
        ]"#,
    )
    .unwrap();
    let alice: (&str, &[u8]) = ("x-user", b"alice");
    let bob: (&str, &[u8]) = ("x-user", b"bob");
    let get: (&str, &[u8]) = (":method", b"GET");
    for (head, expected) in [
        (&[("user-agent", &b"Mozilla (iPhone13)"[..]), alice][..], 0),
        (&[alice, get], 1),
        (&[get, bob], 2),
        (&[bob, alice, get], 1),
        (&[bob], 4),
        (&[], 4),
        (&[("x-user", b"carol"), get], 5),
    ] {
        assert_eq!(rules.decide(&subjects, head), Some(expected), "{head:?}");
    }
    let names = (0..7).map(|number| rules.name(number)).collect::<Vec<_>>();
    assert_eq!(names, [Some("iphone"), Some("alice"), None, None, None, Some("rest"), None]);
}

#[test]
fn an_action_that_does_not_apply_lets_the_next_rule_try() {
    let (rules, subjects) = read(
        r#"[{"split": {}}, {"when": {"header": {"a": "1"}}, "split": {}}, {"when": {"header": {"a": "1"}}, "value": "v"}, {"split": {}}]"#,
    )
    .unwrap();
    let tried = |head: Head<'_>, applying: Option<usize>| {
        let mut tried = Vec::new();
        let decided = with_request(head, &subjects, &mut Around::default(), |request| {
            rules.first(request, &mut |number, _| {
                tried.push(number);
                Some(number) == applying
            })
        });
        assert_eq!(decided, applying);
        tried
    };
    assert_eq!(tried(&[("a", b"1")], None), [0, 1, 2, 3]);
    assert_eq!(tried(&[("a", b"1")], Some(1)), [0, 1]);
    assert_eq!(tried(&[("a", b"2")], Some(3)), [0, 3]);
    assert_eq!(tried(&[("a", b"1"), ("a", b"1")], None), [0, 1, 2, 3], "each once");
}

#[test]
fn no_rules_decide_nothing() {
    let (rules, subjects) = read("[]").unwrap();
    assert_eq!(rules.decide(&subjects, &[("a", b"b")]), None);
}

/// Rules for so many users.
fn for_users(count: usize, rule: impl Fn(usize) -> String) -> (Rules, Subjects) {
    let rules: Vec<_> = (0..count).map(rule).collect();
    read(&format!("[{}]", rules.join(","))).unwrap()
}

#[test]
fn a_thousand_rules_are_no_more_work_than_ten() {
    let by_user = |user: usize| format!(r#"{{"when": {{"header": {{"x-user": "u{user}"}}}}, "value": "v"}}"#);
    // All of them require the tenant and the method, too, by which they are not told apart.
    let by_tenant = |user: usize| {
        format!(
            r#"{{"when": {{"method": "GET", "all": [{{"header": {{"x-tenant": "acme"}}}}, {{"cookie": {{"uid": "u{user}"}}}}]}},
                 "value": "v"}}"#
        )
    };
    let by_list = |list: usize| {
        let users: Vec<_> = (0..10).map(|user| format!("u{}", list * 10 + user)).collect();
        format!(r#"{{"when": {{"header": {{"x-user": {{"in": {users:?}}}}}}}, "value": "v"}}"#)
    };
    let head: Head<'_> = &[(":method", b"GET"), ("x-user", b"u7"), ("x-tenant", b"acme"), ("cookie", b"uid=u7")];
    for rule in [&by_user as &dyn Fn(usize) -> String, &by_tenant, &by_list] {
        for count in [10, 1000] {
            let (rules, subjects) = for_users(count, rule);
            assert_eq!(rules.visits(&subjects, head), 1);
            assert_eq!(rules.visits(&subjects, &[(":method", b"GET"), ("x-tenant", b"acme")]), 0);
        }
    }
}

#[test]
fn the_proxy_is_asked_for_a_claim_when_it_is_the_turn_of_a_rule_with_one() {
    let (rules, subjects) = read(
        r#"[{"when": {"header": {"a": "1"}}, "value": "v"}, {"when": {"header": {"a": "2"}}, "value": "v"},
            {"when": {"claim": {"sub": "alice"}}, "value": "v"}, {"when": {"claim": {"sub": "bob"}}, "value": "v"}]"#,
    )
    .unwrap();
    for (value, calls) in [(b"1", 0), (b"2", 0), (b"3", 1)] {
        let mut around = Around::default();
        with_request(&[("a", value)], &subjects, &mut around, |request| rules.first(request, &mut |_, _| true));
        assert_eq!(around.calls, calls);
    }
}

#[test]
fn problems_name_the_place() {
    for (json, expected) in [
        (
            r#"[{"value": "a"}, {"value": "b"}, {"when": {"path": "/"}, "value": "c"}]"#,
            "[1]: expected no rule after one that is for every request, but found one (line 1 column 18)",
        ),
        (
            r#"[{"name": "a", "split": {}}, {"name": "a", "split": {}}, {"name": "b\n", "split": {}}, {"name": 1, "split": {}}]"#,
            "[1].name: expected a name that no rule before has, but found \"a\" (line 1 column 39)\n\
             [2].name: expected a header value, but found \"b\\n\", which has control characters (line 1 column 67)\n\
             [3].name: expected a string, but found 1 (line 1 column 97)",
        ),
        (
            r#"[1, {"when": {"header": {"a": {"prefix": ""}}}, "value": "a"}, {"wen": {"path": "/"}, "value": "a"}]"#,
            "[0]: expected an object, but found 1 (line 1 column 2)\n\
             [1].when.header.a.prefix: expected some text, but found none, which every value matches (line 1 column 42)\n\
             [2].wen: expected when, but found \"wen\" (line 1 column 65)",
        ),
    ] {
        assert_eq!(read(json).err().unwrap(), expected);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    fn condition() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            4 => ("[abc]", "[12]").prop_map(|(name, value)| format!(r#"{{"header": {{"{name}": "{value}"}}}}"#)),
            2 => ("[abc]", proptest::collection::vec("[123]", 1..3))
                .prop_map(|(name, values)| format!(r#"{{"header": {{"{name}": {{"in": {values:?}}}}}}}"#)),
            1 => "[12]".prop_map(|value| format!(r#"{{"cookie": {{"u": "{value}"}}}}"#)),
            1 => "[12]".prop_map(|value| format!(r#"{{"header": {{"a": {{"prefix": "{value}"}}}}}}"#)),
            1 => any::<bool>().prop_map(|present| format!(r#"{{"header": {{"b": {{"present": {present}}}}}}}"#)),
            1 => prop_oneof![Just(r#"{"namespace": "shop"}"#), Just(r#"{"namespace": "bank"}"#)].prop_map(str::to_owned),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let list = proptest::collection::vec(inner.clone(), 1..4).prop_map(|conditions| conditions.join(","));
            prop_oneof![
                2 => list.clone().prop_map(|list| format!(r#"{{"all": [{list}]}}"#)),
                1 => list.prop_map(|list| format!(r#"{{"any": [{list}]}}"#)),
                1 => inner.prop_map(|inner| format!(r#"{{"not": {inner}}}"#)),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_a_search(
            conditions in proptest::collection::vec(proptest::option::weighted(0.9, condition()), 0..12),
            head in proptest::collection::vec(("[abc]", "[123]"), 0..6), cookie in "(u=[123])?",
        ) {
            let rule = |condition: &Option<String>| match condition {
                Some(condition) => format!(r#"{{"when": {condition}, "split": {{}}}}"#),
                None => r#"{"split": {}}"#.to_owned(),
            };
            let json = conditions.iter().map(rule).collect::<Vec<_>>().join(",");
            let (rules, subjects) = read(&format!("[{json}]")).unwrap();
            let mut pairs: Vec<(&str, &[u8])> =
                head.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
            pairs.push(("cookie", cookie.as_bytes()));
            let (found, expected) = with_request(&pairs, &subjects, &mut Around::default(), |request| {
                let mut found = Vec::new();
                rules.first(request, &mut |number, _| {
                    found.push(number);
                    false
                });
                let is_for = |rule: &Rule, request: &mut Request<'_>| {
                    rule.when.as_ref().is_none_or(|when| when.holds(request))
                };
                let numbered = rules.rules.iter().enumerate();
                let expected: Vec<_> =
                    numbered.filter(|(_, rule)| is_for(rule, request)).map(|(number, _)| number).collect();
                (found, expected)
            });
            prop_assert_eq!(found, expected);
        }
    }
}
