//! What documents promise: their commands parse, their manifests load, their applications are understood.

use std::fs;
use std::path::{Path, PathBuf};

use host_harness::bootstrap::Module;
use host_harness::cli;
use host_harness::cli::check::check;
use host_harness::mesh::{self, Ports};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The fenced blocks of a language in a document.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

fn builtin(name: &str) -> Option<Module> {
    let module = artifacts::module(name)?;
    Some(Module { name: name.to_owned(), bytes: module.bytes.into() })
}

#[test]
fn every_command_line_of_weft_in_a_document_parses() {
    let mut seen = 0;
    let references = artifacts::MODULES.iter().map(|module| format!("filters/{}/README.md", module.name));
    let others = ["README.md", "CONTRIBUTING.md", "host-harness/FIDELITY.md"].map(str::to_owned);
    for file in others.into_iter().chain(references) {
        let text = read(&file);
        let quoted = text.split('`').map(str::trim);
        let fenced = blocks(&text, "sh").into_iter().flat_map(str::lines).map(str::trim);
        for line in quoted.chain(fenced) {
            let Some(arguments) =
                ["cargo weft ", "cargo demo", "weft "].iter().find_map(|start| line.strip_prefix(start))
            else {
                continue;
            };
            let implied = if line.starts_with("cargo demo") { "demo" } else { "" };
            // Brackets mark what may be left out; it has to be right where it is not.
            let words = format!("weft {implied} {arguments}").replace(['[', ']'], "");
            let words: Vec<_> = words.split_whitespace().collect();
            if words.contains(&"COMMAND") || words.contains(&"--help") {
                continue;
            }
            seen += 1;
            if let [_, name] = words.as_slice() {
                // A subcommand alone is spoken of, not shown.
                assert!(cli::command().find_subcommand(name).is_some(), "{file}: `{line}`: no such subcommand");
                continue;
            }
            let parsed = cli::command().try_get_matches_from(&words);
            assert!(parsed.is_ok(), "{file}: `{line}`: {}", parsed.expect_err("it does not parse"));
        }
    }
    assert!(seen >= 12, "expected at least a dozen command lines, but found {seen}");
}

#[test]
fn every_plugin_in_a_reference_has_a_valid_configuration() -> anyhow::Result<()> {
    let mut seen = 0;
    for module in artifacts::MODULES {
        let file = format!("filters/{}/README.md", module.name);
        for manifest in blocks(&read(&file), "yaml").into_iter().filter(|block| block.contains("kind: WasmPlugin")) {
            seen += 1;
            let folder = tempfile::tempdir()?;
            for beside in ["services.yaml", "routing.yaml", "weft.yaml"] {
                fs::copy(root().join("tests/meshes/s1-propagate").join(beside), folder.path().join(beside))?;
            }
            fs::write(folder.path().join("plugin.yaml"), manifest)?;
            let loaded = mesh::load(&[folder.path().to_owned()], &mut Ports::new(None), &builtin);
            assert!(loaded.is_ok(), "{file}: {}", loaded.err().map(|failure| failure.to_string()).unwrap_or_default());
            let plugin: Value = serde_yaml_ng::from_str(manifest)?;
            let configuration = folder.path().join("configuration.json");
            fs::write(&configuration, plugin["spec"]["pluginConfig"].to_string())?;
            let checked = check(module.name, &configuration);
            assert!(checked.is_ok(), "{file}: {}", checked.err().map(|error| error.to_string()).unwrap_or_default());
        }
    }
    assert!(seen >= artifacts::MODULES.len(), "expected a plugin in every reference, but found {seen}");
    Ok(())
}

/// What the reference tells users to patch is what the scenario `traffic-label/filter-state` shows on a real Envoy.
#[test]
fn the_route_by_filter_state_is_the_one_that_a_scenario_shows() -> anyhow::Result<()> {
    let text = read("filters/traffic-label/README.md");
    let patch = blocks(&text, "yaml").into_iter().find(|block| block.contains("kind: EnvoyFilter"));
    let patch: Value = serde_yaml_ng::from_str(patch.expect("the reference shows an EnvoyFilter"))?;
    let shown = patch.pointer("/spec/configPatches/0/patch/value/match/filter_state/0");
    let scenario: Value = serde_yaml_ng::from_str(&read("tests/scenarios/traffic-label/filter-state.yaml"))?;
    let asked = scenario["routes"][0]["filter_state"].as_object().expect("the scenario's route");
    let (key, value) = asked.iter().next().expect("one key");
    assert_eq!(shown, Some(&serde_json::json!({ "key": key, "string_match": { "exact": value } })));
    Ok(())
}

#[test]
fn the_applications_of_the_readme_are_understood() -> anyhow::Result<()> {
    let text = read("README.md");
    let applications = blocks(&text, "yaml").into_iter().find(|block| block.starts_with("apps:"));
    let folder = tempfile::tempdir()?;
    for manifest in ["services.yaml", "routing.yaml", "filters.yaml"] {
        fs::copy(root().join("tests/meshes/s1-propagate").join(manifest), folder.path().join(manifest))?;
    }
    // The README shows the services' second version; the first stands in for it here.
    let applications =
        applications.expect("README.md shows a weft.yaml").replace("http_springboot_v2", "http_springboot_v*");
    fs::write(folder.path().join("weft.yaml"), applications)?;
    let mesh = mesh::load(&[folder.path().to_owned()], &mut Ports::new(None), &builtin);
    assert!(mesh.is_ok(), "{}", mesh.err().map(|failure| failure.to_string()).unwrap_or_default());
    Ok(())
}
