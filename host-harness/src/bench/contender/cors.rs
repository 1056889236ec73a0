//! cors in the situations that a request can be in. Envoy's own filter has no part here, and ours as Envoy does little: they have
//! no policy where the listener answers.

use super::header_propagation::BASE;
use super::references::SECTION;
use super::{Contender, built_in, chain};
use crate::bench::client::Request;
use crate::bootstrap::Direction;

/// The page that is allowed.
const PAGE: &str = "https://page1.example.com";

pub(super) fn contenders() -> Vec<Contender> {
    let contender = |name, configuration: &str, request, answer| Contender {
        name,
        filter: Some("cors"),
        section: &SECTION,
        direction: Direction::Outbound,
        chain: chain(built_in("cors", configuration)),
        calls_upstream: false,
        requests: vec![request],
        answer: Vec::from(answer),
    };
    let plain = || Request::get("/details/2", std::iter::empty());
    let simple = || Request::get("/details/2", [("origin", PAGE.to_owned())].into_iter());
    let asks = [
        ("origin", PAGE),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type,x-token"),
    ];
    let preflight = || Request::options("/details/2", asks.into_iter().map(|(name, value)| (name, value.to_owned())));
    let (one, many, native) = (policies("strict", 1), policies("strict", 10_000), policies("envoy", 1));
    vec![
        contender("cors: no origin", &one, plain(), BASE),
        contender("cors: simple request", &one, simple(), BASE),
        contender("cors: preflight", &one, preflight(), ""),
        contender("cors: simple request, 10,000 origins", &many, simple(), BASE),
        contender("cors: preflight, 10,000 origins", &many, preflight(), ""),
        contender("cors, as Envoy: no origin", &native, plain(), BASE),
    ]
}

/// A policy of so many origins.
fn policies(profile: &str, origins: u32) -> String {
    let origins: Vec<_> = (1..=origins).map(|number| format!(r#""https://page{number}.example.com""#)).collect();
    format!(
        r#"{{"profile": "{profile}", "policies": [{{"corsPolicy": {{"allowOrigins": [{}], "allowMethods": ["PUT"],
            "allowHeaders": ["content-type", "x-token"], "maxAge": "600s"}}}}]}}"#,
        origins.join(", ")
    )
}
