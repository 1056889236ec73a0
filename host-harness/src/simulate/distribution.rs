//! Whether users fall into buckets evenly: Pearson's chi-square test over classes of equal width.
//!
//! A sample-ratio mismatch, more users in one part of an experiment than its weight says, shows as unevenness; it comes from
//! identities that are not what they should be, or from requests that are not recorded evenly.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// How many classes buckets are put together into.
const CLASSES: usize = 100;
/// Buckets are basis points.
const BUCKETS: usize = 10_000;
/// Below this probability a sample is said not to be even: a false alarm in a thousand simulations.
const ALARM: f64 = 0.001;
/// Users that a class must have on average: below five the test is no good (Cochran's rule).
const MIN_EXPECTED: u64 = 5;

/// How many users fell into each class of buckets.
#[derive(Clone, Debug)]
pub struct Distribution {
    classes: Vec<u64>,
}

impl Default for Distribution {
    fn default() -> Self {
        Self { classes: vec![0; CLASSES] }
    }
}

impl Distribution {
    pub(super) fn add(&mut self, bucket: u32) {
        let class = usize::try_from(bucket).unwrap_or(0) * CLASSES / BUCKETS;
        if let Some(count) = self.classes.get_mut(class) {
            *count += 1;
        }
    }

    /// All users.
    pub fn users(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// The probability that an even distribution gives one as uneven as this, or more; `None` where there are too few users.
    pub fn probability(&self) -> Option<f64> {
        let users = self.users();
        if users < MIN_EXPECTED * CLASSES as u64 {
            return None;
        }
        let expected = users as f64 / CLASSES as f64;
        let statistic: f64 = self.classes.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
        let law = ChiSquared::new((CLASSES - 1) as f64).ok()?;
        Some(law.sf(statistic))
    }

    /// Whether the users are too uneven to be chance.
    pub fn is_uneven(&self) -> bool {
        self.probability().is_some_and(|probability| probability < ALARM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(buckets: impl Iterator<Item = u32>) -> Distribution {
        let mut distribution = Distribution::default();
        buckets.for_each(|bucket| distribution.add(bucket));
        distribution
    }

    #[test]
    fn even_users_pass_and_crowded_ones_do_not() {
        let even = of((0..100_000).map(|user| user % 10_000));
        assert!(even.probability().is_some_and(|probability| probability > 0.999));
        assert!(!even.is_uneven());
        let crowded = of((0..100_000).map(|user| if user % 10 == 0 { 5_000 } else { user % 10_000 }));
        assert!(crowded.is_uneven());
    }

    #[test]
    fn few_users_prove_nothing() {
        let few = of(0..499);
        assert_eq!((few.users(), few.probability(), few.is_uneven()), (499, None, false));
    }
}
