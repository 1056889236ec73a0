//! What is said about an image by other images: SBOMs and whatever else names it as its subject.
//!
//! A registry that knows the referrers API lists them itself. For others the client keeps a list under the tag
//! `sha256-<digits>` (OCI distribution specification, §Referrers tag schema).

use oci::{Content, Descriptor, Digest, Index, Reference, Root, media_type};

use crate::error::RegistryError;
use crate::registry::{Registry, SILENT};

impl Registry {
    /// Pushes an image that is about another one, and sees to it that it is listed there.
    pub async fn attach(&self, subject: &Reference, content: &Content) -> Result<(), RegistryError> {
        let about = match content.read() {
            Ok(Root::Manifest(manifest)) => manifest,
            _ => return Err(RegistryError::Incomplete { image: subject.to_string(), digest: content.digest() }),
        };
        self.push_unseen(&subject.tagged(content.digest().as_str()), content, SILENT).await?;
        let Some(digest) = about.subject.as_ref().map(|subject| subject.digest.clone()) else { return Ok(()) };
        if self.referrers(subject, &digest).await?.iter().any(|listed| listed.digest == content.digest()) {
            return Ok(());
        }
        let mut listed = Descriptor::of(&content.media_type, &content.root);
        listed.artifact_type = Some(about.kind().to_owned());
        listed.annotations = about.annotations.clone();
        let mut list = self.tagged_list(subject, &digest).await?;
        list.manifests.retain(|manifest| manifest.digest != listed.digest);
        list.manifests.push(listed);
        let list = serde_json::to_vec(&list).unwrap_or_default();
        self.push_manifest(subject, &fallback_tag(&digest), media_type::IMAGE_INDEX, &list).await
    }

    /// The images that are about this one, as the registry lists them or the list under the tag does.
    pub async fn referrers(&self, subject: &Reference, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let listed = self.listed_referrers(&subject.at(digest.clone())).await?;
        // Both crates have the specification's form.
        let index: Index = serde_json::from_value(listed).unwrap_or_else(|_| Index::new(Vec::new()));
        Ok(index.manifests)
    }

    async fn tagged_list(&self, subject: &Reference, digest: &Digest) -> Result<Index, RegistryError> {
        match self.manifest(&subject.tagged(&fallback_tag(digest))).await {
            Ok(list) => Ok(serde_json::from_slice(&list).unwrap_or_else(|_| Index::new(Vec::new()))),
            Err(RegistryError::NotFound { .. }) => Ok(Index::new(Vec::new())),
            Err(error) => Err(error),
        }
    }
}

fn fallback_tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}
