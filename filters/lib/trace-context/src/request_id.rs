//! The canonical identifier of a request, and the hash that makes one of opaque bytes.

/// An identifier: its low 64 bits, and its high 64 where they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    high: u64,
    low: u64,
}

impl RequestId {
    /// The identifier with these halves. A high half of zero means unknown: systems with 64 bits pad with zeros.
    pub const fn new(high: u64, low: u64) -> Self {
        Self { high, low }
    }

    /// The identifier that stands for opaque bytes. `seed` keeps equal bytes of different origin apart.
    pub fn of_opaque(seed: u64, bytes: &[u8]) -> Self {
        let low = mix(fnv(0xcbf2_9ce4_8422_2325 ^ seed, bytes));
        Self { high: mix(fnv(low, bytes)), low }
    }

    /// The canonical half.
    pub const fn low(self) -> u64 {
        self.low
    }

    /// The other half, if known.
    pub const fn high(self) -> Option<u64> {
        if self.high == 0 { None } else { Some(self.high) }
    }

    /// Whether the two may be the same request: equal low halves, and no known difference in the high ones.
    pub const fn matches(self, other: Self) -> bool {
        self.low == other.low && (self.high == 0 || other.high == 0 || self.high == other.high)
    }
}

/// A hash that every worker and every build computes alike.
pub fn hash(bytes: &[u8]) -> u64 {
    mix(fnv(0xcbf2_9ce4_8422_2325, bytes))
}

/// FNV-1a of 64 bits.
fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Spreads every bit of a number over all bits of the result (the finaliser of SplitMix64), one to one.
pub const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn high_halves_count_only_where_both_are_known() {
        assert!(RequestId::new(1, 7).matches(RequestId::new(1, 7)));
        assert!(RequestId::new(1, 7).matches(RequestId::new(0, 7)));
        assert!(!RequestId::new(1, 7).matches(RequestId::new(2, 7)));
        assert!(!RequestId::new(1, 7).matches(RequestId::new(1, 8)));
    }

    #[test]
    fn opaque_bytes_differ_by_origin() {
        let first = RequestId::of_opaque(hash(b"x-user"), b"42");
        assert_eq!(first, RequestId::of_opaque(hash(b"x-user"), b"42"));
        assert!(!first.matches(RequestId::of_opaque(hash(b"x-session"), b"42")));
    }
}
