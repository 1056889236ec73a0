//! Metrics that plugins define: one value for each name in the process, any number of ids for it.
//!
//! Each definition answers a new id, as in Envoy, whose low two bits are the kind; the value belongs to the name.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::abi::{MetricKind, Status};

/// The value of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Only grows.
    Counter(u64),
    /// Goes up and down.
    Gauge(u64),
    /// The values recorded, in order.
    Histogram(Vec<u64>),
}

#[derive(Default)]
pub(super) struct Metrics {
    values: Mutex<BTreeMap<String, Metric>>,
}

impl Metrics {
    pub(super) fn define(&self, kind: MetricKind, name: &str) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.entry(name.to_owned()).or_insert_with(|| match kind {
            MetricKind::Counter => Metric::Counter(0),
            MetricKind::Gauge => Metric::Gauge(0),
            MetricKind::Histogram => Metric::Histogram(Vec::new()),
        });
    }

    pub(super) fn increment(&self, name: &str, delta: i64) -> Result<(), Status> {
        self.change(name, |metric| match metric {
            Metric::Counter(value) if delta > 0 => {
                *value = value.wrapping_add(delta.unsigned_abs());
                Ok(())
            }
            Metric::Gauge(value) => {
                *value = value.saturating_add_signed(delta);
                Ok(())
            }
            Metric::Counter(_) | Metric::Histogram(_) => Err(Status::BadArgument),
        })
    }

    pub(super) fn record(&self, name: &str, recorded: u64) -> Result<(), Status> {
        self.change(name, |metric| {
            match metric {
                Metric::Counter(value) => *value = value.wrapping_add(recorded),
                Metric::Gauge(value) => *value = recorded,
                Metric::Histogram(values) => values.push(recorded),
            }
            Ok(())
        })
    }

    pub(super) fn get(&self, name: &str) -> Result<u64, Status> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        match values.get(name) {
            Some(Metric::Counter(value) | Metric::Gauge(value)) => Ok(*value),
            Some(Metric::Histogram(_)) => Err(Status::BadArgument),
            None => Err(Status::NotFound),
        }
    }

    pub(super) fn all(&self) -> BTreeMap<String, Metric> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, name: &str, body: impl FnOnce(&mut Metric) -> Result<(), Status>) -> Result<(), Status> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.get_mut(name).map_or(Err(Status::NotFound), body)
    }
}

/// The ids of metrics in one virtual machine.
#[derive(Default)]
pub(super) struct MetricIds {
    names: BTreeMap<u32, String>,
    next: [u32; 3],
}

impl MetricIds {
    pub(super) fn define(&mut self, kind: MetricKind, name: &str) -> u32 {
        let kind = kind as u32;
        let mut id = kind;
        if let Some(next) = usize::try_from(kind).ok().and_then(|kind| self.next.get_mut(kind)) {
            // Counters are 4, 8, …, gauges 5, 9, …, histograms 6, 10, ….
            *next += 4;
            id = *next | kind;
        }
        self.names.insert(id, name.to_owned());
        id
    }

    pub(super) fn name(&self, id: u32) -> Result<&str, Status> {
        // A kind that does not exist is a bad argument; an id of a known kind that was not given out is not found.
        if id & 3 == 3 {
            return Err(Status::BadArgument);
        }
        self.names.get(&id).map(String::as_str).ok_or(Status::NotFound)
    }
}
