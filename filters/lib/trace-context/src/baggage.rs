//! W3C Baggage: `key=value;property, key=value …`, in one header or several.
//!
//! Members of others are kept to the byte. A limit is met by leaving our own members out, never by cutting one or by touching
//! another's: W3C Baggage §3.3.2 has whoever propagates carry up to 64 members and 8192 bytes, and drop whole members beyond.

use header_field::is_token;

/// The most members that every system carries.
pub const MAX_MEMBERS: usize = 64;
/// The most bytes, of all baggage headers together, that every system carries.
pub const MAX_BYTES: usize = 8192;

/// The members of a request's baggage, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baggage {
    members: Vec<Vec<u8>>,
}

impl Baggage {
    /// The members of all values of the header `baggage`, in order.
    pub fn read<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut members = Vec::new();
        for value in values {
            let written = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            members.extend(written.filter(|member| !member.is_empty()).map(<[u8]>::to_vec));
        }
        Self { members }
    }

    /// Keys and percent-decoded values of the well-formed members, in order; a key may repeat. Properties are left out.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Vec<u8>)> {
        self.members.iter().filter_map(|member| split(member)).map(|(key, value)| (key, decode(value)))
    }

    /// Makes `values` the members of a key, in place of those that the key had. Answers whether they fit and were taken.
    pub fn set(&mut self, key: &[u8], values: &[&[u8]]) -> bool {
        let mut changed = Self::default();
        for member in &self.members {
            if split(member).is_none_or(|(known, _)| known != key) {
                changed.members.push(member.clone());
            }
        }
        for value in values {
            changed.members.push([key, b"=", &encode(value)].concat());
        }
        let fits = changed.members.len() <= MAX_MEMBERS && changed.length() <= MAX_BYTES;
        if fits && is_token(key) {
            *self = changed;
            return true;
        }
        false
    }

    /// The value of one header that carries all members.
    pub fn write(&self) -> Vec<u8> {
        self.members.join(&b","[..])
    }

    fn length(&self) -> usize {
        self.members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1)
    }
}

/// A member's key and value, without properties and white space; `None` if it is malformed.
fn split(member: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = member.iter().position(|byte| *byte == b'=')?;
    let (key, rest) = member.split_at_checked(equals)?;
    let value = rest.split(|byte| *byte == b';').next()?.strip_prefix(b"=")?;
    let key = key.trim_ascii();
    is_token(key).then_some((key, value.trim_ascii()))
}

/// What a value may hold as it is: `baggage-octet`, and not the percent sign itself.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\%".contains(&byte)
}

fn encode(value: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |number: u8| DIGITS.get(usize::from(number)).copied().unwrap_or(b'0');
    let mut text = Vec::with_capacity(value.len());
    for byte in value {
        if is_plain(*byte) {
            text.push(*byte);
        } else {
            text.extend([b'%', digit(byte >> 4), digit(byte & 0x0f)]);
        }
    }
    text
}

/// What a percent-encoded text stands for; a percent sign without two digits after it stands for itself.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, after @ ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*byte, after));
        value.push(byte);
        rest = after;
    }
    value
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|number| u8::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read(values: &[&str]) -> Baggage {
        Baggage::read(values.iter().map(|value| value.as_bytes()))
    }

    fn text(baggage: &Baggage) -> String {
        String::from_utf8(baggage.write()).unwrap()
    }

    #[test]
    fn members_of_others_are_kept_to_the_byte() {
        let mut baggage = read(&["a = 1 ;p=%zz, broken ,b=2=3", "route-v=old,a=4"]);
        assert!(baggage.set(b"route-v", &[b"v 2,\xff"]));
        assert_eq!(text(&baggage), "a = 1 ;p=%zz,broken,b=2=3,a=4,route-v=v%202%2C%FF");
    }

    #[test]
    fn values_are_decoded_and_properties_left_out() {
        let baggage = read(&["k=a%20b;p=1,k=2,bad key=1,=x,100=%,%=%4"]);
        let members: Vec<_> = baggage.iter().collect();
        let expected: [(&[u8], &[u8]); 4] = [(b"k", b"a b"), (b"k", b"2"), (b"100", b"%"), (b"%", b"%4")];
        assert_eq!(members, expected.map(|(key, value)| (key, value.to_vec())));
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        let mut many = read(&[&(0..64).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",")]);
        let before = many.clone();
        assert!(!many.set(b"one-more", &[b"v"]));
        assert_eq!(many, before);
        assert!(many.set(b"k3", &[b"other"]));

        let mut long = read(&[&format!("k={}", "v".repeat(8180))]);
        assert!(!long.set(b"ours", &[b"12345"]));
        assert!(long.set(b"ours", &[b"1234"]));
        assert_eq!(long.write().len(), MAX_BYTES);
        assert!(!Baggage::default().set(b"no token", &[b"v"]));
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn reading_never_panics(value: Vec<u8>) {
                let baggage = Baggage::read([&value[..]].into_iter());
                baggage.iter().count();
            }

            #[test]
            fn any_value_survives(value: Vec<u8>) {
                let mut baggage = Baggage::default();
                prop_assume!(baggage.set(b"k", &[&value]));
                let written = baggage.write();
                let read = Baggage::read([&written[..]].into_iter());
                prop_assert_eq!(read.iter().next(), Some((&b"k"[..], value.clone())));
            }
        }
    }
}
