//! A claim in a payload that came in a header: Base64 (RFC 4648 §4 and §5, padded or not) of JSON (RFC 8259).
//!
//! The JSON is read once from its beginning to its end, and what is not on the claim's way is passed over. Of members
//! with the same name the last one counts (RFC 7519 §4). A payload that is no JSON, or deeper than any token, has no
//! claims.

use std::borrow::Cow;

/// The deepest that arrays and objects may be nested.
const MAX_DEPTH: u32 = 64;

/// The values of the claim at a path.
pub(super) fn find(payload: &[u8], path: &[String]) -> Vec<Vec<u8>> {
    let json = decoded(payload);
    let text = json.as_deref().and_then(|json| std::str::from_utf8(json).ok());
    text.and_then(|text| search(text, path)).unwrap_or_default()
}

/// What a Base64 text stands for. The alphabet of URLs is that of tokens; some proxies write the other one.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_suffix(b"=").map_or(text, |text| text.strip_suffix(b"=").unwrap_or(text));
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for character in text {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    // One character alone is not even a byte.
    (count < 6).then_some(bytes)
}

fn search(json: &str, path: &[String]) -> Option<Vec<Vec<u8>>> {
    let mut scanner = Scanner { rest: json, found: Vec::new() };
    scanner.skip_whitespace();
    scanner.value(Some(path), 0)?;
    scanner.rest.is_empty().then_some(scanner.found)
}

struct Scanner<'j> {
    rest: &'j str,
    found: Vec<Vec<u8>>,
}

