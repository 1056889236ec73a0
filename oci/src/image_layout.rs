//! A folder with images: OCI image layout, version 1.0.0.
//!
//! A folder that is no layout and not empty is never written to. Images of other tags stay.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::digest::Digest;
use crate::manifest::{Descriptor, Index, Manifest, REF_NAME, json};
use crate::media_type;
use crate::module::MAX_BYTES;

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

/// Why a layout could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has something else in it.
    #[error("{}: expected a new folder, an empty one or an OCI image layout, but found other files", .0.display())]
    Occupied(PathBuf),
    /// The folder is no layout.
    #[error("{}: expected an OCI image layout, but found no file oci-layout", .0.display())]
    NoLayout(PathBuf),
    /// A file of the layout is not what the specification says.
    #[error("{path}: {reason}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No image of that tag, or more than one and no tag.
    #[error("{folder}: expected {wanted}, but found {found}", folder = folder.display())]
    NoSuchImage {
        /// The layout.
        folder: PathBuf,
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: String,
    },
}

/// Writes an image into a layout under a tag, in place of the one that had it.
pub fn write(folder: &Path, content: &Content, tag: &str) -> Result<(), LayoutError> {
    let is_layout = folder.join(MARKER).exists();
    if !is_layout && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(LayoutError::Occupied(folder.to_owned()));
    }
    let mut index = if is_layout { read_index(folder)? } else { Index::new(Vec::new()) };
    for (digest, blob) in content.blobs() {
        write_file(&blob_path(folder, digest), blob)?;
    }
    write_file(&blob_path(folder, &content.digest()), &content.root)?;
    let mut root = Descriptor::of(&content.media_type, &content.root);
    root.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
    index.manifests.retain(|manifest| manifest.annotations.get(REF_NAME).is_none_or(|name| name != tag));
    index.manifests.push(root);
    let marker = Marker { image_layout_version: "1.0.0".to_owned() };
    write_file(&folder.join(MARKER), &json(&marker))?;
    // The index comes last: what it names is there.
    write_file(&folder.join(INDEX), &json(&index))
}

/// Reads the image of that tag, or the only one.
pub fn read(folder: &Path, tag: Option<&str>) -> Result<Content, LayoutError> {
    if !folder.join(MARKER).exists() {
        return Err(LayoutError::NoLayout(folder.to_owned()));
    }
    let index = read_index(folder)?;
    let name = |manifest: &Descriptor| manifest.annotations.get(REF_NAME).cloned();
    let found: Vec<_> = index.manifests.iter().filter(|it| tag.is_none() || name(it).as_deref() == tag).collect();
    let [root] = found.as_slice() else {
        let tags: Vec<_> = index.manifests.iter().filter_map(name).collect();
        let (wanted, found) =
            (tag.map_or_else(|| "one image".to_owned(), |tag| format!("an image tagged {tag}")), tags);
        let found = if found.is_empty() { "none".to_owned() } else { format!("those tagged {}", found.join(", ")) };
        return Err(LayoutError::NoSuchImage { folder: folder.to_owned(), wanted, found });
    };
    let mut content = Content::new(&root.media_type, read_blob(folder, root)?);
    let mut open: Vec<(String, Vec<u8>)> = vec![(content.media_type.clone(), content.root.clone())];
    let mut seen = BTreeSet::from([root.digest.clone()]);
    while let Some((media_type, manifest)) = open.pop() {
        for descriptor in named_in(&media_type, &manifest) {
            // A blob that is not there is for the consumers' rules to judge, and one that is too large is not looked at.
            if !blob_path(folder, &descriptor.digest).exists()
                || descriptor.size > MAX_BYTES
                || !seen.insert(descriptor.digest.clone())
            {
                continue;
            }
            let blob = read_blob(folder, &descriptor)?;
            if media_type::MANIFESTS.contains(&descriptor.media_type.as_str()) {
                open.push((descriptor.media_type.clone(), blob.clone()));
            }
            content.insert(blob);
        }
    }
    Ok(content)
}

/// Everything that a manifest or an index names.
fn named_in(media_type: &str, manifest: &[u8]) -> Vec<Descriptor> {
    if media_type::is_index(media_type) {
        return serde_json::from_slice::<Index>(manifest).map(|index| index.manifests).unwrap_or_default();
    }
    let named =
        serde_json::from_slice::<Manifest>(manifest).map(|manifest| [vec![manifest.config], manifest.layers].concat());
    named.unwrap_or_default()
}

fn blob_path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join("blobs/sha256").join(digest.hex())
}

fn read_index(folder: &Path) -> Result<Index, LayoutError> {
    let path = folder.join(INDEX);
    let text = read_file(&path)?;
    serde_json::from_slice(&text)
        .map_err(|error| LayoutError::Malformed { path, reason: format!("expected an index, but found: {error}") })
}

fn read_blob(folder: &Path, descriptor: &Descriptor) -> Result<Vec<u8>, LayoutError> {
    let path = blob_path(folder, &descriptor.digest);
    let blob = read_file(&path)?;
    let digest = Digest::of(&blob);
    if digest == descriptor.digest {
        return Ok(blob);
    }
    Err(LayoutError::Malformed {
        path,
        reason: format!("expected content with the digest of its name, but found {digest}"),
    })
}

fn read_file(path: &Path) -> Result<Vec<u8>, LayoutError> {
    fs::read(path).map_err(|source| LayoutError::File { path: path.to_owned(), source })
}

fn write_file(path: &Path, content: &[u8]) -> Result<(), LayoutError> {
    let failed = |source| LayoutError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, content).map_err(failed)
}
