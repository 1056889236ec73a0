//! Modules that probe a host or misbehave on purpose, compiled from `tests/guests`.

struct Module {
    name: &'static str,
    bytes: &'static [u8],
}

const MODULES: &[Module] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// The guest of that name, as a module or in the text format.
pub fn guest(name: &str) -> Option<&'static [u8]> {
    MODULES.iter().find(|module| module.name == name).map(|module| module.bytes)
}
