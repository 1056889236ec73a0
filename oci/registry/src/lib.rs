//! Images in registries (OCI distribution specification 1.1): pulling, pushing, attaching, and a cache of images by digest.
//!
//! Here is decided who asks, how often, and what a failure means for the user. What an image is and who takes it is for the crate
//! `oci`. A push puts the manifest last, so that one which fails leaves no tag behind.

mod access;
mod cache;
mod error;
pub mod memory;
mod referrers;
mod registry;

pub use access::{Access, Login, Retries};
pub use cache::Cache;
pub use error::RegistryError;
pub use registry::{Progress, Registry, SILENT};
