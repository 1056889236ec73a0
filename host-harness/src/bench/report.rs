//! The result: medians over rounds, what each contender adds, and both as a table.
//!
//! A median, because a machine that is busy with something else for a moment spoils a mean. Nothing here measures.

use std::fmt;

use serde::Serialize;

use super::Options;
use super::contender::{DO_NOTHING, NOTHING};

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What all times are, in words.
    pub unit: &'static str,
    /// Requests of each contender in each round.
    pub requests: u32,
    /// Rounds.
    pub rounds: u32,
    /// Requests of each contender before the first round.
    pub warm_up: u32,
    /// One row for each contender.
    pub contenders: Vec<Row>,
}

/// One contender. All times are microseconds of processor time of the Envoy process per request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The contender.
    pub name: &'static str,
    /// Which of our filters it measures; `None` for a reference.
    pub filter: Option<&'static str>,
    /// The median over all rounds.
    pub median: f64,
    /// The lowest round.
    pub lowest: f64,
    /// The highest round.
    pub highest: f64,
    /// The median, divided by that of a listener without a filter; `None` where that is zero.
    pub ratio: Option<f64>,
    /// What the median is above that of a listener without a filter.
    pub over_nothing: f64,
    /// What the median is above that of a module that does nothing.
    pub over_do_nothing: f64,
    /// Every round.
    pub samples: Vec<f64>,
}

impl Report {
    pub(super) fn new(
        requests: u32,
        options: &Options,
        samples: impl Iterator<Item = (&'static str, Option<&'static str>, Vec<f64>)>,
    ) -> Self {
        let samples: Vec<_> = samples.collect();
        let median_of = |wanted| {
            let found = samples.iter().find(|(name, ..)| *name == wanted);
            found.map_or(0.0, |(.., samples)| median(samples))
        };
        let (nothing, module) = (median_of(NOTHING), median_of(DO_NOTHING));
        let row = |(name, filter, samples): &(&'static str, Option<&'static str>, Vec<f64>)| {
            let median = median(samples);
            Row {
                name,
                filter: *filter,
                median: rounded(median),
                lowest: rounded(samples.iter().copied().reduce(f64::min).unwrap_or(0.0)),
                highest: rounded(samples.iter().copied().reduce(f64::max).unwrap_or(0.0)),
                ratio: (nothing > 0.0).then(|| rounded(median / nothing)),
                over_nothing: rounded(median - nothing),
                over_do_nothing: rounded(median - module),
                samples: samples.iter().copied().map(rounded).collect(),
            }
        };
        let contenders = samples.iter().map(row).collect();
        let unit = "microseconds of processor time of the Envoy process per request";
        Self { unit, requests, rounds: options.rounds, warm_up: options.warm_up, contenders }
    }
}

/// The middle value, or the mean of the two in the middle; zero where there is none.
fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), middle.checked_sub(1).and_then(|below| sorted.get(below))) {
        (Some(upper), Some(lower)) if sorted.len().is_multiple_of(2) => (lower + upper) / 2.0,
        (Some(value), _) => *value,
        (None, _) => 0.0,
    }
}

/// To a thousandth: what is beyond means nothing.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

const HEADINGS: [&str; 6] = ["contender", "median", "lowest-highest", "ratio", "over nothing", "over do-nothing"];

/// A table with a headline.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Processor time of one Envoy worker in µs per request: median of {} rounds of {} requests",
            self.rounds, self.requests
        )?;
        let rows: Vec<[String; 6]> = self.contenders.iter().map(Row::cells).collect();
        let headings = HEADINGS.map(str::to_owned);
        let mut widths = headings.each_ref().map(|heading| heading.chars().count());
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in std::iter::once(&headings).chain(&rows) {
            let [name, numbers @ ..] = row;
            let [first, others @ ..] = widths;
            write!(f, "\n{name:first$}")?;
            for (cell, width) in numbers.iter().zip(others) {
                write!(f, "  {cell:>width$}")?;
            }
        }
        Ok(())
    }
}

impl Row {
    fn cells(&self) -> [String; 6] {
        let over = |to: &str, micros: f64| if self.name == to { "-".to_owned() } else { format!("{micros:+.1}") };
        [
            self.name.to_owned(),
            format!("{:.1}", self.median),
            format!("{:.1}-{:.1}", self.lowest, self.highest),
            self.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
            over(NOTHING, self.over_nothing),
            over(DO_NOTHING, self.over_do_nothing),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let samples = [
            (NOTHING, None, vec![20.0, 22.0, 21.0]),
            (DO_NOTHING, None, vec![26.0, 90.0, 25.0]),
            ("ours", Some("ours"), vec![28.04, 29.0, 27.0]),
        ];
        Report::new(15_000, &Options { rounds: 3, ..Options::default() }, samples.into_iter())
    }

    #[test]
    fn the_median_is_the_middle_and_one_bad_round_does_not_move_it() {
        assert_eq!(median(&[3.0, 1.0, 90.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn the_table_shows_what_each_adds() {
        insta::assert_snapshot!(report(), @r#"
        Processor time of one Envoy worker in µs per request: median of 3 rounds of 15000 requests

        contender          median  lowest-highest  ratio  over nothing  over do-nothing
        nothing              21.0       20.0-22.0   1.00             -             -5.0
        do-nothing module    26.0       25.0-90.0   1.24          +5.0                -
        ours                 28.0       27.0-29.0   1.33          +7.0             +2.0
        "#);
    }

    #[test]
    fn machines_get_every_round() {
        let report = report();
        let ours = report.contenders.last().map(serde_json::to_string);
        insta::assert_snapshot!(ours.expect("a row").expect("JSON"), @r#"{"name":"ours","filter":"ours","median":28.04,"lowest":27.0,"highest":29.0,"ratio":1.335,"over_nothing":7.04,"over_do_nothing":2.04,"samples":[28.04,29.0,27.0]}"#);
    }

    #[test]
    fn a_base_too_short_to_be_measured_has_no_ratio() {
        let samples = [(NOTHING, None, vec![0.0]), (DO_NOTHING, None, vec![10.0])];
        let report = Report::new(1, &Options { rounds: 1, ..Options::default() }, samples.into_iter());
        assert!(report.contenders.iter().all(|row| row.ratio.is_none()));
        assert!(report.to_string().lines().skip(3).all(|line| line.contains("  -  ")));
    }
}
