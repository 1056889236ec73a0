//! Lists of methods and of header names, and what a preflight asks for of them (Fetch §3.3.5 *CORS-preflight fetch*).
//!
//! `Access-Control-Request-Headers` is walked once, without an allocation, and no further than its first name that is not
//! allowed.

use crate::scratch::Scratch;
use crate::table::{Entry, Table};

/// The most bytes of all names that a preflight asks for; a browser's list is no longer than the names that are allowed.
const MAX_REQUESTED: usize = 8 * 1024;
/// The most empty elements of that list; a reasonable number is to be put up with (RFC 9110 §5.6.1.2), and browsers send none.
const MAX_EMPTY: usize = 16;
/// The most bytes of the name of a header.
const MAX_HEADER: usize = 256;
/// The most bytes of a method that `*` covers.
const MAX_METHOD: usize = 64;

/// A list of names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// As Envoy sends it: as it was written, or its elements with commas between.
    pub(crate) text: Box<[u8]>,
    /// Whether `*` is among them.
    pub(crate) any: bool,
    known: Table,
}

impl Names {
    /// The list of these names; those of headers are in lower case, and case counts for methods.
    pub(crate) fn new(text: &str, names: &[String]) -> Self {
        let known = names.iter().map(|name| Entry::new(name.as_bytes(), 0)).collect();
        Self { text: text.as_bytes().into(), any: names.iter().any(|name| name == "*"), known: Table::new(known).0 }
    }

    /// Whether the list has this method, or it needs no permission: browsers send it without asking whatever is answered.
    pub(crate) fn allow_method(&self, method: &[u8]) -> bool {
        let is_safelisted = matches!(method, b"GET" | b"HEAD" | b"POST");
        is_safelisted
            || self.known.get(method).is_some()
            || (self.any && method.len() <= MAX_METHOD && is_token(method))
    }

    /// Whether the list has every name in these lines.
    pub(crate) fn allow_headers<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> bool {
        let (mut length, mut empty) = (0, 0);
        for line in lines {
            length += line.len() + 1;
            if length > MAX_REQUESTED {
                return false;
            }
            for name in elements(line) {
                let allowed = if name.is_empty() {
                    empty += 1;
                    empty <= MAX_EMPTY
                } else {
                    self.allow_header(name)
                };
                if !allowed {
                    return false;
                }
            }
        }
        true
    }

    fn allow_header(&self, name: &[u8]) -> bool {
        if name.len() > MAX_HEADER {
            return false;
        }
        // Browsers send names in lower case.
        if !name.iter().any(u8::is_ascii_uppercase) {
            return self.allow_lower_case(name);
        }
        Scratch::lower_case(name).is_some_and(|name| self.allow_lower_case(name.as_bytes()))
    }

    fn allow_lower_case(&self, name: &[u8]) -> bool {
        // The wildcard does not cover this one (Fetch §4.8 *CORS-preflight fetch*, step 7).
        self.known.get(name).is_some() || (self.any && is_token(name) && name != b"authorization")
    }
}

/// The elements of a list (RFC 9110 §5.6.1), empty ones included.
pub(crate) fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(|mut element| {
        while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = element {
            element = rest;
        }
        element
    })
}

/// Whether a text is a token (RFC 9110 §5.6.2), as methods and header names are.
pub(crate) fn is_token(text: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn names(names: &[&str]) -> Names {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Names::new(&names.join(","), &names)
    }

    #[test]
    fn safelisted_methods_need_no_permission_and_case_counts() {
        let put = names(&["PUT"]);
        for (method, allowed) in [
            ("GET", true),
            ("HEAD", true),
            ("POST", true),
            ("PUT", true),
            ("put", false),
            ("PATCH", false),
            ("", false),
        ] {
            assert_eq!(put.allow_method(method.as_bytes()), allowed, "{method}");
        }
        let any = names(&["*"]);
        assert!(any.allow_method(b"patch") && any.allow_method(b"QUERY"));
        assert!(!any.allow_method(b"A B") && !any.allow_method(b"") && !any.allow_method(&[b'A'; 65]));
    }

    #[track_caller]
    fn check(list: &[&str], lines: &[&str], allowed: bool) {
        assert_eq!(names(list).allow_headers(lines.iter().map(|line| line.as_bytes())), allowed, "{list:?} {lines:?}");
    }

    #[test]
    fn every_requested_header_has_to_be_in_the_list() {
        let list = ["authorization", "content-type", "x-a"];
        for (lines, allowed) in [
            (&[][..], true),
            (&[""], true),
            (&[",, ,\t,"], true),
            (&["x-a"], true),
            (&["X-A"], true),
            (&["authorization,content-type,x-a"], true),
            (&[" x-a ,\tcontent-type\t"], true),
            (&["x-a,x-a"], true),
            (&["authorization", "x-a"], true),
            (&["x-b"], false),
            (&["x-a,x-b"], false),
            (&["x-a", "x-b"], false),
            (&["x a"], false),
            (&["x-a;"], false),
            (&["*"], false),
        ] {
            check(&list, lines, allowed);
        }
    }

    #[test]
    fn the_wildcard_covers_names_except_authorization() {
        check(&["*"], &["x-a,x-b,*"], true);
        check(&["*"], &["Authorization"], false);
        check(&["*", "authorization"], &["authorization,x-a"], true);
        for line in ["x a", "x-é", "(x)", "x\u{0}"] {
            check(&["*"], &[line], false);
        }
        assert!(!names(&["*"]).allow_headers([&[b'a'; 400][..]].into_iter()));
    }

    #[test]
    fn a_list_beyond_the_limit_is_refused() {
        for line in ["x-a,".repeat(2048), " ".repeat(8192)] {
            check(&["x-a", "*"], &[&line], false);
            check(&["x-a"], &[&line[..8000]], true);
        }
        for (lines, allowed) in
            [(&[&",".repeat(15)[..]][..], true), (&[&",".repeat(16)], false), (&[""; 16], true), (&[""; 17], false)]
        {
            check(&["x-a"], lines, allowed);
        }
        check(&["x-a"], &["x-a"; 2048], true);
        check(&["x-a"], &["x-a"; 2049], false);
    }
}
