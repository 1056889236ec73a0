//! Pulling an image whole and pushing it so that it can be trusted to be there.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::TryStreamExt;
use oci::{Content, Descriptor, Digest, MAX_BYTES, Reference, Root, media_type};
use oci_client::Client;
use oci_client::RegistryOperation;
use oci_client::client::ClientConfig;
use oci_client::errors::{DigestError, OciDistributionError};
use oci_client::manifest::OciDescriptor;
use oci_client::secrets::RegistryAuth;

use tokio::sync::OnceCell;

use crate::access::{Access, Retries};
use crate::error::{Failure, RegistryError};

/// How long a registry may say nothing.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Is told of every piece that has come or gone: its bytes.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// Tells nobody.
pub const SILENT: Progress<'static> = &|_| {};

/// A registry, as one user sees one of its repositories.
pub struct Registry {
    client: Client,
    auth: RegistryAuth,
    retries: Retries,
    /// Whether the registry has said yes to pulling and to pushing.
    welcome: [OnceCell<()>; 2],
}

impl Registry {
    /// Gets ready to speak to the registry of an image; nothing is sent yet.
    pub fn new(reference: &Reference, access: &Access) -> Result<Self, RegistryError> {
        // Only the first of a process is taken, and any of them will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ClientConfig {
            protocol: access.protocol(reference),
            read_timeout: Some(READ_TIMEOUT),
            connect_timeout: Some(CONNECT_TIMEOUT),
            user_agent: concat!("weft-oci/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let (client, auth) = (Client::new(config), access.auth(reference)?);
        Ok(Self { client, auth, retries: access.retries, welcome: [OnceCell::new(), OnceCell::new()] })
    }

    /// Pulls an image with everything that it names.
    ///
    /// A content that the registry does not have, and a layer that is larger than any consumer takes, is left out: whoever
    /// looks at the image says what that means.
    pub async fn pull(&self, reference: &Reference, progress: Progress<'_>) -> Result<Content, RegistryError> {
        let root = self.manifest(reference).await?;
        let mut content = Content::new(&media_type_of(&root), root);
        let mut open = named_in(&content);
        let mut seen = BTreeSet::new();
        while let Some(descriptor) = open.pop() {
            if !seen.insert(descriptor.digest.clone()) || descriptor.size > MAX_BYTES {
                continue;
            }
            let is_manifest = media_type::MANIFESTS.contains(&descriptor.media_type.as_str());
            let pulled = match is_manifest {
                true => self.manifest(&reference.at(descriptor.digest.clone())).await,
                false => self.blob(reference, &descriptor, progress).await,
            };
            let blob = match pulled {
                Ok(blob) => blob,
                Err(RegistryError::NotFound { .. }) => continue,
                Err(error) => return Err(error),
            };
            if is_manifest {
                open.extend(named_in(&Content::new(&descriptor.media_type, blob.clone())));
            }
            content.insert(blob);
        }
        Ok(content)
    }

    /// The digest of what a name stands for now.
    pub async fn digest(&self, reference: &Reference) -> Result<Digest, RegistryError> {
        Ok(Digest::of(&self.manifest(reference).await?))
    }

    /// Pushes an image, its manifest last, and looks whether it is served as it was pushed.
    pub async fn push(
        &self,
        reference: &Reference,
        content: &Content,
        progress: Progress<'_>,
    ) -> Result<(), RegistryError> {
        self.push_unseen(reference, content, progress).await?;
        let served = self.pull(&reference.tagged(reference.identifier()), SILENT).await?;
        let missing = content.blobs().find(|(digest, _)| served.blob(digest).is_none()).map(|(digest, _)| digest);
        if let Some(digest) = missing {
            return Err(RegistryError::Incomplete { image: reference.to_string(), digest: digest.clone() });
        }
        if served.root != content.root {
            let (expected, found) = (content.digest().to_string(), served.digest().to_string());
            return Err(RegistryError::WrongDigest { image: reference.to_string(), expected, found });
        }
        Ok(())
    }

    /// Pushes without looking: what is named first, so that no manifest names what is not there.
    pub(crate) async fn push_unseen(
        &self,
        reference: &Reference,
        content: &Content,
        progress: Progress<'_>,
    ) -> Result<(), RegistryError> {
        let mut manifests = Vec::new();
        let mut open = named_in(content);
        let mut seen = BTreeSet::new();
        while let Some(descriptor) = open.pop() {
            if !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            let Some(blob) = content.blob(&descriptor.digest) else {
                return Err(RegistryError::Incomplete { image: reference.to_string(), digest: descriptor.digest });
            };
            if media_type::MANIFESTS.contains(&descriptor.media_type.as_str()) {
                open.extend(named_in(&Content::new(&descriptor.media_type, blob.to_vec())));
                manifests.push((descriptor.digest.to_string(), descriptor.media_type.clone(), blob));
            } else {
                self.push_blob(reference, &descriptor.digest, blob).await?;
                progress(descriptor.size);
            }
        }
        // Children before those that list them, the root at the very end.
        manifests.reverse();
        manifests.push((reference.identifier().to_owned(), content.media_type.clone(), &content.root));
        for (identifier, media_type, manifest) in manifests {
            self.push_manifest(reference, &identifier, &media_type, manifest).await?;
        }
        Ok(())
    }

    pub(crate) async fn manifest(&self, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
        let image = image(reference, reference.identifier());
        let pull = || async {
            self.introduce(&image, RegistryOperation::Pull).await?;
            let (manifest, _) = self.client.pull_manifest_raw(&image, &self.auth, &media_type::MANIFESTS).await?;
            Ok(manifest.to_vec())
        };
        let manifest = self.patiently(reference, "serve a manifest", pull).await?;
        let found = Digest::of(&manifest);
        match reference.digest.as_ref().filter(|digest| **digest != found) {
            Some(digest) => {
                let (image, expected) = (reference.to_string(), digest.to_string());
                Err(RegistryError::WrongDigest { image, expected, found: found.to_string() })
            }
            None => Ok(manifest),
        }
    }

    pub(crate) async fn blob(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        progress: Progress<'_>,
    ) -> Result<Vec<u8>, RegistryError> {
        let image = image(reference, reference.identifier());
        let described = OciDescriptor { digest: descriptor.digest.to_string(), ..OciDescriptor::default() };
        let limit = usize::try_from(descriptor.size).unwrap_or(usize::MAX);
        let pull = || async {
            let mut pieces = self.client.pull_blob_stream(&image, &described).await?.stream;
            let mut blob = Vec::new();
            // The digest is compared at the end; a stream without one is not waited for.
            while let Some(piece) = pieces.try_next().await.map_err(of_stream)? {
                blob.extend_from_slice(&piece);
                progress(piece.len() as u64);
                if blob.len() > limit {
                    break;
                }
            }
            Ok(blob)
        };
        let blob = self.patiently(reference, "serve a layer", pull).await?;
        let found = Digest::of(&blob);
        if found == descriptor.digest {
            return Ok(blob);
        }
        let (image, expected) = (reference.to_string(), descriptor.digest.to_string());
        Err(RegistryError::WrongDigest { image, expected, found: found.to_string() })
    }

    /// The list of an image's referrers, as JSON: from the API, else from the tag.
    pub(crate) async fn listed_referrers(&self, subject: &Reference) -> Result<serde_json::Value, RegistryError> {
        let digest = subject.identifier().to_owned();
        let image = oci_client::Reference::with_digest(subject.registry.clone(), subject.repository.clone(), digest);
        let list = || async {
            self.introduce(&image, RegistryOperation::Pull).await?;
            Ok(serde_json::to_value(self.client.pull_referrers(&image, None).await?)?)
        };
        self.patiently(subject, "list what refers to an image", list).await
    }

    async fn push_blob(&self, reference: &Reference, digest: &Digest, blob: &[u8]) -> Result<(), RegistryError> {
        let image = image(reference, reference.identifier());
        let digest = digest.as_str();
        let push = || async {
            self.introduce(&image, RegistryOperation::Push).await?;
            // What is there already is not sent again; a registry that cannot say so gets it.
            if self.client.blob_exists(&image, digest).await.unwrap_or(false) {
                return Ok(());
            }
            self.client.push_blob(&image, blob.to_vec(), digest).await.map(|_| ())
        };
        self.patiently(reference, "take a layer", push).await
    }

    pub(crate) async fn push_manifest(
        &self,
        reference: &Reference,
        identifier: &str,
        media_type: &str,
        manifest: &[u8],
    ) -> Result<(), RegistryError> {
        let image = image(reference, identifier);
        let push = || async {
            self.introduce(&image, RegistryOperation::Push).await?;
            let media_type = media_type
                .parse()
                .map_err(|_| OciDistributionError::UnsupportedMediaTypeError(media_type.to_owned()))?;
            self.client.push_manifest_raw(&image, manifest.to_vec(), media_type).await.map(|_| ())
        };
        self.patiently(reference, "take the manifest", push).await
    }

    /// Asks to be let in, once for pulling and once for pushing: the client asks by itself, too, and passes over a failure.
    async fn introduce(
        &self,
        image: &oci_client::Reference,
        operation: RegistryOperation,
    ) -> Result<(), OciDistributionError> {
        let [to_pull, to_push] = &self.welcome;
        let welcome = if matches!(operation, RegistryOperation::Pull) { to_pull } else { to_push };
        let ask = || async { self.client.auth(image, &self.auth, operation).await.map(|_| ()) };
        welcome.get_or_try_init(ask).await.copied()
    }

    /// Sends a request until it succeeds, fails for good, or has failed often enough.
    async fn patiently<T>(
        &self,
        reference: &Reference,
        task: &'static str,
        mut request: impl AsyncFnMut() -> oci_client::errors::Result<T>,
    ) -> Result<T, RegistryError> {
        let mut attempts = 1;
        let mut pause = self.retries.pause;
        loop {
            let failure = match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) => Failure::from(error),
            };
            if !failure.may_pass() || attempts > self.retries.most {
                return Err(failure.explain(reference, task, attempts));
            }
            tokio::time::sleep(pause).await;
            attempts += 1;
            pause *= 2;
        }
    }
}

/// An image of a reference's repository. A digest stands as a tag does: only its place in the URL counts, which is the same.
fn image(reference: &Reference, identifier: &str) -> oci_client::Reference {
    let (registry, repository) = (reference.registry.clone(), reference.repository.clone());
    oci_client::Reference::with_tag(registry, repository, identifier.to_owned())
}

/// A wrong digest as such, which a stream wraps into a failure to read.
fn of_stream(error: std::io::Error) -> OciDistributionError {
    match error.downcast::<DigestError>() {
        Ok(wrong) => OciDistributionError::DigestError(wrong),
        Err(error) => OciDistributionError::IoError(error),
    }
}

/// What a manifest says that it is; nothing, where it says nothing.
fn media_type_of(manifest: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(manifest).ok();
    value.as_ref().and_then(|value| value.get("mediaType")?.as_str()).unwrap_or_default().to_owned()
}

fn named_in(content: &Content) -> Vec<Descriptor> {
    match content.read() {
        Ok(Root::Manifest(manifest)) => [vec![manifest.config], manifest.layers].concat(),
        Ok(Root::Index(index)) => index.manifests,
        Err(_) => Vec::new(),
    }
}
