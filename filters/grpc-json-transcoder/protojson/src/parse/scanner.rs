//! JSON text to tokens: white space, strings, numbers, and values that nobody wants.
//!
//! Strict is RFC 8259. Lenient is what Envoy's transcoder accepts beside it: single quotes, names without quotes, a comma before a
//! closing bracket, raw control characters and unknown escapes in strings. The text has been found to be UTF-8 before.

use super::error::{ParseError, ParseProblem, Parsed};
use super::finish;
use crate::words::{eight, equal};
use std::borrow::Cow;

#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'j> {
    pub(super) text: &'j [u8],
    pub(super) at: usize,
    pub(super) lenient: bool,
    /// Of strings in double quotes.
    pub(super) ends: Ends,
}

/// Which bytes of a string are not its content as they are: its quote, a backslash, and in strict JSON control characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    /// After these bits have been flipped, quote and control characters are the bytes below that one.
    flip: u64,
    below: u64,
}

impl Ends {
    const fn of(quote: u8, lenient: bool) -> Self {
        if lenient {
            Self { flip: eight(quote), below: eight(1) }
        } else {
            // A double quote and the control characters next to it change places with `0x20` and with one another.
            Self { flip: eight(b'"' ^ b' '), below: eight(b' ' + 1) }
        }
    }

    /// Sets the highest bit of the first such byte of a word, and perhaps of others after it; of none if there is none.
    #[inline]
    pub(super) fn within(self, word: u64) -> u64 {
        let backslash = (word ^ const { eight(b'\\') }).wrapping_sub(const { eight(1) });
        let others = (word ^ self.flip).wrapping_sub(self.below);
        (backslash | others) & !word & const { eight(0x80) }
    }
}

