//! Whole exchanges, without a host: a request, what its server is sent and answers, and what the client gets.
//!
//! Covers, of the native filter's tests: TranscodingUnaryPost, TranscodingUnaryError, TranscodingUnaryTimeout,
//! TranscodingUnaryNotGrpcResponse, ForwardUnaryPostGrpc, RequestBodyExceedsBufferLimit, ResponseBodyExceedsBufferLimit,
//! TranscodingUnaryWithHttpBodyAsOutput, TranscodingStreamPostWithHttpBody, TranscodingStreamWithFragmentedHttpBody; of
//! ConvertGrpcStatus all but those of the text form alone; and partition: how bodies are cut changes nothing.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod beside_native;
#[path = "../routing/descriptors.rs"]
mod descriptors;
mod host;
mod hostile;
mod partition;
mod profiles;
mod proxy;
mod scale;
mod site;
mod statuses;
mod thousand;
mod transports;
