//! What a proxy is for in its mesh, and which way a listener's requests go.
//!
//! Istio tells the first at the beginning of a node's identity, Envoy the second by a number. Asking for them is not done here.

#![forbid(unsafe_code)]

use strict_config::Object;

/// What the proxy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It stands at the mesh's edge; headers pass through it by themselves.
    Gateway,
    /// It stands beside one application, which sees what comes in and makes what goes out.
    Sidecar,
    /// It stands between services; headers pass through it by themselves.
    Waypoint,
}

impl Role {
    /// The role that Istio writes at the beginning of a node's identity, `sidecar~10.0.0.1~pod.namespace~domain`.
    pub fn of_node(id: &[u8]) -> Option<Self> {
        match id.split(|byte| *byte == b'~').next() {
            Some(b"router") => Some(Self::Gateway),
            Some(b"sidecar") => Some(Self::Sidecar),
            Some(b"waypoint") => Some(Self::Waypoint),
            _ => None,
        }
    }
}

/// Where a filter's role comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleSource {
    /// The configuration says it.
    Fixed(Role),
    /// The node's identity says it.
    Node,
}

impl RoleSource {
    /// Reads `role` of a configuration: `auto`, which is also the default, or a role.
    pub fn read(object: &mut Object<'_>) -> Self {
        let roles = [
            ("auto", Self::Node),
            ("gateway", Self::Fixed(Role::Gateway)),
            ("sidecar", Self::Fixed(Role::Sidecar)),
            ("waypoint", Self::Fixed(Role::Waypoint)),
        ];
        object.one_of("role", &roles).unwrap_or(Self::Node)
    }

    /// The role; the node's identity is asked for where it depends on it.
    pub fn resolve(self, node_id: impl FnOnce() -> Option<Vec<u8>>) -> Option<Role> {
        match self {
            Self::Fixed(role) => Some(role),
            Self::Node => node_id().and_then(|id| Role::of_node(&id)),
        }
    }
}

/// Which way a listener's requests go, seen from the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the application.
    Inbound,
    /// From the application.
    Outbound,
}

impl Direction {
    /// The direction by Envoy's number for it (`envoy.config.core.v3.TrafficDirection`).
    pub fn of_envoy(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Inbound),
            2 => Some(Self::Outbound),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_role_is_the_first_part_of_the_node_id() {
        for (id, role) in [
            ("sidecar~10.0.0.1~a.b~b.svc.cluster.local", Some(Role::Sidecar)),
            ("router~10.0.0.1~a.b~b.svc.cluster.local", Some(Role::Gateway)),
            ("waypoint~", Some(Role::Waypoint)),
            ("sidecar", Some(Role::Sidecar)),
            ("my-envoy", None),
            ("", None),
        ] {
            assert_eq!(Role::of_node(id.as_bytes()), role, "{id}");
            assert_eq!(RoleSource::Node.resolve(|| Some(id.as_bytes().to_vec())), role);
        }
        assert_eq!(RoleSource::Fixed(Role::Gateway).resolve(|| None), Some(Role::Gateway));
    }

    #[test]
    fn a_listener_without_direction_has_none() {
        assert_eq!(Direction::of_envoy(1), Some(Direction::Inbound));
        assert_eq!(Direction::of_envoy(2), Some(Direction::Outbound));
        assert_eq!(Direction::of_envoy(0), None);
    }
}
