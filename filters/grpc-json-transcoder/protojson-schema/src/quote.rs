//! Strings as JSON text.
//!
//! Escapes are those of protobuf's own JSON writer: what JSON demands, `<` and `>`, and code points that are invisible or break
//! lines in JavaScript. Sources: RFC 8259 §7, ProtoJSON.

use crate::wire::append;
use crate::words::{eight, word_of};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What becomes of a byte.
enum Escape {
    /// It is copied.
    None,
    /// A backslash and this letter.
    Short(u8),
    /// `\u00` and two digits.
    Unicode,
    /// It is part of a longer code point.
    NotAscii,
}

#[inline]
fn escape_of(byte: u8) -> Escape {
    match byte {
        b'"' | b'\\' => Escape::Short(byte),
        0x08 => Escape::Short(b'b'),
        0x0c => Escape::Short(b'f'),
        b'\n' => Escape::Short(b'n'),
        b'\r' => Escape::Short(b'r'),
        b'\t' => Escape::Short(b't'),
        0..0x20 | b'<' | b'>' | 0x7f => Escape::Unicode,
        0x80.. => Escape::NotAscii,
        _ => Escape::None,
    }
}

/// Sets the highest bit of some byte if a byte of the word needs an escape or is not ASCII, and of none otherwise.
#[inline]
fn special(word: u64) -> u64 {
    // The highest bit of a byte is set if the byte is zero, or perhaps if one below it is.
    let has_zero = |word: u64| word.wrapping_sub(const { eight(1) }) & !word;
    let below_space = word.wrapping_sub(const { eight(b' ') }) & !word;
    // `<` and `>` differ in one bit.
    let angle = has_zero((word | const { eight(2) }) ^ const { eight(b'>') });
    let quote = has_zero(word ^ const { eight(b'"') });
    let backslash = has_zero(word ^ const { eight(b'\\') });
    let delete = has_zero(word ^ const { eight(0x7f) });
    (word | below_space | angle | quote | backslash | delete) & const { eight(0x80) }
}

/// How many bytes at the start need no escape and are ASCII.
fn plain(bytes: &[u8]) -> usize {
    let (chunks, rest) = bytes.as_chunks::<8>();
    // What is flagged without need is above the first byte that has to be.
    let until = |flags: u64| flags.trailing_zeros() as usize / 8;
    for (chunk, index) in chunks.iter().zip(0..) {
        let flags = special(u64::from_le_bytes(*chunk));
        if flags != 0 {
            return index * 8 + until(flags);
        }
    }
    chunks.len() * 8 + rest.len().min(until(special(word_of(rest) | const { eight(b' ') } << (8 * rest.len()))))
}

/// Bytes that are not UTF-8, at this offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf8(
    /// How many bytes before them are UTF-8.
    pub usize,
);

/// Appends a string with its quotes.
#[inline]
pub fn string(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), NotUtf8> {
    out.push(b'"');
    // Checked and copied in one go: most strings are so short that a call to copy them would take longer.
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (chunk, index) in chunks.iter().zip(0..) {
        if special(u64::from_le_bytes(*chunk)) != 0 {
            return escaped(bytes, index * 8, out);
        }
        out.extend_from_slice(chunk);
    }
    let word = word_of(rest);
    let above = 8 * rest.len();
    if special(word | const { eight(b' ') } << above) != 0 {
        return escaped(bytes, chunks.len() * 8, out);
    }
    let end = out.len() + rest.len() + 1;
    out.extend_from_slice(&(word | u64::from(b'"') << above).to_le_bytes());
    out.truncate(end);
    Ok(())
}

/// Appends what comes after so many bytes, which were found to need nothing, and the closing quote.
#[cold]
#[inline]
fn escaped(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Result<(), NotUtf8> {
    // All of it is checked once; after that, code points are taken without a doubt.
    let text = std::str::from_utf8(bytes).map_err(|error| NotUtf8(error.valid_up_to()))?;
    let mut rest = text.get(start..).unwrap_or_default();
    while let Some(letter) = rest.chars().next() {
        let mut taken = letter.len_utf8();
        match u8::try_from(letter).map_or(Escape::NotAscii, escape_of) {
            Escape::None => {
                taken = plain(rest.as_bytes());
                append(out, rest.as_bytes().get(..taken).unwrap_or_default());
            }
            Escape::Unicode => unicode_escape(letter as u16, out),
            Escape::NotAscii if is_hidden(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    unicode_escape(*unit, out);
                }
            }
            Escape::NotAscii => append(out, rest.as_bytes().get(..taken).unwrap_or_default()),
            Escape::Short(short) => out.extend_from_slice(&[b'\\', short]),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push(b'"');
    Ok(())
}

fn unicode_escape(unit: u16, out: &mut Vec<u8>) {
    let digit = |shift: u16| HEX.get(usize::from(unit >> shift & 15)).copied().unwrap_or(b'0');
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Whether a code point beyond ASCII is one that protobuf's writer escapes: controls, format characters, line separators.
fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{600}'..='\u{603}' | '\u{6dd}' | '\u{70f}' | '\u{17b4}' | '\u{17b5}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_as_protobuf_does() {
        let cases = [
            ("", r#""""#),
            ("plain text of some length", r#""plain text of some length""#),
            ("a\"b\\c/d", r#""a\"b\\c/d""#),
            ("\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}", r#""\u0000\b\t\n\u000b\f\r\u001f\u007f""#),
            ("<script> & 'x'", r#""\u003cscript\u003e & 'x'""#),
            ("größe 文字 🎉 and then <", "\"größe 文字 🎉 and then \\u003c\""),
            ("\u{2028}\u{feff}\u{e0001}\u{85}", r#""\u2028\ufeff\udb40\udc01\u0085""#),
            ("0123456<", r#""0123456\u003c""#),
            ("0123456\u{1}89", r#""0123456\u000189""#),
        ];
        for (value, expected) in cases {
            assert_eq!(text(|out| string(value.as_bytes(), out).unwrap()), expected);
        }
    }

    #[test]
    fn every_byte_is_copied_or_escaped_at_every_place() {
        for byte in 0..0x80_u8 {
            for length in 1..20 {
                for place in 0..length {
                    let mut value = vec![b'x'; length];
                    value[place] = byte;
                    let found = text(|out| string(&value, out).unwrap());
                    let rest = "x".repeat(length - place - 1);
                    let alone = text(|out| escaped(&[byte], 0, out).unwrap());
                    assert_eq!(found, format!("\"{}{}{rest}\"", "x".repeat(place), alone.strip_suffix('"').unwrap()));
                }
            }
        }
    }

    #[test]
    fn what_is_not_utf8_is_named_by_its_offset() {
        assert_eq!(string(b"abc\xff", &mut Vec::new()), Err(NotUtf8(3)));
        assert_eq!(string(b"abcdefgh\xc3\xa4\xed\xa0\x80", &mut Vec::new()), Err(NotUtf8(10)));
    }
}
