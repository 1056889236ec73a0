//! What is wrong with a configuration is said at once, each problem with its path.
#![allow(clippy::panic, reason = "a test may panic")]
use header_propagation_core::Policy;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[track_caller]
fn check(json: &str, expected: &str) {
    let found = match Policy::parse(json.as_bytes(), || Some(b"sidecar~a".to_vec())) {
        Ok(policy) => policy.to_string(),
        Err(problems) => problems.to_string(),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_good_configuration_is_described_in_a_line() {
    check(r#"{"head_tag_name": "route-v", "head_tag_value": "v2"}"#, "stamps only: route-v, no propagation");
    check(r#"{"propagate": {"exact": ["route-v"]}}"#, "sidecar: propagation, store of at most 4575232 bytes");
    check(
        r#"{"role": "sidecar", "propagate": {"prefix": ["x-lane-"]}, "carriers": ["baggage"]}"#,
        "sidecar: propagation by baggage",
    );
}

#[test]
fn unknown_names_and_wrong_types_are_named_with_what_was_meant() {
    check(
        r#"{"head_tag": "route-v"}"#,
        "expected stamp or propagate (or head_tag_name), but found neither (line 1 column 1)\n\
         head_tag: expected head_tag_name, but found \"head_tag\" (line 1 column 2)",
    );
    check(
        r#"{"stamp": [{"name": "a", "value": 1}]}"#,
        "stamp[0].value: expected a string, but found 1 (line 1 column 35)",
    );
    check(
        r#"{"stamp": [{"name": "a", "value": "b", "when": {"path": {"prefx": "/"}}}], "roll": "auto"}"#,
        "stamp[0].when.path.prefx: expected prefix, but found \"prefx\" (line 1 column 58)\n\
         stamp[0].when.path: expected one of exact, prefix, suffix, contains and regex, but found none (line 1 column 57)\n\
         roll: expected role, but found \"roll\" (line 1 column 76)",
    );
    check("", "expected a configuration in JSON, but found nothing");
    check("[]", "expected an object, but found an array (line 1 column 1)");
}

#[test]
fn the_guides_form_stands_alone() {
    check(
        r#"{"head_tag_name": "te", "head_tag_value": "a\nb", "role": "sidecar", "store": {}}"#,
        "role: expected head_tag_name and head_tag_value alone, but found this beside them (line 1 column 59)\n\
         store: expected head_tag_name and head_tag_value alone, but found this beside them (line 1 column 79)\n\
         head_tag_name: expected a header that may be set, but found \"te\", which belongs to one connection or message \
         (line 1 column 19)\n\
         head_tag_value: expected a header value, but found \"a\\nb\", which has control characters (line 1 column 43)",
    );
    check(
        r#"{"head_tag_name": "a"}"#,
        "head_tag_value: expected the value for head_tag_name, but found none (line 1 column 1)",
    );
    check(
        r#"{"head_tag_value": "a"}"#,
        "head_tag_value: expected head_tag_name beside it, but found none (line 1 column 20)",
    );
}

#[test]
fn sections_without_what_they_are_for_are_refused() {
    check("{}", "expected stamp or propagate (or head_tag_name), but found neither (line 1 column 1)");
    check(
        r#"{"stamp": [], "correlate": {}, "store": {}}"#,
        "correlate: expected propagate beside it, but found none (line 1 column 28)\n\
         store: expected propagate beside it, but found none (line 1 column 41)",
    );
    check(
        r#"{"propagate": {"exact": ["a"]}, "carriers": ["baggage"], "store": {}}"#,
        "store: expected the carrier store, but found carriers without it (line 1 column 67)",
    );
    check(
        r#"{"propagate": {}}"#,
        "propagate: expected names in exact, prefix, suffix or regex, but found none (line 1 column 15)",
    );
}

#[test]
fn all_problems_are_found_at_once() {
    check(
        r#"{
  "stamp": [{"name": ":path", "value": "a", "when": {"headers": {"b": {}}, "method": {"regex": "("}}}],
  "propagate": {"exact": ["connection", "b c", 1], "prefix": "a", "max": 0, "max_bytes": 100000},
  "correlate": {"ids": ["traceparent", "Traceparent", ""], "lookups": 0},
  "store": {"slots": 1000, "ways": 17, "max_entry_bytes": 8, "ttl": "60", "on_conflict": "never"},
  "carriers": ["store", "memory"]
}"#,
        r#"stamp[0].name: expected a header that may be set, but found the pseudo-header ":path" (line 2 column 22)
stamp[0].when.headers.b: expected one of exact, prefix, suffix, contains and regex, but found none (line 2 column 71)
stamp[0].when.method.regex: expected a regular expression, but found: found open group without closing ')' (line 2 column 96)
propagate.exact[0]: expected a header that may be set, but found "connection", which belongs to one connection or message (line 3 column 27)
propagate.exact[1]: expected a header name, but found "b c" (line 3 column 41)
propagate.exact[2]: expected a string, but found 1 (line 3 column 48)
propagate.prefix: expected an array, but found "a" (line 3 column 62)
propagate.max: expected 1 to 128, but found 0 (line 3 column 74)
propagate.max_bytes: expected 1 to 60000, but found 100000 (line 3 column 90)
correlate.lookups: expected 1 to 8, but found 0 (line 4 column 71)
correlate.ids[1]: expected each header once, but found "traceparent" again (line 4 column 40)
correlate.ids[2]: expected a header name, but found "" (line 4 column 55)
carriers[1]: expected store or baggage, but found "memory" (line 6 column 25)
store.slots: expected a power of two, but found 1000 (line 5 column 22)
store.ways: expected 1 to 16, but found 17 (line 5 column 36)
store.max_entry_bytes: expected 16 to 16384, but found 8 (line 5 column 59)
store.ttl: expected a time from 1s to 24h, such as 60s or 5m, but found "60" (line 5 column 69)
store.on_conflict: expected last, first or baseline, but found "never" (line 5 column 90)"#,
    );
}

#[test]
fn a_store_has_a_bound() {
    check(
        r#"{"propagate": {"exact": ["a"]}, "store": {"slots": 65536, "ways": 16, "max_entry_bytes": 1024}}"#,
        "store: expected a store of at most 268435456 bytes, but found one of up to 1108279296 (line 1 column 42)",
    );
    for (ttl, sound) in
        [("1s", true), ("24h", true), ("5m", true), ("0s", false), ("25h", false), ("+5m", false), ("m", false)]
    {
        let json = format!(r#"{{"propagate": {{"exact": ["a"]}}, "store": {{"ttl": "{ttl}"}}}}"#);
        assert_eq!(Policy::parse(json.as_bytes(), || None).is_ok(), sound, "{ttl}");
    }
}

#[test]
fn every_configuration_in_the_readme_is_sound() {
    let readme = include_str!("../../README.md");
    let blocks: Vec<_> = readme.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "found {}", blocks.len());
    for block in blocks {
        if let Err(problems) = Policy::parse(block.as_bytes(), || Some(b"sidecar~a".to_vec())) {
            panic!("{block}\n{problems}");
        }
    }
}
