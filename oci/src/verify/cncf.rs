//! The rules of CNCF's TAG Runtime (Wasm OCI artifact layout), with the words of the crate `oci-wasm` that wkg and others use.

use serde::Deserialize;

use super::{Accepted, Question, Refusal, Via};
use crate::content::Root;
use crate::digest::Digest;
use crate::media_type;

/// What a config must have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(rename = "created")]
    _created: String,
    architecture: String,
    os: String,
    layer_digests: Vec<Digest>,
}

pub(super) fn verify(Question { content, url, pin }: Question<'_>) -> Result<Accepted, Refusal> {
    let refused = |words: &str, advice: &str| Err(Refusal::new(words, advice));
    let Ok(Root::Manifest(manifest)) = content.read() else {
        let words = format!("Wasm components must have a manifest of type {}", media_type::IMAGE_MANIFEST);
        return refused(&words, "it is no manifest of one image");
    };
    let digest = content.digest();
    if let Some(pin) = pin.filter(|pin| **pin != digest) {
        return refused(
            &format!("{url}: expected {pin}, but found {digest}"),
            "the digest is not that of the manifest",
        );
    }
    let [layer] = manifest.layers.as_slice() else {
        return refused(
            "Wasm components must have exactly one layer",
            "proxies want two layers, these runtimes one: push both layouts, under two tags",
        );
    };
    if manifest.config.media_type != media_type::CNCF_CONFIG {
        let words = format!("Wasm components must have a config of type {}", media_type::CNCF_CONFIG);
        return refused(&words, "pack it with --layout cncf");
    }
    if layer.media_type != media_type::CNCF_CONTENT {
        let words = format!("Incompatible layer media type: {}", layer.media_type);
        return refused(&words, "pack it with --layout cncf");
    }
    let config = content.blob(&manifest.config.digest).unwrap_or_default();
    let config: Config = match serde_json::from_slice(config) {
        Ok(config) => config,
        Err(error) => return refused(&error.to_string(), "its config is not what TAG Runtime's layout says"),
    };
    let is_right = config.architecture == "wasm"
        && config.os.starts_with("wasip")
        && config.layer_digests == [layer.digest.clone()];
    if !is_right {
        let advice = "architecture is wasm, os wasip1 or wasip2, and layerDigests names the layer";
        return refused("the config contradicts the manifest", advice);
    }
    let module = content.blob(&layer.digest).map(<[u8]>::to_vec).unwrap_or_default();
    if !module.starts_with(b"\0asm") {
        return refused("the layer is not WebAssembly", "the module stands in its layer as it is");
    }
    Ok(Accepted { via: Via::Cncf, module, manifest: digest, warnings: Vec::new() })
}