impl<'j> Scanner<'j> {
    pub(super) fn new(text: &'j [u8], lenient: bool) -> Self {
        Self { text, at: 0, lenient, ends: Ends::of(b'"', lenient) }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[cold]
    pub(super) fn syntax(&self, expected: &'static str) -> Box<ParseError> {
        ParseError::at(self.at, ParseProblem::Syntax { expected, found: self.peek() })
    }

    /// The first byte that is no white space, without taking it.
    #[inline]
    pub(super) fn next_token(&mut self) -> Option<u8> {
        self.at = self.token(self.at);
        self.peek()
    }

    /// Where from there on the first byte is that is no white space.
    #[inline]
    pub(super) fn token(&self, at: usize) -> usize {
        match self.text.get(at) {
            // Most often none is there, so what passes over it is kept out of the way.
            Some(..=b' ') => self.after_space(at),
            _ => at,
        }
    }

    #[inline(never)]
    fn after_space(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Parsed {
        if self.next_token() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.syntax(expected))
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Parsed {
        match self.next_token() {
            None => Ok(()),
            Some(_) => Err(self.syntax("the end of the text")),
        }
    }

    /// Takes a member's or element's separator. `true`: another one follows. `false`: the bracket has been taken.
    #[inline]
    pub(super) fn more(&mut self, close: u8, first: &mut bool) -> Parsed<bool> {
        let found = self.next_token();
        if found == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        if std::mem::take(first) {
            return Ok(true);
        }
        if found != Some(b',') {
            return Err(self.syntax(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" }));
        }
        self.at += 1;
        if self.lenient && self.next_token() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Takes a name and the colon after it.
    #[inline]
    pub(super) fn key(&mut self) -> Parsed<Cow<'j, [u8]>> {
        let key = match self.next_token() {
            Some(b'"') => self.string()?,
            Some(b'\'') if self.lenient => self.string()?,
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'$') if self.lenient => Cow::Borrowed(self.word()),
            _ => return Err(self.syntax("a name in double quotes")),
        };
        self.expect(b':', "`:`")?;
        Ok(key)
    }

    /// Appends the string there while its end is looked for, puts its length into the byte before it, and gives where it ends.
    /// It has to have double quotes and nothing in it that has to be looked at.
    #[inline(always)]
    pub(super) fn copy_string(&self, at: usize, out: &mut Vec<u8>) -> Option<usize> {
        if self.text.get(at) != Some(&b'"') {
            return None;
        }
        let start = out.len();
        let mut end = at + 1;
        while let Some(chunk) = self.text.get(end..).and_then(<[u8]>::first_chunk) {
            // Copied first: what is too much is taken back, which costs less than to know before.
            out.extend_from_slice(chunk);
            let word = u64::from_le_bytes(*chunk);
            let found = self.ends.within(word);
            if found != 0 {
                let bits = found.trailing_zeros() & !7;
                if (word >> bits) as u8 != b'"' {
                    return None;
                }
                let length = bits as usize / 8;
                out.truncate(out.len() - (8 - length));
                finish(out, start);
                return Some(end + length + 1);
            }
            end += 8;
        }
        None
    }

    /// Takes this text if it is what stands next.
    #[inline]
    pub(super) fn take(&mut self, expected: &[u8]) -> bool {
        let end = self.at + expected.len();
        let is_next = self.text.get(self.at..end).is_some_and(|next| equal(next, expected));
        if is_next {
            self.at = end;
        }
        is_next
    }

    /// Takes letters, digits, `_` and `$`.
    pub(super) fn word(&mut self) -> &'j [u8] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Takes a word that has to be there.
    pub(super) fn literal(&mut self, word: &'static [u8], expected: &'static str) -> Parsed {
        let start = self.at;
        if self.word() == word {
            return Ok(());
        }
        self.at = start;
        Err(self.syntax(expected))
    }

    /// Whether a string starts with this byte.
    #[inline]
    pub(super) fn is_quote(&self, byte: Option<u8>) -> bool {
        byte == Some(b'"') || self.lenient && byte == Some(b'\'')
    }

    /// Takes a string whose quote is next; without escapes it is a piece of the text.
    #[inline]
    pub(super) fn string(&mut self) -> Parsed<Cow<'j, [u8]>> {
        match self.plain_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.escaped_string().map(Cow::Owned),
        }
    }

    /// Takes a string whose quote is next, if it has nothing in it that has to be looked at.
    #[inline]
    pub(super) fn plain_string(&mut self) -> Option<&'j [u8]> {
        let quote = self.peek()?;
        let start = self.at + 1;
        let end = start + self.run(start, quote);
        if self.text.get(end) != Some(&quote) {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// How many bytes from there on are content of a string as they are.
    #[inline]
    fn run(&self, start: usize, quote: u8) -> usize {
        let ends = if quote == b'"' { self.ends } else { Ends::of(quote, self.lenient) };
        let rest = self.text.get(start..).unwrap_or_default();
        let (chunks, tail) = rest.as_chunks::<8>();
        for (chunk, index) in chunks.iter().zip(0..) {
            let found = ends.within(u64::from_le_bytes(*chunk));
            if found != 0 {
                return index * 8 + found.trailing_zeros() as usize / 8;
            }
        }
        let plain = |byte: &&u8| ends.within(u64::from(**byte) | const { eight(b'x') << 8 }) == 0;
        chunks.len() * 8 + tail.iter().take_while(plain).count()
    }

    /// Takes a string whose quote is next, whatever is in it.
    #[cold]
    pub(super) fn escaped_string(&mut self) -> Parsed<Vec<u8>> {
        let quote = self.peek().unwrap_or(b'"');
        self.at += 1;
        // Most have room in it.
        let mut content = Vec::with_capacity(64);
        loop {
            match self.peek() {
                Some(byte) if byte == quote => {
                    self.at += 1;
                    return Ok(content);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut content)?;
                }
                Some(byte) if byte < 0x20 && !self.lenient => return Err(self.syntax("an escaped control character")),
                None => return Err(self.syntax("the end of a string")),
                Some(_) => {
                    let run = self.run(self.at, quote);
                    content.extend_from_slice(self.text.get(self.at..self.at + run).unwrap_or_default());
                    self.at += run;
                }
            }
        }
    }

    /// Takes what follows a backslash.
    fn escape(&mut self, content: &mut Vec<u8>) -> Parsed {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode_escape(content),
            Some(byte) if self.lenient => byte,
            _ => return Err(self.syntax("an escape")),
        };
        self.at += 1;
        content.push(plain);
        Ok(())
    }

