//! What is wrong with a configuration, all of it.

use crate::value::Position;
use std::fmt;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a JSON path such as `stamp[0].name`, empty for the whole.
    pub path: String,
    /// What, in the form *expected X, but found Y*.
    pub message: String,
    /// Where in the text, if it is about something that stands there.
    pub position: Option<Position>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match self.position {
            Some(position) => write!(f, " ({position})"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a configuration, displayed one per line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem at a JSON path, which stands nowhere in the text, such as one in what a value was decoded to.
    pub fn push(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.add(Problem { path: path.into(), message: message.into(), position: None });
    }

    pub(crate) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds those of another list after these.
    pub fn append(&mut self, mut others: Problems) {
        self.0.append(&mut others.0);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value if nothing is wrong, otherwise the problems.
    pub fn unless_any<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The problems in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn problems_are_displayed_one_per_line() {
        let mut problems = Problems::default();
        problems.push("a", "expected x, but found y");
        problems.push("", "expected z, but found nothing");
        assert_eq!(problems.to_string(), "a: expected x, but found y\nexpected z, but found nothing");
        assert!(problems.unless_any(()).is_err());
    }
}
