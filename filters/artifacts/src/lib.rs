//! Every filter compiled for wasm32 and embedded with its name.
//!
//! The build script compiles them with the profile `wasm`; the same sources and toolchain give the same bytes in every
//! checkout. Nothing here looks into a module.
//!
//! ```
//! let module = artifacts::module("header-propagation").unwrap();
//! assert!(module.bytes.starts_with(b"\0asm"));
//! ```

mod flags;

pub use flags::flags;

/// A compiled filter.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// The filter's name: its folder and its package, for instance `header-propagation`.
    pub name: &'static str,
    /// The module, as it is shipped.
    pub bytes: &'static [u8],
}

/// Every filter, sorted by name.
pub const MODULES: &[Module] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The filter of that name.
pub fn module(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}
