//! The one crate that talks to the proxy: applies steps, never traps.
//!
//! A trap takes down every plugin that shares the virtual machine, and the published SDK panics on each status, and on each
//! context, that it does not expect; its dispatch of callbacks is also 65 KB of a module. So the ABI is spoken here directly:
//! `dispatch` has the callbacks (and `bodies` those that only some filters need), `host` the proxy's functions, which hand back whatever status the proxy gave. It decides
//! nothing: filters implement `Plugin`, and [`register!`] makes a module of one.
//!
//! Only [`pairs`] exists outside of wasm: everything else needs a proxy around it.

pub mod pairs;

#[cfg(all(target_family = "wasm", feature = "bodies"))]
mod bodies;
#[cfg(any(target_family = "wasm", test))]
mod by_number;
#[cfg(target_family = "wasm")]
mod dispatch;
#[cfg(target_family = "wasm")]
pub mod host;
#[cfg(target_family = "wasm")]
mod import;
#[cfg(target_family = "wasm")]
mod log_sink;
#[cfg(target_family = "wasm")]
mod plugin;
#[cfg(target_family = "wasm")]
mod stream;

#[cfg(target_family = "wasm")]
pub use plugin::{Plugin, start};

/// Makes the crate a module that runs this `Plugin`.
#[macro_export]
macro_rules! register {
    ($plugin:ty) => {
        /// Is called by the proxy before everything else.
        // SAFETY: the name is the ABI's, and a module has one plugin.
        #[unsafe(no_mangle)]
        pub extern "C" fn _initialize() {
            $crate::start::<$plugin>();
        }
    };
}

/// The standard library's allocator does the same in 5 KB more of each module.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
