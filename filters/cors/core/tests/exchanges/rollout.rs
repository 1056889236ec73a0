//! A policy can be tried before it counts: in the shadow, and on a share of requests.

use crate::proxy::{Header, with};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ORIGIN: Header<'_> = ("origin", "https://a.example");
const ASKS: Header<'_> = ("access-control-request-method", "PUT");

fn shares(enabled: u32, shadow: u32) -> String {
    format!(
        r#"{{"allowOrigins": ["https://a.example"], "filterEnabled": {{"defaultValue": {{"numerator": {enabled}}}}},
            "shadowEnabled": {{"defaultValue": {{"numerator": {shadow}}}}}}}"#
    )
}

#[test]
fn a_shadow_counts_and_changes_nothing() {
    for profile in ["envoy", "strict"] {
        let mut proxy = with(profile, &shares(0, 100));
        let theirs = [("access-control-allow-origin", "*")];
        for request in [&[ORIGIN, ASKS][..], &[("origin", "https://evil.example"), ASKS]] {
            let answer = proxy.send("OPTIONS", request, &theirs);
            assert_eq!(answer.to_string(), "200 forwarded | allow-origin: *", "{profile}");
        }
        assert_eq!(proxy.counts(), "origin_valid 1, origin_invalid 1");
    }
}

#[test]
fn what_is_off_does_not_even_count() {
    for profile in ["envoy", "strict"] {
        let mut proxy = with(profile, &shares(0, 0));
        assert_eq!(proxy.send("OPTIONS", &[ORIGIN, ASKS], &[]).to_string(), "200 forwarded");
        assert_eq!(proxy.send("GET", &[], &[]).to_string(), "200 forwarded");
        assert_eq!(proxy.counts(), "");
    }
}

#[test]
fn about_the_share_is_judged_and_the_rest_is_as_before() {
    for profile in ["envoy", "strict"] {
        let mut proxy = with(profile, &shares(25, 0));
        let marked = (0..4000).filter(|_| {
            let answer = proxy.send("GET", &[ORIGIN], &[]);
            // What is not judged for one request may be for the next: caches have to know.
            assert_eq!(answer.get("vary").is_some(), profile == "strict");
            answer.get("access-control-allow-origin").is_some()
        });
        let marked = marked.count();
        assert!((850..1150).contains(&marked), "{profile}: {marked}");
        assert_eq!(proxy.counts(), format!("origin_valid {marked}"));
    }
}
