//! Editions: which features hold for an element of a descriptor.
//!
//! `syntax = "proto2"` and `"proto3"` are editions with fixed defaults; from edition 2023 on each element may override what it
//! inherits. Source: `google/protobuf/descriptor.proto`, `FeatureSet` and `FeatureSetDefaults`.

use crate::wire::{Reader, Value, WireError};

/// The features of an element that matter for JSON and for the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    /// Whether a singular scalar has presence (`EXPLICIT`, `LEGACY_REQUIRED`).
    pub(crate) presence: bool,
    /// Whether an enum is closed.
    pub(crate) closed_enum: bool,
    /// Whether repeated numbers are packed.
    pub(crate) packed: bool,
    /// Whether message fields are groups on the wire (`DELIMITED`).
    pub(crate) delimited: bool,
    /// Whether names that clash in JSON are tolerated (`LEGACY_BEST_EFFORT`).
    pub(crate) legacy_json: bool,
}

/// What applies before any override: `proto2`.
pub(crate) const PROTO2: Features =
    Features { presence: true, closed_enum: true, packed: false, delimited: false, legacy_json: true };
/// What applies before any override: `proto3`.
pub(crate) const PROTO3: Features =
    Features { presence: false, closed_enum: false, packed: true, delimited: false, legacy_json: false };
/// What applies before any override: editions 2023 and 2024.
pub(crate) const EDITION_2023: Features =
    Features { presence: true, closed_enum: false, packed: true, delimited: false, legacy_json: false };

impl Features {
    /// These features with the overrides of a serialized `FeatureSet`.
    pub(crate) fn with(mut self, feature_set: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(feature_set);
        while let Some(record) = reader.record()? {
            let Value::Varint(value) = record.value else { continue };
            match (record.number, value) {
                (1, 2) => self.presence = false,
                (1, 1 | 3) => self.presence = true,
                (2, value @ (1 | 2)) => self.closed_enum = value == 2,
                (3, value @ (1 | 2)) => self.packed = value == 1,
                (5, value @ (1 | 2)) => self.delimited = value == 2,
                (6, value @ (1 | 2)) => self.legacy_json = value == 2,
                _ => {}
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_element_overrides_what_it_inherits() {
        let overridden = EDITION_2023.with(&[0x08, 2, 0x10, 2, 0x18, 2, 0x28, 2, 0x30, 2, 0x20, 3, 0x38, 1]).unwrap();
        let expected =
            Features { presence: false, closed_enum: true, packed: false, delimited: true, legacy_json: true };
        assert_eq!(overridden, expected);
        assert_eq!(overridden.with(&[0x08, 3]).unwrap(), Features { presence: true, ..expected });
        assert!(PROTO3.with(&[0x08]).is_err());
    }
}
