//! header-propagation in the situations that a request can be in.

use super::references::SECTION;
use super::{Contender, built_in, chain};
use crate::bench::client::{Answer, Request};
use crate::bench::routes::Routes;
use crate::bootstrap::Direction;

/// How many requests differ in their identifiers before they repeat.
const DISTINCT: u64 = 64;

/// The body that answers a request in the lane `v2`, which it is if `route-v: v2` came with it or was added.
pub(in crate::bench) const IN_LANE: &str = "v2";
/// The body that answers any other request.
pub(in crate::bench) const BASE: &str = "v1";

pub(super) fn contenders() -> Vec<Contender> {
    const STAMP: &str = r#"{"head_tag_name": "route-v", "head_tag_value": "v2"}"#;
    // Entries outlive the longest run, so that what is to be found is found.
    const PROPAGATE: &str = r#"{"propagate": {"exact": ["route-v"]}, "store": {"ttl": "24h"}}"#;
    let contender = |name, direction, configuration: &str, headers: &[(&str, &str)], answer| Contender {
        name,
        filter: Some("header-propagation"),
        section: &SECTION,
        direction,
        chain: chain(built_in("header-propagation", configuration)),
        routes: Routes::answers(),
        requests: requests(headers),
        answer: Answer::ok(answer),
    };
    let (inbound, outbound) = (Direction::Inbound, Direction::Outbound);
    vec![
        contender("header-propagation: stamps", outbound, STAMP, &[], IN_LANE),
        contender("header-propagation: no identifier", outbound, PROPAGATE, &[], BASE),
        contender("header-propagation: nothing stored", outbound, PROPAGATE, &[("x-b3-traceid", "b{}")], BASE),
        contender(
            "header-propagation: captures",
            inbound,
            PROPAGATE,
            &[("x-b3-traceid", "a{}"), ("route-v", IN_LANE)],
            IN_LANE,
        ),
        // The same identifiers, which the one above has stored.
        contender("header-propagation: adds", outbound, PROPAGATE, &[("x-b3-traceid", "a{}")], IN_LANE),
    ]
}

/// Requests with the headers that every request has and these; `{}` in a value becomes 15 digits that differ from request
/// to request.
pub(super) fn requests(headers: &[(&str, &str)]) -> Vec<Request> {
    let varies = headers.iter().any(|(_, value)| value.contains("{}"));
    let count = if varies { DISTINCT } else { 1 };
    let numbered = |number: u64| {
        let own = headers.iter().map(|(name, value)| (*name, value.replace("{}", &format!("{number:015x}"))));
        Request::get("/details/2", own)
    };
    (1..=count).map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_differ_from_request_to_request() {
        let distinct: BTreeSet<_> =
            requests(&[("x-b3-traceid", "a{}")]).iter().map(Request::bytes).map(<[u8]>::to_vec).collect();
        assert_eq!(distinct.len() as u64, DISTINCT);
        assert_eq!(requests(&[("route-v", "v2")]).len(), 1);
    }
}
