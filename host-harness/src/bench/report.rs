//! The result: medians over rounds, what each contender adds, and both as a table.
//!
//! A median, because a machine that is busy with something else for a moment spoils a mean. Nothing here measures.

use std::fmt;

use serde::Serialize;

use super::{Measured, Options};

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What all times are, in words.
    pub unit: &'static str,
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
    /// Requests in each round.
    pub requests: u32,
    /// The median over all rounds.
    pub median: f64,
    /// The lowest round.
    pub lowest: f64,
    /// The highest round.
    pub highest: f64,
    /// What is measured; rows of one section are compared with each other.
    pub section: &'static str,
    /// The row of this section without a filter.
    pub base: &'static str,
    /// The row of this section that ours has to stand beside.
    pub reference: &'static str,
    /// The median, divided by that of the base; `None` where that is zero.
    pub ratio: Option<f64>,
    /// What the median is above that of the base.
    pub over_base: f64,
    /// What the median is above that of the reference.
    pub over_reference: f64,
    /// The median, divided by that of the reference; `None` where that is zero.
    pub of_reference: Option<f64>,
    /// Every round.
    pub samples: Vec<f64>,
}

impl Report {
    pub(super) fn new(options: &Options, measured: &[Measured]) -> Self {
        let median_of =
            |wanted| measured.iter().find(|it| it.name == wanted).map_or(0.0, |found| median(&found.samples));
        let row = |Measured { name, filter, section, requests, samples }: &Measured| {
            let (median, base, reference) = (median(samples), median_of(section.base), median_of(section.reference));
            let divided = |by: f64| (by > 0.0).then(|| rounded(median / by));
            Row {
                name,
                filter: *filter,
                requests: *requests,
                median: rounded(median),
                lowest: rounded(samples.iter().copied().reduce(f64::min).unwrap_or(0.0)),
                highest: rounded(samples.iter().copied().reduce(f64::max).unwrap_or(0.0)),
                section: section.title,
                base: section.base,
                reference: section.reference,
                ratio: divided(base),
                over_base: rounded(median - base),
                over_reference: rounded(median - reference),
                of_reference: divided(reference),
                samples: samples.iter().copied().map(rounded).collect(),
            }
        };
        let contenders = measured.iter().map(row).collect();
        let unit = "microseconds of processor time of the Envoy process per request";
        Self { unit, rounds: options.rounds, warm_up: options.warm_up, contenders }
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

const HEADINGS: [&str; 7] = ["", "median", "lowest-highest", "ratio", "over base", "over reference", "of reference"];

/// A table for each section, below a headline.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Processor time of one Envoy worker in µs per request: median of {} rounds", self.rounds)?;
        let cells: Vec<[String; 7]> = self.contenders.iter().map(Row::cells).collect();
        let mut widths = HEADINGS.map(|heading| heading.chars().count());
        for row in &cells {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut section = "";
        for (row, cells) in self.contenders.iter().zip(&cells) {
            if section != row.section {
                if !section.is_empty() {
                    writeln!(f)?;
                }
                section = row.section;
                write!(f, "\n{section}, {} requests a round", row.requests)?;
                write!(f, "\nbase: {}; reference: {}", row.base, row.reference)?;
                write_row(f, &HEADINGS.map(str::to_owned), &widths)?;
            }
            write_row(f, cells, &widths)?;
        }
        Ok(())
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, cells: &[String; 7], widths: &[usize; 7]) -> fmt::Result {
    let ([name, numbers @ ..], [first, others @ ..]) = (cells, widths);
    write!(f, "\n{name:first$}")?;
    for (cell, width) in numbers.iter().zip(others) {
        write!(f, "  {cell:>width$}")?;
    }
    Ok(())
}

impl Row {
    fn cells(&self) -> [String; 7] {
        let over = |to: &str, micros: f64| if self.name == to { "-".to_owned() } else { format!("{micros:+.1}") };
        let ratio = |ratio: Option<f64>| ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        [
            self.name.to_owned(),
            format!("{:.1}", self.median),
            format!("{:.1}-{:.1}", self.lowest, self.highest),
            ratio(self.ratio),
            over(self.base, self.over_base),
            over(self.reference, self.over_reference),
            ratio(self.of_reference),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Section;
    use super::*;

    const SECTION: Section = Section { title: "headers", base: "nothing", reference: "do-nothing module" };

    fn measured(name: &'static str, filter: Option<&'static str>, samples: &[f64]) -> Measured {
        Measured { name, filter, section: &SECTION, requests: 15_000, samples: samples.to_vec() }
    }

    fn report() -> Report {
        let measured = [
            measured(SECTION.base, None, &[20.0, 22.0, 21.0]),
            measured(SECTION.reference, None, &[26.0, 90.0, 25.0]),
            measured("ours", Some("ours"), &[28.04, 29.0, 27.0]),
        ];
        Report::new(&Options { rounds: 3, ..Options::default() }, &measured)
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
        Processor time of one Envoy worker in µs per request: median of 3 rounds

        headers, 15000 requests a round
        base: nothing; reference: do-nothing module
                           median  lowest-highest  ratio  over base  over reference  of reference
        nothing              21.0       20.0-22.0   1.00          -            -5.0          0.81
        do-nothing module    26.0       25.0-90.0   1.24       +5.0               -          1.00
        ours                 28.0       27.0-29.0   1.33       +7.0            +2.0          1.08
        "#);
    }

    #[test]
    fn machines_get_every_round() {
        let report = report();
        let ours = report.contenders.last().map(serde_json::to_string);
        insta::assert_snapshot!(ours.expect("a row").expect("JSON"), @r#"{"name":"ours","filter":"ours","requests":15000,"median":28.04,"lowest":27.0,"highest":29.0,"section":"headers","base":"nothing","reference":"do-nothing module","ratio":1.335,"over_base":7.04,"over_reference":2.04,"of_reference":1.078,"samples":[28.04,29.0,27.0]}"#);
    }

    #[test]
    fn a_base_too_short_to_be_measured_has_no_ratio() {
        let measured = [measured(SECTION.base, None, &[0.0]), measured(SECTION.reference, None, &[10.0])];
        let report = Report::new(&Options { rounds: 1, ..Options::default() }, &measured);
        assert!(report.contenders.iter().all(|row| row.ratio.is_none()));
        assert!(report.to_string().lines().skip(5).all(|line| line.contains("  -  ")));
    }
}
