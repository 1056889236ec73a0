//! Who takes part: a table of filter chains and of the requests that each is given.
//!
//! A filter joins by one function beside [`header_propagation`]. Nothing here starts or measures anything.

use std::sync::Arc;

use serde_json::json;

use super::client::Request;
use crate::bootstrap::{Direction, HttpFilter, Module, Plugin};

/// How many requests differ in their identifiers before they repeat.
const DISTINCT: u64 = 64;

/// The body that answers a request in the lane `v2`, which it is if `route-v: v2` came with it or was added.
pub(super) const IN_LANE: &str = "v2";
/// The body that answers any other request.
pub(super) const BASE: &str = "v1";

/// One row of the result: a listener's filter, and what is sent through it.
pub(super) struct Contender {
    /// Unique, and what the result calls it.
    pub(super) name: &'static str,
    /// Which of our filters it measures; `None` for a reference, which always takes part.
    pub(super) filter: Option<&'static str>,
    /// The direction of its listener.
    pub(super) direction: Direction,
    /// What stands before the router.
    pub(super) chain: Vec<HttpFilter>,
    /// Sent in turn.
    pub(super) requests: Vec<Request>,
    /// What must answer every one of them: a benchmark of a filter that does not do its work would mislead.
    pub(super) answer: &'static str,
}

/// The name of the contender that all others are compared with.
pub(super) const NOTHING: &str = "nothing";
/// The name of the contender that shows what Proxy-Wasm itself costs.
pub(super) const DO_NOTHING: &str = "do-nothing module";

/// Everyone. They are warmed up in this order, so that an entry may rely on what an earlier one left in shared data.
pub(super) fn all() -> Vec<Contender> {
    references().into_iter().chain(header_propagation()).collect()
}

fn references() -> Vec<Contender> {
    let reference = |name, chain, answer| Contender {
        name,
        filter: None,
        direction: Direction::Outbound,
        chain,
        requests: requests(&[]),
        answer,
    };
    let module = Module { name: DO_NOTHING.to_owned(), bytes: include_bytes!("noop.wat").as_slice().into() };
    let do_nothing = HttpFilter::Wasm(Arc::new(Plugin::new(DO_NOTHING, module, "")));
    let header_mutation = HttpFilter::Native {
        name: "envoy.filters.http.header_mutation".to_owned(),
        typed_config: json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            "mutations": { "request_mutations": [{ "append": {
                "header": { "key": "route-v", "value": IN_LANE },
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            } }] },
        }),
    };
    let script = format!("function envoy_on_request(handle) handle:headers():replace('route-v', '{IN_LANE}') end");
    let lua = HttpFilter::Native {
        name: "envoy.filters.http.lua".to_owned(),
        typed_config: json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": { "inline_string": script },
        }),
    };
    vec![
        reference(NOTHING, vec![], BASE),
        reference(DO_NOTHING, vec![do_nothing], BASE),
        // The native filter leaves the route as it was chosen; the others have it chosen again.
        reference("native header_mutation", vec![header_mutation], BASE),
        reference("Lua", vec![lua], IN_LANE),
    ]
}

fn header_propagation() -> Vec<Contender> {
    const STAMP: &str = r#"{"head_tag_name": "route-v", "head_tag_value": "v2"}"#;
    // Entries outlive the longest run, so that what is to be found is found.
    const PROPAGATE: &str = r#"{"propagate": {"exact": ["route-v"]}, "store": {"ttl": "24h"}}"#;
    let contender = |name, direction, configuration: &str, headers: &[(&str, &str)], answer| Contender {
        name,
        filter: Some("header-propagation"),
        direction,
        chain: built_in("header-propagation", configuration).into_iter().collect(),
        requests: requests(headers),
        answer,
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

/// One of our filters; it is missing only where the artifacts lack it, which a test rules out.
fn built_in(filter: &str, configuration: &str) -> Option<HttpFilter> {
    let module = artifacts::module(filter)?;
    let module = Module { name: module.name.to_owned(), bytes: module.bytes.into() };
    Some(HttpFilter::Wasm(Arc::new(Plugin::new(filter, module, configuration))))
}

/// Requests with the headers that every request has and these; `{}` in a value becomes 15 digits that differ from request
/// to request.
fn requests(headers: &[(&str, &str)]) -> Vec<Request> {
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
    fn every_filter_takes_part_and_is_found() {
        let contenders = all();
        let measured: BTreeSet<_> = contenders.iter().filter_map(|contender| contender.filter).collect();
        let shipped: BTreeSet<_> = artifacts::MODULES.iter().map(|module| module.name).collect();
        assert_eq!(measured, shipped);
        let bare: Vec<_> = contenders.iter().filter(|it| it.chain.is_empty()).map(|it| it.name).collect();
        assert_eq!(bare, [NOTHING]);
    }

    #[test]
    fn names_are_unique_and_the_two_to_compare_with_exist() {
        let contenders = all();
        let names: BTreeSet<_> = contenders.iter().map(|contender| contender.name).collect();
        assert_eq!(names.len(), contenders.len());
        assert!(names.contains(NOTHING) && names.contains(DO_NOTHING));
    }

    #[test]
    fn identifiers_differ_from_request_to_request() {
        let distinct: BTreeSet<_> =
            requests(&[("x-b3-traceid", "a{}")]).iter().map(Request::bytes).map(<[u8]>::to_vec).collect();
        assert_eq!(distinct.len() as u64, DISTINCT);
        assert_eq!(requests(&[("route-v", "v2")]).len(), 1);
    }
}
