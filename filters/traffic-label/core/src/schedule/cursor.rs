//! A place in a short text that is read from its beginning.

/// What is left of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t>(pub(super) &'t str);

impl<'t> Cursor<'t> {
    /// Passes a text if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Passes a text, or fails.
    pub(super) fn expect(&mut self, text: &str) -> Option<()> {
        self.take(text).then_some(())
    }

    /// Passes all bytes up to the first that is not such a one.
    pub(super) fn run(&mut self, is_part: fn(u8) -> bool) -> &'t str {
        let end = self.0.bytes().position(|byte| !is_part(byte)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        self.0 = rest;
        run
    }

    /// Passes a number of at most so many digits; fails if there is none, or one that is longer.
    pub(super) fn number(&mut self, most_digits: usize) -> Option<i64> {
        let digits = self.run(|byte| byte.is_ascii_digit());
        if digits.len() > most_digits { None } else { number(digits) }
    }

    /// Passes a number of exactly so many digits.
    pub(super) fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { number(digits) } else { None }
    }

    /// Nothing, if nothing is left.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// A number of few digits.
pub(super) fn number(digits: &str) -> Option<i64> {
    digits.parse::<u32>().ok().map(i64::from)
}
