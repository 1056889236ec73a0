//! The parts that some tests need and a machine may lack: a real Envoy, a registry, a browser.
//!
//! A test that lacks its part says so in one line and passes, so that `cargo test` is useful anywhere. With
//! `WEFT_REQUIRE_PARTS=1`, as continuous integration sets it, it fails instead, so that nothing is skipped unseen.

use host_harness::envoy_process::EnvoyBinary;

use crate::browser::Browser;

/// The real Envoy, or `None` when the test is to be passed over.
///
/// # Panics
///
/// When there is none and parts are required.
pub fn envoy() -> Option<EnvoyBinary> {
    available("Envoy", EnvoyBinary::locate())
}

/// A real browser, or `None` when the test is to be passed over.
///
/// # Panics
///
/// When there is none and parts are required.
pub async fn browser() -> Option<Browser> {
    available("a browser", Browser::start().await)
}

/// What a look for a part brought, or `None` after one line that says what is missing.
///
/// # Panics
///
/// When it is missing and parts are required.
pub fn available<T, E: std::fmt::Display>(part: &str, found: Result<T, E>) -> Option<T> {
    match found {
        Ok(part) => Some(part),
        Err(reason) => {
            let required = std::env::var_os("WEFT_REQUIRE_PARTS").is_some_and(|value| value == "1");
            assert!(!required, "{part} is required: {reason}");
            eprintln!("passed over, without {part}: {reason}");
            None
        }
    }
}
