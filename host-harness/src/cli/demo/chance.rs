//! Which counts chance explains, so that a check of random choices blames a right program once in a million times.

/// The probability that a right program is found wrong, half of it at either end.
const FALSE_ALARM: f64 = 1e-6;

/// The least and the most successes to be believed of so many independent trials, each with this chance in percent.
pub(super) fn bounds(trials: u32, percent: u8) -> (u32, u32) {
    (least(trials, percent), trials - least(trials, 100 - percent))
}

/// The greatest count below which the binomial distribution has no more than half of [`FALSE_ALARM`].
fn least(trials: u32, percent: u8) -> u32 {
    if percent == 0 || percent == 100 {
        return if percent == 0 { 0 } else { trials };
    }
    let chance = f64::from(percent) / 100.0;
    // Logarithms, since the first terms are too small for a number.
    let mut term = f64::from(trials) * (1.0 - chance).ln();
    let mut below = 0.0;
    for count in 0..trials {
        below += term.exp();
        if below > FALSE_ALARM / 2.0 {
            return count;
        }
        term += (f64::from(trials - count) / f64::from(count + 1) * chance / (1.0 - chance)).ln();
    }
    trials
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected numbers come from exact fractions.
    #[test]
    fn the_bounds_are_those_of_the_binomial_distribution() {
        for (trials, percent, expected) in [
            (1000, 10, (57, 149)),
            (1000, 90, (851, 943)),
            (60, 25, (1, 33)),
            (60, 50, (12, 48)),
            (60, 75, (27, 59)),
            (40, 25, (0, 25)),
            // All of 21 fair coins show the same side less often than twice in a million times, but all of 20 do not.
            (21, 50, (1, 20)),
            (20, 50, (0, 20)),
            (20, 100, (20, 20)),
            (20, 0, (0, 0)),
            (0, 50, (0, 0)),
        ] {
            assert_eq!(bounds(trials, percent), expected, "{trials} trials of {percent} %");
        }
    }
}
