//! Splits: which of several values a user is given, the same one at every visit.
//!
//! A chain of [`Units`](unit::Units) says who is split: the first of them that the request has. The hash of a seed and
//! that unit falls into a bucket, and the buckets are cut into ranges, one for each value. So nothing is remembered,
//! every proxy decides alike, a percentage that grows only adds users, and experiments with different seeds are
//! independent. A [`Layer`](layer::Layers) keeps experiments apart that must not meet. Nothing here writes a header:
//! what a response must set for a visitor without an identity is collected in [`NewCookies`].

mod bucketing;
mod hash;
mod layer;
mod new_cookie;
mod range;
mod sampler;
mod unit;

#[cfg(test)]
mod choices;
#[cfg(test)]
mod problems;
#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod properties;
#[cfg(test)]
mod visit;

pub(crate) use layer::Layers;
pub(crate) use new_cookie::NewCookies;
pub(crate) use sampler::Sampler;

use crate::subject::{Request, Subjects};
use bucketing::Bucketing;
use layer::Share;
use range::Ranges;
use std::rc::Rc;
use strict_config::{Object, Reader, Value};
use unit::{Scratch, Units};

/// A configured split.
#[derive(Debug)]
pub(crate) struct Split {
    units: Rc<Units>,
    bucketing: Bucketing,
    ranges: Ranges,
    share: Option<Share>,
}

/// What a split gave a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice<'s> {
    /// The value.
    pub(crate) value: &'s [u8],
    /// Where the unit fell, in basis points.
    pub(crate) bucket: u32,
    /// Which unit of the chain it was, such as `cookie uid`.
    pub(crate) unit: &'s str,
    /// A hash of the unit's value, so that users can be told apart and not recognized.
    pub(crate) id: u64,
}

impl Split {
    /// Reads a split; with `layer`, the layer says who is split.
    pub(crate) fn read(reader: &Reader, value: &Value, subjects: &mut Subjects, layers: &mut Layers) -> Option<Self> {
        let mut object = reader.object(value)?;
        let who = match object.get("layer") {
            Some(layer) => {
                let share = read_share(reader, &mut object, layer, layers);
                let bucketing = Bucketing::read(reader, &mut object, true);
                share.map(|share| (share.units(), Some(share))).zip(bucketing)
            }
            None => {
                if let Some(share) = object.get("share") {
                    reader.problem(share, "expected layer beside it, but found none");
                }
                let (units, bucketing) = sampler::read(reader, &mut object, subjects);
                units.map(|units| (Rc::new(units), None)).zip(bucketing)
            }
        };
        let bucketing = who.as_ref().map(|(_, bucketing)| bucketing);
        let ranges = match (object.get("weights"), object.get("ranges")) {
            (Some(weights), None) => Ranges::of_weights(reader, weights, bucketing),
            (None, Some(ranges)) => Ranges::of_ranges(reader, ranges, bucketing),
            (Some(_), Some(ranges)) => {
                reader.problem(ranges, "expected weights or ranges, but found both");
                None
            }
            (None, None) => {
                reader.problem(value, "expected weights or ranges, but found neither");
                None
            }
        };
        object.finish();
        let ((units, share), bucketing) = who?;
        Some(Self { units, bucketing, ranges: ranges?, share })
    }

    /// The values that it may give.
    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges.values()
    }

    /// The value for a request; `None` where the split does not apply: no unit is there, or it is held out, outside of
    /// the layer's share or in no range. A visitor without an identity is given one even then, since otherwise the next
    /// visit would be drawn anew, until it applies.
    pub(crate) fn choose(&self, request: &mut Request<'_>, new_cookies: &mut NewCookies) -> Option<Choice<'_>> {
        let mut scratch = Scratch::default();
        let (unit, bytes) = self.units.find(request, Some(new_cookies), &mut scratch)?;
        if self.share.as_ref().is_some_and(|share| !share.admits(bytes)) {
            return None;
        }
        let bucket = self.bucketing.basis_points(bytes);
        Some(Choice { value: self.ranges.find(bucket)?, bucket, unit: unit.name(), id: trace_context::hash(bytes) })
    }
}

/// Who is split is the layer's to say: exclusive are its units, so a split with others could meet its neighbours.
fn read_share(reader: &Reader, object: &mut Object<'_>, layer: &Value, layers: &mut Layers) -> Option<Share> {
    if let Some(unit) = object.get("unit") {
        reader.problem(unit, "expected the units of the layer, but found this beside them");
    }
    let seed = object.get("seed");
    match object.get("share") {
        Some(share) => layers.share(reader, layer, share, seed),
        None => {
            object.missing("share", "expected a share of the layer, but found none");
            None
        }
    }
}
