//! What is wrong with a configuration is said at once, each problem with its path and its place.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;
use strict_config::{Object, Problems, Reader, Value, read};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Debug, Clone, Copy)]
enum Mode {
    Fast,
    Safe,
}

/// Reads a configuration of every kind of value into one line.
fn describe(reader: &Reader) -> Option<String> {
    let mut object = reader.object(reader.root())?;
    let mode = object.one_of("mode", &[("fast", Mode::Fast), ("safe", Mode::Safe)]);
    let max = object.integer("max_bytes", 1..=4096);
    let on = object.boolean("on");
    let ttl = object.duration("ttl", Duration::from_secs(1)..=Duration::from_secs(86_400));
    let rules: Vec<_> = object.array("rules").iter().map(|rule| describe_rule(reader, rule)).collect();
    let clusters = object.get("clusters").and_then(|clusters| reader.members(clusters)).unwrap_or_default();
    let clusters: Vec<_> = clusters.iter().map(|cluster| (&*cluster.name, reader.string(&cluster.value))).collect();
    object.finish();
    Some(format!("{mode:?} {max:?} {on:?} {ttl:?} {rules:?} {clusters:?}"))
}

fn describe_rule<'r>(reader: &'r Reader, rule: &'r Value) -> Option<&'r str> {
    let mut object = reader.object(rule)?;
    let name = object.required("name").and_then(|name| reader.string(name));
    object.finish();
    name
}

#[track_caller]
fn check(json: &str, expected: &str) {
    let found = read(json.as_bytes()).and_then(|reader| {
        let found = describe(&reader);
        reader.into_problems().unless_any(found.unwrap_or_default())
    });
    assert_eq!(found.unwrap_or_else(|problems| problems.to_string()), expected);
}

#[test]
fn a_sound_configuration_is_read() {
    check("{}", "None None None None [] []");
    check(r#"{"mode": null, "rules": null, "on": null}"#, "None None None None [] []");
    check(
        r#"{"mode": "safe", "max_bytes": 4096, "on": false, "ttl": "5m", "rules": [{"name": "a"}], "clusters": {"b": "c"}}"#,
        r#"Some(Safe) Some(4096) Some(false) Some(300s) [Some("a")] [("b", Some("c"))]"#,
    );
}

#[test]
fn all_problems_are_found_at_once_each_with_its_path_and_place() {
    check(
        r#"{
  "mode": "slow",
  "max_bytes": 4097,
  "on": "yes",
  "ttl": "25h",
  "rules": [{"nmae": "é"}, {"name": 1, "unlike": {}}, []],
  "clusters": {"pkg.Svc": 1, "x-y": {}},
  "": 1
}"#,
        r#"mode: expected fast or safe, but found "slow" (line 2 column 11)
max_bytes: expected 1 to 4096, but found 4097 (line 3 column 16)
on: expected true or false, but found "yes" (line 4 column 9)
ttl: expected a time from 1s to 24h, such as 60s or 5m, but found "25h" (line 5 column 10)
rules[0].name: expected a value, but found none (line 6 column 13)
rules[0].nmae: expected name, but found "nmae" (line 6 column 14)
rules[1].name: expected a string, but found 1 (line 6 column 37)
rules[1].unlike: expected name, but found "unlike" (line 6 column 40)
rules[2]: expected an object, but found an array (line 6 column 55)
clusters["pkg.Svc"]: expected a string, but found 1 (line 7 column 27)
clusters.x-y: expected a string, but found an object (line 7 column 37)
[""]: expected mode, max_bytes, on, ttl, rules or clusters, but found "" (line 8 column 3)"#,
    );
    check("[]", "expected an object, but found an array (line 1 column 1)");
}

