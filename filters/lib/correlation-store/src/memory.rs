//! Shared values in this process's memory, with the semantics of a proxy's shared data: for running a core without a proxy.

use crate::{Cas, SharedSlots, Written};
use std::collections::BTreeMap;

/// Shared values that live as long as this.
#[derive(Debug, Clone, Default)]
pub struct MemorySlots {
    values: BTreeMap<String, (Vec<u8>, Cas)>,
    last_version: Cas,
}

impl MemorySlots {
    /// The bytes of all keys and values.
    pub fn bytes(&self) -> u64 {
        self.values.iter().map(|(key, (value, _))| key.len() as u64 + value.len() as u64).sum()
    }

    /// Stores a value whatever is there.
    pub fn set(&mut self, key: &str, value: &[u8]) {
        self.last_version += 1;
        self.values.insert(key.to_owned(), (value.to_vec(), self.last_version));
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

impl SharedSlots for MemorySlots {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.values.get(key).cloned()
    }

    fn set_if(&mut self, key: &str, value: &[u8], version: Option<Cas>) -> Written {
        let present = self.values.get(key).map(|(_, version)| *version);
        if present.is_some() && present != version {
            return Written::Outrun;
        }
        self.set(key, value);
        Written::Yes
    }
}
