//! What every filter of headers is compared with: nothing at all, what Proxy-Wasm itself costs, and what Envoy has for the same
//! work.

use serde_json::json;

use super::header_propagation::{BASE, IN_LANE, requests};
use super::{Contender, Section, chain};
use crate::bench::client::Answer;
use crate::bench::routes::Routes;
use crate::bootstrap::{Direction, HttpFilter, Module, Plugin};

/// The name of the contender that has no filter.
const NOTHING: &str = "nothing";
/// The name of the contender that shows what Proxy-Wasm itself costs.
const DO_NOTHING: &str = "do-nothing module";

/// Filters of headers, in front of an answer of the listener's own.
pub(super) const SECTION: Section =
    Section { title: "headers of a request that the listener answers", base: NOTHING, reference: DO_NOTHING };

pub(super) fn contenders() -> Vec<Contender> {
    let reference = |name, chain, answer| Contender {
        name,
        filter: None,
        section: &SECTION,
        direction: Direction::Outbound,
        chain,
        routes: Routes::answers(),
        requests: requests(&[]),
        answer: Answer::ok(answer),
    };
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
        reference(DO_NOTHING, do_nothing(), BASE),
        // The native filter leaves the route as it was chosen; the others have it chosen again.
        reference("native header_mutation", vec![header_mutation], BASE),
        reference("Lua", vec![lua], IN_LANE),
    ]
}

/// A chain of the module that does nothing.
pub(super) fn do_nothing() -> Vec<HttpFilter> {
    let module = Module { name: DO_NOTHING.to_owned(), bytes: include_bytes!("../noop.wat").as_slice().into() };
    chain(Some(Plugin::new(DO_NOTHING, module, "")))
}
