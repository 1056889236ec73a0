//! Floating point numbers to decimal digits and back, rounded as IEEE 754 says: to the nearest, and of two to the even one.
//!
//! A number of few digits takes one multiplication or division, which is exact enough. Any other is multiplied by a power of ten
//! in 128 bits ([`wide`]); that decides, unless the result lies next to the middle between two answers. Then the number and that
//! middle are compared as whole numbers ([`exact`]). The standard library's routines, and those for the shortest form, bring tables of
//! powers and a great deal of code: a tenth of a module. How digits are laid out is decided by `print`.

mod exact;
mod wide;

use exact::Whole;
use std::cmp::Ordering;
use wide::Wide;

/// A binary format of IEEE 754.
#[derive(Debug)]
pub(crate) struct Format {
    /// Bits of a mantissa, the hidden one among them.
    bits: i32,
    /// The exponent of the lowest number that is not subnormal.
    min_exponent: i32,
    infinity: u64,
    /// Every decimal of so many digits is still that decimal after it was a number of the format.
    digits: i32,
    /// So many digits tell any two numbers apart.
    all_digits: i32,
    /// Up to this power of ten the quotient of a whole number of so few digits, rounded to `f64` and then to the format, is
    /// as if it had been rounded once: the format has more than twice the bits of the operands, or is `f64` itself.
    max_power: u32,
    /// Whether a subnormal number is written with all digits even where fewer would do.
    has_long_subnormals: bool,
}

/// `double`
pub(crate) const DOUBLE: Format = Format {
    bits: 53,
    min_exponent: -1022,
    infinity: 0x7ff << 52,
    digits: 15,
    all_digits: 17,
    max_power: 22,
    has_long_subnormals: false,
};

/// `float`
pub(crate) const FLOAT: Format = Format {
    bits: 24,
    min_exponent: -126,
    infinity: 0xff << 23,
    digits: 6,
    all_digits: 9,
    max_power: 10,
    has_long_subnormals: true,
};

/// The powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

impl Format {
    /// The bits of a number in this format.
    fn bits_of(&self, number: f64) -> u64 {
        if self.bits == FLOAT.bits { u64::from((number as f32).to_bits()) } else { number.to_bits() }
    }

    /// The lowest whole number with too many digits to survive.
    fn limit(&self) -> u64 {
        10_u64.pow(self.digits as u32)
    }

    /// The power of ten, if whole numbers can be multiplied with it or divided by it.
    fn power(&self, exponent: u32) -> Option<f64> {
        POWERS.get(exponent as usize).copied().filter(|_| exponent <= self.max_power)
    }
}

/// A number above zero as a whole number of digits times a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) digits: u64,
    pub(crate) exponent: i32,
    /// How many digits were asked for.
    pub(crate) precision: i32,
}

/// The digits of a finite number above zero: as many as every number has, if they read back as the same number, else as many as
/// any number needs.
pub(crate) fn digits(number: f64, format: &Format) -> Decimal {
    let bits = format.bits_of(number);
    // Here both the digits and the power of ten of such a decimal are exact.
    let few = if (1e-4..format.limit() as f64).contains(&number) {
        few_digits(number, format)
    } else {
        let is_long = format.has_long_subnormals && bits >> (format.bits - 1) == 0;
        Some(rounded(number, format.digits)).filter(|few| !is_long && few.nearest(format) == bits)
    };
    few.unwrap_or_else(|| rounded(number, format.all_digits))
}

/// The only decimal of so few digits that can read back as this number, if it does: the quotient is rounded as reading rounds.
fn few_digits(number: f64, format: &Format) -> Option<Decimal> {
    let magnitude = (number.to_bits() >> 52) as i32 - 1023;
    let mut exponent = power_of_ten_below(magnitude) + 1 - format.digits;
    loop {
        let power = format.power(u32::try_from(-exponent).ok()?)?;
        let digits = (number * power + 0.5) as u64;
        if digits < format.limit() {
            let is_it = format.bits_of(digits as f64 / power) == format.bits_of(number);
            return is_it.then_some(Decimal { digits, exponent, precision: format.digits });
        }
        exponent += 1;
    }
}

/// The exponent of the highest power of ten that is not above a number whose highest bit has this exponent, or one less.
fn power_of_ten_below(magnitude: i32) -> i32 {
    // Times the decimal logarithm of two.
    (magnitude * 78_913) >> 18
}

