//! Where in an image a module lies, whatever the consumers' rules: what can be saved of an image that they refuse.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::archive;
use crate::content::{Content, Root};
use crate::manifest::{Descriptor, Manifest};
use crate::module::MAX_BYTES;

/// A module and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The module.
    pub module: Vec<u8>,
    /// Where it lies, to follow *the module is*.
    pub place: String,
}

const MAGIC: &[u8] = b"\0asm";

/// The last module of an image, or of any image that an index lists.
pub fn find_module(content: &Content) -> Option<Found> {
    match content.read().ok()? {
        Root::Manifest(manifest) => in_manifest(content, &manifest),
        Root::Index(index) => index.manifests.iter().find_map(|child| {
            let manifest: Manifest = serde_json::from_slice(content.blob(&child.digest)?).ok()?;
            in_manifest(content, &manifest)
        }),
    }
}

fn in_manifest(content: &Content, manifest: &Manifest) -> Option<Found> {
    // An upper layer covers those below it.
    manifest.layers.iter().rev().find_map(|layer| in_layer(layer, content.blob(&layer.digest)?))
}

fn in_layer(layer: &Descriptor, blob: &[u8]) -> Option<Found> {
    let found = |module, place: &str| Some(Found { module, place: format!("{place} of type {}", layer.media_type) });
    if blob.starts_with(MAGIC) {
        return found(blob.to_vec(), "the layer");
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(blob).take(MAX_BYTES).read_to_end(&mut unpacked).ok()?;
    if unpacked.starts_with(MAGIC) {
        return found(unpacked, "compressed in the layer");
    }
    let (name, module) = archive::first_module(&unpacked)?;
    found(module, &format!("the file {name} in the layer"))
}
