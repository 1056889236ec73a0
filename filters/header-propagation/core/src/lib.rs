//! Header propagation and stamping: the decisions, without a host.
//!
//! Two things happen to requests. A **stamp** sets a constant header, perhaps under conditions. **Propagation** remembers at
//! a sidecar's inbound listener which headers came in, under the identifiers that the request carries, and adds them at its
//! outbound listener to every request with one of those identifiers: the application has only to forward a tracing header,
//! as it does for tracing anyway.
//!
//! [`Policy`] is given a request's head and answers with a step. What it may need besides (time, direction, the shared
//! store) it asks for through [`Surroundings`] and [`SharedSlots`], value by value, because each costs a host call. It never
//! fails on a request: what is unknown or malformed leaves the request as it was.

#![forbid(unsafe_code)]

mod captured;
mod configuration;
mod counts;
mod policy;
mod propagation;
mod stamp;
mod surroundings;

pub use correlation_store::SharedSlots;
pub use counts::Counts;
pub use policy::Policy;
pub use proxy_role::{Direction, Role};
pub use surroundings::Surroundings;
