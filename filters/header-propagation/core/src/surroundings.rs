//! What a policy may ask about the proxy that it runs in.

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

/// Values of the current request's surroundings, each asked for only when a decision needs it.
pub trait Surroundings {
    /// The direction of the listener that the request came by.
    fn direction(&mut self) -> Option<Direction>;

    /// Milliseconds since 1970.
    fn unix_millis(&mut self) -> Option<u64>;
}