impl<'j> Scanner<'j> {
    /// Passes a value and the white space after it. What is at the end of `path` in it is found; without a path,
    /// nothing is.
    fn value(&mut self, path: Option<&[String]>, depth: u32) -> Option<()> {
        let is_wanted = path.is_some_and(<[String]>::is_empty);
        match self.rest.as_bytes().first()? {
            b'{' | b'[' if depth == MAX_DEPTH => return None,
            b'{' => self.object(path, depth)?,
            b'[' => self.array(path, depth)?,
            b'"' => {
                let text = self.string()?;
                self.keep(is_wanted, &text);
            }
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                self.keep(is_wanted, number);
            }
            b't' | b'f' => {
                let literal = if self.rest.starts_with('t') { "true" } else { "false" };
                self.expect(literal)?;
                self.keep(is_wanted, literal);
            }
            _ => self.expect("null")?,
        }
        self.skip_whitespace();
        Some(())
    }

    fn keep(&mut self, is_wanted: bool, text: &str) {
        if is_wanted {
            self.found.push(text.as_bytes().to_vec());
        }
    }

    fn object(&mut self, path: Option<&[String]>, depth: u32) -> Option<()> {
        self.expect("{")?;
        self.skip_whitespace();
        if self.take("}") {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.skip_whitespace();
            self.expect(":")?;
            self.skip_whitespace();
            let below = match path {
                Some([first, rest @ ..]) if *first == name => {
                    // The one before it does not count.
                    self.found.clear();
                    Some(rest)
                }
                _ => None,
            };
            self.value(below, depth + 1)?;
            if self.take("}") {
                return Some(());
            }
            self.expect(",")?;
            self.skip_whitespace();
        }
    }

    fn array(&mut self, path: Option<&[String]>, depth: u32) -> Option<()> {
        self.expect("[")?;
        self.skip_whitespace();
        if self.take("]") {
            return Some(());
        }
        let mut number = 0_u32;
        let wanted = match path {
            Some([first, ..]) => first.parse().ok(),
            _ => None,
        };
        loop {
            let below = match path {
                // An array in the array is no value of it.
                Some([]) if !self.rest.starts_with('[') => path,
                Some([_, rest @ ..]) if wanted == Some(number) => Some(rest),
                _ => None,
            };
            self.value(below, depth + 1)?;
            number += 1;
            if self.take("]") {
                return Some(());
            }
            self.expect(",")?;
            self.skip_whitespace();
        }
    }

    fn skip_whitespace(&mut self) {
        let count = self.rest.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.pass(count);
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.take(text).then_some(())
    }

    /// Passes so many bytes.
    fn pass(&mut self, count: usize) -> Option<&'j str> {
        let (passed, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(passed)
    }

    fn digits(&mut self) -> Option<&'j str> {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        self.pass(count).filter(|_| count > 0)
    }

    fn number(&mut self) -> Option<&'j str> {
        let whole = self.rest;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            self.digits()?;
        }
        whole.get(..whole.len() - self.rest.len())
    }

    fn string(&mut self) -> Option<Cow<'j, str>> {
        self.expect("\"")?;
        let mut string = String::new();
        loop {
            let end = self.rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\')?;
            let plain = self.pass(end)?;
            let ends = self.take("\"");
            if ends && string.is_empty() {
                return Some(Cow::Borrowed(plain));
            }
            string.push_str(plain);
            if ends {
                return Some(Cow::Owned(string));
            }
            self.expect("\\")?;
            string.push(self.escape()?);
        }
    }

    /// The character of an escape whose backslash is passed.
    fn escape(&mut self) -> Option<char> {
        Some(match self.pass(1)? {
            "b" => '\u{8}',
            "f" => '\u{c}',
            "n" => '\n',
            "r" => '\r',
            "t" => '\t',
            "u" => {
                let first = self.code()?;
                let is_first_half = (0xd800..0xdc00).contains(&first);
                if !is_first_half {
                    return char::from_u32(first);
                }
                self.expect("\\u")?;
                let second = self.code()?.checked_sub(0xdc00).filter(|second| *second < 0x400)?;
                return char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second);
            }
            other => other.chars().next().filter(|character| matches!(character, '"' | '\\' | '/'))?,
        })
    }

    fn code(&mut self) -> Option<u32> {
        let digits = self.pass(4)?;
        let is_code = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| is_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn found(json: &str, claim: &str) -> Option<Vec<String>> {
        let values = search(json, &path(claim))?;
        Some(values.into_iter().map(|value| String::from_utf8(value).unwrap()).collect())
    }

    #[test]
    fn a_claim_is_found_by_its_path() {
        let json = r#" { "sub" : "alice", "level":7.50, "ok": true, "none": null, "off": false, "big": 12345678901234567890,
            "realm_access": {"tier": "gold", "roles": ["admin", "dev\u0021", 3, false, null, {"a": "b"}, ["nested"]]},
            "a": [{"b": "first"}, {"b": ["second", "third"]}], "\u00e4\"": "\ud83d\ude00\n\/" } "#;
        for (claim, expected) in [
            ("sub", &["alice"][..]),
            ("level", &["7.50"]),
            ("ok", &["true"]),
            ("off", &["false"]),
            ("none", &[]),
            ("big", &["12345678901234567890"]),
            ("realm_access", &[]),
            ("realm_access.tier", &["gold"]),
            ("realm_access.roles", &["admin", "dev!", "3", "false"]),
            ("realm_access.roles.1", &["dev!"]),
            ("realm_access.roles.6", &["nested"]),
            ("realm_access.roles.7", &[]),
            ("realm_access.roles.5.a", &["b"]),
            ("a.1.b", &["second", "third"]),
            ("a.b", &[]),
            ("sub.x", &[]),
            ("ä\"", &["😀\n/"]),
            ("su", &[]),
        ] {
            assert_eq!(found(json, claim).unwrap(), expected, "{claim}");
        }
    }

    #[test]
    fn of_equal_names_the_last_counts() {
        assert_eq!(found(r#"{"a": "1", "a": "2"}"#, "a").unwrap(), ["2"]);
        assert_eq!(found(r#"{"a": {"b": "1"}, "a": {"c": "2"}}"#, "a.b").unwrap(), [""; 0]);
        assert_eq!(found(r#"{"a": ["1", "2"], "a": null}"#, "a").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_json_has_no_claims() {
        for json in [
            "",
            "{",
            "{}}",
            "{} x",
            r#"{"a": 1,}"#,
            r#"{"a" 1}"#,
            r#"{a: 1}"#,
            r#"{"a": 01}"#,
            r#"{"a": 1.}"#,
            r#"{"a": -}"#,
            r#"{"a": "\x"}"#,
            r#"{"a": "\ud800"}"#,
            r#"{"a": "\udc00"}"#,
            r#"{"a": "\ud800\u0041"}"#,
            r#"{"a": "\u+123"}"#,
            "{\"a\": \"\n\"}",
            r#"{"a": tru}"#,
            r#"{"a": [1 2]}"#,
            r#"{"a": [1,]}"#,
            r#"{"a": "b}"#,
            "[",
            "[1",
            "nul",
        ] {
            assert_eq!(found(json, "a"), None, "{json}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(found(&nested(64), "a").is_some() && found(&nested(65), "a").is_none());
        assert!(found(&"[".repeat(1_000_000), "a").is_none());
    }

    #[test]
    fn a_payload_is_base64_in_either_alphabet() {
        // {"sub":"a?>b~~"} and white space after it, so that every padding occurs.
        for payload in [
            "eyJzdWIiOiJhPz5ifn4ifQ==",
            "eyJzdWIiOiJhPz5ifn4ifQ",
            "eyJzdWIiOiJhPz5ifn4ifQo=",
            "eyJzdWIiOiJhPz5ifn4ifQo",
            "eyJzdWIiOiJhPz5ifn4ifQoK",
        ] {
            assert_eq!(find(payload.as_bytes(), &path("sub")), [b"a?>b~~".to_vec()], "{payload}");
        }
        // The bytes of {"a":"???>>>"} in the alphabet of URLs and in the other.
        for payload in ["eyJhIjoiPz8_Pj4-In0", "eyJhIjoiPz8/Pj4+In0="] {
            assert_eq!(find(payload.as_bytes(), &path("a")), [b"???>>>".to_vec()], "{payload}");
        }
        for payload in ["e", "eyJhI", "ey Jh", "eyJh\u{e4}", "====", "_____w", ""] {
            assert_eq!(find(payload.as_bytes(), &path("a")), Vec::<Vec<u8>>::new(), "{payload}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;
        use serde_json::Value;

        fn json() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                "[a-c\"\\\\\u{1}-\u{7f}😀]{0,4}".prop_map(Value::from),
            ];
            leaf.prop_recursive(5, 40, 4, |inner| {
                let name = "[ab\"😀]{1}";
                prop_oneof![
                    proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                    proptest::collection::btree_map(name, inner, 0..4)
                        .prop_map(|members| Value::Object(members.into_iter().collect())),
                ]
            })
        }

        fn scalar(value: &Value) -> Option<String> {
            match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
                _ => None,
            }
        }

        fn oracle(json: &Value, path: &[String]) -> Vec<String> {
            let found = path.iter().try_fold(json, |value, name| match value {
                Value::Array(values) => values.get(name.parse::<usize>().ok()?),
                other => other.get(name),
            });
            match found {
                Some(Value::Array(values)) => values.iter().filter_map(scalar).collect(),
                found => found.and_then(scalar).into_iter().collect(),
            }
        }

        proptest! {
            #[test]
            fn it_finds_what_a_full_reading_finds(
                json in json(), path in proptest::collection::vec("[ab\"😀0-2]", 1..4), pretty: bool,
            ) {
                let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) }.unwrap();
                let expected: Vec<_> = oracle(&json, &path).into_iter().map(String::into_bytes).collect();
                prop_assert_eq!(search(&text, &path), Some(expected));
            }

            #[test]
            fn it_reads_as_json_what_is_json(text in "[\\[\\]{}:,\"a1.e\\\\ tru-]{0,12}") {
                let is_json = serde_json::from_str::<Value>(&text).is_ok();
                prop_assert_eq!(search(&text, &[]).is_some(), is_json);
            }

            #[test]
            fn no_bytes_are_too_much(payload: Vec<u8>, text in "[A-Za-z0-9_=-]{0,40}") {
                find(&payload, &path("a.b"));
                find(text.as_bytes(), &path("a.b"));
            }
        }
    }
}
