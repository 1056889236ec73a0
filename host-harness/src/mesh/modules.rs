//! What a URL means: a file beside the manifest, a built-in filter, or an image in a registry.
//!
//! A built-in filter stands in for an image of its name, with a warning, unless a digest says that it must be this image and
//! no other: what is pinned is pulled, by whoever the mesh is given to. Modules are not compiled here.

use std::io;
use std::path::Path;

use oci::Consumer;
use sha2::{Digest, Sha256};

use super::finding::{Findings, Problem, Subject};
use crate::bootstrap::Module;

/// Where modules come from. A function from names to built-in filters is one that pulls no images.
pub trait Modules {
    /// The module of a built-in filter.
    fn builtin(&self, name: &str) -> Option<Module>;

    /// The module of an image, or why there is none; nothing where images are not pulled.
    fn image(&self, _wanted: &WantedImage<'_>) -> Option<Result<Module, String>> {
        None
    }
}

impl<F: Fn(&str) -> Option<Module>> Modules for F {
    fn builtin(&self, name: &str) -> Option<Module> {
        self(name)
    }
}

/// An image as a manifest names it.
#[derive(Clone, Copy, Debug)]
pub struct WantedImage<'a> {
    /// With or without `oci://`.
    pub url: &'a str,
    /// The digest that the manifest wants, 64 hexadecimal digits; empty if it wants none.
    pub sha256: &'a str,
    /// Who would pull it in a cluster.
    pub consumer: Consumer,
}

/// A field of a manifest that names a module.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The resource.
    pub subject: &'a Subject,
    /// The field's path.
    pub path: &'a str,
    /// What it says.
    pub wanted: WantedImage<'a>,
}

/// The module that a field names; what is wrong or otherwise than in a cluster is found.
pub fn find(source: Source<'_>, modules: &dyn Modules, findings: &mut Findings) -> Option<Module> {
    let Source { subject, path, wanted } = source;
    let url = wanted.url;
    let mut unresolved = |reason: String| {
        findings.error(subject, Problem::UnresolvedModule { path: path.to_owned(), url: url.to_owned(), reason });
        None
    };
    if let Some(file) = url.strip_prefix("file://") {
        let folder = subject.file.parent().unwrap_or(Path::new(""));
        return read(&folder.join(file), wanted.sha256).map_or_else(|error| unresolved(error.to_string()), Some);
    }
    if let Some(module) = modules.builtin(url.strip_prefix("builtin:").unwrap_or(url)) {
        return Some(module);
    }
    let name = filter_name(url);
    let is_pinned = url.contains('@') || !wanted.sha256.is_empty();
    let builtin = modules.builtin(name);
    let pulled = if is_pinned || builtin.is_none() { modules.image(&wanted) } else { None };
    match (pulled, builtin) {
        (Some(Ok(module)), _) => Some(module),
        (Some(Err(reason)), _) => unresolved(reason),
        (None, None) => unresolved(format!("no built-in filter is named `{name}`, and images are not pulled")),
        (None, Some(module)) => {
            let (path, url, name) = (path.to_owned(), url.to_owned(), name.to_owned());
            findings.warn(subject, Problem::BuiltinInPlaceOfImage { path, url, name });
            Some(module)
        }
    }
}

fn read(file: &Path, sha256: &str) -> io::Result<Module> {
    let bytes =
        std::fs::read(file).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if !sha256.is_empty() && sha256 != digest {
        return Err(io::Error::other(format!("expected a module with `sha256: {sha256}`, but found {digest}")));
    }
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    Ok(Module { name, bytes: bytes.into() })
}

/// What the built-in filter that a URL means would be called.
pub fn filter_name(url: &str) -> &str {
    url.strip_prefix("builtin:").unwrap_or_else(|| image_name(url))
}

/// The last part of an image's name, without tag and digest: `oci://registry.test/team/cors:1.0@sha256:…` → `cors`.
fn image_name(url: &str) -> &str {
    let without_digest = url.split('@').next().unwrap_or(url);
    let last = without_digest.rsplit('/').next().unwrap_or(without_digest);
    last.split(':').next().unwrap_or(last)
}
