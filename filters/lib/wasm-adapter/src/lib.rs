//! The one crate that talks to the proxy: applies steps, never traps.
