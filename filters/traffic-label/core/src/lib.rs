//! Traffic labels: the decisions, without a host.

#![forbid(unsafe_code)]

mod claim;
mod condition;
#[cfg(test)]
mod fixture;
mod percent;
mod rule;
mod schedule;
mod split;
mod subject;
mod surroundings;

pub use proxy_role::{Direction, Role};
pub use surroundings::{Node, Surroundings};
