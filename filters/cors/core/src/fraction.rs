//! Shares of requests, and the draws that decide whether one belongs to a share.

/// A share, as Envoy's `FractionalPercent` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fraction {
    pub(crate) numerator: u32,
    pub(crate) denominator: u32,
}

impl Fraction {
    pub(crate) const NONE: Self = Self { numerator: 0, denominator: 100 };
    pub(crate) const ALL: Self = Self { numerator: 100, denominator: 100 };

    /// Whether a request belongs to the share; a number is drawn only where that is open.
    pub(crate) fn draw(self, dice: &mut Dice) -> bool {
        match self.numerator {
            0 => false,
            numerator if numerator >= self.denominator => true,
            numerator => dice.below(self.denominator) < numerator,
        }
    }
}

/// Numbers that look random (xorshift64*, Vigna 2016); nothing secret hangs on them.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        // The product of two 32-bit numbers, of which the upper half is below the bound.
        u32::try_from((high * u64::from(bound)) >> 32).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn about_the_share_is_drawn() {
        for (numerator, denominator, least, most) in [
            (0, 100, 0, 0),
            (100, 100, 10_000, 10_000),
            (25, 100, 2_300, 2_700),
            (1, 10_000, 0, 10),
            (500_000, 1_000_000, 4_800, 5_200),
        ] {
            let mut dice = Dice::new(1_700_000_000_000);
            let fraction = Fraction { numerator, denominator };
            let drawn = (0..10_000).filter(|_| fraction.draw(&mut dice)).count();
            assert!((least..=most).contains(&drawn), "{numerator} of {denominator}: {drawn}");
        }
    }
}
