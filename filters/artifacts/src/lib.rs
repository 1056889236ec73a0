//! Every filter compiled for wasm32 and embedded with its name.
