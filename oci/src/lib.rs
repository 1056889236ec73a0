//! Wasm modules as OCI images: packing them so that every consumer takes them, and saying what each consumer would say.
//!
//! ```text
//! bytes ─ module ─┐
//! runtime_config ─┴─ package (archive, manifest, digest) ─ content ─┬─ image_layout
//!                                                                   └─ verify
//! ```
//! A [`Content`] is an image in memory. Here it is made, written, read and judged; nothing here speaks to a registry, starts a
//! module or asks the time. Specifications: OCI image 1.1, solo.io's Wasm artifact image, CNCF's TAG Runtime layout.
//!
//! ```
//! use oci::{Consumer, Layout, Module, Question, RuntimeConfig, Words, pack, verify};
//!
//! let module = Module::read(wat::parse_str(r#"(module (func (export "proxy_abi_version_0_2_1")))"#)?)?;
//! let config = RuntimeConfig::new(module.abi_version(), vec!["root".to_owned()]);
//! let content = pack(&module, &config, Layout::Artifact, &Words::default())?;
//! let accepted = verify(Question { content: &content, url: "oci://r.test/x:1", pin: None }, Consumer::Istio)?;
//! assert_eq!(accepted.manifest, content.digest());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod archive;
mod content;
mod digest;
pub mod host_functions;
pub mod image_layout;
pub mod manifest;
pub mod media_type;
mod module;
mod package;
mod reference;
mod runtime_config;
mod verify;

pub use content::{Content, Root, Unreadable};
pub use digest::{Digest, NoDigest};
pub use manifest::{Annotations, Descriptor, Index, Manifest};
pub use module::{AbiVersion, LARGE_BYTES, MAX_BYTES, Module, Reason, Refusal};
pub use package::{CREATED, Layout, Words, created, pack};
pub use reference::{NoReference, Reference};
pub use runtime_config::{NoRuntimeConfig, RuntimeConfig};
pub use verify::{Accepted, Consumer, Found, Question, Refused, Via, find_module, verify};
