//! JSON text to [`Value`]s, as RFC 8259 has it and no more generous.
//!
//! What is not JSON ends the reading with one problem, because nothing after it can be trusted. A name that occurs twice in an
//! object is a problem, too, but reading goes on. Nesting is bounded, so that no text exhausts the stack.

use crate::problem::Problem;
use crate::value::{Kind, Member, Position, Value};

/// The deepest that arrays and objects may be nested.
const MAX_DEPTH: u32 = 64;

/// Boxed, since every step of the reading hands it on, and a pointer takes less code than what is in it.
type Flaw = Box<Problem>;

/// The value of a text, and the positions of names that occur again in their object.
pub(crate) fn parse(json: &[u8]) -> Result<(Value, Vec<Position>), Flaw> {
    let text = match std::str::from_utf8(json) {
        Ok(text) => text,
        Err(error) => return Err(not_utf8(json, error.valid_up_to())),
    };
    let mut cursor = Cursor { text, at: 0, line: 1, line_start: 0, repeated: Vec::new() };
    cursor.skip_whitespace();
    if cursor.peek().is_none() {
        let message = "expected a configuration in JSON, but found nothing".to_owned();
        return Err(flaw(message, None));
    }
    let value = cursor.value(0)?;
    cursor.skip_whitespace();
    match cursor.peek() {
        None => Ok((value, cursor.repeated)),
        Some(_) => Err(cursor.expected("one JSON value and nothing after it")),
    }
}

fn flaw(message: String, position: Option<Position>) -> Flaw {
    Box::new(Problem { path: String::new(), message, position })
}

fn not_utf8(json: &[u8], at: usize) -> Flaw {
    let (before, after) = json.split_at_checked(at).unwrap_or((json, &[]));
    let line = before.iter().filter(|byte| **byte == b'\n').count();
    let on_line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let column = on_line.iter().filter(|byte| !is_continuation(**byte)).count();
    let message = format!("expected UTF-8, but found the byte 0x{:02x}", after.first().copied().unwrap_or_default());
    flaw(message, Some(Position { line: count(line + 1), column: count(column + 1) }))
}

/// Whether a byte goes on with a character, rather than beginning one.
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Where the line began, moved on by one for each continuation byte since, so that columns are characters.
    line_start: usize,
    repeated: Vec<Position>,
}

impl Cursor<'_> {
    fn position(&self) -> Position {
        Position { line: self.line, column: count(self.at.saturating_sub(self.line_start) + 1) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes a byte if it is the next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> Flaw {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let message = match rest.chars().next() {
            None => format!("expected {what}, but found the end"),
            Some(found) if found.is_control() => {
                format!("expected {what}, but found the character U+{:04X}", u32::from(found))
            }
            Some(found) => format!("expected {what}, but found {found}"),
        };
        flaw(message, Some(self.position()))
    }

    fn skip_whitespace(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.line = self.line.saturating_add(1);
                    self.line_start = self.at;
                }
                _ => return,
            }
        }
    }

    fn value(&mut self, depth: u32) -> Result<Value, Flaw> {
        let position = self.position();
        let kind = match self.peek() {
            Some(b'{' | b'[') if depth == MAX_DEPTH => {
                return Err(self.expected("at most 64 arrays and objects in one another"));
            }
            Some(b'{') => Kind::Object(self.object(depth)?),
            Some(b'[') => Kind::Array(self.array(depth)?),
            Some(b'"') => Kind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Kind::Number(self.number()?),
            _ => self.literal()?,
        };
        Ok(Value { position, kind })
    }

    fn literal(&mut self) -> Result<Kind, Flaw> {
        for (name, flag) in [("null", None), ("true", Some(true)), ("false", Some(false))] {
            if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(name)) {
                self.at += name.len();
                return Ok(flag.map_or(Kind::Null, Kind::Boolean));
            }
        }
        Err(self.expected("a JSON value"))
    }

    fn array(&mut self, depth: u32) -> Result<Vec<Value>, Flaw> {
        let mut elements = Vec::new();
        self.at += 1;
        self.skip_whitespace();
        if self.take(b']') {
            return Ok(elements);
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.skip_whitespace();
            if self.take(b']') {
                return Ok(elements);
            }
            if !self.take(b',') {
                return Err(self.expected("a comma or ]"));
            }
            self.skip_whitespace();
        }
    }

    fn object(&mut self, depth: u32) -> Result<Vec<Member>, Flaw> {
        let mut members: Vec<Member> = Vec::new();
        self.at += 1;
        self.skip_whitespace();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            let position = self.position();
            if self.peek() != Some(b'"') {
                return Err(self.expected("a name in double quotes"));
            }
            let name = self.string()?;
            // A search through all of them: objects that an operator writes are small.
            if members.iter().any(|member| member.name == name) {
                self.repeated.push(position);
            }
            self.skip_whitespace();
            if !self.take(b':') {
                return Err(self.expected("a colon"));
            }
            self.skip_whitespace();
            let value = self.value(depth + 1)?;
            members.push(Member { name, position, value });
            self.skip_whitespace();
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return Err(self.expected("a comma or }"));
            }
            self.skip_whitespace();
        }
    }

    fn number(&mut self) -> Result<String, Flaw> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default().to_owned())
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    /// The string whose opening quote is next.
    fn string(&mut self) -> Result<String, Flaw> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let start = self.at;
            while let Some(byte) = self.peek() {
                if byte < b' ' || byte == b'"' || byte == b'\\' {
                    break;
                }
                self.line_start += usize::from(is_continuation(byte));
                self.at += 1;
            }
            string.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(self.expected("the end of the string")),
            }
        }
    }

    /// The character of the escape whose backslash is next.
    fn escape(&mut self) -> Result<char, Flaw> {
        self.at += 1;
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return Err(self.expected("one of \" \\ / b f n r t u after a backslash")),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self) -> Result<char, Flaw> {
        let first = self.four_hex_digits()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let is_first_half = first < 0xdc00;
        if !(is_first_half && self.take(b'\\') && self.take(b'u')) {
            return Err(self.expected("the other half of a surrogate pair"));
        }
        let before = self.at;
        let second = self.four_hex_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = before;
            return Err(self.expected("the other half of a surrogate pair"));
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| self.expected("a character"))
    }

    fn four_hex_digits(&mut self) -> Result<u32, Flaw> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(code)
    }
}
