//! What the README shows is true: every configuration in it is sound.
#![allow(clippy::panic, reason = "a test may panic")]

use grpc_json_transcoder_core::configuration::{Options, Profile};
use grpc_json_transcoder_core::transcoder::Transcoder;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const README: &str = include_str!("../../README.md");

fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The descriptor set of the plugin, for which a few letters stand in the other examples.
fn descriptor() -> &'static str {
    let plugin = blocks("yaml").into_iter().find_map(|block| block.split("proto_descriptor_bin: \"").nth(1));
    plugin.and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

fn options(json: &str) -> Options {
    Options::parse(json.as_bytes()).unwrap_or_else(|problems| panic!("{json}\n{problems}"))
}

#[test]
fn every_configuration_in_the_readme_is_sound() {
    let blocks = blocks("json");
    assert!(blocks.len() >= 4, "found {}", blocks.len());
    for block in blocks {
        let json = block.replace("CrcE…", descriptor());
        assert_ne!(json, block, "expected the short form of the descriptor, but found another in {block}");
        if let Err(problems) = Transcoder::configure(json.as_bytes()) {
            panic!("{block}\n{problems}");
        }
    }
}

/// The names of the reference's first column; `….` stands for what the row above it begins with.
fn keys() -> Vec<String> {
    let reference = README.split("## Reference").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let mut parent = "";
    let rows = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(|key| match key.strip_prefix("….") {
        Some(child) => format!("{parent}.{child}"),
        None => {
            parent = key.split('.').next().unwrap_or_default();
            key.to_owned()
        }
    })
    .collect()
}

#[test]
fn the_reference_has_every_key_that_is_read_and_no_other() {
    // What is asked for is what a wrong name is answered with.
    let read_names = |json: &str| {
        let problems = Options::parse(json.as_bytes()).err().map(|problems| problems.to_string()).unwrap_or_default();
        let names = problems.split("expected ").nth(1).and_then(|rest| rest.split(", but found").next());
        names.unwrap_or_default().replace(" or ", ", ").split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let mut expected = Vec::new();
    for name in read_names(r#"{"~~~~~~~~": 1}"#) {
        let children = read_names(&format!(r#"{{"{name}": {{"~~~~~~~~": 1}}}}"#));
        match name.as_str() {
            "print_options" | "request_validation_options" => {
                expected.extend(children.into_iter().map(|child| format!("{name}.{child}")));
            }
            _ => expected.push(name),
        }
    }
    assert!(expected.len() > 35, "found {}", expected.len());
    let mut found = keys();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn the_references_defaults_are_those_of_the_profiles() {
    let on = |profile: &str| {
        let keys = keys();
        let rows = keys.iter().filter(move |key| {
            let last = format!("{}`", key.rsplit('.').next().unwrap_or_default());
            let row = README.lines().find(|line| line.starts_with("| `") && line.contains(&last));
            row.is_some_and(|row| row.contains(&format!("{profile}: true")))
        });
        rows.cloned().collect::<Vec<_>>()
    };
    assert_eq!(on("envoy"), Vec::<String>::new());
    for key in on("strict") {
        let value = |flag: &str| match key.split_once('.') {
            Some((parent, child)) => format!(r#"{{"{parent}": {{"{child}": {flag}}}}}"#),
            None => format!(r#"{{"{key}": {flag}}}"#),
        };
        assert_eq!(options(&value("true")), Options::of_profile(Profile::Strict), "{key}");
        assert_ne!(options(&value("false")), Options::of_profile(Profile::Strict), "{key}");
    }
    assert_eq!(on("strict").len(), 8);
}

#[test]
fn no_cell_of_a_table_is_empty() {
    let rows: Vec<_> = README.lines().filter(|line| line.starts_with('|') && !line.starts_with("| |")).collect();
    assert!(rows.len() > 60, "found {}", rows.len());
    for row in rows {
        let cells = row.trim_matches('|').split('|');
        assert!(cells.clone().count() >= 3 && cells.clone().all(|cell| !cell.trim().is_empty()), "{row}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn every_test_that_the_readme_names_exists() {
    use std::path::Path;

    fn sources(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                sources(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }

    let filter = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::new();
    sources(&filter, &mut text);
    sources(&filter.join("../../tests"), &mut text);
    let differences = README.split("## Where strict").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = differences.unwrap_or_default().lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let names: Vec<_> = rows.filter_map(|row| row.trim_end_matches("` |").rsplit('`').next()).collect();
    assert!(names.len() >= 11, "found {}", names.len());
    let missing: Vec<_> = names.into_iter().filter(|name| !text.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
