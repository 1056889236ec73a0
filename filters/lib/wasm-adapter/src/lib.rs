//! The one crate that talks to the proxy: applies steps, never traps.
//!
//! A trap takes down every plugin that shares the virtual machine, and the SDK's wrappers panic on each status that they do
//! not expect. So of the SDK only the dispatch of callbacks is used; the host functions are called through [`host`], which
//! declares the same imports and hands back whatever status the proxy gave. It decides nothing: filters implement
//! [`Plugin`], and [`register!`] makes a module of one.
//!
//! Only [`pairs`] exists outside of wasm: everything else needs a proxy around it.

pub mod pairs;

#[cfg(target_family = "wasm")]
pub mod host;
#[cfg(target_family = "wasm")]
mod import;
#[cfg(target_family = "wasm")]
mod log_sink;
#[cfg(target_family = "wasm")]
mod plugin;

#[cfg(target_family = "wasm")]
pub use plugin::{Plugin, start};

/// The SDK, for [`register!`] alone.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use proxy_wasm as sdk;

/// Makes the crate a module that runs this [`Plugin`].
#[macro_export]
macro_rules! register {
    ($plugin:ty) => {
        $crate::sdk::main! {{ $crate::start::<$plugin>() }}
    };
}
