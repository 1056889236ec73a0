//! Images by hand: contents, and a manifest that names them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use oci::{Content, Descriptor, media_type};
use serde_json::{Value, json};

pub const RUNTIME_CONFIG: &[u8] = br#"{"type":"envoy_proxy","abiVersions":["v0.2.1"],"config":{"rootIds":["root"]}}"#;
pub const WASM_TO_OCI_CONFIG: &str = "application/vnd.wasm.config.v1+json";
pub const WASM_TO_OCI_CONTENT: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// The smallest module that a proxy would run.
pub fn module() -> Vec<u8> {
    wat::parse_str(r#"(module (func (export "proxy_abi_version_0_2_1")))"#).expect("WebAssembly text")
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

/// A layer of a container image with these files.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(1_700_000_000);
        // Set as it is: `append_data` would take `./` away.
        let field = &mut header.as_gnu_mut().expect("a header of that form").name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, *content).expect("in memory");
    }
    gzip(&archive.into_inner().expect("in memory"))
}

/// An image that is being put together.
pub struct Image {
    content: Content,
    manifest: Value,
    layers: Vec<Value>,
}

impl Image {
    pub fn new(config_type: &str, config: &[u8]) -> Self {
        let mut content = Content::new(media_type::IMAGE_MANIFEST, Vec::new());
        let config = content.add(config_type, config.to_vec());
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type::IMAGE_MANIFEST, "config": config});
        Self { content, manifest, layers: Vec::new() }
    }

    pub fn of_runtime_config() -> Self {
        Self::new(media_type::WASM_CONFIG, RUNTIME_CONFIG)
    }

    pub fn of_image_config() -> Self {
        let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
        Self::new(media_type::IMAGE_CONFIG, config)
    }

    pub fn layer(mut self, layer_type: &str, layer: &[u8]) -> Self {
        let descriptor = self.content.add(layer_type, layer.to_vec());
        self.layers.push(json!(descriptor));
        self
    }

    /// What the manifest and whoever serves it say that it is.
    pub fn typed(mut self, manifest_type: &str) -> Self {
        self.content.media_type = manifest_type.to_owned();
        self.with("mediaType", json!(manifest_type))
    }

    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.manifest[field] = value;
        self
    }

    pub fn without(mut self, field: &str) -> Self {
        self.manifest.as_object_mut().expect("an object").remove(field);
        self
    }

    pub fn build(mut self) -> Content {
        self.manifest["layers"] = json!(self.layers);
        self.content.root = serde_json::to_vec_pretty(&self.manifest).expect("JSON");
        self.content
    }
}

/// A layout that every consumer of Proxy-Wasm takes.
pub fn artifact() -> Image {
    Image::of_runtime_config().layer(media_type::WASM_CONFIG, RUNTIME_CONFIG).layer(media_type::WASM_CONTENT, &module())
}

/// A container image with one file.
pub fn compat(file: &str) -> Image {
    Image::of_image_config().layer(media_type::IMAGE_LAYER, &archive(&[(file, &module())]))
}

/// The layout of CNCF's TAG Runtime.
pub fn cncf() -> Image {
    let module = module();
    let config = json!({"created": "2026-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip1",
        "layerDigests": [oci::Digest::of(&module)]});
    Image::new(media_type::CNCF_CONFIG, config.to_string().as_bytes()).layer(media_type::CNCF_CONTENT, &module)
}

/// An index with the platform of each child, as `os/architecture`.
pub fn index(children: &[(Option<&str>, Content)]) -> Content {
    let mut content = Content::new(media_type::IMAGE_INDEX, Vec::new());
    let mut manifests = Vec::new();
    for (platform, child) in children {
        for (_, blob) in child.blobs() {
            content.insert(blob.to_vec());
        }
        let mut descriptor = json!(Descriptor::of(&child.media_type, &child.root));
        if let Some((os, architecture)) = platform.and_then(|platform| platform.split_once('/')) {
            descriptor["platform"] = json!({"os": os, "architecture": architecture});
        }
        content.insert(child.root.clone());
        manifests.push(descriptor);
    }
    let root = json!({"schemaVersion": 2, "mediaType": media_type::IMAGE_INDEX, "manifests": manifests});
    content.root = serde_json::to_vec(&root).expect("JSON");
    content
}
