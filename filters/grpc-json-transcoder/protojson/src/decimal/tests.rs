//! The standard library rounds correctly, too, so it is what this is compared with: at random, and where it is hardest.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn of_text(text: &str, format: &Format) -> Option<u64> {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    read(mantissa.as_bytes(), exponent.parse().unwrap(), format)
}

#[track_caller]
fn reads_as_the_standard_library_does(text: &str) {
    let double = text.parse::<f64>().unwrap();
    assert_eq!(of_text(text, &DOUBLE), double.is_finite().then(|| double.to_bits()), "{text} as double");
    let float = text.parse::<f32>().unwrap();
    assert_eq!(of_text(text, &FLOAT), float.is_finite().then(|| u64::from(float.to_bits())), "{text} as float");
}

/// A number in scientific form with so many digits, as C gives it.
fn scientific(Decimal { digits, exponent, .. }: Decimal, precision: i32) -> String {
    let digits = digits.to_string();
    let exponent = exponent + digits.len() as i32 - 1;
    let (first, rest) = digits.split_at(1);
    format!("{first}.{rest:0<width$.width$}e{exponent}", width = precision as usize - 1)
}

#[track_caller]
fn prints_as_c_does(number: f64) {
    if number.is_infinite() {
        return;
    }
    let few = format!("{number:.14e}");
    let expected = if few.parse() == Ok(number) { few } else { format!("{number:.16e}") };
    let found = digits(number, &DOUBLE);
    assert_eq!(scientific(found, found.precision), expected, "{number:e}");
}

#[track_caller]
fn prints_a_float_as_c_does(number: f32) {
    if number.is_infinite() {
        return;
    }
    let few = format!("{number:.5e}");
    let is_few = few.parse() == Ok(number) && !number.is_subnormal();
    let expected = if is_few { few } else { format!("{number:.8e}") };
    let found = digits(f64::from(number), &FLOAT);
    assert_eq!(scientific(found, found.precision), expected, "{number:e}");
}

#[test]
fn numbers_at_the_ends_of_a_format_are_read() {
    for text in [
        "0",
        "0.000",
        "0e999999",
        "1",
        "9007199254740993",
        "9007199254740992.999999999999999999999999999999999999999999999999999999999999",
        "9007199254740993.000000000000000000000000000000000000000000000000000000000001",
        "16777217",
        "16777217.0000000000000000000000000000000000000000000001",
        "1e22",
        "1e23",
        "8.5e22",
        "179769313486231570814527423731704356798e270",
        "1.7976931348623158079372897140530341507993413271e308",
        "1.7976931348623158079372897140530341507993413272e308",
        "1e309",
        "1e400",
        "1e999999999",
        "340282356779733661637539395458142568447.9999",
        "340282356779733661637539395458142568448",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "1e-999999999",
        "1.4012984643248170e-45",
        "7.0064923216240853e-46",
        "7.0064923216240854e-46",
        "1.1754943508222875e-38",
        "0.1",
        "12345678901234567890123456789",
        "0.000000000000000000000000000000000000012345678901234567890123",
    ] {
        reads_as_the_standard_library_does(text);
    }
}

#[test]
fn what_follows_a_middle_decides_however_late_it_comes() {
    // Half of the lowest double has 750 digits.
    let half = format!("{:.751e}", f64::from_bits(1) * 0.5);
    assert!(half.starts_with("0."), "half of it is none: {half}");
    let lowest = format!("{:.750}", f64::from_bits(1)).replace("0.", "");
    for zeros in [0, 1, 100, 1000] {
        let zeros = "0".repeat(zeros);
        for text in [
            format!("1{zeros}e-{}", zeros.len()),
            format!("0.{zeros}1e{}", zeros.len()),
            format!("9007199254740993.{zeros}"),
            format!("9007199254740993.{zeros}1"),
            format!("9007199254740993{zeros}1e-{}", zeros.len() + 1),
            format!("0.{lowest}{zeros}1"),
            format!("16777217.{zeros}1"),
        ] {
            reads_as_the_standard_library_does(&text);
        }
    }
}

