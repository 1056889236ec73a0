//! Strings, numbers and bytes as JSON text.
//!
//! Escapes are those of protobuf's own JSON writer: what JSON demands, `<` and `>`, and code points that are invisible or break
//! lines in JavaScript. Floating point numbers are laid out as protobuf's C++ does, which is what Envoy's own transcoder gives.
//! Sources: RFC 8259 §7, ProtoJSON.

use crate::decimal::{self, DOUBLE, Decimal, FLOAT, Format};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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

/// A word with the same byte eight times.
pub(crate) const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// How many bytes at the start need no escape and are ASCII.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = eight(1);
    let mut count = 0;
    let (chunks, _) = bytes.as_chunks::<8>();
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        // The high bit of a byte is set in `has_zero` if the byte is zero; a false alarm costs one look at the table.
        let has_zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let below_space = word.wrapping_sub(const { eight(b' ') }) & !word;
        // `<` and `>` differ in one bit.
        let angle = has_zero((word | const { eight(2) }) ^ const { eight(b'>') });
        let quote = has_zero(word ^ const { eight(b'"') });
        let backslash = has_zero(word ^ const { eight(b'\\') });
        let delete = has_zero(word ^ const { eight(0x7f) });
        if (word | below_space | angle | quote | backslash | delete) & const { eight(0x80) } != 0 {
            break;
        }
        count += 8;
    }
    let rest = bytes.get(count..).unwrap_or_default();
    count + rest.iter().take_while(|byte| matches!(escape_of(**byte), Escape::None)).count()
}

/// Bytes that are not UTF-8, at this offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotUtf8(pub(crate) usize);

/// Appends a string with its quotes.
#[inline]
pub(crate) fn string(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), NotUtf8> {
    out.push(b'"');
    let count = plain(bytes);
    let (copied, rest) = bytes.split_at_checked(count).unwrap_or((bytes, b""));
    out.extend_from_slice(copied);
    if !rest.is_empty() {
        escaped(rest, out).map_err(|NotUtf8(offset)| NotUtf8(count + offset))?;
    }
    out.push(b'"');
    Ok(())
}

#[cold]
fn escaped(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), NotUtf8> {
    // All of it is checked once; after that, code points are taken without a doubt.
    let text = std::str::from_utf8(bytes).map_err(|error| NotUtf8(error.valid_up_to()))?;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let mut taken = letter.len_utf8();
        match u8::try_from(letter).map_or(Escape::NotAscii, escape_of) {
            Escape::None => {
                taken = plain(rest.as_bytes());
                out.extend_from_slice(rest.as_bytes().get(..taken).unwrap_or_default());
            }
            Escape::Unicode => unicode_escape(letter as u16, out),
            Escape::NotAscii if is_hidden(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    unicode_escape(*unit, out);
                }
            }
            Escape::NotAscii => out.extend_from_slice(rest.as_bytes().get(..taken).unwrap_or_default()),
            Escape::Short(short) => out.extend_from_slice(&[b'\\', short]),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
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

/// Appends an unsigned number.
#[inline]
pub(crate) fn unsigned(value: u64, out: &mut Vec<u8>) {
    // Most numbers are small, and 32-bit arithmetic is cheaper in a 32-bit machine.
    match u32::try_from(value) {
        Ok(value) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
        Err(_) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
    }
}

/// Appends a signed number.
#[inline]
pub(crate) fn signed(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(value.unsigned_abs(), out);
}

/// Appends bytes in base64, padded, as a string.
pub(crate) fn bytes(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + value.len().div_ceil(3) * 4, 0);
    // The space is exactly what padded base64 takes, so this cannot fail.
    let written = out.get_mut(start..).map_or(Ok(0), |space| STANDARD.encode_slice(value, space));
    out.truncate(start + written.unwrap_or(0));
    out.push(b'"');
}

/// Appends a `double`: with 15 digits if they read back as the same number, else with 17.
pub(crate) fn double(value: f64, out: &mut Vec<u8>) {
    number(value, &DOUBLE, out);
}

/// Appends a `float`: with 6 digits if they read back as the same number, else with 9.
pub(crate) fn float(value: f32, out: &mut Vec<u8>) {
    number(f64::from(value), &FLOAT, out);
}

