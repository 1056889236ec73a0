//! Asks cargo what each filter is made of, and writes it down for the bills of materials.
//!
//! The answer is the resolved graph of the lock file for wasm32: what is compiled into the module, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use serde_json::{Value, json};

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("expected what each filter is made of, but: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), Box<dyn std::error::Error>> {
    let package = env::var("CARGO_MANIFEST_DIR")?;
    let root = Path::new(&package).join("../..");
    // A machine that has built nothing yet lacks what only tests on wasm32 need, and cargo wants the whole graph.
    let metadata = metadata(&root, &["--offline"]).or_else(|_| metadata(&root, &[]))?;
    let graph = Graph::read(&serde_json::from_slice(&metadata)?);
    let lock = fs::read_to_string(root.join("Cargo.lock"))?;
    let mut filters = serde_json::Map::new();
    for entry in fs::read_dir(root.join("filters"))? {
        let folder = entry?.path();
        if folder.join("Cargo.toml").exists() && folder.join("core/Cargo.toml").exists() {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            filters.insert(name.clone(), graph.below(&name, &lock));
        }
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("dependencies.json"), Value::Object(filters).to_string())?;
    for file in ["Cargo.lock", "Cargo.toml", "filters"] {
        println!("cargo::rerun-if-changed={}", root.join(file).display());
    }
    Ok(())
}

fn metadata(root: &Path, options: &[&str]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"])
        .args(options)
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(output.stdout)
}

/// Packages by their identifiers, and what each is compiled with.
struct Graph {
    packages: BTreeMap<String, Value>,
    dependencies: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> Self {
        let items = |pointer: &str| metadata.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        let id = |value: &Value| text(value, "id").to_owned();
        let packages = items("/packages").into_iter().map(|package| (id(&package), package)).collect();
        let dependencies = items("/resolve/nodes").into_iter().map(|node| {
            let compiled_in = |dependency: &&Value| {
                list(dependency, "dep_kinds").iter().any(|kind| kind.get("kind").is_some_and(Value::is_null))
            };
            let below = list(&node, "deps").iter().filter(compiled_in).map(|it| text(it, "pkg").to_owned());
            (id(&node), below.collect())
        });
        Self { packages, dependencies: dependencies.collect() }
    }

    /// Every package that a filter is made of, itself first.
    fn below(&self, filter: &str, lock: &str) -> Value {
        let is_filter = |package: &Value| text(package, "name") == filter && text(package, "source").is_empty();
        let root = self.packages.iter().find(|(_, package)| is_filter(package)).map(|(id, _)| id.clone());
        let mut open: Vec<String> = root.into_iter().collect();
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        while let Some(id) = open.pop() {
            let Some(package) = self.packages.get(&id) else { continue };
            if !seen.insert(id.clone()) || is_macro(package) {
                continue;
            }
            let below = self.dependencies.get(&id).cloned().unwrap_or_default();
            let names =
                below.iter().filter_map(|id| self.packages.get(id)).filter(|package| !is_macro(package)).map(label);
            found.push(json!({
                "name": text(package, "name"), "version": text(package, "version"), "license": package.get("license"),
                "sha256": checksum(package, lock), "dependencies": names.collect::<BTreeSet<_>>(),
            }));
            open.extend(below);
        }
        // The filter stays first; the others are sorted, so that the bill is the same in every build.
        if let Some((_, others)) = found.split_first_mut() {
            others.sort_by_key(label);
        }
        Value::Array(found)
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn label(package: &Value) -> String {
    format!("{}@{}", text(package, "name"), text(package, "version"))
}

/// A macro runs in the compiler and leaves nothing of itself in the module.
fn is_macro(package: &Value) -> bool {
    list(package, "targets").iter().any(|target| list(target, "kind").contains(&json!("proc-macro")))
}

/// The checksum of a package's archive, as the lock file has it.
fn checksum(package: &Value, lock: &str) -> Option<String> {
    let head = format!("name = \"{}\"\nversion = \"{}\"\n", text(package, "name"), text(package, "version"));
    let block = lock.split("[[package]]\n").find(|block| block.starts_with(&head))?;
    let line = block.lines().find_map(|line| line.strip_prefix("checksum = \""))?;
    Some(line.trim_end_matches('"').to_owned())
}
