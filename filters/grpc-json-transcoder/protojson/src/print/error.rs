//! Why a message has no JSON form, and where in it.

use crate::quote::NotUtf8;
use crate::wire::WireError;
use std::fmt;

/// Why a message has no JSON form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrintProblem {
    /// The bytes are no message.
    Wire(WireError),
    /// A string is not UTF-8; the offset is within the string.
    NotUtf8(usize),
    /// Messages nest deeper than protobuf allows.
    TooDeep,
    /// A timestamp or a duration is out of its range, or its parts contradict each other.
    OutOfRange(&'static str),
    /// A path of a field mask would not read back as what it is.
    FieldMaskPath(String),
    /// A `google.protobuf.Value` is a number that JSON does not have.
    NotFinite,
    /// The message inside a `google.protobuf.Any` is not in the schema.
    UnknownAnyType(String),
    /// Fields are not in the order of their numbers; never leaves this crate.
    OutOfOrder,
}

/// Why a message has no JSON form, and the JSON path to what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintError {
    /// The path, such as `results[2].kv`; empty for the whole message.
    pub path: String,
    /// What is wrong there.
    pub problem: PrintProblem,
}

pub(super) type Printed = Result<(), Box<PrintError>>;

impl PrintError {
    /// The error as seen from around a member.
    pub(super) fn within(mut self: Box<Self>, name: &str) -> Box<Self> {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }
}

impl From<PrintProblem> for Box<PrintError> {
    #[cold]
    fn from(problem: PrintProblem) -> Self {
        Box::new(PrintError { path: String::new(), problem })
    }
}

impl From<WireError> for Box<PrintError> {
    #[cold]
    fn from(error: WireError) -> Self {
        PrintProblem::Wire(error).into()
    }
}

impl From<NotUtf8> for Box<PrintError> {
    #[cold]
    fn from(NotUtf8(offset): NotUtf8) -> Self {
        PrintProblem::NotUtf8(offset).into()
    }
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.problem {
            PrintProblem::Wire(error) => error.fmt(f),
            PrintProblem::NotUtf8(offset) => {
                write!(f, "expected UTF-8, but found other bytes at byte {offset} of the string")
            }
            PrintProblem::TooDeep => f.write_str("expected at most 100 messages within each other, but found more"),
            PrintProblem::OutOfRange(expected) => write!(f, "expected {expected}, but found other values"),
            PrintProblem::FieldMaskPath(path) => {
                write!(f, "expected a path of lower-case names, but found `{path}`")
            }
            PrintProblem::NotFinite => f.write_str("expected a finite number, but found infinity or NaN"),
            PrintProblem::UnknownAnyType(url) => {
                write!(f, "expected a type of the descriptor set, but found `{url}`")
            }
            PrintProblem::OutOfOrder => f.write_str("expected fields in the order of their numbers, but found another"),
        }
    }
}

impl std::error::Error for PrintError {}
