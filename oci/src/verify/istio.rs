//! Istio's rules (`pkg/wasm/imagefetcher.go` and `cache.go`), which Envoy Gateway took over (`internal/wasm`).
//!
//! An index stands for its child for linux/amd64, whatever the machine. A manifest is tried as Docker's if it says that it is
//! one, else as a container image by its last layer, else as an artifact, which has two layers. The words are those that
//! the agent logs (and Envoy Gateway puts into a policy's status).

use std::fmt::Write;

use super::{Accepted, Consumer, Question, Refusal, Via};
use crate::archive::{self, NoPlugin};
use crate::content::{Content, Root};
use crate::digest::Digest;
use crate::manifest::{Descriptor, Index, Manifest};
use crate::media_type;
use crate::module::MAX_BYTES;

/// Indexes within indexes: more than anyone nests.
const DEPTH: usize = 8;

pub(super) fn verify(question: Question<'_>, consumer: Consumer) -> Result<Accepted, Refusal> {
    let Question { content, url, pin } = question;
    let (manifest, digest) = choose(content, url)?;
    if let Some(pin) = pin.filter(|pin| **pin != digest) {
        return Err(wrong_pin(question, &manifest, &digest, pin));
    }
    let (via, module) = extract(content, &manifest, consumer)?;
    // The length of the head: magic number and version.
    if module.len() < 8 || !module.starts_with(b"\0asm") {
        let words = format!("fetched Wasm binary from {url} is invalid");
        return Err(Refusal::new(words, "what it found is no WebAssembly module"));
    }
    Ok(Accepted { via, module, manifest: digest, warnings: Vec::new() })
}

/// The manifest that an image stands for, and its digest.
fn choose(content: &Content, url: &str) -> Result<(Manifest, Digest), Refusal> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let words = format!("could not fetch Wasm OCI image: could not fetch image: {error}");
        Refusal::new(words, "the manifest is not what the OCI image specification says")
    };
    let mut root = content.read().map_err(|error| unreadable(&error))?;
    let mut digest = content.digest();
    for _ in 0..DEPTH {
        let index = match root {
            Root::Manifest(manifest) => return Ok((*manifest, digest)),
            Root::Index(index) => index,
        };
        let Some(child) = index.manifests.iter().find(|child| is_amd64(child)) else {
            return Err(no_child(&index, url));
        };
        let Some(blob) = content.blob(&child.digest) else {
            return Err(unreadable(&format_args!("GET {url}: MANIFEST_UNKNOWN: manifest unknown: {}", child.digest)));
        };
        digest = child.digest.clone();
        root = Content::new(&child.media_type, blob.to_vec()).read().map_err(|error| unreadable(&error))?;
    }
    Err(unreadable(&"an index within an index within an index"))
}

/// A child that does not say for which machine it is counts as one for linux/amd64.
fn is_amd64(child: &Descriptor) -> bool {
    child.platform.as_ref().is_none_or(|platform| platform.architecture == "amd64" && platform.os == "linux")
}

fn no_child(index: &Index, url: &str) -> Refusal {
    let platforms: Vec<_> = index
        .manifests
        .iter()
        .filter_map(|child| child.platform.as_ref())
        .map(|platform| format!("{}/{}", platform.os, platform.architecture))
        .collect();
    let words = format!(
        "could not fetch Wasm OCI image: could not fetch image: no child with platform linux/amd64 in index {url}"
    );
    let advice = format!(
        "it is an index of images for {}, and the one for linux/amd64 is taken on every machine. Push one manifest and no index \
         (with buildx: --platform linux/amd64 --provenance=false)",
        platforms.join(", ")
    );
    Refusal::new(words, advice)
}

fn wrong_pin(question: Question<'_>, manifest: &Manifest, digest: &Digest, pin: &Digest) -> Refusal {
    let Question { content, url, .. } = question;
    let words =
        format!("module downloaded from {url} has checksum {}, which does not match: {}", digest.hex(), pin.hex());
    let is_module = manifest.layers.iter().any(|layer| layer.digest == *pin);
    let meaning = match () {
        () if *pin == content.digest() => {
            "that is the digest of an index, and the digest of the image that was chosen from it is compared".to_owned()
        }
        () if is_module => {
            "that is the digest of the module, which goes with http:// and https://; with oci:// it is the manifest's"
                .to_owned()
        }
        () => "another image has been pushed under that name, or the digest is of something else".to_owned(),
    };
    Refusal::new(words, format!("{meaning}. Write sha256: {}", digest.hex()))
}

