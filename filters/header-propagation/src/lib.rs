//! Header propagation as a Proxy-Wasm module: the adapter, which decides nothing.
