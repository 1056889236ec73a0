//! Structural schemas, as Kubernetes has them: what is not named is refused.
//!
//! They are written from the API references, in YAML: `properties` (no others), `required`, `values` (any names, each value such),
//! `items`, `enum`, `type`, bounds, `oneAtMost`, and `pattern` with the name of a form.

use serde_json::Value;

/// Everything about a value that its schema does not allow, with its path.
pub fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    // A schema that says nothing allows everything.
    if schema.as_object().is_none_or(|rules| rules.is_empty()) {
        return;
    }
    let mut say = |problem: String| found.push(format!("{path}: {problem}"));
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        say(format!("{value} is none of {allowed:?}"));
    }
    let is_type = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !is_type {
        say(format!("{value} is no {}", schema["type"]));
    }
    if let Some(text) = value.as_str() {
        let bound = |name: &str| schema[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
        if bound("minLength").is_some_and(|least| text.len() < least)
            || bound("maxLength").is_some_and(|most| text.len() > most)
        {
            say(format!("{} characters are too few or too many", text.len()));
        }
        if schema["pattern"].as_str().is_some_and(|pattern| !has_form(pattern, text)) {
            say(format!("{text:?} is no {}", schema["pattern"]));
        }
    }
    if let Some(number) = value.as_i64() {
        let (least, most) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
            say(format!("{number} is out of bounds"));
        }
    }
    if let Some(items) = value.as_array() {
        if schema["maxItems"].as_u64().is_some_and(|most| items.len() as u64 > most) {
            say(format!("{} are too many", items.len()));
        }
        for (index, item) in items.iter().enumerate() {
            check(&schema["items"], item, &format!("{path}[{index}]"), found);
        }
        return;
    }
    if let Some(fields) = value.as_object() {
        let names = |list: &str| schema[list].as_array().cloned().unwrap_or_default();
        let is_there = |name: &Value| fields.contains_key(name.as_str().expect("a name"));
        let missing: Vec<_> = names("required").into_iter().filter(|name| !is_there(name)).collect();
        if !missing.is_empty() {
            say(format!("{missing:?} missing"));
        }
        if names("oneAtMost").iter().filter(|name| is_there(name)).count() > 1 {
            say(format!("more than one of {:?}", names("oneAtMost")));
        }
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            match (schema["properties"].get(name), schema.get("values")) {
                (Some(schema), _) | (None, Some(schema)) => check(schema, value, &path, found),
                (None, None) => found.push(format!("{path}: no such field")),
            }
        }
    }
}

fn has_form(pattern: &str, text: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    match pattern {
        "name" => {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
            text.bytes().all(allowed)
                && !text.starts_with(['-', '.'])
                && !text.ends_with(['-', '.'])
                && text.len() <= 253
        }
        "sha256" => text.len() == 64 && is_hex(text),
        "url" => ["oci://", "http://", "https://", "file://"].iter().any(|scheme| text.starts_with(scheme)),
        "image" => !text.contains("://") && text.contains('/'),
        "json" => serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object()),
        "duration" => text.strip_suffix('s').is_some_and(|number| number.parse::<f64>().is_ok()),
        other => panic!("expected a form that is known, but found {other}"),
    }
}

#[test]
fn a_schema_finds_what_does_not_fit() {
    let schema: Value = serde_yaml_ng::from_str(
        "{required: [a], oneAtMost: [b, c], properties: {a: {enum: [x]}, b: {type: integer, maximum: 3}, c: {items: {pattern: sha256}, maxItems: 1}, d: {values: {type: string, maxLength: 1}}}}",
    )
    .expect("YAML");
    for (value, expected) in [
        (r#"{"a": "x"}"#, 0),
        ("{}", 1),
        (r#"{"a": "y", "z": 1}"#, 2),
        (r#"{"a": "x", "b": 4, "c": ["q", "q"]}"#, 5),
        (r#"{"a": "x", "b": "1"}"#, 1),
        (r#"{"a": "x", "d": {"e": "ff", "f": 1}}"#, 2),
    ] {
        let found = problems(&schema, &serde_json::from_str(value).expect("JSON"));
        assert_eq!(found.len(), expected, "{value}: {found:?}");
    }
}
