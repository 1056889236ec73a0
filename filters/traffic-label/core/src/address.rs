//! Addresses of clients as bytes, so that their networks are found without arithmetic of 128 bits (RFC 4291 §2.3).

use std::fmt;
use std::net::IpAddr;

/// An address whose order is that of its version first. It has room for IPv6; of IPv4 there are four octets, and zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    octet_count: u8,
    octets: [u8; 16],
}

impl Address {
    pub(crate) fn new(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                Self { octet_count: 4, octets: [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }
            }
            IpAddr::V6(address) => Self { octet_count: 16, octets: address.octets() },
        }
    }

    /// Its bytes, four or sixteen.
    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.octet_count)).unwrap_or_default()
    }

    /// How many bits it has.
    pub(crate) fn bits(&self) -> u32 {
        u32::from(self.octet_count) * 8
    }

    /// The first and the last address that begin with as many of its bits.
    pub(crate) fn network(self, length: u32) -> (Self, Self) {
        let (mut first, mut last) = (self, self);
        let mut left = length;
        for (low, high) in first.octets.iter_mut().zip(&mut last.octets) {
            let free = (0xff_u32 >> left.min(8)) as u8;
            *low &= !free;
            *high |= free;
            left = left.saturating_sub(8);
        }
        (first, last)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if self.octet_count == 4 {
            for octet in self.octets() {
                write!(f, "{separator}{octet}")?;
                separator = ".";
            }
        } else {
            for [high, low] in self.octets.as_chunks().0 {
                write!(f, "{separator}{:x}", u32::from(*high) << 8 | u32::from(*low))?;
                separator = ":";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn address(text: &str) -> Address {
        Address::new(text.parse().unwrap())
    }

    #[test]
    fn a_network_has_every_end_of_its_beginning() {
        for (text, length, first, last) in [
            ("10.1.2.3", 8, "10.0.0.0", "10.255.255.255"),
            ("10.1.2.3", 32, "10.1.2.3", "10.1.2.3"),
            ("10.1.2.255", 25, "10.1.2.128", "10.1.2.255"),
            ("2001:db8::1", 33, "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::1", 128, "2001:db8::1", "2001:db8::1"),
            ("::1", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            let (found_first, found_last) = address(text).network(length);
            assert_eq!((found_first, found_last.octets()), (address(first), address(last).octets()), "{text}/{length}");
        }
    }

    #[test]
    fn versions_are_apart_from_each_other() {
        assert!(address("255.255.255.255") < address("::"));
        assert!(address("9.0.0.0") < address("10.0.0.0"));
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for text in ["10.0.0.1", "2001:db8:0:0:0:0:0:1"] {
            assert_eq!(address(text).to_string(), text);
        }
    }
}
