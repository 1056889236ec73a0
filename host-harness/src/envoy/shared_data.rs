//! Shared data: one store for the process, scoped by `vm_id`, with compare-and-swap.
//!
//! The rules are those of `shared_data.cc` in proxy-wasm-cpp-host: a version of zero writes whatever is there, another version
//! must be the current one, a version on a key that does not exist inserts, and nothing is ever deleted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::abi::Status;

#[derive(Default)]
pub(super) struct SharedData {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    scopes: HashMap<String, HashMap<Vec<u8>, Entry>>,
    last_version: u32,
}

/// A value with its version.
type Entry = (Vec<u8>, u32);

impl SharedData {
    pub(super) fn get(&self, vm_id: &str, key: &[u8]) -> Result<Entry, Status> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.scopes.get(vm_id).and_then(|scope| scope.get(key)).cloned().ok_or(Status::NotFound)
    }

    pub(super) fn set(&self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // The version is one number for all keys, and never zero.
        let version = state.last_version.wrapping_add(1).max(1);
        let scope = state.scopes.entry(vm_id.to_owned()).or_default();
        match scope.get_mut(key) {
            Some((_, current)) if cas != 0 && *current != cas => return Err(Status::CasMismatch),
            Some(entry) => *entry = (value.to_vec(), version),
            None => {
                scope.insert(key.to_vec(), (value.to_vec(), version));
            }
        }
        state.last_version = version;
        Ok(())
    }

    /// The number of keys and the bytes of all keys and values.
    pub(super) fn size(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = state.scopes.values().flatten();
        entries.fold((0, 0), |(keys, bytes), (key, (value, _))| (keys + 1, bytes + key.len() + value.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_version_is_refused_and_a_fresh_one_is_taken() {
        let data = SharedData::default();
        assert_eq!(data.get("vm", b"k"), Err(Status::NotFound));
        assert_eq!(data.set("vm", b"k", b"1", 77), Ok(()), "a version on a missing key inserts");
        let (value, version) = data.get("vm", b"k").expect("the key was just set");
        assert_eq!(value, b"1");
        assert_eq!(data.set("vm", b"k", b"2", version), Ok(()));
        assert_eq!(data.set("vm", b"k", b"3", version), Err(Status::CasMismatch));
        assert_eq!(data.set("vm", b"k", b"4", 0), Ok(()));
        assert_eq!(data.get("vm", b"k").map(|(value, _)| value), Ok(b"4".to_vec()));
        assert_eq!(data.get("other", b"k"), Err(Status::NotFound), "the vm_id is the scope");
    }
}
