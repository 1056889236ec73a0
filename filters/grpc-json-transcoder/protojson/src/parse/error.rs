//! Why JSON text is no message, and where.

use std::fmt;

/// Why JSON text is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseProblem {
    /// The text is not UTF-8.
    NotUtf8,
    /// The text is no JSON.
    Syntax {
        /// What had to stand there.
        expected: &'static str,
        /// The byte that stands there, unless it is the end.
        found: Option<u8>,
    },
    /// A value is of another kind or out of range.
    Value {
        /// What it had to be.
        expected: String,
        /// The value as it is written, shortened.
        found: String,
    },
    /// The message has no such field.
    UnknownField(String),
    /// A field is set twice, or two fields of a oneof are.
    SetTwice(String),
    /// A key of a map is there twice.
    KeyTwice(String),
    /// Objects and lists nest deeper than is allowed.
    TooDeep(u32),
    /// The message inside a `google.protobuf.Any` has no type, or one that is not in the schema.
    AnyType(Option<String>),
    /// The body gives a field another value than the path or the query does.
    Collision,
}

/// Why JSON text is no message: the JSON path and the byte at which it is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The path, such as `results[2].kv`; empty for the whole text.
    pub path: String,
    /// Bytes before what is wrong.
    pub offset: usize,
    /// What is wrong there.
    pub problem: ParseProblem,
}

pub(super) type Parsed<T = ()> = Result<T, Box<ParseError>>;

impl ParseError {
    #[cold]
    pub(super) fn at(offset: usize, problem: ParseProblem) -> Box<Self> {
        Box::new(Self { path: String::new(), offset, problem })
    }

    /// The error as seen from around a member.
    #[cold]
    pub(super) fn within(mut self: Box<Self>, name: &str) -> Box<Self> {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }
}

/// A value as it is quoted in a message: not longer than a line.
pub(super) fn quoted(text: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(LONGEST) {
        None => format!("`{text}`"),
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.problem {
            ParseProblem::NotUtf8 => f.write_str("expected UTF-8, but found other bytes"),
            ParseProblem::Syntax { expected, found: None } => {
                write!(f, "expected {expected}, but found the end of the text")
            }
            ParseProblem::Syntax { expected, found: Some(byte) } => {
                write!(f, "expected {expected}, but found `{}`", byte.escape_ascii())
            }
            ParseProblem::Value { expected, found } => write!(f, "expected {expected}, but found {found}"),
            ParseProblem::UnknownField(name) => write!(f, "expected a field of the message, but found {name}"),
            ParseProblem::SetTwice(name) => write!(f, "expected one value for {name}, but found another"),
            ParseProblem::KeyTwice(name) => write!(f, "expected each key once, but found {name} again"),
            ParseProblem::TooDeep(limit) => {
                write!(f, "expected at most {limit} objects and lists within each other, but found more")
            }
            ParseProblem::AnyType(None) => f.write_str("expected a member `@type`, but found none"),
            ParseProblem::AnyType(Some(url)) => {
                write!(f, "expected the URL of a type of the descriptor set, but found {url}")
            }
            ParseProblem::Collision => {
                f.write_str("expected the value that the path or the query gives, but found another")
            }
        }?;
        write!(f, " at byte {}", self.offset)
    }
}

impl std::error::Error for ParseError {}
