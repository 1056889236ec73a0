//! Strict JSON configuration: bytes to a type, with every problem and its path.
//!
//! [`parse`] turns bytes into what the user wrote (a `Raw…` type with `deny_unknown_fields`); a filter's own `compile_…`
//! functions turn that into what runs and collect what is wrong in [`Problems`]. It holds no filter's rules. What serde finds
//! comes one at a time, because it stops at the first; what `compile_…` finds comes all at once.

mod problem;
mod value;

pub use problem::{Problem, Problems};
pub use value::{Kind, Member, Position, Quoted, Value};

use serde::de::DeserializeOwned;

/// Reads one JSON value and nothing after it.
///
/// ```
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Raw {
///     limit: Option<u32>,
/// }
///
/// let problems = strict_config::parse::<Raw>(br#"{"limit": "many"}"#).err().unwrap();
/// assert_eq!(problems.to_string(), r#"limit: invalid type: string "many", expected u32 at line 1 column 16"#);
/// ```
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problems> {
    let mut problems = Problems::default();
    if json.trim_ascii().is_empty() {
        problems.push("", "expected a configuration in JSON, but found nothing");
        return Err(problems);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => {
            if let Err(error) = deserializer.end() {
                problems.push("", format!("expected one JSON value, but found more: {error}"));
            }
            problems.unless_any(value)
        }
        Err(error) => {
            // serde_path_to_error calls the whole value `.`, and what it was about to read when the text ended `?`.
            let path = error.path().to_string();
            let path = path.trim_end_matches('?').trim_end_matches('.');
            problems.push(path, error.into_inner().to_string());
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default)]
        rules: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        name: String,
    }

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let found = match parse::<Outer>(json.as_bytes()) {
            Ok(outer) => outer.rules.into_iter().map(|rule| rule.name).collect::<Vec<_>>().join(" "),
            Err(problems) => problems.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_problem_says_where_it_is() {
        check(
            r#"{"rules": [{"name": "a"}, {"nmae": "b"}]}"#,
            "rules[1].nmae: unknown field `nmae`, expected `name` at line 1 column 33",
        );
        check(r#"{"rules": [{}]}"#, "rules[0]: missing field `name` at line 1 column 13");
        check(r#"{"rules": 1}"#, "rules: invalid type: integer `1`, expected a sequence at line 1 column 11");
        check("[]x", "expected one JSON value, but found more: trailing characters at line 1 column 3");
        check("{", "EOF while parsing an object at line 1 column 1");
        check(" \n", "expected a configuration in JSON, but found nothing");
        check(r#"{"rules": [{"name": "a"}, {"name": "b"}]}"#, "a b");
    }
}
