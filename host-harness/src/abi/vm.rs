//! A running virtual machine: one instance of a module, its memory, and the way into its callbacks.

use std::collections::HashMap;

use wasmtime::{Func, Memory, Store, StoreLimits, StoreLimitsBuilder, TypedFunc, Val};

use super::callbacks::Callback;
use super::host::Host;
use super::module::{AbiVersion, CompiledModule};

/// The most memory that one virtual machine may have (`limits.h` of proxy-wasm-cpp-host).
const MAX_MEMORY: usize = 1024 * 1024 * 1024;

/// Which host functions may be called now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Allocating,
    Running,
}

pub(super) struct VmData<H> {
    pub(super) host: H,
    pub(super) memory: Option<Memory>,
    pub(super) allocator: Option<TypedFunc<i32, i32>>,
    pub(super) phase: Phase,
    pub(super) bytes_copied: usize,
    limits: StoreLimits,
}

/// Why a virtual machine failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Function: {function} failed: {reason}{backtrace}")]
pub struct Trap {
    /// What was being called.
    pub function: String,
    /// What went wrong.
    pub reason: String,
    /// The module's frames, innermost first, each on a line of its own.
    pub backtrace: String,
}

/// One instance of a module.
pub struct Vm<H: Host> {
    store: Store<VmData<H>>,
    callbacks: HashMap<Callback, Func>,
    version: AbiVersion,
}

impl<H: Host> Vm<H> {
    /// Makes an instance and runs its start functions: `_initialize` and then `main` where there is one, or else `_start`.
    pub fn start(module: &CompiledModule<H>, host: H) -> Result<Self, Trap> {
        let limits = StoreLimitsBuilder::new().memory_size(MAX_MEMORY).build();
        let data = VmData { host, memory: None, allocator: None, phase: Phase::Starting, bytes_copied: 0, limits };
        let mut store = Store::new(module.instance.module().engine(), data);
        store.limiter(|data| &mut data.limits);
        let instance = module.instance.instantiate(&mut store).map_err(|error| trap("instantiate", &error))?;
        let memory = instance.get_memory(&mut store, "memory");
        let allocator = ["malloc", "proxy_on_memory_allocate"]
            .iter()
            .find_map(|name| instance.get_typed_func::<i32, i32>(&mut store, name).ok());
        store.data_mut().memory = memory;
        store.data_mut().allocator = allocator;
        let mut callbacks = HashMap::new();
        for callback in Callback::ALL {
            if let Some(function) = instance.get_func(&mut store, callback.name()) {
                callbacks.insert(*callback, function);
            }
        }
        let mut vm = Self { store, callbacks, version: module.version };
        if let Some(initialize) = instance.get_func(&mut vm.store, "_initialize") {
            vm.run("_initialize", initialize, &[])?;
            if let Some(main) = instance.get_func(&mut vm.store, "main") {
                vm.run("main", main, &[0, 0])?;
            } else if let Some(main) = instance.get_func(&mut vm.store, "__main_void") {
                vm.run("__main_void", main, &[])?;
            }
        } else if let Some(start) = instance.get_func(&mut vm.store, "_start") {
            vm.run("_start", start, &[])?;
        }
        vm.store.data_mut().phase = Phase::Running;
        Ok(vm)
    }

    /// The ABI version of the module.
    pub fn version(&self) -> AbiVersion {
        self.version
    }

    /// The host behind the module.
    pub fn host(&self) -> &H {
        &self.store.data().host
    }

    /// The host behind the module.
    pub fn host_mut(&mut self) -> &mut H {
        &mut self.store.data_mut().host
    }

    /// The bytes copied across the boundary since this was last asked.
    pub fn take_bytes_copied(&mut self) -> usize {
        std::mem::take(&mut self.store.data_mut().bytes_copied)
    }

    /// The size of the module's memory in bytes.
    pub fn memory_size(&self) -> usize {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    /// Whether the module has a callback.
    pub fn has(&self, callback: Callback) -> bool {
        self.callbacks.contains_key(&callback)
    }

    /// Calls a callback; `None` when the module does not have it.
    pub fn call(&mut self, callback: Callback, arguments: &[u32]) -> Result<Option<u32>, Trap> {
        let Some(function) = self.callbacks.get(&callback).copied() else { return Ok(None) };
        let count = callback.parameters(self.version);
        let result = self.run(callback.name(), function, arguments.get(..count).unwrap_or(arguments))?;
        Ok(Some(result))
    }

    fn run(&mut self, name: &str, function: Func, arguments: &[u32]) -> Result<u32, Trap> {
        let values: Vec<Val> = arguments.iter().map(|value| Val::I32(value.cast_signed())).collect();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        function.call(&mut self.store, &values, &mut results).map_err(|error| trap(name, &error))?;
        Ok(results.first().and_then(Val::i32).unwrap_or_default().cast_unsigned())
    }
}

fn trap(function: &str, error: &wasmtime::Error) -> Trap {
    let frames =
        error.downcast_ref::<wasmtime::WasmBacktrace>().map(wasmtime::WasmBacktrace::frames).unwrap_or_default();
    let mut backtrace = String::new();
    for (depth, frame) in frames.iter().enumerate() {
        backtrace.push_str(&format!("\n  {depth}: {}", frame.func_name().unwrap_or("<unknown>")));
    }
    Trap { function: function.to_owned(), reason: error.root_cause().to_string(), backtrace }
}
