//! Versions, in the precedence of Semantic Versioning 2.0.0 §11.
//!
//! Applications are not as strict as the standard, so neither is the reading: a leading `v` is passed over, parts that
//! are missing are 0 (`5.2` is 5.2.0), there may be more than three (`120.0.6099.71`), and zeros may lead them. Build
//! metadata does not count.

use std::cmp::Ordering;

struct Version<'t> {
    core: &'t [u8],
    pre_release: Option<&'t [u8]>,
}

/// How two versions compare; `None` if one is no version.
pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (Version::parse(left)?, Version::parse(right)?);
    let by_pre_release = || match (left.pre_release, right.pre_release) {
        (Some(left), Some(right)) => by_identifiers(left, right),
        // What is released comes after all that led to it.
        (left, right) => left.is_none().cmp(&right.is_none()),
    };
    Some(by_core(left.core, right.core).then_with(by_pre_release))
}

impl<'t> Version<'t> {
    fn parse(text: &'t [u8]) -> Option<Self> {
        let text = text.strip_prefix(b"v").or_else(|| text.strip_prefix(b"V")).unwrap_or(text);
        let (text, build) = split_at(text, b'+');
        let (core, pre_release) = split_at(text, b'-');
        let is_sound = parts(core).all(is_number)
            && pre_release.is_none_or(|text| parts(text).all(is_identifier))
            && build.is_none_or(|text| parts(text).all(is_identifier));
        is_sound.then_some(Self { core, pre_release })
    }
}

fn split_at(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let at = text.iter().position(|byte| *byte == separator);
    match at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'.')
}

fn is_number(part: &[u8]) -> bool {
    !part.is_empty() && part.iter().all(u8::is_ascii_digit)
}

fn is_identifier(part: &[u8]) -> bool {
    !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Part by part; those that are missing are 0.
fn by_core(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (parts(left), parts(right));
    loop {
        let (one, other) = (left.next(), right.next());
        if one.is_none() && other.is_none() {
            return Ordering::Equal;
        }
        let order = by_number(one.unwrap_or(b"0"), other.unwrap_or(b"0"));
        if order.is_ne() {
            return order;
        }
    }
}

/// Identifier by identifier; where one runs out, it comes first.
fn by_identifiers(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (parts(left), parts(right));
    loop {
        let (one, other) = match (left.next(), right.next()) {
            (Some(one), Some(other)) => (one, other),
            (one, other) => return one.is_some().cmp(&other.is_some()),
        };
        let order = match (is_number(one), is_number(other)) {
            (true, true) => by_number(one, other),
            (false, false) => one.cmp(other),
            // A number comes before a word.
            (one, other) => other.cmp(&one),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// By value, however many digits there are.
fn by_number(left: &[u8], right: &[u8]) -> Ordering {
    let significant = |digits: &'_ [u8]| digits.iter().take_while(|digit| **digit == b'0').count();
    let (left, right) =
        (left.get(significant(left)..).unwrap_or_default(), right.get(significant(right)..).unwrap_or_default());
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn versions_have_the_precedence_of_the_standard() {
        // Those of §11 among them.
        let ascending = [
            "0.9",
            "1.0.0-0.3.7",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0--",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.0.1",
            "1.2",
            "1.10",
            "2.0.0",
            "2.1.0",
            "2.1.1",
            "99999999999999999998.0.0",
            "99999999999999999999.0.0",
        ];
        for (left, low) in ascending.iter().enumerate() {
            for (right, high) in ascending.iter().enumerate() {
                assert_eq!(compare(low.as_bytes(), high.as_bytes()), Some(left.cmp(&right)), "{low} {high}");
            }
        }
    }

    #[test]
    fn a_version_may_be_written_in_many_ways() {
        for (left, right) in [
            ("v5.2", "5.2.0"),
            ("V5", "5.0.0.0"),
            ("1.0.0+build-7.001", "1.0.0"),
            ("1.0.0-rc.1+a", "1.0.0-rc.1+b"),
            ("1.02.3", "1.2.3"),
            ("1-rc", "1.0.0-rc"),
        ] {
            assert_eq!(compare(left.as_bytes(), right.as_bytes()), Some(Ordering::Equal), "{left} {right}");
        }
    }

    #[test]
    fn what_is_no_version_compares_with_none() {
        for text in
            ["", "v", "vv1", "1.", ".1", "1..2", "1.x", "1.0.0-", "1.0.0-a..b", "1.0.0+", "1.0 ", "-1", "MyApp/5.2"]
        {
            assert_eq!(compare(text.as_bytes(), b"1"), None, "{text}");
            assert_eq!(compare(b"1", text.as_bytes()), None, "{text}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        const VERSION: &str = "v?[0-2]{1,2}(\\.[0-2]{1,2}){0,3}(-[0-2a-b-]{1,2}(\\.[0-2a-b-]{1,2}){0,2})?(\\+[a-b])?";

        proptest! {
            #[test]
            fn versions_have_one_order(mut versions in proptest::collection::vec(VERSION, 3)) {
                versions.sort_by(|left, right| compare(left.as_bytes(), right.as_bytes()).unwrap());
                let [low, middle, high] = [0, 1, 2].map(|index| versions[index].as_bytes());
                prop_assert!(compare(low, middle).unwrap().is_le() && compare(middle, high).unwrap().is_le());
                prop_assert!(compare(low, high).unwrap().is_le());
                prop_assert_eq!(compare(high, low), compare(low, high).map(Ordering::reverse));
            }

            #[test]
            fn no_bytes_are_too_much(left: Vec<u8>, right in "[-v0-9.+a]{0,20}") {
                prop_assert_eq!(compare(&left, right.as_bytes()), compare(right.as_bytes(), &left).map(Ordering::reverse));
            }
        }
    }
}
