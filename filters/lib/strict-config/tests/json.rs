//! What is JSON and what is not, by RFC 8259; `serde_json` is the judge of random texts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use strict_config::read;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[track_caller]
fn check(json: &[u8], problems: &str) {
    let found = match read(json) {
        Ok(reader) => reader.into_problems().to_string(),
        Err(problems) => problems.to_string(),
    };
    assert_eq!(found, problems, "{}", json.escape_ascii());
}

#[test]
fn a_text_that_is_json_has_no_problem() {
    for json in [
        "null",
        " {\t}\r\n",
        "[1, -0, 0.5, 1e9, 1E-9, -12.25e+3]",
        r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
        r#"{"a": [{}, [], true, false], "b": {"a": null}}"#,
    ] {
        check(json.as_bytes(), "");
    }
}

#[test]
fn a_text_that_is_not_json_says_where() {
    for (json, problem) in [
        ("", "expected a configuration in JSON, but found nothing"),
        (" \n", "expected a configuration in JSON, but found nothing"),
        ("[]x", "expected one JSON value and nothing after it, but found x (line 1 column 3)"),
        ("{", "expected a name in double quotes, but found the end (line 1 column 2)"),
        ("{\n  'a': 1}", "expected a name in double quotes, but found ' (line 2 column 3)"),
        (r#"{"a": 1,}"#, "expected a name in double quotes, but found } (line 1 column 9)"),
        (r#"{"a" 1}"#, "expected a colon, but found 1 (line 1 column 6)"),
        (r#"{"a": 1 "b": 2}"#, "expected a comma or }, but found \" (line 1 column 9)"),
        ("[1 2]", "expected a comma or ], but found 2 (line 1 column 4)"),
        ("[1,]", "expected a JSON value, but found ] (line 1 column 4)"),
        ("[nul]", "expected a JSON value, but found n (line 1 column 2)"),
        ("[truely]", "expected a comma or ], but found l (line 1 column 6)"),
        ("01", "expected one JSON value and nothing after it, but found 1 (line 1 column 2)"),
        ("-", "expected a digit, but found the end (line 1 column 2)"),
        ("[1.]", "expected a digit, but found ] (line 1 column 4)"),
        ("1e+", "expected a digit, but found the end (line 1 column 4)"),
        ("\"é\tb\"", "expected the end of the string, but found the character U+0009 (line 1 column 3)"),
        ("\"a", "expected the end of the string, but found the end (line 1 column 3)"),
        (r#""\x""#, "expected one of \" \\ / b f n r t u after a backslash, but found x (line 1 column 3)"),
        (r#""\u12g4""#, "expected four hexadecimal digits, but found g (line 1 column 6)"),
        (r#""\ud83d!""#, "expected the other half of a surrogate pair, but found ! (line 1 column 8)"),
        (r#""\ud83d\u0041""#, "expected the other half of a surrogate pair, but found 0 (line 1 column 10)"),
        (r#""\ude00""#, "expected the other half of a surrogate pair, but found \" (line 1 column 8)"),
    ] {
        check(json.as_bytes(), problem);
    }
    check(b"[1,\n \xc3\xa9\xff]", "expected UTF-8, but found the byte 0xff (line 2 column 3)");
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    check(nested(64).as_bytes(), "");
    let problem = "expected at most 64 arrays and objects in one another, but found [ (line 1 column 65)";
    check(nested(65).as_bytes(), problem);
    check("[".repeat(1 << 20).as_bytes(), problem);
}

#[test]
fn a_repeated_name_is_a_problem_each_time() {
    check(
        br#"{"a": {"b": 1, "b": {"c": 1}, "b": 3}, "a": 1}"#,
        "a.b: expected each name once, but found this one again (line 1 column 16)\n\
         a.b: expected each name once, but found this one again (line 1 column 31)\n\
         a: expected each name once, but found this one again (line 1 column 40)",
    );
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use proptest::prelude::*;
    use strict_config::{Kind, Value, read};

    fn to_serde(value: &Value) -> serde_json::Value {
        match value.kind() {
            Kind::Null => serde_json::Value::Null,
            Kind::Boolean(flag) => (*flag).into(),
            Kind::Number(digits) => serde_json::from_str(digits).unwrap(),
            Kind::String(text) => text.as_str().into(),
            Kind::Array(elements) => elements.iter().map(to_serde).collect(),
            Kind::Object(members) => {
                members.iter().map(|member| (member.name.clone(), to_serde(&member.value))).collect()
            }
        }
    }

    fn agrees(json: &str) -> Result<(), TestCaseError> {
        let expected = serde_json::from_str::<serde_json::Value>(json).ok();
        match read(json.as_bytes()) {
            // A repeated name is a problem here and not there.
            Ok(reader) => {
                prop_assert!(expected.is_some(), "{json}");
                let root = to_serde(reader.root());
                if reader.into_problems().is_empty() {
                    prop_assert_eq!(Some(root), expected);
                }
            }
            Err(problems) => prop_assert_eq!(None, expected, "{}: {}", json, problems),
        }
        Ok(())
    }

    fn values() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            (-1e9..1e9).prop_map(|number: f64| number.into()),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_read(value in values(), pretty: bool) {
            agrees(&if pretty { format!("{value:#}") } else { value.to_string() })?;
        }

        #[test]
        fn what_is_nearly_json_is_read_or_refused_alike(json in r#"[\[\]{}:,"\\a01e.\- \nu]{0,12}"#) {
            agrees(&json)?;
        }

        #[test]
        fn no_bytes_panic(json in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = read(&json);
        }
    }
}
