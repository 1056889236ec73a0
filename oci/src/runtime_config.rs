//! `runtime-config.json`: which proxies may load a module and which root contexts it has.
//!
//! The Wasm artifact image specification's text and the tools that follow it spell its fields differently (`abi_version` and
//! `abiVersions`); both are read, the tools' form is written.

use serde::{Deserialize, Serialize};

use crate::manifest::json;
use crate::module::AbiVersion;

/// What a module is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeConfig {
    /// Always `envoy_proxy`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The versions of the ABI, as in `v0.2.1`; older ones are named after a commit.
    #[serde(default, alias = "abi_versions", alias = "abi_version")]
    pub abi_versions: Vec<String>,
    /// The rest.
    #[serde(default)]
    pub config: RootContexts,
}

/// The root contexts of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RootContexts {
    /// Their names; a module that takes any may name none.
    #[serde(default, alias = "root_ids")]
    pub root_ids: Vec<String>,
}

/// A text that is no `runtime-config.json`.
#[derive(Debug, thiserror::Error)]
pub enum NoRuntimeConfig {
    /// It is not JSON of that form.
    #[error("expected a runtime-config.json, but found: {0}")]
    Form(serde_json::Error),
    /// It is for another program.
    #[error("expected a runtime-config.json with type envoy_proxy, but found {0:?}")]
    Kind(String),
}

const ENVOY: &str = "envoy_proxy";

impl RuntimeConfig {
    /// That of a module with these root contexts.
    pub fn new(version: AbiVersion, root_ids: Vec<String>) -> Self {
        Self {
            kind: ENVOY.to_owned(),
            abi_versions: vec![format!("v{}", version.name())],
            config: RootContexts { root_ids },
        }
    }

    /// Reads either spelling.
    pub fn read(text: &[u8]) -> Result<Self, NoRuntimeConfig> {
        let config: Self = serde_json::from_slice(text).map_err(NoRuntimeConfig::Form)?;
        if config.kind == ENVOY { Ok(config) } else { Err(NoRuntimeConfig::Kind(config.kind)) }
    }

    /// As it stands in an image.
    pub fn to_json(&self) -> Vec<u8> {
        json(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_the_guides_have_it() {
        let config = RuntimeConfig::new(AbiVersion::V0_2_1, vec!["propaganda_filter_root".to_owned()]);
        let text = String::from_utf8(config.to_json()).expect("text");
        insta::assert_snapshot!(text, @r#"{"type":"envoy_proxy","abiVersions":["v0.2.1"],"config":{"rootIds":["propaganda_filter_root"]}}"#);
        assert_eq!(RuntimeConfig::read(text.as_bytes()).expect("its own form"), config);
    }

    #[test]
    fn both_spellings_are_read() {
        let camel = br#"{"type":"envoy_proxy","abiVersions":["v0.2.1"],"config":{"rootIds":["a"]}}"#;
        let snake = br#"{"type":"envoy_proxy","abi_version":["v0.2.1"],"config":{"root_ids":["a"]}}"#;
        let [camel, snake] = [&camel[..], snake].map(|text| RuntimeConfig::read(text).expect("a runtime config"));
        assert_eq!(camel, snake);
    }

    #[test]
    fn what_is_none_is_refused() {
        for (text, expected) in [
            (&br#"{"type":"nginx"}"#[..], "expected a runtime-config.json with type envoy_proxy, but found \"nginx\""),
            (
                b"[]",
                "expected a runtime-config.json, but found: invalid length 0, expected struct RuntimeConfig with 3 elements at line 1 column 2",
            ),
        ] {
            assert_eq!(RuntimeConfig::read(text).expect_err("none").to_string(), expected);
        }
    }
}
