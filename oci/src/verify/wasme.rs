//! The rules that ASM is taken to have: its fetcher is closed, and descends from solo.io's wasme (`tools/wasme/pkg/pull`), which looks
//! contents up by media type among the config and the layers, however many there are.

use super::{Accepted, Question, Refusal, Via};
use crate::content::Root;
use crate::media_type;

/// What every verdict says beside itself.
const CAVEAT: &str = "ASM's fetcher is closed: this is the rule of wasme, from which it descends. A WasmPlugin on ASM is \
                      Istio's: verify it with --consumer istio, too";

pub(super) fn verify(Question { content, url, pin }: Question<'_>) -> Result<Accepted, Refusal> {
    let unreadable = |reason: String| Refusal::new(reason, "ASM's guides push one manifest with the types of wasme");
    let manifest = match content.read() {
        Ok(Root::Manifest(manifest)) => manifest,
        Ok(Root::Index(_)) => return Err(unreadable(not_found(media_type::WASM_CONTENT))),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let digest = content.digest();
    if let Some(pin) = pin.filter(|pin| **pin != digest) {
        return Err(Refusal::new(
            format!("{url}: expected {pin}, but found {digest}"),
            "an image of an ASMFilterDeployment is named with its tag, or with @ and this digest",
        ));
    }
    let mut named = std::iter::once(&manifest.config).chain(&manifest.layers);
    if !named.clone().any(|it| it.media_type == media_type::WASM_CONFIG) {
        return Err(Refusal::new(
            not_found(media_type::WASM_CONFIG),
            "there is no runtime-config.json, neither as config nor as a layer",
        ));
    }
    let layer = named.find(|it| it.media_type == media_type::WASM_CONTENT);
    let layer = layer.ok_or_else(|| {
        Refusal::new(not_found(media_type::WASM_CONTENT), "there is no layer with the type of wasme's modules")
    })?;
    let module = content.blob(&layer.digest).map(<[u8]>::to_vec).unwrap_or_default();
    if !module.starts_with(b"\0asm") {
        let words = format!("Unable to parse Wasm module {url}");
        return Err(Refusal::new(words, "the layer is no WebAssembly module (it must not be compressed)"));
    }
    Ok(Accepted { via: Via::Artifact, module, manifest: digest, warnings: vec![CAVEAT.to_owned()] })
}

fn not_found(media_type: &str) -> String {
    format!("media type {media_type} not found on image")
}
