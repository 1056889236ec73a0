//! The media types that say what a manifest, a config or a layer is.

/// A manifest of one image (OCI image specification).
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A list of manifests, one for each platform.
pub const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The config of a container image.
pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A layer of a container image.
pub const IMAGE_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// `{}`, where a manifest has nothing to configure.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Docker's manifest of one image.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's list of manifests.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's layer.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// `runtime-config.json` of the Wasm artifact image specification (solo.io), which ASM, Istio and Envoy Gateway follow.
pub const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
/// The module of that specification, not compressed.
pub const WASM_CONTENT: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// The config of CNCF's TAG Runtime.
pub const CNCF_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The module of CNCF's TAG Runtime.
pub const CNCF_CONTENT: &str = "application/wasm";

/// All that a registry may answer where a manifest is asked for.
pub const MANIFESTS: [&str; 4] = [IMAGE_MANIFEST, IMAGE_INDEX, DOCKER_MANIFEST, DOCKER_INDEX];

/// Whether a manifest of this media type lists others.
pub fn is_index(media_type: &str) -> bool {
    [IMAGE_INDEX, DOCKER_INDEX].contains(&media_type)
}
