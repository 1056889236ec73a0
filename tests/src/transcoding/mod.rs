//! HTTP requests to transcoding filters, as files say them, and what came back.
//!
//! `tests/transcoding` has one file for each configuration of the filter; its requests are in the format that editors call
//! `.http`. What sits behind the filter is [`crate::grpc_upstream`].

mod answer;
mod request_file;

pub use answer::{Answer, ask};
pub use request_file::{Case, Setup, load};
