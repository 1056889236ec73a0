//! Sample services that run inside this program, so that a mesh works with nothing to build.
//!
//! A sample takes its environment as values: a hundred of them run in one process and none sees another's.

mod client;
pub mod details;
pub mod gray;
pub mod hello;
pub mod landing;
pub mod pages;
pub(crate) mod server;

pub use details::Details;
pub use gray::{GrayGrpc, GrayHttp};
pub use hello::Hello;
pub use landing::Landing;
pub use pages::Pages;

/// What a sample passes on of the headers that it was asked with: those of tracing, and no other.
pub const TRACING_HEADERS: [&str; 7] = [
    "x-request-id",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "x-ot-span-context",
];
