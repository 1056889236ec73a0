//! What conditions hold for, and what is wrong with those that cannot be read.

use super::*;
use crate::claim;
use crate::fixture::{Around, Pod, with_request};
use crate::subject::Subjects;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn read(json: &str, subjects: &mut Subjects) -> Result<Condition, String> {
    let reader = strict_config::read(json.as_bytes()).unwrap();
    let condition = Condition::read(&reader, reader.root(), subjects, &mut Pod);
    reader.into_problems().unless_any(()).map(|()| condition.unwrap()).map_err(|problems| problems.to_string())
}

type Head<'h> = &'h [(&'h str, &'h [u8])];

fn holds_in(json: &str, head: Head<'_>, around: &mut Around, claims: claim::Source) -> bool {
    let mut subjects = Subjects::default();
    subjects.claims = claims;
    let condition = read(json, &mut subjects).unwrap();
    with_request(head, &subjects, around, |request| condition.holds(request))
}

fn holds(json: &str, head: Head<'_>) -> bool {
    holds_in(json, head, &mut Around::default(), claim::Source::default())
}

const HEAD: Head<'static> = &[
    (":method", b"GET"),
    (":path", b"/cart/items?uid=u%201&debug"),
    (":authority", b"Shop.example.com:8443"),
    ("user-agent", b"Mozilla/5.0 (iPhone13; iOS 17.2)"),
    ("cookie", b"theme=dark; uid=u-7"),
    ("x-team", b"red"),
    ("x-team", b"blue"),
    ("x-app-version", b"v5.2.1"),
    ("x-age", b"17.5"),
    ("x-empty", b""),
    ("x-bytes", b"\xff\xfe"),
];

#[track_caller]
fn check(matching: &[&str], others: &[&str]) {
    for json in matching {
        assert!(holds(json, HEAD), "{json}");
    }
    for json in others {
        assert!(!holds(json, HEAD), "{json}");
    }
}

#[test]
fn each_part_of_a_request_can_be_asked_for() {
    check(
        &[
            r#"{"method": "GET"}"#,
            r#"{"path": "/cart/items"}"#,
            r#"{"host": "shop.example.com"}"#,
            r#"{"header": {"host": {"suffix": ":8443"}}}"#,
            r#"{"user_agent": {"contains": "iPhone13"}}"#,
            r#"{"user_agent": {"regex": ".*iPhone1[3-9].*"}}"#,
            r#"{"cookie": {"uid": "u-7"}}"#,
            r#"{"query": {"uid": "u 1", "debug": ""}}"#,
            r#"{"header": {"X-Team": "blue"}}"#,
            r#"{"header": {":method": "GET"}}"#,
        ],
        &[
            r#"{"method": "POST"}"#,
            r#"{"path": "/cart/items?uid=u%201&debug"}"#,
            r#"{"host": "shop.example.com:8443"}"#,
            r#"{"cookie": {"ui": {"present": true}}}"#,
            r#"{"query": {"uid": "u%201"}}"#,
            r#"{"query": {"bug": {"present": true}}}"#,
            r#"{"header": {"x-team": "green"}}"#,
        ],
    );
}

#[test]
fn each_matcher_matches_in_its_own_way() {
    check(
        &[
            r#"{"header": {"x-team": {"exact": "red"}}}"#,
            r#"{"header": {"x-team": {"exact": "RED", "ignore_case": true}}}"#,
            r#"{"header": {"x-team": {"prefix": "bl"}}}"#,
            r#"{"header": {"x-team": {"suffix": "ue"}}}"#,
            r#"{"header": {"x-team": {"in": ["green", "blue", "yellow"]}}}"#,
            r#"{"header": {"x-team": {"present": true}}}"#,
            r#"{"header": {"x-empty": {"present": true}}}"#,
            r#"{"header": {"x-empty": ""}}"#,
            r#"{"header": {"x-age": {"number": {"ge": 17.5, "le": 17.50, "lt": 18, "gt": -1, "eq": 175e-1}}}}"#,
            r#"{"header": {"x-app-version": {"semver": {"ge": "5.2", "lt": "6.0.0"}}}}"#,
            r#"{"header": {"x-bytes": {"present": true}}}"#,
        ],
        &[
            r#"{"header": {"x-team": {"exact": "RED"}}}"#,
            r#"{"header": {"x-team": {"in": ["green", "yellow"]}}}"#,
            r#"{"header": {"x-team": {"present": false}}}"#,
            r#"{"header": {"x-age": {"number": {"gt": 17, "lt": 17.5}}}}"#,
            r#"{"header": {"x-team": {"number": {"ge": 0}}}}"#,
            r#"{"header": {"x-app-version": {"semver": {"gt": "5.10.0"}}}}"#,
            r#"{"header": {"x-team": {"semver": {"ge": "0"}}}}"#,
            r#"{"header": {"x-bytes": {"regex": ".*"}}}"#,
        ],
    );
}