#[test]
fn numbers_at_the_ends_of_a_format_are_printed() {
    for bits in [1, 2, 3, 0x000f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x0010_0000_0000_0001, 0x7fef_ffff_ffff_ffff] {
        prints_as_c_does(f64::from_bits(bits));
    }
    for bits in [1, 2, 3, 0x007f_ffff, 0x0080_0000, 0x0080_0001, 0x7f7f_ffff, 0x3f80_0000] {
        prints_a_float_as_c_does(f32::from_bits(bits));
    }
    for exponent in -307..=308 {
        for digit in 1..10 {
            prints_as_c_does(format!("{digit}e{exponent}").parse().unwrap());
            prints_as_c_does(format!("{digit}.00000000000001e{exponent}").parse().unwrap());
            prints_as_c_does(format!("9.9999999999999{digit}e{exponent}").parse().unwrap());
        }
    }
    for exponent in -37..=38 {
        for digit in 1..10 {
            prints_a_float_as_c_does(format!("{digit}e{exponent}").parse().unwrap());
            prints_a_float_as_c_does(format!("9.9999{digit}e{exponent}").parse().unwrap());
        }
    }
}

#[test]
fn a_digit_in_the_middle_goes_to_the_even_one() {
    // Each is one digit longer than is printed, and that digit is 5.
    for number in [1.0 + 0.5_f64.powi(17), 3.0 + 0.5_f64.powi(17), 4_503_599_627_370_497.5, 4_503_599_627_370_498.5] {
        prints_as_c_does(number);
    }
    for numerator in 1..4000_u32 {
        prints_as_c_does(f64::from(numerator) * 0.5_f64.powi(20));
        prints_a_float_as_c_does(numerator as f32 * 0.5_f32.powi(14));
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod random {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_as_the_standard_library_does(text in "[0-9]{1,25}(\\.[0-9]{1,30})?(e-?[0-9]{1,3})?") {
            reads_as_the_standard_library_does(&text);
        }

        #[test]
        fn what_lies_in_the_middle_of_two_doubles_is_read(mantissa in 1_u64 << 52..1 << 53, halvings in 1_u32..28, more in "(0{0,40}1?)?") {
            // An odd number of halves of the last place, as a decimal: each halving is five tenths.
            let middle = u128::from(mantissa * 2 + 1) * 5_u128.pow(halvings);
            reads_as_the_standard_library_does(&format!("{middle}.{more}0e-{halvings}"));
            reads_as_the_standard_library_does(&format!("{}.99999999999e-{halvings}", middle - 1));
        }

        #[test]
        fn what_lies_in_the_middle_of_two_floats_is_read(bits in 0_u32..0x7f7f_ffff, more in "(0{0,40}1?)?") {
            let middle = (f64::from(f32::from_bits(bits)) + f64::from(f32::from_bits(bits + 1))) / 2.0;
            let text = format!("{middle:.160e}");
            let (digits, exponent) = text.split_once('e').unwrap();
            reads_as_the_standard_library_does(&format!("{digits}{more}e{exponent}"));
        }

        #[test]
        fn any_double_is_printed_as_c_does_and_read_back(bits in 1..0x7ff0_0000_0000_0000_u64) {
            let number = f64::from_bits(bits);
            prints_as_c_does(number);
            reads_as_the_standard_library_does(&format!("{number:e}"));
            reads_as_the_standard_library_does(&format!("{number:.16e}"));
            reads_as_the_standard_library_does(&format!("{number:.25e}"));
        }

        #[test]
        fn any_float_is_printed_as_c_does_and_read_back(bits in 1..0x7f80_0000_u32) {
            let number = f32::from_bits(bits);
            prints_a_float_as_c_does(number);
            reads_as_the_standard_library_does(&format!("{number:e}"));
        }

        #[test]
        fn decimals_of_few_digits_come_back(digits in 0..1_000_000_000_000_000_u64, decimals in 0..25_i32) {
            let text = format!("{digits}e-{decimals}");
            reads_as_the_standard_library_does(&text);
            let number = text.parse().unwrap();
            if number > 0.0 {
                prints_as_c_does(number);
                prints_a_float_as_c_does(number as f32);
            }
        }
    }
}
