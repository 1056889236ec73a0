//! The elements of a JSON array that comes in pieces: what a client streams.
//!
//! Only where an element ends is found out here, with a few bits of state and one look at each byte; whether it is JSON is for
//! the parser to say, which is given each element's text. An element that is whole in one piece is not copied. What is kept is
//! the one element whose end has not come, and that is bounded.

use std::fmt;

/// Why a body is no array of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementError {
    /// The body begins with something else than `[`.
    NotAnArray(u8),
    /// An element is missing before this byte.
    NoElement(u8),
    /// A closing bracket that nothing opened.
    Unbalanced(u8),
    /// Something follows the end of the array.
    AfterEnd(u8),
    /// The body ends before the array does.
    Incomplete,
    /// An element is larger than is allowed.
    TooLarge {
        /// The size that is allowed, in bytes.
        limit: u32,
    },
}

impl fmt::Display for ElementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnArray(b'{') => f.write_str("Expected an array instead of an object"),
            Self::NotAnArray(byte) => write!(f, "expected an array, but found `{}`", byte.escape_ascii()),
            Self::NoElement(byte) => {
                write!(f, "expected an element of the array, but found `{}`", byte.escape_ascii())
            }
            Self::Unbalanced(byte) => {
                write!(f, "expected `,` or `]` after an element, but found `{}`", byte.escape_ascii())
            }
            Self::AfterEnd(byte) => {
                write!(f, "expected nothing after the array, but found `{}`", byte.escape_ascii())
            }
            Self::Incomplete => f.write_str("expected the end of the array, but found the end of the body"),
            Self::TooLarge { limit } => write!(f, "expected elements of at most {limit} bytes, but found a larger one"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeArray,
    /// Before the first element, where the array may also end.
    AfterOpening,
    /// After a comma, where the lenient form lets the array end, too.
    AfterComma,
    InElement,
    AfterArray,
}

/// Finds the elements of an array.
#[derive(Debug, Clone)]
pub struct Elements {
    place: Place,
    /// How many brackets are open within the element.
    depth: u32,
    /// The quote that ends the string in which the last piece ended.
    string: Option<u8>,
    escaped: bool,
    /// The beginning of an element whose end has not come.
    partial: Vec<u8>,
    taken: bool,
    limit: u32,
    lenient: bool,
}

impl Elements {
    /// Finds elements of at most this many bytes. The lenient form knows strings in single quotes, and a comma after the last
    /// element.
    pub fn new(limit: u32, lenient: bool) -> Self {
        Self {
            place: Place::BeforeArray,
            depth: 0,
            string: None,
            escaped: false,
            partial: Vec::new(),
            taken: false,
            limit,
            lenient,
        }
    }

