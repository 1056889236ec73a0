//! The vectors of public suites of CORS, run against the core.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[cfg(not(target_arch = "wasm32"))]
mod patterns;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "../exchanges/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "the tests of the module use the rest")]
mod tables;

use cors_core::Cors;
use proxy::{configured, head};
use tables::{Names, SUITES, Verdict};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PREFLIGHT_VARY: &str = "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

/// Everything that is not as the tables say.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{}:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn every_request_is_answered_as_its_row_says() {
    let mut complaints = Vec::new();
    for (suite, table) in SUITES.iter().flat_map(|suite| suite.exchanges.iter().map(move |table| (suite, table))) {
        let mut proxy = configured(table.configuration);
        for row in table.rows {
            let request = head(row.method, row.url, row.headers);
            let found = proxy.exchange(&request, row.status, row.upstream.unwrap_or(table.upstream)).to_string();
            let found = found.replace(PREFLIGHT_VARY, "vary: preflight");
            if found != row.answer {
                complaints.push(format!(
                    "{}: {}: {}:\n  expected {}\n  found    {found}",
                    suite.name, table.what, row.case, row.answer
                ));
            }
        }
    }
    none(&complaints);
}

/// A complaint if a policy is not read so.
fn misread(policy: &str, verdict: Verdict) -> Option<String> {
    let read = Cors::parse(format!(r#"{{"policies": [{{"corsPolicy": {policy}}}]}}"#).as_bytes(), 0);
    let as_said = match (&read, verdict) {
        (Ok(cors), Verdict::Accepted) => cors.warnings().is_empty(),
        (Ok(cors), Verdict::Warned(words)) => cors.warnings().to_string().contains(words),
        (Err(problems), Verdict::Refused(words)) => problems.to_string().contains(words),
        _ => false,
    };
    let said = || read.map_or_else(|problems| problems.to_string(), |cors| format!("{cors}\n{}", cors.warnings()));
    (!as_said).then(|| format!("{policy}: {}", said()))
}

#[test]
fn every_policy_is_read_as_its_row_says() {
    let mut complaints = Vec::new();
    for suite in &SUITES {
        let readings = suite.readings.iter().map(|row| (row.case, row.policy.to_owned(), row.verdict));
        let patterns = suite
            .patterns
            .iter()
            .flat_map(|table| table.rows.iter().map(|row| (row.case, row.policy(table.beside), row.verdict)));
        for (case, policy, verdict) in readings.chain(patterns) {
            complaints.extend(misread(&policy, verdict).map(|said| format!("{}: {case}: {said}", suite.name)));
        }
    }
    none(&complaints);
}

#[test]
fn every_origin_is_judged_as_its_table_says() {
    let mut complaints = Vec::new();
    for (suite, table) in SUITES.iter().flat_map(|suite| suite.origins.iter().map(move |table| (suite, table))) {
        let mut proxy = configured(&table.configuration());
        let texts = table.allowed.iter().map(|text| (text, true)).chain(table.others.iter().map(|text| (text, false)));
        for (text, allowed) in texts {
            let answer = proxy.send("GET", &[("origin", text)], &[]);
            if answer.get("access-control-allow-origin").is_some() != allowed {
                complaints.push(format!("{}: {}: {text}: expected {allowed}", suite.name, table.case));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_list_of_names_is_judged_as_its_table_says() {
    let mut complaints = Vec::new();
    for (suite, table) in SUITES.iter().flat_map(|suite| suite.names.iter().map(move |table| (suite, table))) {
        let mut proxy = configured(&table.configuration());
        let lists = table.allowed.iter().map(|list| (list, 200)).chain(table.others.iter().map(|list| (list, 403)));
        for (lines, status) in lists {
            let answer = proxy.send("OPTIONS", &Names::preflight(lines), &[]);
            if answer.status != status {
                complaints.push(format!("{}: {}: {lines:?}: expected {status}", suite.name, table.case));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_readme_and_each_module_count_them() {
    let readme = include_str!("../../../README.md");
    let mut complaints = Vec::new();
    for suite in &SUITES {
        let (vectors, different) = suite.counts();
        let (row, cells) = (format!("| [{}]", suite.name), format!("| {vectors} | {different} |"));
        if !readme.lines().any(|line| line.starts_with(&row) && line.contains(&cells)) {
            complaints.push(format!("the README: {row}: {cells}"));
        }
        let line = format!("//! Vectors: {vectors}; answered differently: {different}.");
        if !suite.source.contains(&line) {
            complaints.push(format!("{}: {line}", suite.name));
        }
    }
    none(&complaints);
}
