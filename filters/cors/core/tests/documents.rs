//! What the README shows is true: its configurations, its names, its defaults, its tests.
#![allow(clippy::panic, reason = "a test may panic")]

use cors_core::Cors;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const README: &str = include_str!("../../README.md");

#[test]
fn every_configuration_in_the_readme_is_sound_and_safe() {
    let blocks: Vec<_> = README.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "found {}", blocks.len());
    for block in blocks {
        match Cors::parse(block.as_bytes(), 0) {
            Ok(cors) => assert!(cors.warnings().is_empty(), "{block}\n{}", cors.warnings()),
            Err(problems) => panic!("{block}\n{problems}"),
        }
    }
}

/// The names of the reference's tables.
fn keys() -> Vec<String> {
    let reference =
        README.split("## Reference").nth(1).and_then(|rest| rest.split("\n### ").next()).unwrap_or_default();
    let rows = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(str::to_owned).collect()
}

#[test]
fn the_reference_has_every_key_that_is_read_and_no_other() {
    // What is asked for is what a wrong name is answered with.
    let read_names = |json: &str| {
        let said = Cors::parse(json.as_bytes(), 0).err().map(|problems| problems.to_string()).unwrap_or_default();
        let line = said.lines().find(|line| line.contains("~~~~")).unwrap_or_default();
        let names = line.split("expected ").nth(1).and_then(|rest| rest.split(", but found").next());
        names.unwrap_or_default().replace(" or ", ", ").split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let mut expected = Vec::new();
    for json in [
        r#"{"~~~~~~~~": 1}"#,
        r#"{"policies": [{"corsPolicy": {}, "~~~~~~~~": 1}]}"#,
        r#"{"policies": [{"corsPolicy": {"~~~~~~~~": 1}}]}"#,
    ] {
        expected.extend(read_names(json).iter().map(|name| camel_case(name)));
    }
    assert!(expected.len() > 20, "found {}", expected.len());
    let mut found = keys();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (first, rest) = word.split_at(1);
        name + &first.to_ascii_uppercase() + rest
    })
}

#[test]
fn no_cell_of_a_table_is_empty() {
    let rows: Vec<_> = README.lines().filter(|line| line.starts_with('|') && !line.starts_with("| |")).collect();
    assert!(rows.len() > 40, "found {}", rows.len());
    for row in rows {
        let cells = row.trim_matches('|').split('|');
        assert!(cells.clone().count() >= 2 && cells.clone().all(|cell| !cell.trim().is_empty()), "{row}");
    }
}

#[test]
fn every_counter_and_detail_that_the_readme_names_exists() {
    for name in cors_core::Counts::NAMES {
        let name = name.trim_start_matches("cors.");
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
    assert_eq!(README.matches("`cors_preflight_").count(), 4);
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn every_test_that_the_readme_names_exists() {
    use std::path::Path;

    fn sources(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }

    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut text);
    let differences = README.split("## Where strict").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = differences.unwrap_or_default().lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let names: Vec<_> = rows.filter_map(|row| row.trim_end_matches("` |").rsplit('`').next()).collect();
    assert!(names.len() >= 14, "found {}", names.len());
    let missing: Vec<_> = names.into_iter().filter(|name| !text.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
