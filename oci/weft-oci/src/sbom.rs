//! Bills of materials: what a module is made of, in CycloneDX 1.5.
//!
//! For a built-in filter it is what cargo resolved when the filter was compiled; for another module what `cargo auditable` wrote
//! into it (the section `.dep-v0`). The same module has the same bill: it has no time and no serial number.

use std::io::Read;

use flate2::read::ZlibDecoder;
use oci::{Content, Descriptor, Digest, Manifest, media_type};
use serde::Deserialize;
use serde_json::{Value, json};
use wasmparser::{Parser, Payload};

/// The media type of a bill in JSON.
pub const CYCLONEDX: &str = "application/vnd.cyclonedx+json";

/// The filters' packages, as the build script wrote them.
const DEPENDENCIES: &str = include_str!(concat!(env!("OUT_DIR"), "/dependencies.json"));

/// The most that a module's own list may unfold to.
const MAX_LIST: u64 = 8 * 1024 * 1024;

/// A package of a module.
#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    license: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
    /// As `name@version`.
    #[serde(default)]
    dependencies: Vec<String>,
}

/// `cargo auditable`'s list, as far as it is used here.
#[derive(Deserialize)]
struct Audit {
    packages: Vec<AuditedPackage>,
}

#[derive(Deserialize)]
struct AuditedPackage {
    name: String,
    version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    root: bool,
    #[serde(default)]
    dependencies: Vec<usize>,
}

/// The bill of a module; nothing, if nobody knows what it is made of.
pub fn of_module(name: &str, module: &[u8]) -> Option<Vec<u8>> {
    let packages = of_filter(name).or_else(|| of_section(module))?;
    Some(bill(name, module, &packages))
}

fn of_filter(name: &str) -> Option<Vec<Package>> {
    artifacts::module(name)?;
    let all: Value = serde_json::from_str(DEPENDENCIES).ok()?;
    serde_json::from_value(all.get(name)?.clone()).ok()
}

fn of_section(module: &[u8]) -> Option<Vec<Package>> {
    let section = Parser::new(0).parse_all(module).find_map(|payload| match payload {
        Ok(Payload::CustomSection(section)) if section.name() == ".dep-v0" => Some(section.data().to_vec()),
        _ => None,
    })?;
    let mut list = Vec::new();
    ZlibDecoder::new(section.as_slice()).take(MAX_LIST).read_to_end(&mut list).ok()?;
    let audit: Audit = serde_json::from_slice(&list).ok()?;
    let label = |index: &usize| audit.packages.get(*index).map(|it| format!("{}@{}", it.name, it.version));
    let mut packages: Vec<&AuditedPackage> = audit.packages.iter().filter(|package| package.kind != "build").collect();
    packages.sort_by_key(|package| !package.root);
    let packages = packages.into_iter().map(|it| Package {
        name: it.name.clone(),
        version: it.version.clone(),
        license: None,
        sha256: None,
        dependencies: it.dependencies.iter().filter_map(label).collect(),
    });
    Some(packages.collect())
}

fn bill(name: &str, module: &[u8], packages: &[Package]) -> Vec<u8> {
    let purl = |label: &str| format!("pkg:cargo/{label}");
    let of = |package: &Package| format!("{}@{}", package.name, package.version);
    let component = |package: &Package| {
        let mut component = json!({
            "type": "library", "bom-ref": purl(&of(package)), "purl": purl(&of(package)),
            "name": package.name, "version": package.version,
        });
        if let Some(fields) = component.as_object_mut() {
            if let Some(license) = &package.license {
                fields.insert("licenses".to_owned(), json!([{"expression": license}]));
            }
            if let Some(sha256) = &package.sha256 {
                fields.insert("hashes".to_owned(), json!([{"alg": "SHA-256", "content": sha256}]));
            }
        }
        component
    };
    let root = packages.first();
    let version = root.map(|package| package.version.clone()).unwrap_or_default();
    let graph = packages.iter().map(|package| {
        let below: Vec<_> = package.dependencies.iter().map(|label| purl(label)).collect();
        json!({"ref": purl(&of(package)), "dependsOn": below})
    });
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "name": name, "version": version,
            "bom-ref": root.map(of).map(|label| purl(&label)).unwrap_or_else(|| name.to_owned()),
            "hashes": [{"alg": "SHA-256", "content": Digest::of(module).hex()}],
        }},
        "components": packages.iter().skip(1).map(component).collect::<Vec<_>>(),
        "dependencies": graph.collect::<Vec<_>>(),
    });
    bill.to_string().into_bytes()
}

/// A bill as an image that is about another one.
pub fn image(bill: Vec<u8>, subject: Descriptor) -> Content {
    let mut content = Content::new(media_type::IMAGE_MANIFEST, Vec::new());
    let config = content.add(media_type::EMPTY, b"{}".to_vec());
    let layer = content.add(CYCLONEDX, bill).titled("sbom.cdx.json");
    let mut manifest = Manifest::new(config, vec![layer]);
    manifest.artifact_type = Some(CYCLONEDX.to_owned());
    manifest.subject = Some(subject);
    content.root = serde_json::to_vec(&manifest).unwrap_or_default();
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_has_a_bill_with_what_cargo_put_into_it() {
        for module in artifacts::MODULES {
            let bill = of_module(module.name, module.bytes).expect(module.name);
            let bill: Value = serde_json::from_slice(&bill).expect("JSON");
            let components = bill["components"].as_array().expect("components");
            let names: Vec<_> = components.iter().filter_map(|component| component["name"].as_str()).collect();
            assert!(names.contains(&"log") && names.contains(&"wasm-adapter"), "{}: {names:?}", module.name);
            for stranger in ["wasmtime", "proptest", "thiserror-impl", "wasm-build"] {
                assert!(!names.contains(&stranger), "{}: {stranger}", module.name);
            }
            let log = components.iter().find(|component| component["name"] == "log").expect("a crate of others");
            assert_eq!(log["hashes"][0]["content"].as_str().map(str::len), Some(64));
            assert!(log["licenses"][0]["expression"].is_string());
            assert_eq!(bill["metadata"]["component"]["name"], module.name);
            assert_eq!(bill["dependencies"].as_array().map(Vec::len), Some(components.len() + 1));
        }
    }

    #[test]
    fn a_module_of_cargo_auditable_brings_its_own_list() {
        let list = br#"{"packages":[{"name":"dep","version":"1.0.0","source":"crates.io"},
            {"name":"mine","version":"0.1.0","source":"local","dependencies":[0],"root":true},
            {"name":"builder","version":"3.0.0","source":"crates.io","kind":"build"}]}"#;
        let mut compressed = flate2::read::ZlibEncoder::new(&list[..], flate2::Compression::default());
        let mut section = Vec::new();
        compressed.read_to_end(&mut section).expect("in memory");
        let data: String = section.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let module = wat::parse_str(format!("(module (@custom \".dep-v0\" \"{data}\"))")).expect("WebAssembly text");
        let bill: Value = serde_json::from_slice(&of_module("mine", &module).expect("a bill")).expect("JSON");
        assert_eq!(bill["components"].as_array().map(Vec::len), Some(1));
        assert_eq!(bill["components"][0]["purl"], "pkg:cargo/dep@1.0.0");
        assert_eq!(bill["dependencies"][0]["dependsOn"][0], "pkg:cargo/dep@1.0.0");
        assert_eq!(of_module("unknown", &wat::parse_str("(module)").expect("WebAssembly text")), None);
    }
}
