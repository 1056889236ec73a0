//! Whole exchanges, without a host: what a client and a server say, and what each is told.
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

mod host;
mod partition;
mod statuses;
mod transports;