    /// Takes the next element's text from a piece of the body; `None` when the piece is used up.
    pub fn next<'r, 'p: 'r>(&'r mut self, piece: &mut &'p [u8]) -> Result<Option<&'r [u8]>, ElementError> {
        if std::mem::take(&mut self.taken) {
            self.partial.clear();
        }
        if self.place != Place::InElement {
            self.seek(piece)?;
            if self.place != Place::InElement {
                return Ok(None);
            }
        }
        let text = *piece;
        let Some(end) = self.end_of_element(text)? else {
            *piece = &[];
            self.keep(text)?;
            return Ok(None);
        };
        let (last, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
        let closes = rest.first() == Some(&b']');
        self.place = if closes { Place::AfterArray } else { Place::AfterComma };
        *piece = rest.get(1..).unwrap_or_default();
        if self.partial.is_empty() {
            return if last.len() > self.limit as usize { Err(self.too_large()) } else { Ok(Some(last)) };
        }
        self.keep(last)?;
        self.taken = true;
        Ok(Some(&self.partial))
    }

    /// Whether nothing of an array has come.
    pub fn is_untouched(&self) -> bool {
        self.place == Place::BeforeArray
    }

    /// Whether the body may end here. An empty one may.
    pub fn finish(&self) -> Result<(), ElementError> {
        if matches!(self.place, Place::BeforeArray | Place::AfterArray) {
            Ok(())
        } else {
            Err(ElementError::Incomplete)
        }
    }

    /// Goes to the beginning of the next element, or to the end of the piece.
    fn seek(&mut self, piece: &mut &[u8]) -> Result<(), ElementError> {
        while let Some((byte, rest)) = piece.split_first() {
            match (self.place, *byte) {
                (_, b' ' | b'\t' | b'\n' | b'\r') => {}
                (Place::BeforeArray, b'[') => self.place = Place::AfterOpening,
                (Place::BeforeArray, byte) => return Err(ElementError::NotAnArray(byte)),
                (Place::AfterArray, byte) => return Err(ElementError::AfterEnd(byte)),
                (Place::AfterOpening, b']') => self.place = Place::AfterArray,
                (Place::AfterComma, b']') if self.lenient => self.place = Place::AfterArray,
                (_, byte @ (b',' | b']' | b'}')) => return Err(ElementError::NoElement(byte)),
                _ => {
                    self.place = Place::InElement;
                    return Ok(());
                }
            }
            *piece = rest;
        }
        Ok(())
    }

    /// Where the comma or bracket is that ends the element.
    fn end_of_element(&mut self, text: &[u8]) -> Result<Option<usize>, ElementError> {
        for (at, byte) in text.iter().enumerate() {
            if let Some(quote) = self.string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    byte if *byte == quote => self.string = None,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.string = Some(b'"'),
                b'\'' if self.lenient => self.string = Some(b'\''),
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b',' | b']' if self.depth == 0 => return Ok(Some(at)),
                b'}' if self.depth == 0 => return Err(ElementError::Unbalanced(b'}')),
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        Ok(None)
    }

    fn keep(&mut self, text: &[u8]) -> Result<(), ElementError> {
        if self.partial.len() + text.len() > self.limit as usize {
            return Err(self.too_large());
        }
        self.partial.extend_from_slice(text);
        Ok(())
    }

    fn too_large(&self) -> ElementError {
        ElementError::TooLarge { limit: self.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(lenient: bool, pieces: &[&[u8]]) -> Result<Vec<String>, ElementError> {
        let mut elements = Elements::new(40, lenient);
        let mut found = Vec::new();
        for piece in pieces {
            let mut piece = *piece;
            while let Some(element) = elements.next(&mut piece)? {
                found.push(String::from_utf8_lossy(element).into_owned());
            }
        }
        elements.finish()?;
        Ok(found)
    }

    /// In every two parts, in bytes, and in three parts.
    fn read_in_parts(lenient: bool, body: &str) -> Result<Vec<String>, ElementError> {
        let body = body.as_bytes();
        let expected = read(lenient, &[body]);
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let parts = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(read(lenient, &parts), expected, "cut at {first} and {second}");
            }
        }
        assert_eq!(read(lenient, &body.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
        expected
    }

    /// Of JsonRequestTranslator: StreamingArrays, OneByteChunks.
    #[test]
    fn elements_end_where_json_says() {
        let check = |body: &str, expected: &[&str]| {
            assert_eq!(read_in_parts(false, body), Ok(expected.iter().map(ToString::to_string).collect()), "{body}");
        };
        check("", &[]);
        check(" [ ] ", &[]);
        check(r#"[{"a":1},{"b":[1,2,{"c":"]"}]}]"#, &[r#"{"a":1}"#, r#"{"b":[1,2,{"c":"]"}]}"#]);
        check(r#"["a,b", "\"]", "\\" ,7 , null]"#, &[r#""a,b""#, r#""\"]""#, r#""\\" "#, "7 ", "null"]);
    }

    /// Of JsonRequestTranslator: StreamingErrorNotAnArray.
    #[test]
    fn what_is_no_array_is_refused() {
        let check = |body: &str, expected: &str| {
            assert_eq!(read_in_parts(false, body).unwrap_err().to_string(), expected, "{body}");
        };
        check(r#"{"a":1}"#, "Expected an array instead of an object");
        check("7", "expected an array, but found `7`");
        check("[1,]", "expected an element of the array, but found `]`");
        check("[,1]", "expected an element of the array, but found `,`");
        check("[1}", "expected `,` or `]` after an element, but found `}`");
        check("[1] 2", "expected nothing after the array, but found `2`");
        check("[1", "expected the end of the array, but found the end of the body");
        check("[\"]", "expected the end of the array, but found the end of the body");
        check(&format!("[{}]", "1".repeat(41)), "expected elements of at most 40 bytes, but found a larger one");
    }

    #[test]
    fn the_lenient_form_has_a_last_comma_and_single_quotes() {
        assert_eq!(read_in_parts(true, "[1,']',]"), Ok(vec!["1".to_owned(), "']'".to_owned()]));
    }
}
