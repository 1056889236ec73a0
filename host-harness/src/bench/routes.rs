//! Where requests go once they have passed a contender's filters, and what a route says to filters of Envoy's own.
//!
//! Each contender has a route table to itself, with one virtual host that has the contender's name: a native filter such as CORS
//! takes its policy from there. Nothing here knows a filter.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::contender::{BASE, IN_LANE};
use crate::bootstrap::{HeaderMatch, Route, RouteAction, RouteMatch, RouteTable, StringMatch, VirtualHost};

/// The cluster of the upstream.
pub(super) const UPSTREAM: &str = "upstream";

/// The routes of one contender.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    routes: Vec<Route>,
    /// By the name of the filter (`typed_per_filter_config`).
    for_native: BTreeMap<&'static str, Value>,
}

impl Routes {
    /// Two direct answers, so that an answer shows which lane the request was in when the router saw it.
    pub(super) fn answers() -> Self {
        let answer = |matcher, body: &str| route(matcher, RouteAction::Direct { status: 200, body: body.to_owned() });
        let lane = HeaderMatch {
            name: "route-v".to_owned(),
            value: Some(StringMatch::exact(IN_LANE)),
            invert: false,
            missing_as_empty: false,
        };
        let in_lane = RouteMatch { headers: vec![lane], ..RouteMatch::default() };
        Self::new(vec![answer(in_lane, IN_LANE), answer(RouteMatch::default(), BASE)])
    }

    /// Everything goes to the upstream.
    pub(super) fn calls() -> Self {
        Self::new(vec![route(RouteMatch::default(), RouteAction::Cluster(UPSTREAM.to_owned()))])
    }

    fn new(routes: Vec<Route>) -> Self {
        Self { routes, for_native: BTreeMap::new() }
    }

    /// The same, with a configuration for the native filter of this name.
    pub(super) fn with(mut self, filter: &'static str, typed_config: Value) -> Self {
        self.for_native.insert(filter, typed_config);
        self
    }

    /// The table of the contender of this name.
    pub(super) fn table(&self, contender: &str) -> RouteTable {
        let domains = vec!["*".to_owned()];
        let host = VirtualHost { name: contender.to_owned(), domains, routes: self.routes.clone() };
        RouteTable { name: "bench".to_owned(), virtual_hosts: vec![host] }
    }

    /// What the virtual host of the contender of this name says to native filters; `None` where it has nothing to say.
    pub(super) fn for_native_filters(&self, contender: &str) -> Option<(String, Value)> {
        (!self.for_native.is_empty()).then(|| (contender.to_owned(), json!(self.for_native)))
    }
}

fn route(matcher: RouteMatch, action: RouteAction) -> Route {
    Route { name: String::new(), matcher, action, timeout: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_native_filters_is_said_by_the_virtual_host() {
        let routes = Routes::calls().with("envoy.filters.http.cors", json!({ "max_age": "600" }));
        assert_eq!(routes.table("ours").virtual_hosts.first().map(|host| host.name.as_str()), Some("ours"));
        let (host, said) = routes.for_native_filters("ours").expect("a configuration");
        assert_eq!((host.as_str(), said), ("ours", json!({ "envoy.filters.http.cors": { "max_age": "600" } })));
        assert_eq!(Routes::answers().for_native_filters("ours"), None);
    }
}
