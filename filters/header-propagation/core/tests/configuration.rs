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
fn unknown_fields_and_wrong_types_are_named() {
    check(
        r#"{"head_tag": "route-v"}"#,
        "head_tag: unknown field `head_tag`, expected one of `head_tag_name`, `head_tag_value`, `role`, `stamp`, \
         `propagate`, `correlate`, `store`, `carriers` at line 1 column 11",
    );
    check(
        r#"{"stamp": [{"name": "a", "value": 1}]}"#,
        "stamp[0].value: invalid type: integer `1`, expected a string at line 1 column 35",
    );
    check(
        r#"{"stamp": [{"name": "a", "value": "b", "when": {"path": {"prefx": "/"}}}]}"#,
        "stamp[0].when.path.prefx: unknown field `prefx`, expected one of `exact`, `prefix`, `suffix`, `contains`, \
         `regex`, `ignore_case` at line 1 column 64",
    );
    check("", "expected a configuration in JSON, but found nothing");
}

#[test]
fn the_guides_form_stands_alone() {
    check(
        r#"{"head_tag_name": "te", "head_tag_value": "a\nb", "role": "sidecar", "store": {}}"#,
        "role: expected head_tag_name and head_tag_value alone, but found this beside them\n\
         store: expected head_tag_name and head_tag_value alone, but found this beside them\n\
         head_tag_name: expected a header that may be set, but found \"te\", which belongs to one connection or message\n\
         head_tag_value: expected a header value, but found \"a\\nb\", which has control characters",
    );
    check(r#"{"head_tag_name": "a"}"#, "head_tag_value: expected the value for head_tag_name, but found none");
    check(r#"{"head_tag_value": "a"}"#, "head_tag_value: expected head_tag_name beside it, but found none");
}

#[test]
fn sections_without_what_they_are_for_are_refused() {
    check("{}", "expected stamp or propagate (or head_tag_name), but found neither");
    check(
        r#"{"stamp": [], "correlate": {}, "store": {}}"#,
        "correlate: expected propagate beside it, but found none\nstore: expected propagate beside it, but found none",
    );
    check(
        r#"{"propagate": {"exact": ["a"]}, "carriers": ["baggage"], "store": {}}"#,
        "store: expected the carrier store, but found carriers without it",
    );
    check(r#"{"propagate": {}}"#, "propagate: expected names in exact, prefix, suffix or regex, but found none");
}

#[test]
fn all_problems_are_found_at_once() {
    check(
        r#"{
            "stamp": [{"name": ":path", "value": "a", "when": {"headers": {"b": {}}, "method": {"regex": "("}}}],
            "propagate": {"exact": ["connection", "b c"], "max": 0, "max_bytes": 100000},
            "correlate": {"ids": ["traceparent", "Traceparent", ""], "lookups": 0},
            "store": {"slots": 1000, "ways": 17, "max_entry_bytes": 8, "ttl": "60"}
        }"#,
        "stamp[0].when.headers.b: expected one of exact, prefix, suffix, contains and regex, but found none\n\
         stamp[0].when.method.regex: expected a regular expression, but found: found open group without \
         closing ')'\n\
         stamp[0].name: expected a header that may be set, but found the pseudo-header \":path\"\n\
         propagate.exact[0]: expected a header that may be set, but found \"connection\", which belongs to one connection \
         or message\n\
         propagate.exact[1]: expected a header name, but found \"b c\"\n\
         propagate.max: expected 1 to 128, but found 0\n\
         propagate.max_bytes: expected 1 to 60000, but found 100000\n\
         correlate.lookups: expected 1 to 8, but found 0\n\
         correlate.ids[1]: expected each header once, but found \"traceparent\" again\n\
         correlate.ids[2]: expected a header name, but found \"\"\n\
         store.slots: expected a power of two, but found 1000\n\
         store.ways: expected 1 to 16, but found 17\n\
         store.max_entry_bytes: expected 16 to 16384, but found 8\n\
         store.ttl: expected a time from 1s to 24h, such as 60s or 5m, but found \"60\"",
    );
}

#[test]
fn a_store_has_a_bound() {
    check(
        r#"{"propagate": {"exact": ["a"]}, "store": {"slots": 65536, "ways": 16, "max_entry_bytes": 1024}}"#,
        "store: expected a store of at most 268435456 bytes, but found one of up to 1108279296",
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
