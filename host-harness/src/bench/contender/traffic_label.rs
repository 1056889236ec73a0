//! traffic-label in the situations that a request can be in; for the guides' rule also their script, and the least that any module
//! has to do.

use std::sync::Arc;

use serde_json::{Value, json};

use super::header_propagation::{BASE, IN_LANE, requests};
use super::references::SECTION;
use super::{Contender, built_in, chain};
use crate::bench::client::Answer;
use crate::bench::routes::Routes;
use crate::bootstrap::{Direction, HttpFilter, Module, Plugin};

const FILTER: &str = "traffic-label";
/// Who the guides' rule is about.
const IPHONE: (&str, &str) = ("user-agent", "Mozilla/5.0 (iPhone13; CPU iPhone OS 15_0 like Mac OS X)");

pub(super) fn contenders() -> Vec<Contender> {
    let contender = |name, direction, chain: Vec<HttpFilter>, headers: &[(&str, &str)], answer| Contender {
        name,
        filter: Some(FILTER),
        section: &SECTION,
        direction,
        chain,
        routes: Routes::answers(),
        requests: requests(headers),
        answer: Answer::ok(answer),
    };
    let ours = |configuration: &Value| chain(built_in(FILTER, &configuration.to_string()));
    let labelled = ("route-v", IN_LANE);
    let outbound = Direction::Outbound;
    let carries = ours(&json!({ "role": "sidecar", "labels": [{ "name": "route-v" }], "store": { "ttl": "24h" } }));
    let accepts = ours(&json!({ "role": "gateway", "labels": [{ "name": "route-v", "client": "accept" }] }));
    let iphone = ours(&json!({ "role": "gateway", "labels": [{ "name": "route-v", "rules": [
        { "name": "iphone", "when": { "user_agent": { "contains": "iPhone13" } }, "value": IN_LANE },
    ] }] }));
    vec![
        contender("traffic-label: left alone", outbound, accepts, &[labelled], IN_LANE),
        contender("traffic-label: left alone at a sidecar", outbound, carries.clone(), &[labelled], IN_LANE),
        contender(
            "traffic-label: captures",
            Direction::Inbound,
            carries.clone(),
            &[("x-b3-traceid", "c{}"), labelled],
            IN_LANE,
        ),
        // The same identifiers, which the one above has stored.
        contender("traffic-label: adds", outbound, carries, &[("x-b3-traceid", "c{}")], IN_LANE),
        contender("Lua: iPhone rule", outbound, vec![lua()], &[IPHONE], IN_LANE),
        contender("bare module: reads the user agent, sets a header", outbound, vec![bare()], &[IPHONE], IN_LANE),
        contender("traffic-label: iPhone rule", outbound, iphone.clone(), &[IPHONE], IN_LANE),
        contender("traffic-label: iPhone rule, others", outbound, iphone, &[], BASE),
        contender("traffic-label: 10 rules", outbound, ours(&rules(10)), &[("x-user", "user-7")], IN_LANE),
        contender("traffic-label: 1000 rules", outbound, ours(&rules(1000)), &[("x-user", "user-777")], IN_LANE),
    ]
}

/// Rules that each look for one user.
fn rules(count: u32) -> Value {
    let rule = |number| json!({ "when": { "header": { "x-user": format!("user-{number}") } }, "value": IN_LANE });
    let rules: Vec<Value> = (0..count).map(rule).collect();
    json!({ "role": "gateway", "labels": [{ "name": "route-v", "rules": rules }] })
}

/// The least that any module has to do for it.
fn bare() -> HttpFilter {
    let module = Module { name: "bare rule".to_owned(), bytes: include_bytes!("../bare_rule.wat").as_slice().into() };
    HttpFilter::Wasm(Arc::new(Plugin::new("bare rule", module, "")))
}

/// What the guides do it with: a script that looks into the user agent and adds a header.
fn lua() -> HttpFilter {
    let script = format!(
        "function envoy_on_request(handle)\n\
         local agent = handle:headers():get('user-agent')\n\
         if agent ~= nil and string.find(agent, 'iPhone13', 1, true) then\n\
         handle:headers():replace('route-v', '{IN_LANE}')\n\
         end\n\
         end"
    );
    HttpFilter::Native {
        name: "envoy.filters.http.lua".to_owned(),
        typed_config: json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": { "inline_string": script },
        }),
    }
}