fn extract(content: &Content, manifest: &Manifest, consumer: Consumer) -> Result<(Via, Vec<u8>), Refusal> {
    if manifest.media_type.as_deref() == Some(media_type::DOCKER_MANIFEST) {
        return match in_archive(content, manifest, media_type::DOCKER_LAYER) {
            Ok(module) => Ok((Via::Docker, module)),
            Err(reason) => {
                let words = format!(
                    "could not fetch Wasm binary: could not extract Wasm file from the image as Docker container {reason}"
                );
                let advice =
                    "its manifest has Docker's media type, so it is read as a Docker image and as nothing else";
                Err(Refusal::new(words, advice))
            }
        };
    }
    let as_image = match in_archive(content, manifest, media_type::IMAGE_LAYER) {
        Ok(module) => return Ok((Via::Image, module)),
        Err(reason) => reason,
    };
    let as_artifact = match artifact(content, manifest) {
        Ok(module) => return Ok((Via::Artifact, module)),
        Err(reason) => reason,
    };
    let mut words = "could not fetch Wasm binary: the given image is in invalid format as an OCI image: ".to_owned();
    let (head, bullet) = if consumer == Consumer::Istio { ("2 errors occurred:\n\t", "* ") } else { ("", "") };
    let _ = write!(
        words,
        "{head}{bullet}could not parse as compat variant: {as_image}\n\t{bullet}could not parse as oci variant: {as_artifact}"
    );
    Err(Refusal::new(words, advice(manifest, &as_image)))
}

/// The module in the last layer, or the words why it is not there.
fn in_archive(content: &Content, manifest: &Manifest, layer_type: &str) -> Result<Vec<u8>, String> {
    let Some(layer) = manifest.layers.last() else {
        return Err("number of layers must be greater than zero".to_owned());
    };
    if layer.media_type != layer_type {
        return Err(format!("invalid media type {} (expect {layer_type})", layer.media_type));
    }
    let blob = content.blob(&layer.digest).ok_or_else(|| unknown_blob(layer))?;
    archive::plugin(blob, MAX_BYTES).map_err(|error: NoPlugin| format!("could not extract wasm binary: {error}"))
}

fn artifact(content: &Content, manifest: &Manifest) -> Result<Vec<u8>, String> {
    if manifest.layers.len() != 2 {
        return Err(format!("number of layers must be 2 but got {}", manifest.layers.len()));
    }
    let wanted = media_type::WASM_CONTENT;
    let layer = manifest.layers.iter().find(|layer| layer.media_type == wanted);
    let layer = layer.ok_or_else(|| format!("could not find the layer of type {wanted}"))?;
    if layer.size > MAX_BYTES {
        return Err(format!(
            "(Istio says nothing and cuts the module off after {MAX_BYTES} bytes, of which it has {})",
            layer.size
        ));
    }
    content.blob(&layer.digest).map(<[u8]>::to_vec).ok_or_else(|| unknown_blob(layer))
}

fn unknown_blob(layer: &Descriptor) -> String {
    format!("could not get layer content: BLOB_UNKNOWN: blob unknown to registry: {}", layer.digest)
}

/// What the words of both attempts come from.
fn advice(manifest: &Manifest, as_image: &str) -> String {
    let types: Vec<_> = manifest.layers.iter().map(|layer| layer.media_type.as_str()).collect();
    let advice = match types.as_slice() {
        [media_type::WASM_CONTENT] => {
            "it has the module's layer alone, as `oras push --manifest-config` leaves it: the layer with runtime-config.json is missing"
        }
        [media_type::CNCF_CONTENT] => {
            "it has the layout of CNCF's TAG Runtime, which serves wasmCloud and Spin, not proxies"
        }
        ["application/vnd.wasm.content.layer.v1+wasm"] => "it has the media types of wasm-to-oci, which no proxy knows",
        [_, .., last] if types.contains(&media_type::IMAGE_LAYER) && *last != media_type::IMAGE_LAYER => {
            "only the last layer is looked at, and the archive is not the last"
        }
        _ if as_image.contains("not found in the archive") => {
            "the file in the archive has another name than plugin.wasm"
        }
        _ if as_image.contains("invalid header") => {
            "the last layer is not compressed with gzip, although its type says so"
        }
        _ => "it has the form of neither a Wasm artifact nor a container image with plugin.wasm",
    };
    advice.to_owned()
}
