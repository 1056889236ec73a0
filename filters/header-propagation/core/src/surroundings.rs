//! What a policy may ask about the request's surroundings.

use proxy_role::Direction;

/// Values of the current request's surroundings, each asked for only when a decision needs it.
pub trait Surroundings {
    /// The direction of the listener that the request came by.
    fn direction(&mut self) -> Option<Direction>;

    /// Milliseconds since 1970.
    fn unix_millis(&mut self) -> Option<u64>;
}
