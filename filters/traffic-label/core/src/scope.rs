//! For which requests labels are: by their host and their protocol, in TrafficLabel's words.

use crate::subject;
use http_exchange::Headers;
use std::rc::Rc;
use strict_config::{Object, Reader, Value};
use string_match::NameSet;

/// The protocols that labels are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Protocols {
    http: bool,
    grpc: bool,
}

impl Protocols {
    const ALL: Self = Self { http: true, grpc: true };
    const NONE: Self = Self { http: false, grpc: false };
}

/// The requests that labels are for.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// `None` is every host.
    hosts: Option<Rc<NameSet>>,
    protocols: Protocols,
}

impl Scope {
    /// Every request.
    pub(crate) const ALL: Self = Self { hosts: None, protocols: Protocols::ALL };

    /// Reads `hosts` and `protocols` of an object that may have more; what an outer scope says counts where it says nothing.
    pub(crate) fn read(reader: &Reader, object: &mut Object<'_>, outer: &Self) -> Self {
        let hosts = match object.get("hosts").and_then(|hosts| reader.array(hosts)) {
            Some(hosts) => NameSet::read_hosts(reader, hosts).map(Rc::new),
            None => outer.hosts.clone(),
        };
        let protocols = object.get("protocols").map_or(outer.protocols, |value| read_protocols(reader, value));
        Self { hosts, protocols }
    }

    /// Whether a request is one of them.
    pub(crate) fn includes(&self, head: &Headers<'_>) -> bool {
        let by_protocol =
            self.protocols == Protocols::ALL || if is_grpc(head) { self.protocols.grpc } else { self.protocols.http };
        by_protocol && self.hosts.as_ref().is_none_or(|hosts| is_for(hosts, head))
    }
}

/// Whether the request's host is among these.
pub(crate) fn is_for(hosts: &NameSet, head: &Headers<'_>) -> bool {
    hosts.contains(&subject::host(head).unwrap_or_default())
}

/// What `protocols` says: a name or several; `*` is all, nothing is none.
fn read_protocols(reader: &Reader, value: &Value) -> Protocols {
    let choices = [
        ("*", Protocols::ALL),
        ("http", Protocols { http: true, grpc: false }),
        ("grpc", Protocols { http: false, grpc: true }),
    ];
    let values = value.as_array().unwrap_or(std::slice::from_ref(value));
    let mut protocols = Protocols::NONE;
    for value in values.iter().filter(|value| value.as_str() != Some("")) {
        if let Some(more) = reader.one_of(value, &choices) {
            protocols = Protocols { http: protocols.http || more.http, grpc: protocols.grpc || more.grpc };
        }
    }
    protocols
}

/// Whether a request is a gRPC call, by its content type (gRPC over HTTP/2, "Requests").
fn is_grpc(head: &Headers<'_>) -> bool {
    let after = head.get(b"content-type").and_then(|value| value.strip_prefix(b"application/grpc"));
    after.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn scope(json: &str) -> Result<Scope, String> {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let mut object = reader.object(reader.root()).unwrap();
        let scope = Scope::read(&reader, &mut object, &Scope::ALL);
        object.finish();
        reader.into_problems().unless_any(()).map_err(|problems| problems.to_string()).map(|()| scope)
    }

    fn includes(json: &str, authority: &str, content_type: &str) -> bool {
        let pairs = [(&b":authority"[..], authority.as_bytes()), (b"content-type", content_type.as_bytes())];
        scope(json).unwrap().includes(&Headers::new(&pairs))
    }

    #[test]
    fn hosts_are_compared_without_port_and_case() {
        let json = r#"{"hosts": ["b.test", "*.svc.cluster.local"]}"#;
        assert!(includes(json, "B.test:8001", "") && includes(json, "x.svc.cluster.local", ""));
        assert!(!includes(json, "a.test", "") && !includes(json, "", ""));
        assert!(includes("{}", "a.test", "") && includes(r#"{"hosts": ["*"]}"#, "[::1]:80", ""));
    }

    #[test]
    fn protocols_are_told_by_the_content_type() {
        for (json, http, grpc) in [
            ("{}", true, true),
            (r#"{"protocols": "*"}"#, true, true),
            (r#"{"protocols": ["http", "grpc"]}"#, true, true),
            (r#"{"protocols": "grpc"}"#, false, true),
            (r#"{"protocols": ["http"]}"#, true, false),
            (r#"{"protocols": ""}"#, false, false),
            (r#"{"protocols": []}"#, false, false),
        ] {
            assert_eq!(includes(json, "a", "application/json"), http, "{json}");
            assert_eq!(includes(json, "a", "application/grpc"), grpc, "{json}");
            assert_eq!(includes(json, "a", "application/grpc+proto"), grpc, "{json}");
            assert_eq!(includes(json, "a", "application/grpc-web"), http, "{json}");
        }
        assert_eq!(
            scope(r#"{"protocols": "dubbo"}"#).unwrap_err(),
            "protocols: expected *, http or grpc, but found \"dubbo\" (line 1 column 15)"
        );
    }
}
