//! The kill switch: where the requests with a label's value fail too often, the value gives way to the baseline.
//!
//! ```text
//!            enough requests, ratio of 5xx above `limit`
//!   closed ────────────────────────────────────────────────► open: only `probe` of the requests keep the value
//!      ▲                                                        │
//!      └────────────────────────────────────────────────────────┘
//!            enough probes, ratio of 5xx at most `recover`
//! ```
//! The two ratios are apart, so that it does not flap. Each worker measures what it sees, each value by itself. What was asked
//! before a change and is answered after it does not count. The baseline itself is never measured: there is nothing to go back to.

use crate::percent;
use std::time::Duration;
use strict_config::{Object, Reader, Value};

/// The period of [`Guard::tick`], in seconds.
const TICK_SECONDS: u64 = 1;

/// The switch of one label.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The value that takes the others' place.
    pub(crate) baseline: Vec<u8>,
    /// In basis points, like the next two.
    limit: u32,
    recover: u32,
    probe: u32,
    /// How many requests a ratio is of, at least.
    minimum: u32,
    window_ticks: u64,
    ticks: u64,
    /// By the place of the value; the last is for all values without a place.
    switches: Vec<Switch>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Switch {
    is_open: bool,
    requests: u32,
    failures: u32,
    /// Basis points of a request that may probe; a whole one is spent at once.
    credit: u32,
    /// Which of its states it is in, counted.
    epoch: u32,
}

/// A request that was admitted, to be reported on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    place: usize,
    epoch: u32,
}

impl Guard {
    /// Reads a guard for a label with that many values of their own.
    pub(crate) fn read(reader: &Reader, value: &Value, places: usize) -> Option<Self> {
        let mut object = reader.object(value)?;
        let baseline = object.required("baseline").and_then(|baseline| header_field::read_value(reader, baseline));
        let limit = ratio(reader, &mut object, "limit", 500);
        let recover = ratio(reader, &mut object, "recover", 100);
        let probe = ratio(reader, &mut object, "probe", 100);
        let minimum = object.integer("minimum", 1..=1_000_000).unwrap_or(50);
        let window = object.duration("window", Duration::from_secs(1)..=Duration::from_secs(3600));
        if let (Some(limit), Some(recover)) = (limit, recover)
            && recover > limit
            && let Some(found) = object.get("recover").or_else(|| object.get("limit"))
        {
            reader.expected("a recover of at most limit", found);
        }
        object.finish();
        Some(Self {
            baseline: baseline?,
            limit: limit?,
            recover: recover?,
            probe: probe?,
            minimum,
            window_ticks: window.map_or(60, |window| window.as_secs()) / TICK_SECONDS,
            ticks: 0,
            switches: vec![Switch::default(); places + 1],
        })
    }

    /// Whether a request may have the value with this place; `None` if the baseline takes its place.
    pub(crate) fn admit(&mut self, place: Option<usize>) -> Option<Ticket> {
        let place = self.at(place);
        let switch = self.switches.get_mut(place)?;
        if switch.is_open {
            switch.credit += self.probe;
            // Until they make a whole request, none is let through.
            switch.credit = switch.credit.checked_sub(percent::WHOLE)?;
        }
        Some(Ticket { place, epoch: switch.epoch })
    }

    /// Counts the answer to a request that was admitted, and says whether the switch has moved: opened or closed.
    pub(crate) fn report(&mut self, ticket: Ticket, failed: bool) -> Option<bool> {
        let switch = self.switches.get_mut(ticket.place).filter(|switch| switch.epoch == ticket.epoch)?;
        switch.requests = switch.requests.saturating_add(1);
        switch.failures = switch.failures.saturating_add(u32::from(failed));
        if switch.requests < self.minimum {
            return None;
        }
        let failures = u64::from(switch.failures) * u64::from(percent::WHOLE);
        let is_above = |limit: u32| failures > u64::from(limit) * u64::from(switch.requests);
        let moves = if switch.is_open { !is_above(self.recover) } else { is_above(self.limit) };
        if moves {
            *switch = Switch { is_open: !switch.is_open, epoch: switch.epoch.wrapping_add(1), ..Switch::default() };
            return Some(switch.is_open);
        }
        if switch.is_open {
            // These probes failed; the next ones are judged by themselves.
            (switch.requests, switch.failures) = (0, 0);
        }
        None
    }

