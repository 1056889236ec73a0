//! The command `weft-oci`: filters as packages in registries, and the manifests that load them from there.
//!
//! The crates `oci` and `oci-registry` know what an image is and how it travels; here is what a user asks for on the command
//! line ([`cli`]), what is known of each filter ([`filters`]), the manifests ([`emit`]), descriptor sets from `.proto` files
//! ([`transcoding`]), bills of materials ([`sbom`]) and signatures ([`signature`]).

pub mod cli;
pub mod emit;
pub mod filters;
pub mod sbom;
pub mod signature;
pub mod transcoding;
