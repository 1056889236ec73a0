//! Numbers and bytes as JSON text.
//!
//! Floating point numbers are laid out as protobuf's C++ does, which is what Envoy's own transcoder gives.
//! Source: ProtoJSON.

use crate::decimal::{self, DOUBLE, Decimal, FLOAT, Format};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
