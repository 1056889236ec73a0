//! What came of a simulation, as a table and for machines.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Requests that were decided about.
    pub requests: u64,
    /// In the order of the configuration.
    pub labels: Vec<LabelReport>,
}

/// One label.
#[derive(Clone, Debug, Serialize)]
pub struct LabelReport {
    /// Its name.
    pub label: String,
    /// The values that it was given.
    pub values: Vec<ValueReport>,
    /// Where the values came from, with how many requests.
    pub origins: BTreeMap<String, u64>,
    /// The rules that decided, with how many requests.
    pub rules: BTreeMap<String, u64>,
    /// The rules among them that split.
    pub splits: Vec<SplitReport>,
}

/// One value of a label.
#[derive(Clone, Debug, Serialize)]
pub struct ValueReport {
    /// The value; `(none)` where there was none.
    pub value: String,
    /// Requests that were given it.
    pub requests: u64,
    /// Its part of all requests, 0 to 1.
    pub share: f64,
}

/// One split.
#[derive(Clone, Debug, Serialize)]
pub struct SplitReport {
    /// The rule: its name, or its place.
    pub rule: String,
    /// Requests that it decided about.
    pub requests: u64,
    /// Distinct users among them, or as many as were sampled.
    pub users: u64,
    /// Whether there were too many users to keep all.
    pub is_sample: bool,
    /// The probability of a distribution over buckets as uneven as that of the users; `null` where they are too few.
    pub probability: Option<f64>,
    /// Whether that is too improbable: a sample-ratio mismatch.
    pub is_uneven: bool,
    /// Users who got different values at different times.
    pub moved: u64,
}

impl Report {
    /// Whether a split is not what its weights say.
    pub fn has_mismatch(&self) -> bool {
        self.labels.iter().flat_map(|label| &label.splits).any(|split| split.is_uneven)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests", self.requests)?;
        for label in &self.labels {
            write!(f, "\n\n{label}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LabelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, values, origins, rules, splits } = self;
        f.write_str(label)?;
        let width = values.iter().map(|it| it.value.chars().count()).max().unwrap_or(0);
        for ValueReport { value, requests, share } in values {
            write!(f, "\n  {value:width$}  {requests:>9}  {:6.2} %", share * 100.0)?;
        }
        line(f, "from", origins)?;
        line(f, "rules", rules)?;
        for split in splits {
            write!(f, "\n  {split}")?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, title: &str, counts: &BTreeMap<String, u64>) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    write!(f, "\n  {title}: {}", counts.join(", "))
}

impl fmt::Display for SplitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, requests, users, is_sample, probability, is_uneven, moved } = self;
        let sample = if *is_sample { " (a sample)" } else { "" };
        write!(f, "split {rule}: {requests} requests of {users} users{sample}, ")?;
        match probability {
            None => f.write_str("too few users to test their buckets")?,
            Some(p) if *is_uneven => write!(f, "SAMPLE RATIO MISMATCH: buckets as uneven as these have p = {p:.2e}")?,
            Some(p) => write!(f, "buckets even (chi-square p = {p:.3})")?,
        }
        match moved {
            0 => f.write_str(", every user always had the same value"),
            moved => write!(f, ", {moved} users changed their value"),
        }
    }
}