    /// A second has passed: at the end of a window what was counted in it weighs half.
    pub(crate) fn tick(&mut self) {
        self.ticks += 1;
        if self.ticks >= self.window_ticks {
            self.ticks = 0;
            for switch in self.switches.iter_mut().filter(|switch| !switch.is_open) {
                switch.requests /= 2;
                switch.failures /= 2;
            }
        }
    }

    fn at(&self, place: Option<usize>) -> usize {
        place.unwrap_or(self.switches.len().saturating_sub(1))
    }
}

/// A percentage under a name, in basis points; `default` where it is not there, `None` where it is wrong.
fn ratio(reader: &Reader, object: &mut Object<'_>, name: &'static str, default: u32) -> Option<u32> {
    object.get(name).map_or(Some(default), |value| percent::read(reader, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn guard(json: &str) -> Result<Guard, String> {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let guard = Guard::read(&reader, reader.root(), 2);
        reader.into_problems().unless_any(()).map_err(|problems| problems.to_string()).map(|()| guard.unwrap())
    }

    /// Sends requests with one value, and says how many of them kept it.
    fn send(guard: &mut Guard, requests: u32, failed: impl Fn(u32) -> bool) -> u32 {
        let mut kept = 0;
        for _ in 0..requests {
            if let Some(ticket) = guard.admit(Some(0)) {
                guard.report(ticket, failed(kept));
                kept += 1;
            }
        }
        kept
    }

    const SMALL: &str =
        r#"{"baseline": "base", "limit": 20, "recover": 5, "probe": 10, "minimum": 10, "window": "10s"}"#;

    #[test]
    fn a_value_that_fails_too_often_gives_way_to_the_baseline() {
        let mut guard = guard(SMALL).unwrap();
        assert_eq!(send(&mut guard, 100, |kept| kept % 5 == 4), 100, "a fifth is not above the limit");
        assert_eq!(send(&mut guard, 101, |_| true), 1 + 10, "one more is, and then there are only probes");
        assert!(guard.admit(Some(1)).is_some(), "other values are measured by themselves");
    }

    #[test]
    fn it_closes_when_probes_succeed_and_not_while_they_only_fail_less() {
        let mut guard = guard(SMALL).unwrap();
        send(&mut guard, 10, |_| true);
        assert_eq!(
            send(&mut guard, 100, |kept| kept == 0),
            10,
            "one probe in ten failed: below the limit, above recover"
        );
        assert_eq!(send(&mut guard, 100, |_| false), 10);
        assert_eq!(send(&mut guard, 10, |_| false), 10, "closed again");
    }

    #[test]
    fn few_requests_prove_nothing() {
        let mut guard = guard(SMALL).unwrap();
        assert_eq!(send(&mut guard, 9, |_| true), 9);
        for _ in 0..40 {
            guard.tick();
        }
        assert_eq!(send(&mut guard, 9, |_| true), 9, "what failed long ago is forgotten");
    }

    #[test]
    fn answers_to_requests_from_before_a_change_do_not_count() {
        let mut guard = guard(SMALL).unwrap();
        let early: Vec<Ticket> = (0..30).filter_map(|_| guard.admit(Some(0))).collect();
        let moved: Vec<bool> = early.iter().filter_map(|ticket| guard.report(*ticket, true)).collect();
        assert_eq!(moved, [true]);
        assert_eq!(send(&mut guard, 100, |_| false), 10, "ten good probes close it, whatever came late");
        assert_eq!(send(&mut guard, 10, |_| false), 10);
    }

    #[test]
    fn values_without_a_place_share_one_switch() {
        let mut guard = guard(SMALL).unwrap();
        for _ in 0..10 {
            let ticket = guard.admit(None).unwrap();
            guard.report(ticket, true);
        }
        assert_eq!(guard.admit(None), None);
        assert!(guard.admit(Some(0)).is_some());
    }

    #[test]
    fn problems_name_the_place() {
        let problem = |json: &str| guard(json).err().unwrap();
        assert_eq!(problem("{}"), "baseline: expected a value, but found none (line 1 column 1)");
        assert_eq!(
            problem(r#"{"baseline": "b", "limit": 1, "recover": 2}"#),
            "recover: expected a recover of at most limit, but found 2 (line 1 column 42)"
        );
    }
}
