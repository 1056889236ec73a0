//! Claims of a token that the mesh has verified before this filter.
//!
//! The proxy's JWT step leaves a token's payload in dynamic metadata, where each claim is read by its path, or in a
//! header as Base64 of JSON (RFC 7519 §3, RFC 7515 §2), which is searched without being built. A token itself is never
//! read here: it is not verified. A header is trusted to be the JWT step's: the configuration says so by naming it.
//!
//! A claim is a text, a number as it is written, or `true` or `false`. An array, such as of roles, is all of these that
//! are in it, so that a matcher looks for one among them; `null` and objects are no values.

mod payload;
mod property;

use crate::surroundings::Surroundings;
use http_exchange::Headers;
use strict_config::{Quoted, Reader, Value};

/// Where the claims are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// In dynamic metadata, below this path.
    Metadata(Vec<String>),
    /// In a header by its lower-case name.
    Header(Vec<u8>),
}

impl Default for Source {
    /// Where Istio has Envoy's JWT filter leave them.
    fn default() -> Self {
        Self::Metadata(vec!["envoy.filters.http.jwt_authn".to_owned(), "payload".to_owned()])
    }
}

impl Source {
    /// Reads `{"header": …}` or `{"metadata": […]}`; `None` where something is wrong.
    pub(crate) fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let mut object = reader.object(value)?;
        let (header, metadata) = (object.get("header"), object.get("metadata"));
        object.finish();
        match (header, metadata) {
            (Some(header), None) => {
                header_field::read_lower_name(reader, header).map(|name| Self::Header(name.into_bytes()))
            }
            (None, Some(metadata)) => {
                let names = reader.array(metadata)?;
                if names.is_empty() {
                    reader.problem(metadata, "expected the name of a filter, but found none");
                }
                let mut path = Vec::with_capacity(names.len());
                for name in names {
                    path.extend(reader.string(name).map(str::to_owned));
                }
                (path.len() == names.len()).then_some(Self::Metadata(path))
            }
            (header, _) => {
                let found = if header.is_some() { "both" } else { "neither" };
                reader.problem(value, format!("expected header or metadata, but found {found}"));
                None
            }
        }
    }
}

/// The path of a claim, written with dots: `realm_access.roles`. A dot that belongs to a name comes after a backslash,
/// an element of an array goes by its number. `value` is where problems are noted.
pub(crate) fn read_path(reader: &Reader, value: &Value, text: &str) -> Option<Vec<String>> {
    let mut path = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let character = match character {
            '.' => {
                path.push(String::new());
                continue;
            }
            '\\' => characters.next().unwrap_or('\\'),
            other => other,
        };
        path.last_mut()?.push(character);
    }
    // A proxy takes the names of a path with zeros between them.
    if text.contains('\0') || path.iter().any(String::is_empty) {
        let found = Quoted(text);
        reader.problem(
            value,
            format!("expected the path of a claim, such as sub or realm_access.tier, but found {found}"),
        );
        return None;
    }
    Some(path)
}

/// The values of a claim.
pub(crate) fn find(
    source: &Source,
    path: &[String],
    head: &Headers<'_>,
    surroundings: &mut dyn Surroundings,
) -> Vec<Vec<u8>> {
    match source {
        Source::Metadata(below) => {
            let mut whole = Vec::with_capacity(below.len() + path.len());
            for names in [below, path] {
                whole.extend(names.iter().map(String::as_str));
            }
            surroundings.metadata(&whole).map(property::values).unwrap_or_default()
        }
        Source::Header(name) => head.get(name).map(|payload| payload::find(payload, path)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(json: &str) -> Result<Source, String> {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let source = Source::read(&reader, reader.root());
        reader.into_problems().unless_any(()).map(|()| source.unwrap()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn claims_are_in_one_place() {
        assert_eq!(read(r#"{"header": "X-Jwt-Payload"}"#), Ok(Source::Header(b"x-jwt-payload".to_vec())));
        let metadata = r#"{"metadata": ["envoy.filters.http.jwt_authn", "payload"]}"#;
        assert_eq!(read(metadata), Ok(Source::default()));
        for (json, expected) in [
            ("{}", "expected header or metadata, but found neither (line 1 column 1)"),
            (r#"{"header": "a", "metadata": []}"#, "expected header or metadata, but found both (line 1 column 1)"),
            (r#"{"header": "a b"}"#, "header: expected a header name, but found \"a b\" (line 1 column 12)"),
            (r#"{"metadata": []}"#, "metadata: expected the name of a filter, but found none (line 1 column 14)"),
            (r#"{"metadata": ["a", 1]}"#, "metadata[1]: expected a string, but found 1 (line 1 column 20)"),
        ] {
            assert_eq!(read(json).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_path_is_written_with_dots() {
        let reader = strict_config::read(b"{}").unwrap();
        for (text, expected) in [
            ("sub", Some(&["sub"][..])),
            ("realm_access.roles.0", Some(&["realm_access", "roles", "0"])),
            (r"https://example\.com/roles", Some(&["https://example.com/roles"])),
            (r"a\\.b", Some(&["a\\", "b"])),
            (r"a\", Some(&["a\\"])),
            ("", None),
            (".", None),
            ("a.", None),
            ("a..b", None),
            ("a\0b", None),
        ] {
            let path = read_path(&reader, reader.root(), text);
            assert_eq!(
                path.as_deref().map(|path| path.iter().map(String::as_str).collect()),
                expected.map(<[_]>::to_vec)
            );
        }
    }
}