#[test]
fn what_is_absent_matches_only_where_it_is_to_be_absent() {
    for matcher in [
        r#""""#,
        r#"{"exact": ""}"#,
        r#"{"regex": ".*"}"#,
        r#"{"in": [""]}"#,
        r#"{"present": true}"#,
        r#"{"number": {"lt": 1}}"#,
        r#"{"semver": {"ge": "0"}}"#,
    ] {
        for part in ["header", "cookie", "query", "claim", "workload_label"] {
            let json = format!(r#"{{"{part}": {{"absent": {matcher}}}}}"#);
            assert!(!holds(&json, HEAD), "{json}");
            assert!(holds(&format!(r#"{{"not": {json}}}"#), HEAD), "{json}");
        }
    }
    for part in ["header", "cookie", "query", "claim", "workload_label"] {
        assert!(holds(&format!(r#"{{"{part}": {{"absent": {{"present": false}}}}}}"#), HEAD), "{part}");
    }
    assert!(!holds(r#"{"path": {"prefix": "/"}}"#, &[]));
}

#[test]
fn conditions_are_joined() {
    check(
        &[
            r#"{"method": "GET", "header": {"x-team": "red", "x-age": "17.5"}}"#,
            r#"{"all": [{"method": "GET"}, {"path": {"prefix": "/cart"}}]}"#,
            r#"{"any": [{"method": "POST"}, {"path": {"prefix": "/cart"}}]}"#,
            r#"{"not": {"method": "POST"}}"#,
            r#"{"method": "GET", "not": {"any": [{"method": "PUT"}, {"header": {"x-team": "green"}}]}}"#,
            r#"{"header": {"x-team": "red"}, "all": [{"header": {"x-team": "blue"}}]}"#,
        ],
        &[
            r#"{"method": "GET", "header": {"x-team": "red", "x-age": "18"}}"#,
            r#"{"all": [{"method": "GET"}, {"path": {"prefix": "/basket"}}]}"#,
            r#"{"any": [{"method": "POST"}, {"path": {"prefix": "/basket"}}]}"#,
            r#"{"not": {"all": [{"method": "GET"}, {"not": {"method": "POST"}}]}}"#,
        ],
    );
}

#[test]
fn what_the_proxy_is_decides_at_configuration() {
    let folded = |json: &str| {
        let mut subjects = Subjects::default();
        match read(json, &mut subjects).unwrap().0 {
            Question::Settled(answer) => Some(answer),
            _ => None,
        }
    };
    for (json, expected) in [
        (r#"{"namespace": "shop"}"#, Some(true)),
        (r#"{"namespace": {"prefix": "test-"}}"#, Some(false)),
        (r#"{"workload_label": {"app": "ingress", "version": {"present": false}}}"#, Some(true)),
        (r#"{"workload_label": {"app": "egress"}, "method": "GET"}"#, Some(false)),
        (r#"{"workload_label": {"app": "ingress"}, "method": "GET"}"#, None),
        (r#"{"any": [{"method": "GET"}, {"namespace": "shop"}]}"#, Some(true)),
        (r#"{"any": [{"method": "GET"}, {"namespace": "bank"}]}"#, None),
        (r#"{"not": {"all": [{"method": "GET"}, {"namespace": "bank"}]}}"#, Some(true)),
    ] {
        assert_eq!(folded(json), expected, "{json}");
    }
}

#[test]
fn a_client_is_in_a_network() {
    for (source, expected) in [
        (Some("10.1.2.3:4711"), true),
        (Some("[::ffff:10.1.2.3]:4711"), true),
        (Some("[2001:db8::1]:4711"), true),
        (Some("11.1.2.3:4711"), false),
        (Some("[2001:db9::1]:4711"), false),
        (Some("/var/run/socket"), false),
        (None, false),
    ] {
        let mut around = Around { source, ..Around::default() };
        let json = r#"{"source": ["10.0.0.0/8", "2001:db8::/32"]}"#;
        assert_eq!(holds_in(json, &[], &mut around, claim::Source::default()), expected, "{source:?}");
    }
}

#[test]
fn claims_come_from_metadata_or_a_header() {
    let seven = 7_f64.to_le_bytes().to_vec();
    let metadata = vec![
        ("envoy.filters.http.jwt_authn/payload/sub", b"alice".to_vec()),
        ("envoy.filters.http.jwt_authn/payload/realm_access/level", seven),
        ("envoy.filters.http.jwt_authn/payload/https://example.com/tier", b"gold".to_vec()),
    ];
    let around = Around { metadata, ..Around::default() };
    // {"sub":"alice","realm_access":{"level":7},"https://example.com/tier":"gold"}
    let payload =
        b"eyJzdWIiOiJhbGljZSIsInJlYWxtX2FjY2VzcyI6eyJsZXZlbCI6N30sImh0dHBzOi8vZXhhbXBsZS5jb20vdGllciI6ImdvbGQifQ";
    let in_header = claim::Source::Header(b"x-jwt-payload".to_vec());
    for (json, expected) in [
        (r#"{"claim": {"sub": "alice"}}"#, true),
        (r#"{"claim": {"sub": "alice", "realm_access.level": {"number": {"ge": 7}}}}"#, true),
        (r#"{"claim": {"https://example\\.com/tier": "gold"}}"#, true),
        (r#"{"claim": {"sub": "bob"}}"#, false),
        (r#"{"claim": {"realm_access": {"present": true}}}"#, false),
    ] {
        assert_eq!(holds_in(json, &[], &mut around.clone(), claim::Source::default()), expected, "{json}");
        let head: Head<'_> = &[("x-jwt-payload", payload)];
        assert_eq!(holds_in(json, head, &mut Around::default(), in_header.clone()), expected, "{json}");
    }
}

#[test]
fn a_percentage_is_of_buckets() {
    let share = |json: &str| {
        let mut subjects = Subjects::default();
        let condition = read(json, &mut subjects).unwrap();
        let held = (0..10_000).filter(|user| {
            let user = user.to_string();
            let head: Head<'_> = &[("x-user", user.as_bytes()), ("x-request-id", user.as_bytes())];
            with_request(head, &subjects, &mut Around::default(), |request| condition.holds(request))
        });
        held.collect::<Vec<_>>()
    };
    let [tenth, fifth] = [10, 20]
        .map(|of| share(&format!(r#"{{"percent": {{"of": {of}, "unit": [{{"header": "x-user"}}], "seed": "s"}}}}"#)));
    assert!((900..1100).contains(&tenth.len()), "{}", tenth.len());
    // Who is in stays in.
    assert!(fifth.len() > tenth.len() && tenth.iter().all(|user| fifth.contains(user)));
    assert!((900..1100).contains(&share(r#"{"percent": 10}"#).len()));
    assert_eq!(share(r#"{"percent": 0}"#).len(), 0);
    assert_eq!(share(r#"{"percent": 100}"#).len(), 10_000);
    assert!(!holds(r#"{"percent": 100}"#, &[]), "without a unit there is no share");
}

#[test]
fn a_ramp_takes_in_more_as_time_goes_on() {
    let json = r#"{"ramp": {"from": {"at": "2026-03-01T00:00:00Z", "percent": 0},
                            "to": {"at": "2026-03-02T00:00:00Z", "percent": 50}, "unit": [{"header": "x-user"}], "seed": "s"}}"#;
    let start = 1_772_323_200_000;
    let mut before = Vec::new();
    for (hours, expected) in [(0, 0..1), (6, 80..170), (12, 200..300), (24, 450..550), (1000, 450..550)] {
        let user_is_in = |user: &u32| {
            let mut around = Around { now: Some(start + hours * 3_600_000), ..Around::default() };
            holds_in(json, &[("x-user", user.to_string().as_bytes())], &mut around, claim::Source::default())
        };
        let users: Vec<u32> = (0..1000).filter(user_is_in).collect();
        assert!(expected.contains(&users.len()), "{} after {hours} h", users.len());
        assert!(before.iter().all(|user| users.contains(user)));
        before = users;
    }
    assert!(!holds(json, &[("x-user", b"1")]), "without a clock there is no share");
}

#[test]
fn a_window_opens_and_closes() {
    let json = r#"{"during": {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}}"#;
    for (now, expected) in [
        (Some(1_772_323_200_000), true),
        (Some(1_772_323_199_999), false),
        (Some(1_772_409_600_000), false),
        (None, false),
    ] {
        let mut around = Around { now, ..Around::default() };
        assert_eq!(holds_in(json, &[], &mut around, claim::Source::default()), expected, "{now:?}");
    }
}

#[test]
fn the_proxy_is_asked_once_and_only_if_need_be() {
    let asked = |json: &str| {
        let mut around = Around { now: Some(0), source: Some("10.0.0.1:1"), ..Around::default() };
        holds_in(json, HEAD, &mut around, claim::Source::default());
        around.calls
    };
    let claims = r#"{"claim": {"sub": "a"}}, {"claim": {"sub": "b"}}, {"claim": {"sub": {"present": true}}}"#;
    assert_eq!(asked(&format!(r#"{{"any": [{claims}]}}"#)), 1);
    assert_eq!(asked(r#"{"any": [{"source": ["::1"]}, {"source": ["::2"]}]}"#), 1);
    assert_eq!(
        asked(r#"{"claim": {"sub": "a"}, "source": ["::1"], "during": {"days": ["mon"]}, "method": "POST"}"#),
        0
    );
}

#[test]
fn problems_name_the_place() {
    let problems = |json: &str| read(json, &mut Subjects::default()).unwrap_err();
    for (json, expected) in [
        ("{}", "expected a condition such as header, path or any, but found none (line 1 column 1)"),
        (r#"{"path": null}"#, "expected a condition such as header, path or any, but found none (line 1 column 1)"),
        (r#"{"headers": {"a": "b"}}"#, "headers: expected header, but found \"headers\" (line 1 column 2)"),
        (
            r#"{"header": {}, "cookie": [], "any": []}"#,
            "header: expected at least one name, but found none (line 1 column 12)\n\
             cookie: expected an object, but found an array (line 1 column 26)\n\
             any: expected at least one condition, but found none (line 1 column 37)",
        ),
        (
            r#"{"header": {"": "a", "a b": "c", ":": "d"}}"#,
            "header[\"\"]: expected the name of a header, but found \"\" (line 1 column 17)\n\
             header[\"a b\"]: expected the name of a header, but found \"a b\" (line 1 column 29)\n\
             header[\":\"]: expected the name of a header, but found \":\" (line 1 column 39)",
        ),
        (
            r#"{"claim": {"a..b": "c", "": "d", "a\u0000": "e"}}"#,
            "claim[\"a..b\"]: expected the path of a claim, such as sub or realm_access.tier, but found \"a..b\" (line 1 column 20)\n\
             claim[\"\"]: expected the path of a claim, such as sub or realm_access.tier, but found \"\" (line 1 column 29)\n\
             claim[\"a\\u0000\"]: expected the path of a claim, such as sub or realm_access.tier, but found \"a\\u0000\" \
             (line 1 column 45)",
        ),
        (
            r#"{"path": 1, "method": {}, "user_agent": {"prefix": "a", "in": ["b"]}, "namespace": {"exac": "b"}}"#,
            "namespace.exac: expected exact, but found \"exac\" (line 1 column 85)\n\
             namespace: expected one of exact, prefix, suffix, contains, regex, in, present, number and semver, but found \
             none (line 1 column 84)\n\
             method: expected one of exact, prefix, suffix, contains, regex, in, present, number and semver, but found none \
             (line 1 column 23)\n\
             path: expected a text or a matcher such as {\"prefix\": \"v2\"}, but found 1 (line 1 column 10)\n\
             user_agent: expected one of exact, prefix, suffix, contains, regex, in, present, number and semver, but found \
             prefix and in (line 1 column 41)",
        ),
        (
            r#"{"path": {"in": []}, "method": {"in": ["a", 1], "ignore_case": true}, "user_agent": {"present": "yes"}}"#,
            "method.in[1]: expected a string, but found 1 (line 1 column 45)\n\
             method.ignore_case: expected exact, prefix, suffix, contains, regex, in, present, number or semver, but found \
             \"ignore_case\" (line 1 column 49)\n\
             path.in: expected at least one text, but found none (line 1 column 17)\n\
             user_agent.present: expected true or false, but found \"yes\" (line 1 column 97)",
        ),
        (
            r#"{"header": {"a": {"number": {}}, "b": {"number": {"ge": "18"}}, "c": {"semver": {"ge": 5.2, "lt": "x"}}}}"#,
            "header.a.number: expected at least one of lt, le, gt, ge and eq, but found none (line 1 column 29)\n\
             header.b.number.ge: expected a number, but found \"18\" (line 1 column 57)\n\
             header.c.semver.lt: expected a version such as \"5.2.0\", but found \"x\" (line 1 column 99)\n\
             header.c.semver.ge: expected a version such as \"5.2.0\", but found 5.2 (line 1 column 88)",
        ),
        (
            r#"{"host": {"in": ["a.example", "B.example"]}}"#,
            "host.in[1]: expected a host in lower case, but found \"B.example\" (line 1 column 31)",
        ),
        (
            r#"{"percent": "10", "all": [{"percent": 100.5}, {"percent": {"unit": [{"header": "a"}], "seed": "s"}}]}"#,
            "percent: expected a percentage or an object with of and unit, but found \"10\" (line 1 column 13)\n\
             all[0].percent: expected a percentage from 0 to 100 with at most two decimals, but found 100.5 \
             (line 1 column 39)\n\
             all[1].percent.of: expected a value, but found none (line 1 column 59)",
        ),
        (
            r#"{"not": {"any": [{"source": "10.0.0.0/8"}, {"during": []}, 1]}}"#,
            "not.any[0].source: expected an array, but found \"10.0.0.0/8\" (line 1 column 29)\n\
             not.any[1].during: expected an object, but found an array (line 1 column 55)\n\
             not.any[2]: expected an object, but found 1 (line 1 column 60)",
        ),
    ] {
        assert_eq!(problems(json), expected);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_request_is_too_much(value: Vec<u8>, other: Vec<u8>, now: u64) {
            let json = r#"{"not": {"all": [
                {"not": {"header": {"a": {"number": {"gt": 1}}, "cookie": {"semver": {"lt": "1"}}}}},
                {"not": {"cookie": {"a": "b"}}}, {"not": {"query": {"a": "b"}}}, {"not": {"path": "/"}},
                {"not": {"host": "a"}}, {"not": {"claim": {"a.b": {"in": ["c", "d"]}}}}, {"not": {"percent": 5}},
                {"not": {"during": {"days": ["mon"], "from": "22:00", "to": "01:00", "zone": "Europe/Berlin"}}}
            ]}}"#;
            let head: Head<'_> = &[
                ("a", &value), ("cookie", &value), (":path", &value), (":authority", &value), ("x-request-id", &other),
                ("x-jwt-payload", &value), ("a", &other), ("cookie", &other),
            ];
            for claims in [claim::Source::default(), claim::Source::Header(b"x-jwt-payload".to_vec())] {
                let metadata = vec![("envoy.filters.http.jwt_authn/payload/a/b", value.clone())];
                let mut around = Around { now: Some(now), metadata, ..Around::default() };
                holds_in(json, head, &mut around, claims);
            }
        }
    }
}
