//! An image as a closed set of contents in memory: its root manifest and everything that it names, by digest.
//!
//! It is what a package is before it is written, and what a layout or a registry is read into before anyone judges it.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::manifest::{Descriptor, Index, Manifest};
use crate::media_type;

/// A root manifest or index and the contents that are at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The manifest's or the index' media type, as it was served or as the layout's index has it.
    pub media_type: String,
    /// Its bytes.
    pub root: Vec<u8>,
    blobs: BTreeMap<Digest, Vec<u8>>,
}

/// What a root is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// One image.
    Manifest(Box<Manifest>),
    /// One image for each platform.
    Index(Index),
}

/// A root that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("expected a manifest or an index of the OCI image specification, but found: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

impl Content {
    /// A root without contents.
    pub fn new(media_type: &str, root: Vec<u8>) -> Self {
        Self { media_type: media_type.to_owned(), root, blobs: BTreeMap::new() }
    }

    /// Adds a content and says how it is named.
    pub fn add(&mut self, media_type: &str, content: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::of(media_type, &content);
        self.insert(content);
        descriptor
    }

    /// Adds a content.
    pub fn insert(&mut self, content: Vec<u8>) {
        self.blobs.insert(Digest::of(&content), content);
    }

    /// The content of that digest, if it is at hand.
    pub fn blob(&self, digest: &Digest) -> Option<&[u8]> {
        self.blobs.get(digest).map(Vec::as_slice)
    }

    /// Everything at hand but the root.
    pub fn blobs(&self) -> impl Iterator<Item = (&Digest, &[u8])> {
        self.blobs.iter().map(|(digest, content)| (digest, content.as_slice()))
    }

    /// The digest of the root: what a registry answers for the tag.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.root)
    }

    /// The root, read. An index is known by its media type, or by its form where there is none.
    pub fn read(&self) -> Result<Root, Unreadable> {
        let says_index = media_type::is_index(&self.media_type);
        let is_index =
            says_index || self.media_type.is_empty() && serde_json::from_slice::<Manifest>(&self.root).is_err();
        Ok(match is_index {
            true => Root::Index(serde_json::from_slice(&self.root)?),
            false => Root::Manifest(Box::new(serde_json::from_slice(&self.root)?)),
        })
    }
}
