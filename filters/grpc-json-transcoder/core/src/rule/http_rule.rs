//! `google.api.HttpRule`, as it was written, from its wire form.
//!
//! It reads what an annotation says and judges nothing but the encoding. Field numbers: `google/api/http.proto`.

use protojson::wire::{Reader, WireError, WireType};

/// A rule, or a binding in addition to one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpRule {
    /// The HTTP method and the path.
    pub pattern: Option<Pattern>,
    /// The field that the body of a request is, `*` for all; empty for none.
    pub body: String,
    /// The field of a reply that the body of a response is; empty for all.
    pub response_body: String,
    /// More bindings of the same method. Of those of an additional binding, which may have none, only the number is right.
    pub additional_bindings: Vec<HttpRule>,
}

/// An HTTP method and a path template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    /// The field of the rule that it stands in.
    pub field: &'static str,
    /// The HTTP method, `*` for any.
    pub method: String,
    /// The path template.
    pub path: String,
}

impl Pattern {
    /// Number and name of the fields that are patterns, and their HTTP methods.
    pub(crate) const FIELDS: [(u32, &'static str, &'static str); 5] =
        [(2, "get", "GET"), (3, "put", "PUT"), (4, "post", "POST"), (5, "delete", "DELETE"), (6, "patch", "PATCH")];
}

impl HttpRule {
    /// The rule that every method without one has where methods are mapped by themselves.
    pub fn automatic(grpc_path: &str) -> Self {
        let pattern = Pattern { field: "post", method: "POST".to_owned(), path: grpc_path.to_owned() };
        Self { pattern: Some(pattern), body: "*".to_owned(), ..Self::default() }
    }

    /// Decodes a serialized rule.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        Self::decode_binding(bytes, true)
    }

    fn decode_binding(bytes: &[u8], may_have_more: bool) -> Result<Self, WireError> {
        let mut rule = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some((number, wire_type)) = reader.tag()? {
            if wire_type != WireType::Len {
                reader.skip(number, wire_type)?;
                continue;
            }
            let content = reader.delimited()?;
            match number {
                7 => rule.body = text(content),
                8 => rule.pattern = Some(custom(content)?),
                11 if may_have_more => rule.additional_bindings.push(Self::decode_binding(content, false)?),
                11 => rule.additional_bindings.push(Self::default()),
                12 => rule.response_body = text(content),
                _ => {
                    if let Some((_, field, method)) = Pattern::FIELDS.iter().find(|(known, ..)| *known == number) {
                        rule.pattern = Some(Pattern { field, method: (*method).to_owned(), path: text(content) });
                    }
                }
            }
        }
        Ok(rule)
    }
}

/// `google.api.CustomHttpPattern`
fn custom(bytes: &[u8]) -> Result<Pattern, WireError> {
    let mut pattern = Pattern { field: "custom", ..Pattern::default() };
    let mut reader = Reader::new(bytes);
    while let Some((number, wire_type)) = reader.tag()? {
        match (number, wire_type) {
            (1, WireType::Len) => pattern.method = text(reader.delimited()?),
            (2, WireType::Len) => pattern.path = text(reader.delimited()?),
            _ => reader.skip(number, wire_type)?,
        }
    }
    Ok(pattern)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protojson::wire::write_delimited;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        fields.iter().for_each(|(number, content)| write_delimited(&mut out, *number, content));
        out
    }

    fn rule(field: &'static str, method: &str, path: &str) -> HttpRule {
        HttpRule { pattern: Some(Pattern { field, method: method.into(), path: path.into() }), ..HttpRule::default() }
    }

    /// PathMatcherUtility: NeverRegister, RegisterGet, RegisterPut, RegisterPost, RegisterDelete, RegisterPatch,
    /// RegisterCustom, RegisterAdditionalBindings, as far as they are about reading a rule.
    #[test]
    fn every_field_of_a_rule_is_read() {
        assert_eq!(HttpRule::decode(&[]), Ok(HttpRule::default()));
        for (number, field, method) in Pattern::FIELDS {
            assert_eq!(HttpRule::decode(&message(&[(number, b"/p")])), Ok(rule(field, method, "/p")));
        }
        let options = message(&[(1, b"OPTIONS"), (2, b"/o")]);
        let nested = message(&[(2, b"/n"), (11, b"\xff")]);
        let bytes = message(&[
            (1, b"pkg.Svc.Method"),
            (4, b"/p"),
            (7, b"book"),
            (12, b"title"),
            (11, &message(&[(8, &options), (7, b"*")])),
            (11, &nested),
        ]);
        let additional = HttpRule { additional_bindings: vec![HttpRule::default()], ..rule("get", "GET", "/n") };
        let expected = HttpRule {
            body: "book".to_owned(),
            response_body: "title".to_owned(),
            additional_bindings: vec![HttpRule { body: "*".to_owned(), ..rule("custom", "OPTIONS", "/o") }, additional],
            ..rule("post", "POST", "/p")
        };
        assert_eq!(HttpRule::decode(&bytes), Ok(expected));
    }

    #[test]
    fn of_two_patterns_the_last_counts() {
        assert_eq!(HttpRule::decode(&message(&[(2, b"/g"), (3, b"/p")])), Ok(rule("put", "PUT", "/p")));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for bytes in [&[0x12, 5, b'/'][..], &[0xff], &[0x42, 1, 0xff], &[0x5a, 1, 0x12]] {
            assert!(HttpRule::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
