//! What has been decided so far, in memory that does not grow with the number of requests.
//!
//! Requests are counted; users are sampled. Of all users of a split the tally keeps those whose hash is below a threshold, which
//! is halved whenever it would keep too many: so it always holds a fair sample of distinct users, however often each comes.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use traffic_label_core::{Draw, Reason};

use super::distribution::Distribution;
use super::report::{LabelReport, Report, SplitReport, ValueReport};

/// The most users of a split that are kept.
const MAX_USERS: usize = 1 << 18;
/// The most different values of a label, and the most rules, that are counted by name: allow-lists are short, clients' values
/// need not be.
const MAX_NAMES: usize = 1000;
/// What is counted once there are too many names.
const OTHERS: &str = "(others)";

/// Counts of one simulation.
#[derive(Debug, Default)]
pub(super) struct Tally {
    requests: u64,
    /// In the order of the configuration.
    labels: Vec<OfLabel>,
}

#[derive(Debug)]
struct OfLabel {
    name: String,
    values: BTreeMap<String, u64>,
    origins: BTreeMap<String, u64>,
    rules: BTreeMap<String, u64>,
    splits: BTreeMap<String, OfSplit>,
}

#[derive(Debug)]
struct OfSplit {
    requests: u64,
    /// Users whose hash is at most this are kept.
    threshold: u64,
    users: HashMap<u64, User>,
    /// Users that got another value than before.
    moved: u64,
}

#[derive(Debug)]
struct User {
    bucket: u32,
    value: u64,
    has_moved: bool,
}

impl Tally {
    /// Counts what was decided about a request.
    pub(super) fn add(&mut self, reasons: &[Reason]) {
        self.requests += 1;
        // A gateway decides about every label in the order of the configuration.
        for reason in reasons.iter().skip(self.labels.len()) {
            self.labels.push(OfLabel::new(&reason.label));
        }
        for (label, reason) in self.labels.iter_mut().zip(reasons) {
            let value = reason.value.as_deref().map(|value| String::from_utf8_lossy(value).into_owned());
            count(&mut label.values, value.as_deref().unwrap_or("(none)"));
            if let Some(origin) = reason.origin {
                count(&mut label.origins, origin);
            }
            let Some(rule) = &reason.rule else { continue };
            count(&mut label.rules, rule);
            if let Some(draw) = &reason.draw {
                let split = match label.splits.contains_key(rule) || label.splits.len() < MAX_NAMES {
                    true => label.splits.entry(rule.clone()).or_default(),
                    false => continue,
                };
                split.add(draw, hash(&reason.value));
            }
        }
    }

    pub(super) fn report(&self) -> Report {
        Report {
            requests: self.requests,
            labels: self.labels.iter().map(|label| label.report(self.requests)).collect(),
        }
    }
}

impl OfLabel {
    fn new(name: &str) -> Self {
        let (values, origins, rules, splits) = Default::default();
        Self { name: name.to_owned(), values, origins, rules, splits }
    }

    fn report(&self, requests: u64) -> LabelReport {
        let share = |count: u64| count as f64 / requests.max(1) as f64;
        let values = self.values.iter().map(|(value, count)| ValueReport {
            value: value.clone(),
            requests: *count,
            share: share(*count),
        });
        LabelReport {
            label: self.name.clone(),
            values: values.collect(),
            origins: self.origins.clone(),
            rules: self.rules.clone(),
            splits: self.splits.iter().map(|(rule, split)| split.report(rule)).collect(),
        }
    }
}

impl Default for OfSplit {
    fn default() -> Self {
        Self { requests: 0, threshold: u64::MAX, users: HashMap::new(), moved: 0 }
    }
}

impl OfSplit {
    fn add(&mut self, draw: &Draw, value: u64) {
        self.requests += 1;
        let id = hash(&(&draw.unit, draw.id));
        if id > self.threshold {
            return;
        }
        let user = self.users.entry(id).or_insert(User { bucket: draw.bucket, value, has_moved: false });
        if user.value != value {
            user.value = value;
            self.moved += u64::from(!user.has_moved);
            user.has_moved = true;
        }
        while self.users.len() > MAX_USERS {
            self.threshold /= 2;
            let threshold = self.threshold;
            self.users.retain(|id, _| *id <= threshold);
            self.moved = self.users.values().filter(|user| user.has_moved).count() as u64;
        }
    }

    fn report(&self, rule: &str) -> SplitReport {
        let mut distribution = Distribution::default();
        self.users.values().for_each(|user| distribution.add(user.bucket));
        SplitReport {
            rule: rule.to_owned(),
            requests: self.requests,
            users: distribution.users(),
            is_sample: self.threshold < u64::MAX,
            probability: distribution.probability(),
            is_uneven: distribution.is_uneven(),
            moved: self.moved,
        }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let name = if counts.contains_key(name) || counts.len() < MAX_NAMES { name } else { OTHERS };
    *counts.entry(name.to_owned()).or_default() += 1;
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(user: u32, value: &str) -> Reason {
        Reason {
            label: "lane".to_owned(),
            value: Some(value.as_bytes().to_vec()),
            origin: Some("rule"),
            store: None,
            rule: Some("exp".to_owned()),
            draw: Some(Draw { unit: "cookie uid".to_owned(), id: user.into(), bucket: user % 10_000 }),
        }
    }

    #[test]
    fn users_are_counted_once_however_often_they_come() {
        let mut tally = Tally::default();
        for request in 0..3000 {
            tally.add(&[reason(request % 1000, "gray")]);
        }
        let report = tally.report();
        let split = &report.labels[0].splits[0];
        assert_eq!((split.requests, split.users, split.moved, split.is_sample), (3000, 1000, 0, false));
    }

    #[test]
    fn a_user_whose_value_changes_is_counted_once() {
        let mut tally = Tally::default();
        for value in ["gray", "base", "gray"] {
            tally.add(&[reason(1, value), reason(2, "base")]);
        }
        assert_eq!(tally.report().labels[0].splits[0].moved, 1);
    }

    #[test]
    fn many_users_become_a_fair_sample() {
        let mut tally = Tally::default();
        for user in 0..600_000 {
            tally.add(&[reason(user, "gray")]);
        }
        let report = tally.report();
        let split = &report.labels[0].splits[0];
        assert!(split.is_sample && split.users <= MAX_USERS as u64 && split.users > 100_000, "{split:?}");
        assert!(!split.is_uneven, "{split:?}");
    }

    #[test]
    fn values_that_clients_make_up_share_one_name_in_the_end() {
        let mut tally = Tally::default();
        for user in 0..2000 {
            tally.add(&[reason(1, &user.to_string())]);
        }
        assert_eq!(tally.labels[0].values.len(), MAX_NAMES + 1);
        assert_eq!(tally.labels[0].values[OTHERS], 1000);
    }
}
