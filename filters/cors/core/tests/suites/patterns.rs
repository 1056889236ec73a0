//! What an origin that is written in a policy means, whatever it is: begun with every text of the suites, and with what is near them.

use crate::proxy::{Proxy, with};
use crate::tables::SUITES;
use cors_core::Cors;
use proptest::prelude::*;

/// Every origin and every pattern of the suites.
fn texts() -> Vec<&'static str> {
    let patterns = SUITES.iter().flat_map(|suite| suite.patterns).flat_map(|table| table.rows).map(|row| row.text);
    let origins =
        SUITES.iter().flat_map(|suite| suite.origins).flat_map(|table| table.allowed.iter().chain(table.others));
    patterns.chain(origins.copied()).collect()
}

/// The filter whose policy has this origin, if it takes it.
fn taking(text: &str) -> Option<Proxy> {
    let policy = format!(r#"{{"allowOrigins": [{}]}}"#, quoted(text));
    let json = format!(r#"{{"policies": [{{"corsPolicy": {policy}}}]}}"#);
    Cors::parse(json.as_bytes(), 0).ok().map(|_| with("strict", &policy))
}

/// A text in JSON.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        ' '.. => letter.to_string(),
        control => format!("\\u{:04x}", u32::from(control)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn allows(proxy: &mut Proxy, origin: &str) -> bool {
    proxy.send("GET", &[("origin", origin)], &[]).get("access-control-allow-origin").is_some()
}

/// An origin for which a pattern stands, with these letters in the place of the wildcards.
fn filled(pattern: &str, host: &str, port: &str) -> String {
    if pattern == "*" {
        return format!("https://{host}{port}");
    }
    match pattern.strip_suffix(":*") {
        Some(rest) => format!("{}{port}", rest.replace("://*", &format!("://{host}"))),
        None => pattern.replace("://*", &format!("://{host}")),
    }
}

/// What is said of a text that is taken, if something is wrong.
fn flaw(text: &str) -> Option<String> {
    let mut proxy = taking(text)?;
    let mut any = with("strict", r#"{"allowOrigins": ["*"]}"#);
    // What it stands for, and what not.
    let one = filled(text, "x", ":4711");
    let mut complaints = Vec::new();
    if !allows(&mut proxy, &one) {
        complaints.push(format!("{one} is not allowed"));
    }
    if !allows(&mut any, &one) {
        complaints.push(format!("{one} is no origin"));
    }
    let any_host = text == "*" || (text.contains("://*") && !text.contains("://*."));
    let mut strangers = Vec::new();
    if text != "*" {
        strangers.push(format!("x{one}"));
    }
    if !any_host {
        // No text of the suites is near this domain: what is below one that a pattern is for is no stranger.
        strangers.push(format!("{one}.evil.stranger"));
    }
    if !any_host && !text.ends_with(":*") {
        strangers.push(format!("{one}9"));
    }
    if text.contains("://*.") {
        strangers.push(filled(&text.replace("://*.", "://*"), "evil", ":4711"));
    }
    for stranger in strangers {
        if allows(&mut proxy, &stranger) {
            complaints.push(format!("{stranger} is allowed"));
        }
    }
    (!complaints.is_empty()).then(|| format!("{text}: {}", complaints.join(", ")))
}

#[test]
fn what_is_taken_allows_what_it_stands_for_and_nothing_near_it() {
    let texts = texts();
    let taken = texts.iter().filter(|text| taking(text).is_some()).count();
    assert!(taken > 200 && texts.len() - taken > 60, "{taken} of {}", texts.len());
    crate::none(&texts.into_iter().filter_map(flaw).collect::<Vec<_>>());
}

/// A letter that is put in somewhere, or one that is taken away.
type Slip = (prop::sample::Index, Option<char>);

fn with_slips(text: &str, slips: &[Slip]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for (place, letter) in slips {
        match letter {
            Some(letter) => letters.insert(place.index(letters.len() + 1), *letter),
            None if letters.is_empty() => {}
            None => drop(letters.remove(place.index(letters.len()))),
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn so_does_what_is_near_it(
        text in prop::sample::select(texts()),
        slips in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::option::of(prop::sample::select("ax*.:/[]@-_%,019 \"é".chars().collect::<Vec<_>>()))), 1..4),
    ) {
        let near = with_slips(text, &slips);
        prop_assert_eq!(flaw(&near), None);
    }
}
