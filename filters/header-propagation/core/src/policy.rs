//! The decision on a request, in the order that makes the common case cheap.
//!
//! Each value from outside costs a host call, so it is fetched last. A request without headers that travel is looked up in
//! the store before its direction is asked for: a miss, the common case, is then the end of it, in two calls (head, slot). Only
//! a request that carries something, or for which something is remembered, costs more.

use crate::configuration::{self, Configuration};
use crate::counts::Counts;
use crate::propagation::Propagation;
use crate::stamp::Stamp;
use crate::surroundings::Surroundings;
use correlation_store::SharedSlots;
use http_exchange::{HeaderEdit, Headers, Next, Step};
use proxy_role::{Direction, Role};
use std::fmt;
use strict_config::Problems;

/// A configured filter in a proxy.
#[derive(Debug)]
pub struct Policy {
    duty: Duty,
    stamps: Vec<Stamp>,
    propagation: Option<Propagation>,
    counts: Counts,
}

/// What a proxy's role asks of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// At gateways and waypoints, and for the guides' configuration: stamps, whatever the direction. Headers pass through
    /// these proxies by themselves.
    Stamp,
    /// At sidecars: stamps by direction, and propagation.
    StampAndPropagate,
    /// The role is unknown: nothing.
    CountOnly,
}

impl Policy {
    /// Reads a configuration. `node_id` is asked for where the role depends on it.
    pub fn parse(json: &[u8], node_id: impl FnOnce() -> Option<Vec<u8>>) -> Result<Self, Problems> {
        let Configuration { role, stamps, propagation } = configuration::parse(json)?;
        let role = role.resolve(node_id);
        let duty = match role {
            Some(Role::Gateway | Role::Waypoint) => Duty::Stamp,
            Some(Role::Sidecar) => Duty::StampAndPropagate,
            None => Duty::CountOnly,
        };
        let propagation = propagation.filter(|_| duty == Duty::StampAndPropagate);
        Ok(Self { duty, stamps, propagation, counts: Counts::default() })
    }

    /// Whether the proxy's role is known. If not, requests pass unchanged.
    pub fn knows_its_role(&self) -> bool {
        self.duty != Duty::CountOnly
    }

    /// Whether any decision looks at a request's headers. If not, an empty head does.
    pub fn reads_headers(&self) -> bool {
        match self.duty {
            Duty::CountOnly => false,
            Duty::Stamp => self.stamps.iter().any(Stamp::has_conditions),
            Duty::StampAndPropagate => self.propagation.is_some() || self.stamps.iter().any(Stamp::has_conditions),
        }
    }

    /// Decides on a request.
    pub fn on_request_headers<'a>(
        &'a mut self,
        head: &Headers<'a>,
        slots: &mut impl SharedSlots,
        surroundings: &mut impl Surroundings,
    ) -> Step<'a> {
        let Self { duty, stamps, propagation, counts, .. } = self;
        let mut edits = Vec::new();
        let stamps = stamps.iter().filter(|stamp| stamp.applies_to(head));
        match duty {
            Duty::CountOnly => counts.unknown_role += 1,
            Duty::Stamp => edits.extend(stamps.map(Stamp::edit)),
            Duty::StampAndPropagate => {
                let mut stream = Stream { surroundings, direction: None };
                if let Some(propagation) = propagation {
                    edits = propagate(propagation, head, slots, &mut stream, counts);
                }
                // Last, so that a stamp prevails over what was remembered.
                for stamp in stamps {
                    if stamp.direction().is_none_or(|wanted| stream.direction(counts) == Some(wanted)) {
                        edits.push(stamp.edit());
                    }
                }
            }
        }
        Step { edits, next: Next::Continue }
    }

    /// The counts since they were last taken.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

/// What the filter will do, in a line for the log.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.duty {
            Duty::Stamp => "stamps only:",
            Duty::StampAndPropagate => "sidecar:",
            Duty::CountOnly => {
                return f.write_str(
                    "nothing: the node id does not begin with an Istio role, so requests pass unchanged; configure `role`",
                );
            }
        })?;
        for stamp in &self.stamps {
            write!(f, " {stamp},")?;
        }
        match &self.propagation {
            Some(propagation) => write!(f, " {propagation}"),
            None => f.write_str(" no propagation"),
        }
    }
}

fn propagate<'a>(
    propagation: &Propagation,
    head: &Headers<'a>,
    slots: &mut impl SharedSlots,
    stream: &mut Stream<'_, impl Surroundings>,
    counts: &mut Counts,
) -> Vec<HeaderEdit<'a>> {
    let ids = propagation.identify(head);
    let (captured, refused) = propagation.capture(head);
    if !captured.is_empty() || refused > 0 {
        match stream.direction(counts) {
            Some(Direction::Inbound) => {
                counts.oversized += refused;
                if !captured.is_empty()
                    && !ids.is_empty()
                    && let Some(now) = stream.surroundings.unix_millis()
                {
                    propagation.remember(&ids, &captured, now, slots, counts);
                }
                return propagation.announce(head, &captured, counts).into_iter().collect();
            }
            Some(Direction::Outbound) if propagation.could_add_to(&captured) => {}
            _ => return Vec::new(),
        }
    }
    let recalled = propagation.recall(head, &ids, || stream.surroundings.unix_millis(), slots, counts);
    if recalled.is_empty() || stream.direction(counts) != Some(Direction::Outbound) {
        return Vec::new();
    }
    propagation.restore(head, &recalled)
}

/// A request's surroundings, with its direction asked for once.
struct Stream<'s, S> {
    surroundings: &'s mut S,
    direction: Option<Option<Direction>>,
}

impl<S: Surroundings> Stream<'_, S> {
    fn direction(&mut self, counts: &mut Counts) -> Option<Direction> {
        *self.direction.get_or_insert_with(|| {
            let direction = self.surroundings.direction();
            counts.unknown_direction += u64::from(direction.is_none());
            direction
        })
    }
}
