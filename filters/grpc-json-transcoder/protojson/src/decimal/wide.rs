//! Numbers of 128 bits with a binary exponent: products with powers of ten, nearly exact, and what is cut off never rounded up.

use std::cmp::Ordering;

/// A number above zero: a mantissa, whose highest bit is set, times a power of two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wide {
    mantissa: u128,
    exponent: i32,
}

/// Below which place of its mantissa a product with a power of ten may lack something. The powers are made by squaring, which
/// doubles what they lack: the ninth lacks less than 2¹⁰ of its last place, and all of them together less than 2¹².
const UNSURE: u128 = 1 << 14;

/// The whole number below a number, and where between it and the next the number lies.
pub(super) struct Floor {
    pub(super) whole: u64,
    rest: Rest,
}

enum Rest {
    /// Nearer to the lower.
    Low,
    /// Nearer to the upper.
    High,
    /// In the middle, or too near to it to tell.
    Middle,
}

impl Floor {
    /// The nearest whole number, of two the even one. `compare` compares the number with the middle to the next, which is given
    /// twice as great.
    pub(super) fn rounded(&self, compare: impl FnOnce(u64) -> Ordering) -> u64 {
        let goes_up = match self.rest {
            Rest::Low => false,
            Rest::High => true,
            Rest::Middle => match compare(self.whole * 2 + 1) {
                Ordering::Less => false,
                Ordering::Equal => self.whole % 2 == 1,
                Ordering::Greater => true,
            },
        };
        self.whole + u64::from(goes_up)
    }
}

impl Wide {
    /// A number of 64 bits that is not zero.
    pub(super) fn of(whole: u64) -> Self {
        let shift = u128::from(whole).leading_zeros();
        Self { mantissa: u128::from(whole) << shift, exponent: -(shift as i32) }
    }

    fn times(self, other: Self) -> Self {
        let halves = |number: u128| (number >> 64, number & u128::from(u64::MAX));
        let ((high, low), (other_high, other_low)) = (halves(self.mantissa), halves(other.mantissa));
        let (one_high, one_low) = halves(high * other_low);
        let (two_high, two_low) = halves(low * other_high);
        let (carry, _) = halves(halves(low * other_low).0 + one_low + two_low);
        let product = high * other_high + one_high + two_high + carry;
        let shift = product.leading_zeros();
        Self { mantissa: product << shift, exponent: self.exponent + other.exponent + 128 - shift as i32 }
    }

    pub(super) fn times_power_of_ten(self, exponent: i32) -> Self {
        // The mantissa of a tenth is periodic: 1100 in binary, again and again.
        let tenth = Self { mantissa: u128::from_ne_bytes([0xcc; 16]), exponent: -131 };
        let mut power = if exponent < 0 { tenth } else { Self::of(10) };
        let mut product = self;
        let mut left = exponent.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                product = product.times(power);
            }
            power = power.times(power);
            left >>= 1;
        }
        product
    }

    /// The exponent of the highest bit.
    pub(super) fn magnitude(&self) -> i32 {
        self.exponent + 127
    }

    /// The number in units of 2 to the `unit`, as a whole number, which must fit; `lacks` is what may be missing from the mantissa
    /// beside what a product with a power of ten lacks.
    pub(super) fn in_units(&self, unit: i32, lacks: u128) -> Floor {
        let cut = (unit - self.exponent) as u32;
        let (whole, below) = match cut {
            1..128 => (self.mantissa >> cut, self.mantissa & !(u128::MAX << cut)),
            128 => (0, self.mantissa),
            _ => return Floor { whole: 0, rest: Rest::Low },
        };
        let half = 1 << (cut - 1);
        let rest = match below {
            below if below > half => Rest::High,
            below if below + lacks + UNSURE < half => Rest::Low,
            _ => Rest::Middle,
        };
        Floor { whole: whole as u64, rest }
    }
}