/// A number rounded to so many digits.
fn rounded(number: f64, precision: i32) -> Decimal {
    let (mantissa, twos) = parts(number);
    let wide = Wide::of(mantissa);
    let limit = 10_u64.pow(precision as u32);
    let mut exponent = power_of_ten_below(wide.magnitude() + twos) + 1 - precision;
    loop {
        let product = wide.times_power_of_ten(-exponent).in_units(-twos, 0);
        if product.whole < limit {
            let digits = product
                .rounded(|middle| exact::compare(&mut Whole::of(middle), exponent, mantissa, twos + 1).reverse());
            return Decimal { digits, exponent, precision };
        }
        exponent += 1;
    }
}

/// A finite number above zero as a whole number times a power of two.
fn parts(number: f64) -> (u64, i32) {
    let (exponent, fraction) = (number.to_bits() >> 52, number.to_bits() & ((1 << 52) - 1));
    match exponent {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent as i32 - 1075),
    }
}

impl Decimal {
    /// The bits of the nearest number.
    fn nearest(&self, format: &Format) -> u64 {
        nearest(self.digits, self.exponent, 0, format, |middle, twos| {
            exact::compare(&mut Whole::of(self.digits), self.exponent, middle, twos)
        })
    }
}

/// How many digits of a text are taken at first; more do not fit into 64 bits.
const TAKEN: usize = 19;
/// What a number of so many digits may lack of the rest, in the last place of 128 bits.
const LACKS: u128 = 1 << 69;
/// After so many digits nothing matters but whether the rest is zero: the middle between two numbers has fewer.
const SIGNIFICANT: usize = 800;
/// The exponent of a power of ten that is beyond every format.
const OUT_OF_REACH: i64 = 400;

/// The bits of the number of a format that is nearest to a decimal, if there is a finite one. The decimal is a text of digits
/// with at most one point among them, times a power of ten.
pub(crate) fn read(text: &[u8], exponent: i64, format: &Format) -> Option<u64> {
    let mut digits = 0_u64;
    let taken = take(text, exponent, TAKEN, |digit| digits = digits * 10 + u64::from(digit));
    let magnitude = taken.exponent + taken.count as i64;
    if digits == 0 || magnitude < -OUT_OF_REACH {
        return Some(0);
    }
    if magnitude > OUT_OF_REACH {
        return None;
    }
    let exponent_of_taken = taken.exponent as i32;
    if let Some(power) = format.power(exponent_of_taken.unsigned_abs())
        && digits <= 1 << format.bits
        && !taken.is_cut
    {
        let digits = digits as f64;
        return Some(format.bits_of(if exponent_of_taken < 0 { digits / power } else { digits * power }));
    }
    let lacks = if taken.is_cut { LACKS } else { 0 };
    let bits = nearest(digits, exponent_of_taken, lacks, format, |middle, twos| {
        let mut whole = Whole::default();
        let mut taken = take(text, exponent, SIGNIFICANT, |digit| whole.push(digit));
        if taken.is_cut {
            whole.push(1);
            taken.exponent -= 1;
        }
        exact::compare(&mut whole, taken.exponent as i32, middle, twos)
    });
    (bits < format.infinity).then_some(bits)
}

struct Taken {
    /// How many digits there are without zeros before them.
    count: usize,
    /// How many zeros follow, or how many of the digits are decimals.
    exponent: i64,
    /// What was left out is not all zeros.
    is_cut: bool,
}

/// Takes up to so many digits of a decimal.
fn take(text: &[u8], exponent: i64, limit: usize, mut digit: impl FnMut(u8)) -> Taken {
    let mut taken = Taken { count: 0, exponent, is_cut: false };
    let mut is_fraction = false;
    for &byte in text {
        if byte == b'.' {
            is_fraction = true;
        } else if taken.count < limit {
            digit(byte.wrapping_sub(b'0'));
            taken.count += usize::from(taken.count > 0 || byte != b'0');
            taken.exponent -= i64::from(is_fraction);
        } else {
            taken.is_cut |= byte != b'0';
            taken.exponent += i64::from(!is_fraction);
        }
    }
    taken
}

/// The bits of the number that is nearest to these digits times a power of ten, or those of infinity and more. `compare` compares
/// the decimal with a middle, a whole number times a power of two.
fn nearest(digits: u64, exponent: i32, lacks: u128, format: &Format, compare: impl Fn(u64, i32) -> Ordering) -> u64 {
    let product = Wide::of(digits).times_power_of_ten(exponent);
    let lowest = format.min_exponent - format.bits + 1;
    let unit = (product.magnitude() - format.bits + 1).max(lowest);
    let mantissa = product.in_units(unit, lacks).rounded(|middle| compare(middle, unit - 1));
    // The hidden bit adds one to the exponent, and so does a mantissa that was rounded up to the next power of two.
    (((unit - lowest) as u64) << (format.bits - 1)) + mantissa
}

#[cfg(test)]
mod tests;
