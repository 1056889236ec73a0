//! Two transcripts compared line by line, for a person to read.

/// The lines in which two texts differ, with a little of what they have in common around them; `None` if they are equal.
pub fn difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let lines = script(&old, &new);
    let near = |index: usize| {
        lines.iter().skip(index.saturating_sub(CONTEXT)).take(2 * CONTEXT + 1).any(|(sign, _)| *sign != ' ')
    };
    let mut shown = String::new();
    let mut skipping = false;
    for (index, (sign, line)) in lines.iter().enumerate() {
        // A section's title says where in the transcript the difference is, so it stays.
        let keep = near(index) || line.starts_with("== ");
        if keep {
            shown.push_str(&format!("{sign} {line}\n"));
        } else if !skipping {
            shown.push_str("  …\n");
        }
        skipping = !keep;
    }
    Some(shown)
}

const CONTEXT: usize = 2;

/// The shortest way from one text to the other: `-` is only in the old one, `+` only in the new one.
fn script<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // `common[i][j]` is the length of the longest common subsequence of what follows line i and line j.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    let at =
        |table: &Vec<Vec<usize>>, i: usize, j: usize| table.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0);
    for (i, left) in old.iter().enumerate().rev() {
        for (j, right) in new.iter().enumerate().rev() {
            let length = if left == right {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = length;
            }
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    loop {
        match (old.get(i), new.get(j)) {
            (Some(left), Some(right)) if left == right => {
                lines.push((' ', *left));
                (i, j) = (i + 1, j + 1);
            }
            (Some(left), right) if right.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                lines.push(('-', *left));
                i += 1;
            }
            (_, Some(right)) => {
                lines.push(('+', *right));
                j += 1;
            }
            (_, None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_its_section_and_its_neighbours() {
        let expected = "== start\na\nb\nc\nd\n== step 1\ne\nf\ng\n";
        let found = "== start\na\nb\nc\nd\n== step 1\ne\nF\ng\nh\n";
        insta::assert_snapshot!(difference(expected, found).unwrap_or_default(), @r"
          == start
          …
          == step 1
          e
        - f
        + F
          g
        + h
        ");
        assert_eq!(difference(expected, expected), None);
    }
}
