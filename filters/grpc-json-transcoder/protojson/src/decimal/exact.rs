//! Whole numbers of any size, as far as a decimal and a binary number are compared with them.

use std::cmp::Ordering;

/// A whole number in base 2³², the lowest digit first and none of the highest zero.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Whole(Vec<u32>);

impl Whole {
    pub(super) fn of(number: u64) -> Self {
        let mut whole = Self(vec![number as u32, (number >> 32) as u32]);
        whole.0.truncate(2 - (number.leading_zeros() / 32) as usize);
        whole
    }

    /// Puts a decimal digit after those that are there.
    pub(super) fn push(&mut self, digit: u8) {
        self.multiply(10, u32::from(digit));
    }

    fn multiply(&mut self, factor: u32, carry: u32) {
        let mut carry = u64::from(carry);
        for digit in &mut self.0 {
            carry += u64::from(*digit) * u64::from(factor);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn times_power_of_five(&mut self, mut exponent: u32) {
        /// The largest power of five in 32 bits is 5¹³.
        const STEP: u32 = 13;
        while exponent >= STEP {
            self.multiply(const { 5_u32.pow(STEP) }, 0);
            exponent -= STEP;
        }
        self.multiply(5_u32.pow(exponent), 0);
    }

    fn times_power_of_two(&mut self, exponent: u32) {
        self.multiply(1 << (exponent % 32), 0);
        self.0.splice(..0, std::iter::repeat_n(0, (exponent / 32) as usize));
    }
}

/// Compares `decimal`·10^`tens` with `binary`·2^`twos`; neither whole number is zero.
pub(super) fn compare(decimal: &mut Whole, tens: i32, binary: u64, twos: i32) -> Ordering {
    let mut binary = Whole::of(binary);
    // Each factor goes to the side where its exponent is not negative, so that both stay whole numbers.
    let side = if tens < 0 { &mut binary } else { &mut *decimal };
    side.times_power_of_five(tens.unsigned_abs());
    let side = if tens < twos { &mut binary } else { &mut *decimal };
    side.times_power_of_two(tens.abs_diff(twos));
    decimal.0.len().cmp(&binary.0.len()).then_with(|| decimal.0.iter().rev().cmp(binary.0.iter().rev()))
}
