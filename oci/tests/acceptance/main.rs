//! What each consumer says to every layout that is found in registries. Each is built by hand, without the packer. The expectations
//! for Istio are what its own fetcher answered to the same layouts in a registry.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod images;
mod istio;
mod others;

use oci::{Accepted, Consumer, Content, Digest, Question, Refused, verify};

/// What a consumer says to an image.
fn ask(content: &Content, consumer: Consumer, pin: Option<&Digest>) -> Result<Accepted, Refused> {
    verify(Question { content, url: "oci://r.test/plugin:1", pin }, consumer)
}
