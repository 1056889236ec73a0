//! What must hold for the tree as a whole; ARCHITECTURE.md names these tests beside the invariants that they enforce.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// Every file that belongs to the project, relative to its root, with slashes.
fn files() -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", ".git", "node_modules"].contains(&name.as_str()) {
                    walk(root, &path, found);
                }
            } else {
                let relative = path.strip_prefix(root).expect("below the root");
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &root(), &mut found);
    found.sort();
    found
}

fn with_ending(ending: &str) -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(ending)).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_module_says_what_it_decides() {
    let silent: Vec<_> =
        with_ending(".rs").into_iter().filter(|file| !read(file).trim_start().starts_with("//!")).collect();
    none("expected every module to begin with //!, but these do not", &silent);
}

#[test]
fn names_explain_themselves() {
    let banned = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "handler"];
    let bad = |file: &String| file.split('/').any(|part| banned.contains(&part.trim_end_matches(".rs")));
    none("expected names that say what is inside, but found", &files().into_iter().filter(bad).collect::<Vec<_>>());
}

#[test]
fn every_file_is_text() {
    let is_text = |file: &String| fs::read(root().join(file)).is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok());
    none(
        "expected text, but these are artefacts",
        &files().into_iter().filter(|file| !is_text(file)).collect::<Vec<_>>(),
    );
}

#[test]
fn a_file_is_one_room() {
    let long = |file: &String| read(file).lines().count() > 600;
    none(
        "expected at most 600 lines, but these have more",
        &with_ending(".rs").into_iter().filter(long).collect::<Vec<_>>(),
    );
}

#[test]
fn tests_neither_sleep_nor_hide() {
    // Put together here, so that this file does not find itself.
    let words = [
        ["#[ig", "nore"].concat(),
        ["should_", "panic"].concat(),
        ["thread::", "sleep"].concat(),
        ["tod", "o!("].concat(),
    ];
    let mut found = Vec::new();
    for file in with_ending(".rs") {
        for (number, line) in read(&file).lines().enumerate() {
            if words.iter().any(|word| line.contains(word.as_str())) {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("expected no silenced, sleeping or unfinished code, but found", &found);
}

#[test]
fn unsafe_code_lives_in_the_adapter_alone() {
    let allowed = |file: &str| file.starts_with("filters/lib/wasm-adapter/") || file.starts_with("tests/guests/");
    let keyword = ["unsa", "fe "].concat();
    let mut found = Vec::new();
    for file in with_ending(".rs").into_iter().filter(|file| !allowed(file)) {
        let code = read(&file);
        let used = code
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && line.contains(&keyword) && !line.contains('"'));
        if used {
            found.push(file);
        }
    }
    none("expected unsafe code in filters/lib/wasm-adapter alone, but found it in", &found);
}

/// The names of everything that a package depends on at run time.
fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", package])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listing = String::from_utf8_lossy(&output.stdout);
    listing.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn cores_know_no_host() {
    let cores: BTreeSet<String> = artifacts::MODULES.iter().map(|module| format!("{}-core", module.name)).collect();
    assert!(!cores.is_empty(), "expected at least one core");
    for core in &cores {
        let dependencies = dependencies(core);
        for host in ["proxy-wasm", "wasm-adapter", "host-harness", "tokio"] {
            assert!(!dependencies.contains(host), "{core} depends on {host}");
        }
        let others: Vec<_> = dependencies.intersection(&cores).collect();
        assert!(others.is_empty(), "{core} depends on another filter: {others:?}");
    }
}

#[test]
fn the_abi_is_spoken_by_the_adapter_alone() {
    let mut found = Vec::new();
    for file in with_ending("Cargo.toml").into_iter().filter(|file| !file.starts_with("tests/guests/")) {
        if read(&file).lines().any(|line| line.starts_with("proxy-wasm")) {
            found.push(format!("{file} depends on proxy-wasm"));
        }
    }
    let adapter = "filters/lib/wasm-adapter/";
    for file in with_ending(".rs").into_iter().filter(|file| file.starts_with("filters/") && !file.starts_with(adapter))
    {
        if read(&file).contains("wasm_import_module") {
            found.push(format!("{file} declares a function of the proxy"));
        }
    }
    none("expected only wasm-adapter to speak the proxy's ABI, but", &found);
}

#[test]
fn every_path_named_in_a_document_exists() {
    let mut missing = Vec::new();
    for file in with_ending(".md") {
        let text = read(&file);
        let folder = Path::new(&file).parent().unwrap_or(Path::new(""));
        for name in text.split('`').skip(1).step_by(2).filter(|name| is_path(name)) {
            let here = root().join(folder).join(name);
            if !here.exists() && !root().join(name).exists() {
                missing.push(format!("{file}: `{name}`"));
            }
        }
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !root().join(folder).join(target).exists() {
                missing.push(format!("{file}: ({target})"));
            }
        }
    }
    none("expected every path in a document to exist, but these do not", &missing);
}

/// Whether a word in backquotes is meant as a path of the project.
fn is_path(name: &str) -> bool {
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    let known = ["filters/", "host-harness/", "tests/", "oci/", ".ci/", ".cargo/"];
    plain && known.iter().any(|start| name.starts_with(start))
}

#[test]
fn every_row_of_fidelity_names_a_test_that_exists() {
    let table = read("host-harness/FIDELITY.md");
    let mut rows = 0;
    let mut missing = Vec::new();
    for line in table.lines().filter(|line| line.starts_with("| ") && line.contains("fidelity/")) {
        rows += 1;
        for name in line.split('`').skip(1).step_by(2).filter(|name| name.starts_with("fidelity/")) {
            let file = format!("tests/scenarios/{}.yaml", name.trim_end_matches(".yaml"));
            let transcript = file.replace(".yaml", ".out");
            for file in [file, transcript] {
                if !root().join(&file).exists() {
                    missing.push(file);
                }
            }
        }
    }
    assert!(rows >= 16, "expected at least 16 rows with a scenario, but found {rows}");
    none("expected every scenario of FIDELITY.md to exist, but these do not", &missing);
}

#[test]
fn every_filter_has_a_core_a_reference_and_scenarios() {
    let filters: Vec<String> = artifacts::MODULES.iter().map(|module| module.name.to_owned()).collect();
    assert!(!filters.is_empty(), "expected at least one filter");
    let all = files();
    for filter in filters {
        assert!(root().join(format!("filters/{filter}/core/Cargo.toml")).exists(), "{filter} has no core");
        assert!(root().join(format!("filters/{filter}/README.md")).exists(), "{filter} has no README.md");
        let folder = format!("tests/scenarios/{filter}/");
        assert!(
            all.iter().any(|file| file.starts_with(&folder) && file.ends_with(".yaml")),
            "{filter} has no scenario"
        );
    }
}

#[test]
fn no_file_names_a_machine() {
    let places = [["/ro", "ot/"].concat(), ["/ho", "me/"].concat(), ["/wo", "rk/"].concat()];
    let mut found = Vec::new();
    for ending in [".rs", ".md", ".toml", ".yaml", ".yml", ".json", "/run"] {
        for file in with_ending(ending) {
            if places.iter().any(|place| read(&file).contains(place.as_str())) {
                found.push(file);
            }
        }
    }
    none("expected no path of one machine, but found one in", &found);
}
