//! HTTP requests to transcoding filters, as files say them, and what came back.
//!
//! `tests/transcoding` has one file for each configuration of the filter; its requests are in the format that editors call
//! `.http`. What sits behind the filter is [`crate::grpc_upstream`].

mod allowed;
mod answer;
mod proxy;
mod request_file;

pub use allowed::ALLOWED;
pub use answer::{Answer, ask};
pub use proxy::{native, ours, proxy};
pub use request_file::{Case, END, Setup, load, record, recorded};
