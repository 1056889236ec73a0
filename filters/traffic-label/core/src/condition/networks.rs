//! Networks of clients, IPv4 and IPv6 (RFC 4632 §3.1, RFC 4291 §2.3).

use crate::address::Address;
use std::net::IpAddr;
use strict_config::{Reader, Value};

/// Ranges of addresses from the first to the last, sorted, of which none overlaps another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Networks(Vec<(Address, Address)>);

impl Networks {
    /// Reads an array of networks such as `10.0.0.0/8` and of single addresses.
    pub(super) fn read(reader: &Reader, value: &Value) -> Option<Self> {
        let values = reader.array(value)?;
        if values.is_empty() {
            reader.problem(value, "expected at least one network, but found none");
        }
        let mut networks = Vec::with_capacity(values.len());
        for value in values {
            networks.extend(read_network(reader, value));
        }
        let is_sound = networks.len() == values.len();
        order::sort(&mut networks, |one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
        // Of two networks that overlap, one lies in the other: the one that comes later.
        networks.dedup_by(|next, before| next.1 <= before.1);
        is_sound.then_some(Self(networks))
    }

    /// Whether an address is in one of them.
    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let address = Address::new(address);
        let after = self.0.partition_point(|(first, _)| *first <= address);
        let candidate = after.checked_sub(1).and_then(|at| self.0.get(at));
        candidate.is_some_and(|(_, last)| address <= *last)
    }
}

fn read_network(reader: &Reader, value: &Value) -> Option<(Address, Address)> {
    let Some((address, length)) = value.as_str().and_then(parse) else {
        reader.expected("a network such as 10.0.0.0/8 or 2001:db8::/32", value);
        return None;
    };
    let (first, last) = address.network(length);
    if first != address {
        reader.expected(format_args!("{first}/{length}"), value);
        return None;
    }
    Some((first, last))
}

/// The address and the prefix length of a network, or of a single address.
fn parse(text: &str) -> Option<(Address, u32)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address = Address::new(address.parse().ok()?);
    let Some(length) = length else { return Some((address, address.bits())) };
    let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse().ok().filter(|length| is_number && *length <= address.bits())?;
    Some((address, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(json: &str) -> Result<Networks, String> {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let networks = Networks::read(&reader, reader.root());
        reader.into_problems().unless_any(()).map(|()| networks.unwrap()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn an_address_is_in_a_network_with_the_same_beginning() {
        let json =
            r#"["10.0.0.0/8", "10.1.0.0/16", "192.168.1.7", "203.0.113.128/25", "2001:db8::/33", "::1", "0.0.0.0/32"]"#;
        let networks = read(json).unwrap();
        for (address, expected) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("10.1.2.3", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("192.168.1.7", true),
            ("192.168.1.8", false),
            ("203.0.113.127", false),
            ("203.0.113.255", true),
            ("2001:db8:7fff::1", true),
            ("2001:db8:8000::1", false),
            ("::1", true),
            ("::2", false),
            ("0.0.0.0", true),
            ("255.255.255.255", false),
        ] {
            assert_eq!(networks.contain(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn all_of_one_version_is_none_of_the_other() {
        let (four, six) = (read(r#"["0.0.0.0/0"]"#).unwrap(), read(r#"["::/0"]"#).unwrap());
        let (of_four, of_six) = ("203.0.113.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
        assert_eq!([four.contain(of_four), four.contain(of_six)], [true, false]);
        assert_eq!([six.contain(of_four), six.contain(of_six)], [false, true]);
    }

    #[test]
    fn problems_name_the_place() {
        let what = "expected a network such as 10.0.0.0/8 or 2001:db8::/32, but found";
        for (json, expected) in [
            ("[]", "expected at least one network, but found none (line 1 column 1)".to_owned()),
            (r#"["10.0.0.0/33"]"#, format!("[0]: {what} \"10.0.0.0/33\" (line 1 column 2)")),
            (r#"["::/129"]"#, format!("[0]: {what} \"::/129\" (line 1 column 2)")),
            (r#"["10.0.0/8"]"#, format!("[0]: {what} \"10.0.0/8\" (line 1 column 2)")),
            (r#"["10.0.0.0/+8"]"#, format!("[0]: {what} \"10.0.0.0/+8\" (line 1 column 2)")),
            (r#"["10.0.0.0/"]"#, format!("[0]: {what} \"10.0.0.0/\" (line 1 column 2)")),
            (r#"["::1", 8]"#, format!("[1]: {what} 8 (line 1 column 9)")),
            (r#"["10.1.2.3/16"]"#, "[0]: expected 10.1.0.0/16, but found \"10.1.2.3/16\" (line 1 column 2)".to_owned()),
        ] {
            assert_eq!(read(json).unwrap_err(), expected);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn the_ranges_agree_with_a_search(
                networks in proptest::collection::vec((any::<u8>(), 24_u32..=32), 1..10),
                address: u8,
            ) {
                let range_of = |(last, length): &(u8, u32)| Address::new([10, 0, 0, *last].into()).network(*length);
                let texts: Vec<_> =
                    networks.iter().map(|network| format!("{}/{}", range_of(network).0, network.1)).collect();
                let address = IpAddr::from([10, 0, 0, address]);
                let is_in = |(first, last)| (first..=last).contains(&Address::new(address));
                let expected = networks.iter().map(range_of).any(is_in);
                prop_assert_eq!(read(&format!("{texts:?}")).unwrap().contain(address), expected);
            }
        }
    }
}
