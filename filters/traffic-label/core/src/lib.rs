//! Traffic labels: the decisions, without a host.
//!
//! A **label** says which lane of a mesh a request belongs to: routes match on its header. At a gateway **rules** decide what
//! it is; from there it **travels** with everything that the request causes, by its own header, as a member of the W3C baggage,
//! or through a store at each sidecar that finds the request again by its trace. One configuration does for every proxy: what a
//! proxy has to do follows from its role and from the direction of its listener.
//!
//! [`Policy`] is given a request's head and answers with a [`Decision`]. What it may need besides (time, direction, claims,
//! the shared store) it asks for through [`Surroundings`] and [`SharedSlots`], value by value, because each costs a host call.
//! It never fails on a request: what is unknown or malformed leaves the request as it was.

#![forbid(unsafe_code)]

mod address;
mod carried;
mod claim;
mod condition;
mod configuration;
mod counts;
mod explain;
#[cfg(test)]
mod fixture;
mod guard;
mod label;
mod label_rules;
mod origin;
mod outgoing;
mod percent;
mod policy;
mod rule;
mod schedule;
mod scope;
mod signature;
mod source;
mod split;
mod subject;
mod surroundings;

pub use correlation_store::SharedSlots;
pub use explain::{Draw, Reason, explanation};
pub use outgoing::FilterState;
pub use policy::{Decision, Exchange, Policy};
pub use proxy_role::{Direction, Role};
pub use surroundings::{Node, Surroundings};
