//! What a preflight's list of headers may look like.

use super::super::Names;

/// A few more empty elements, or empty lines, than anyone sends.
const SIXTEEN: &str = ",,,,,,,,,,,,,,,";
const SEVENTEEN: &str = ",,,,,,,,,,,,,,,,";

macro_rules! empty_lines {
    ($($rest:literal),*) => {
        &["", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", $($rest),*]
    };
}

/// Theirs refuses all these.
const LENIENT: &str = "403, for blanks, repeats or an order that no browser sends: here a list is what RFC 9110 §5.6.1 says, \
                       of at most 8 KiB, since proxies on the way may have written it";

#[rustfmt::skip]
pub const TABLES: [Names; 9] = [
    Names {
        case: "none is listed",
        list: "[]",
        allowed: &[&[""], &[","], &["\t, , "], empty_lines!()],
        others: &[&["x-bar"], &["x-bar,x-foo"], &[SEVENTEEN], empty_lines!("")],
        differs: "",
    },
    Names {
        case: "one is listed",
        list: r#"["x-foo"]"#,
        allowed: &[
            &["x-foo"], &[" x-foo "], &["  x-foo"], &["x-foo  "], &[""], &[","], &["\t, , "], &["\tx-foo ,"], &[" x-foo\t,"],
            &[",,,,,,,,,,,,,,,,x-foo"], empty_lines!("x-foo"), empty_lines!(),
        ],
        others: &[&["x-bar"], &["x-bar,x-foo"], &[",,,,,,,,,,,,,,,,,x-foo"], empty_lines!("", "x-foo"), empty_lines!("")],
        differs: "",
    },
    Names {
        case: "one is listed, among blanks",
        list: r#"["x-foo"]"#,
        allowed: &[
            &["x-foo   "], &[" x-foo  "], &["  x-foo "], &[" x-foo\t\t"], &["\tx-foo\t\t"], &["\t\tx-foo\t\t"],
        ],
        others: &[],
        differs: LENIENT,
    },
    Names {
        case: "three are listed",
        list: r#"["x-foo", "x-bar", "x-baz"]"#,
        allowed: &[
            &["x-bar"], &["x-baz"], &["x-foo"], &["x-bar,x-baz"], &["x-bar,x-foo"], &["x-baz,x-foo"], &["x-bar,x-baz,x-foo"],
            &[""], &[","], &["\t, , "], &["\tx-bar ,"], &[" x-baz\t,"], &["x-foo,"], &["\tx-bar ,\tx-baz ,"], &[" x-bar\t, x-foo\t,"],
            &["x-baz,x-foo,"], &[" x-bar , x-baz , x-foo ,"], &["x-bar,,,,,,,,,,,,,,,,,x-foo"], &["x-bar", "x-foo"], &["x-bar", "x-baz,x-foo"],
            empty_lines!("x-bar", "x-foo"), empty_lines!(),
        ],
        others: &[
            &["x-qux"], &["x-qux,x-baz"], &["x-qux,x-foo"], &["x-quxbaz,x-foo"], &["x-bar,,,,,,,,,,,,,,,,,,x-foo"],
            empty_lines!("", "x-bar", "x-foo"), empty_lines!(""),
        ],
        differs: "",
    },
    Names {
        case: "three are listed, among blanks and in another order",
        list: r#"["x-foo", "x-bar", "x-baz"]"#,
        allowed: &[
            &["x-bar,x-baz,x-baz"], &[" x-bar  "], &["  x-baz "], &["   x-foo"], &[" x-bar\t\t,x-baz"], &["x-bar,\tx-foo\t\t"],
            &["\t\tx-baz, x-foo\t\t"], &[" x-bar\t,\tx-baz\t ,x-foo"], &["x-foo", "x-bar"],
        ],
        others: &[],
        differs: LENIENT,
    },
    Names {
        case: "two are listed, one of them twice",
        list: r#"["x-foo", "x-bar", "x-foo"]"#,
        allowed: &[
            &["x-bar"], &["x-foo"], &["x-bar,x-foo"], &[""], &[","], &["\t, , "], &["\tx-bar ,"], &[" x-foo\t,"], &["x-foo,"],
            &["\tx-bar ,\tx-foo ,"], &[" x-bar\t, x-foo\t,"], &["x-bar,x-foo,"], &[" x-bar , x-foo ,"], &["x-bar,,,,,,,,,,,,,,,,,x-foo"],
            &["x-bar", "x-foo"], empty_lines!("x-bar", "x-foo"), empty_lines!(),
        ],
        others: &[
            &["x-qux"], &["x-qux,x-bar"], &["x-qux,x-foo"], &["x-qux,x-baz,x-foo"], &["x-qux  "], &["x-qux,\t\tx-bar"],
            &["x-qux,x-foo\t\t"], &["\tx-qux , x-baz\t\t,x-foo"], &["x-qux", "\t\tx-bar"], &["x-qux", "x-foo\t\t"], &["\tx-qux ", " x-baz\t\t,x-foo"],
            &["x-bar,,,,,,,,,,,,,,,,,,x-foo"], empty_lines!("", "x-bar", "x-foo"), empty_lines!(""),
        ],
        differs: "",
    },
    Names {
        case: "two are listed, and the order is another",
        list: r#"["x-foo", "x-bar", "x-foo"]"#,
        allowed: &[&["x-foo", "x-bar"]],
        others: &[],
        differs: LENIENT,
    },
    Names {
        // jub0bs/cors#15.
        case: "many are listed",
        list: r#"["accept", "authorization", "content-type", "user-agent", "x-csrf-token", "x-request-id", "x-custom-header"]"#,
        allowed: &[
            &["accept"], &["authorization"], &["content-type"], &["user-agent"], &["x-csrf-token"], &["x-request-id"], &["x-custom-header"],
            &["accept,authorization,user-agent"], &[" accept,x-custom-header "], &["  accept,x-custom-header"], &["accept,x-custom-header  "],
            &[""], &[","], &["\t, , "], &["\tx-custom-header ,"], &[" x-custom-header\t,"], &[SIXTEEN, "x-custom-header"],
            empty_lines!("x-custom-header"), empty_lines!(),
        ],
        others: &[&["x-bar"], &[SEVENTEEN, "user-agent"], empty_lines!("", "user-agent"), empty_lines!("")],
        differs: "",
    },
    Names {
        case: "many are listed, among blanks and in another order",
        list: r#"["accept", "authorization", "content-type", "user-agent", "x-csrf-token", "x-request-id", "x-custom-header"]"#,
        allowed: &[
            &["user-agent,accept"], &["user-agent   "], &[" user-agent  "], &["  user-agent "], &[" user-agent\t\t"], &["\tuser-agent\t\t"],
            &["\t\tuser-agent\t\t"],
        ],
        others: &[],
        differs: LENIENT,
    },
];