#[test]
fn whole_numbers_are_written_without_fraction_and_exponent() {
    for (number, found) in [("0", "0"), ("4096.0", "4096.0"), ("1e3", "1e3"), ("-1", "-1"), ("\"1\"", "\"1\"")] {
        let problem = format!("max_bytes: expected 1 to 4096, but found {found} (line 1 column 15)");
        check(&format!(r#"{{"max_bytes": {number}}}"#), &problem);
    }
}

#[test]
fn a_long_text_is_cut_in_a_message() {
    let long = "é\n".repeat(100);
    let json = format!(r#"{{"mode": {}}}"#, format!("\"{long}\"").replace('\n', "\\n"));
    let shown = r"é\n".repeat(26) + "é";
    check(&json, &format!("mode: expected fast or safe, but found \"{shown}\"… (line 1 column 10)"));
}

fn proto_json(json: &str) -> (Option<bool>, Problems) {
    let reader = read(json.as_bytes()).unwrap();
    let mut object = reader.object(reader.root()).unwrap().as_proto_json();
    let flag = object.object("print_options").and_then(|mut inner: Object<'_>| {
        let flag = inner.boolean("add_whitespace");
        inner.finish();
        flag
    });
    object.finish();
    (flag, reader.into_problems())
}

#[test]
fn proto_json_spells_a_name_in_two_ways_but_not_in_both() {
    assert_eq!(proto_json(r#"{"print_options": {"addWhitespace": true}}"#), (Some(true), Problems::default()));
    assert_eq!(proto_json(r#"{"printOptions": {"add_whitespace": true}}"#), (Some(true), Problems::default()));
    let (_, problems) = proto_json(r#"{"print_options": {}, "printOptions": {"addWhitespaces": true}}"#);
    assert_eq!(
        problems.to_string(),
        "printOptions: expected print_options alone, but found an object (line 1 column 39)"
    );
    let (_, problems) = proto_json(r#"{"printOptions": {"addWhitespaces": true}}"#);
    assert_eq!(
        problems.to_string(),
        "printOptions.addWhitespaces: expected add_whitespace, but found \"addWhitespaces\" (line 1 column 19)"
    );
}

#[test]
fn a_name_in_both_spellings_is_one_problem_however_often_it_is_asked_for() {
    let reader = read(br#"{"max_age": 1, "maxAge": 2}"#).unwrap();
    let mut object = reader.object(reader.root()).unwrap().as_proto_json();
    assert_eq!(object.get("max_age"), object.get("max_age"));
    object.finish();
    let problems = reader.into_problems();
    assert_eq!(problems.to_string(), "maxAge: expected max_age alone, but found 2 (line 1 column 26)");
}

#[test]
fn a_part_is_read_later_with_its_path_in_the_whole() {
    let whole = read(br#"{"service_config": {"http": {"rules": [1]}}}"#).unwrap();
    let part = whole.root().get("service_config").unwrap().clone();
    let reader = Reader::below("service_config", part);
    let rules = reader.root().get("http").and_then(|http| http.get("rules")).unwrap();
    for rule in reader.array(rules).unwrap() {
        reader.problem(rule, "expected a rule, but found something else");
    }
    assert_eq!(
        reader.into_problems().to_string(),
        "service_config.http.rules[0]: expected a rule, but found something else (line 1 column 40)"
    );
}

#[test]
fn a_warning_has_a_place_and_is_no_problem() {
    let reader = read(br#"{"rules": [{"name": "*"}]}"#).unwrap();
    let name = reader.root().get("rules").and_then(|rules| rules.as_array()?.first()?.get("name")).unwrap();
    reader.warning(name, "expected a name, but found every name");
    let warnings = reader.take_warnings().to_string();
    assert_eq!(warnings, "rules[0].name: expected a name, but found every name (line 1 column 21)");
    assert!(reader.take_warnings().is_empty() && reader.into_problems().is_empty());
}

#[test]
fn one_of_several_names_is_there_alone() {
    let only = |json: &str| {
        let reader = read(json.as_bytes()).unwrap();
        let mut object = reader.object(reader.root()).unwrap();
        let only = object.only(&["exact", "prefix", "regex"]).map(|(name, value)| format!("{name} {value}"));
        object.finish();
        assert_eq!(reader.into_problems().to_string(), "");
        only
    };
    assert_eq!(only(r#"{"prefix": 7, "exact": null}"#), Ok("prefix 7".to_owned()));
    for (json, found) in [("{}", "none"), (r#"{"regex": 1, "exact": 2}"#, "exact and regex")] {
        assert_eq!(only(json), Err(format!("expected one of exact, prefix and regex, but found {found}")));
    }
}
