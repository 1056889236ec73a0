//! Sample services that run inside this program, so that a mesh works with nothing to build.
//!
//! A sample takes its environment as values: a hundred of them run in one process and none sees another's.

pub mod hello;
pub mod landing;
pub(crate) mod server;

pub use hello::Hello;
pub use landing::Landing;