    fn unicode_escape(&mut self, content: &mut Vec<u8>) -> Parsed {
        let start = self.at - 1;
        let first = self.code_unit()?;
        let letter = match first {
            0xd800..0xdc00 => {
                let pair = self.text.get(self.at..).unwrap_or_default().starts_with(b"\\u");
                let second = if pair {
                    self.at += 1;
                    self.code_unit()?
                } else {
                    0
                };
                match second {
                    0xdc00..0xe000 => char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)),
                    _ => None,
                }
            }
            unit => char::from_u32(unit),
        };
        let Some(letter) = letter else {
            self.at = start;
            return Err(self.syntax("a surrogate with its other half"));
        };
        content.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// Takes `u` and four hexadecimal digits.
    fn code_unit(&mut self) -> Parsed<u32> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| (byte as char).to_digit(16));
            unit = unit << 4 | digit.ok_or_else(|| self.syntax("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(unit)
    }

    /// Takes a number.
    pub(super) fn number(&mut self) -> Parsed<&'j [u8]> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits()?;
        if leading_zero && whole > 1 {
            self.at = start;
            return Err(self.syntax("a number without zeros before it"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Parsed<usize> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.syntax("a digit")) } else { Ok(count) }
    }

    /// Passes over a value, which must be JSON, without building it. Gives the piece of the text that it is.
    pub(super) fn skip(&mut self, max_depth: u32) -> Parsed<&'j [u8]> {
        self.next_token();
        let start = self.at;
        // Which brackets are open, the innermost last, and whether something stands in it.
        let mut open: Vec<u8> = Vec::new();
        let mut first = false;
        loop {
            match self.next_token() {
                Some(bracket @ (b'{' | b'[')) => {
                    if open.len() >= max_depth as usize {
                        return Err(ParseError::at(self.at, ParseProblem::TooDeep(max_depth)));
                    }
                    self.at += 1;
                    open.push(if bracket == b'{' { b'}' } else { b']' });
                    first = true;
                }
                Some(b'-' | b'0'..=b'9') => drop(self.number()?),
                Some(b't') => self.literal(b"true", "a value")?,
                Some(b'f') => self.literal(b"false", "a value")?,
                Some(b'n') => self.literal(b"null", "a value")?,
                found if self.is_quote(found) => drop(self.string()?),
                _ => return Err(self.syntax("a value")),
            }
            loop {
                let Some(&close) = open.last() else { return Ok(self.text.get(start..self.at).unwrap_or_default()) };
                if self.more(close, &mut first)? {
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                }
                open.pop();
                first = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[track_caller]
    fn check(text: &str, strict: &str, lenient: &str) {
        for (is_lenient, expected) in [(false, strict), (true, lenient)] {
            let mut scanner = Scanner::new(text.as_bytes(), is_lenient);
            let skipped = scanner.skip(5).and_then(|_| scanner.end());
            assert_eq!(skipped.map_or_else(|error| error.to_string(), |()| "good".to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn values_are_passed_over() {
        for text in ["{}", "[]", " [1, -0.5e+3, true, false, null, {\"a\": [\"\\u00e4\\\"\"]}] ", "\"\"", "0"] {
            check(text, "good", "good");
        }
    }

    #[test]
    fn leniency_is_what_the_native_filter_accepts() {
        check("{'a': 'b'}", "expected a name in double quotes, but found `\\'` at byte 1", "good");
        check("{a: 1}", "expected a name in double quotes, but found `a` at byte 1", "good");
        check("[1,]", "expected a value, but found `]` at byte 3", "good");
        check("{\"a\": 1,}", "expected a name in double quotes, but found `}` at byte 8", "good");
        check("\"\n\"", "expected an escaped control character, but found `\\n` at byte 1", "good");
        check("\"\\q\"", "expected an escape, but found `q` at byte 2", "good");
    }

    #[test]
    fn what_is_no_json_is_named_with_its_offset() {
        let both = |text: &str, expected: &str| check(text, expected, expected);
        both("", "expected a value, but found the end of the text at byte 0");
        both("[,]", "expected a value, but found `,` at byte 1");
        both("[1 2]", "expected `,` or `]`, but found `2` at byte 3");
        both("{\"a\" 1}", "expected `:`, but found `1` at byte 5");
        both("01", "expected a number without zeros before it, but found `0` at byte 0");
        both("-", "expected a digit, but found the end of the text at byte 1");
        both("1.", "expected a digit, but found the end of the text at byte 2");
        both("tru", "expected a value, but found `t` at byte 0");
        both("\"abc", "expected the end of a string, but found the end of the text at byte 4");
        both("\"\\ud800\"", "expected a surrogate with its other half, but found `\\\\` at byte 1");
        both("\"\\udc00\"", "expected a surrogate with its other half, but found `\\\\` at byte 1");
        both("\"\\u12g4\"", "expected four hexadecimal digits, but found `g` at byte 5");
        both("[[[[[[]]]]]]", "expected at most 5 objects and lists within each other, but found more at byte 5");
        both("{} {}", "expected the end of the text, but found `{` at byte 3");
        both("[}", "expected a value, but found `}` at byte 1");
    }

    #[test]
    fn strings_are_unescaped() {
        let string = |text: &str| {
            let mut scanner = Scanner::new(text.as_bytes(), false);
            String::from_utf8(scanner.string().unwrap().into_owned()).unwrap()
        };
        assert_eq!(string(r#""plain and longer than eight""#), "plain and longer than eight");
        assert_eq!(string(r#""a\"\\\/\b\f\n\r\tz""#), "a\"\\/\u{8}\u{c}\n\r\tz");
        assert_eq!(string(r#""\u0041\u00e4\ud83d\ude00 ä""#), "Aä😀 ä");
    }
}
