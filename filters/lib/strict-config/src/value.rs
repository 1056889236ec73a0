//! A JSON value that knows where it stands in its text.
//!
//! The tree is what [`read`](crate::read) makes of a text. It keeps numbers as they were written, members in their order, and for
//! each value its line and column, by which its path is found again when there is a problem, so nothing is paid for paths
//! otherwise.

use std::fmt;

/// Where something stands in a text: lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// A JSON value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub(crate) position: Position,
    pub(crate) kind: Kind,
}

/// What a value is, in the words of RFC 8259.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it was written.
    Number(String),
    /// A string, without its escapes.
    String(String),
    /// The elements of an array.
    Array(Vec<Value>),
    /// The members of an object, in the order of the text; no name occurs twice.
    Object(Vec<Member>),
}

/// A name and its value in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: String,
    /// Where the name begins.
    pub position: Position,
    /// The value.
    pub value: Value,
}

impl Value {
    /// What it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Where it begins.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether it is `null`, which stands for a value that is not there.
    pub fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// The string that it is.
    pub fn as_str(&self) -> Option<&str> {
        if let Kind::String(text) = &self.kind { Some(text) } else { None }
    }

    /// The boolean that it is.
    pub fn as_bool(&self) -> Option<bool> {
        if let Kind::Boolean(flag) = self.kind { Some(flag) } else { None }
    }

    /// The whole number that it is, written without fraction and exponent.
    pub fn as_u64(&self) -> Option<u64> {
        if let Kind::Number(digits) = &self.kind { digits.parse().ok() } else { None }
    }

    /// The elements of the array that it is.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Kind::Array(elements) = &self.kind { Some(elements) } else { None }
    }

    /// The members of the object that it is.
    pub fn as_object(&self) -> Option<&[Member]> {
        if let Kind::Object(members) = &self.kind { Some(members) } else { None }
    }

    /// The value under a name in the object that it is.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object()?.iter().find(|member| member.name == name).map(|member| &member.value)
    }

    /// Writes after `path` where in this tree something begins: `rules[1].name`, `cluster["pkg.Service"]`.
    pub(crate) fn extend_path(&self, path: &mut String, position: Position) {
        match &self.kind {
            Kind::Array(elements) => {
                let after = elements.partition_point(|element| element.position <= position);
                let Some(index) = after.checked_sub(1) else { return };
                path.push_str(&format!("[{index}]"));
                if let Some(element) = elements.get(index) {
                    element.extend_path(path, position);
                }
            }
            Kind::Object(members) => {
                let after = members.partition_point(|member| member.position <= position);
                let Some(member) = after.checked_sub(1).and_then(|index| members.get(index)) else { return };
                extend_path_by_name(path, &member.name);
                if member.value.position <= position {
                    member.value.extend_path(path, position);
                }
            }
            Kind::Null | Kind::Boolean(_) | Kind::Number(_) | Kind::String(_) => {}
        }
    }
}

/// Writes the name of a member after a path.
pub(crate) fn extend_path_by_name(path: &mut String, name: &str) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@');
    if name.is_empty() || !name.bytes().all(is_plain) {
        path.push_str(&format!("[{}]", Quoted(name)));
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// What was found, for a message: short values as they are, others by what they are.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Boolean(true) => f.write_str("true"),
            Kind::Boolean(false) => f.write_str("false"),
            Kind::Number(digits) => f.write_str(digits.get(..MAX_QUOTED).unwrap_or(digits)),
            Kind::String(text) => Quoted(text).fmt(f),
            Kind::Array(_) => f.write_str("an array"),
            Kind::Object(_) => f.write_str("an object"),
        }
    }
}

/// The most bytes of a text that a message repeats.
const MAX_QUOTED: usize = 80;

/// A text in quotes for a message: control characters escaped, and cut where it is long.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        let shown = text.get(..text.floor_char_boundary(MAX_QUOTED)).unwrap_or(text);
        f.write_str("\"")?;
        for character in shown.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ if character.is_control() => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => write!(f, "{character}")?,
            }
        }
        f.write_str(if shown.len() < text.len() { "\"…" } else { "\"" })
    }
}
