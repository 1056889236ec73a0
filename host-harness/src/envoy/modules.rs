//! Compiled modules, each compiled once however many processes and workers run it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::vm_host::VmHost;
use crate::abi::{CompiledModule, LoadError, Loader};
use crate::bootstrap::Module;

/// A cache of compiled modules, by the digest of their bytes.
pub struct Modules {
    loader: Loader,
    compiled: Mutex<HashMap<[u8; 32], CompiledModule<VmHost>>>,
}

/// The WebAssembly engine does not work on this machine.
#[derive(Debug, thiserror::Error)]
#[error("expected the WebAssembly engine to start, but: {0}")]
pub struct EngineError(String);

impl Modules {
    /// An empty cache; give the same one to every [`super::Process`] that may run the same modules.
    pub fn new() -> Result<Arc<Self>, EngineError> {
        let loader = Loader::new().map_err(|error| EngineError(error.to_string()))?;
        Ok(Arc::new(Self { loader, compiled: Mutex::default() }))
    }

    /// Compiles a module, or finds it compiled. Whoever asks for it meanwhile waits instead of compiling it too.
    pub(super) fn get(&self, module: &Module) -> Result<CompiledModule<VmHost>, LoadError> {
        let digest: [u8; 32] = Sha256::digest(&module.bytes).into();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = compiled.get(&digest) {
            return Ok(found.clone());
        }
        let fresh = self.loader.load::<VmHost>(&module.name, &module.bytes)?;
        compiled.insert(digest, fresh.clone());
        Ok(fresh)
    }
}