fn number(value: f64, format: &Format, out: &mut Vec<u8>) {
    let name: &[u8] = match value {
        _ if value.is_finite() => {
            if value.is_sign_negative() {
                out.push(b'-');
            }
            return match value.abs() {
                0.0 => out.push(b'0'),
                magnitude => layout(decimal::digits(magnitude, format), out),
            };
        }
        _ if value.is_nan() => b"\"NaN\"",
        _ if value > 0.0 => b"\"Infinity\"",
        _ => b"\"-Infinity\"",
    };
    out.extend_from_slice(name);
}

/// Lays digits out as C's `%g` does: without zeros at their end, and with an exponent below 10⁻⁴ and from as many digits before
/// the point on as were asked for.
fn layout(Decimal { mut digits, mut exponent, precision }: Decimal, out: &mut Vec<u8>) {
    // Most often there are many zeros, and a division of 64 bits takes long.
    if digits.is_multiple_of(100_000_000) {
        digits /= 100_000_000;
        exponent += 8;
    }
    while digits.is_multiple_of(10) {
        digits /= 10;
        exponent += 1;
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(digits).as_bytes();
    let point = digits.len() as i32 + exponent;
    if !(-3..=precision).contains(&point) {
        let (first, rest) = digits.split_at_checked(1).unwrap_or_default();
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        let exponent = point - 1;
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.unsigned_abs() < 10 {
            out.push(b'0');
        }
        unsigned(u64::from(exponent.unsigned_abs()), out);
    } else if point > 0 {
        let (whole, fraction) = digits.split_at_checked(point as usize).unwrap_or((digits, b""));
        out.extend_from_slice(whole);
        out.resize(out.len() + point as usize - whole.len(), b'0');
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(digits);
    }
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
    fn every_byte_is_plain_or_escaped_at_every_place() {
        for byte in 0..0x80_u8 {
            for place in 0..17 {
                let mut value = vec![b'x'; 17];
                value[place] = byte;
                let expected = if matches!(escape_of(byte), Escape::None) { 17 } else { place };
                assert_eq!(plain(&value), expected, "byte {byte:#x} at {place}");
            }
        }
    }

    #[test]
    fn what_is_not_utf8_is_named_by_its_offset() {
        assert_eq!(string(b"abc\xff", &mut Vec::new()), Err(NotUtf8(3)));
        assert_eq!(string(b"abcdefgh\xc3\xa4\xed\xa0\x80", &mut Vec::new()), Err(NotUtf8(10)));
    }

    #[test]
    fn doubles_are_laid_out_as_by_percent_g() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (0.1, "0.1"),
            (0.30000000000000004, "0.30000000000000004"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000_012_34, "1.234e-05"),
            (123_456_789.0, "123456789"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (1e-300, "1e-300"),
            (f64::MAX, "1.7976931348623157e+308"),
            (12_345_678_901_234_567.0, "12345678901234568"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (0.123_456_789_012_345_6, "0.12345678901234559"),
            (1e20, "1e+20"),
            (5e-324, "4.94065645841247e-324"),
            (f64::from_bits(0x0000_bc6a_9a24_1e6f), "1.0235362266400831e-309"),
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ];
        for (value, expected) in cases {
            assert_eq!(text(|out| double(value, out)), expected);
        }
    }

    #[test]
    fn floats_have_the_digits_of_a_float() {
        let cases = [
            (0.1, "0.1"),
            (1.0, "1"),
            (3.402_823_5e38, "3.40282347e+38"),
            (1e-45, "1.40129846e-45"),
            (2.718_281_7, "2.71828175"),
            (12_345_679.0, "12345679"),
            (-0.0, "-0"),
            (1e6, "1e+06"),
            (123_456.0, "123456"),
            (16_777_216.0, "16777216"),
            (1e-7, "1e-07"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(|out| float(value, out)), expected);
        }
    }

    #[test]
    fn numbers_and_bytes_are_written_whole() {
        assert_eq!(text(|out| signed(i64::MIN, out)), "-9223372036854775808");
        assert_eq!(text(|out| unsigned(u64::MAX, out)), "18446744073709551615");
        assert_eq!(text(|out| bytes(b"", out)), "\"\"");
        assert_eq!(text(|out| bytes(b"\xfb\xff", out)), "\"+/8=\"");
    }
}
