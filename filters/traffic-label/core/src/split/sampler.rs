//! A percentage of users or of requests, for conditions.

use super::bucketing::{Bucketing, place};
use super::hash::Hash;
use super::unit::{Scratch, Units};
use crate::subject::{Request, Subjects};
use strict_config::{Object, Reader, Value};

/// What draws a number for a request: always the same one for the same unit.
#[derive(Debug)]
pub(crate) struct Sampler {
    units: Units,
    bucketing: Bucketing,
}

impl Sampler {
    /// Reads `unit`, `hash`, `seed` and `modulo` of an object that may have more. Without `unit` it is requests that
    /// are drawn.
    pub(crate) fn read(reader: &Reader, object: &mut Object<'_>, subjects: &mut Subjects) -> Option<Self> {
        let (units, bucketing) = read(reader, object, subjects);
        if units.as_ref().is_some_and(Units::make_cookies)
            && let Some(unit) = object.get("unit")
        {
            reader.problem(
                unit,
                "expected units that a request brings, but found new_cookie, which is for splits and layers",
            );
        }
        Some(Self { units: units?, bucketing: bucketing? })
    }

    /// What draws requests for a bare percentage that stands here.
    pub(crate) fn of_request(percentage: &Value) -> Self {
        Self { units: Units::request(), bucketing: Bucketing::new(Hash::default(), place(percentage)) }
    }

    /// The number of a request, 0 to 9,999; `None` if it has none of the units. It is among the first *n* percent if
    /// this is below 100 *n*.
    pub(crate) fn basis_points(&self, request: &mut Request<'_>) -> Option<u32> {
        let mut scratch = Scratch::default();
        let (_, bytes) = self.units.find(request, None, &mut scratch)?;
        Some(self.bucketing.basis_points(bytes))
    }

    /// Notes a percentage that its buckets are too large for.
    pub(crate) fn check(&self, reader: &Reader, value: &Value, basis_points: u32) {
        self.bucketing.check(reader, value, basis_points);
    }
}

/// Who is drawn, and how; each is read whether or not the other is sound.
pub(crate) fn read(
    reader: &Reader,
    object: &mut Object<'_>,
    subjects: &mut Subjects,
) -> (Option<Units>, Option<Bucketing>) {
    let unit = object.get("unit");
    let units = unit.map_or_else(|| Some(Units::request()), |unit| Units::read(reader, unit, subjects));
    (units, Bucketing::read(reader, object, unit.is_some()))
}
