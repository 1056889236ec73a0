//! What a policy may ask about the proxy and about a request's surroundings; each answer costs a host call.

use proxy_role::Direction;

/// The proxy, as it is known at configuration.
pub trait Node {
    /// The node's identity, which begins with its role.
    fn id(&mut self) -> Option<Vec<u8>>;

    /// A label of the proxy's pod.
    fn label(&mut self, name: &str) -> Option<Vec<u8>>;

    /// The namespace of the proxy's pod.
    fn namespace(&mut self) -> Option<Vec<u8>>;
}

/// The current request's surroundings.
pub trait Surroundings {
    /// The direction of the listener that the request came by.
    fn direction(&mut self) -> Option<Direction>;

    /// Milliseconds since 1970.
    fn unix_millis(&mut self) -> Option<u64>;

    /// The client's address and port as Envoy writes them, `10.0.0.1:4711` or `[::1]:4711`: that of the connection, or the one
    /// that `x-forwarded-for` tells where the proxy trusts it.
    fn source_address(&mut self) -> Option<Vec<u8>>;

    /// The value at a path of the request's dynamic metadata, the filter's name first.
    fn metadata(&mut self, path: &[&str]) -> Option<Vec<u8>>;
}
