//! The formats of identifiers, each by the header that carries it.

use crate::request_id::{RequestId, hash};

/// How a header carries an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// W3C Trace Context: `version-trace id-parent id-flags`.
    Traceparent,
    /// Zipkin's single header: `trace id-span id[-sampled[-parent]]`, or only a sampling decision.
    B3,
    /// Zipkin's multiple headers: the trace identifier alone.
    B3TraceId,
    /// Jaeger: `trace id:span id:parent id:flags`, without leading zeros.
    Jaeger,
    /// SkyWalking: eight fields, the second of them the Base64 of an opaque identifier.
    SkyWalking,
    /// AWS X-Ray: `Root=1-time-random`, whose parts make the trace identifier.
    XRay,
    /// Datadog: the low 64 bits in decimal.
    Datadog,
    /// The identifier that Envoy gives a request that has none: a UUID.
    EnvoyRequestId,
    /// Any other header; the number keeps equal values of different headers apart.
    Opaque(u64),
}

/// The headers of known formats, most telling first: a trace context is what an instrumented application passes on, while
/// Envoy makes a new `x-request-id` for every call that comes without one.
pub(crate) const KNOWN: [(&str, Format); 8] = [
    ("traceparent", Format::Traceparent),
    ("b3", Format::B3),
    ("x-b3-traceid", Format::B3TraceId),
    ("uber-trace-id", Format::Jaeger),
    ("sw8", Format::SkyWalking),
    ("x-amzn-trace-id", Format::XRay),
    ("x-datadog-trace-id", Format::Datadog),
    ("x-request-id", Format::EnvoyRequestId),
];

/// Where Envoy writes why it traces a request into the UUID of `x-request-id`.
const TRACE_REASON: usize = 14;

/// SkyWalking's own limit for its header.
const SKYWALKING_MAX_BYTES: usize = 2048;

impl Format {
    /// The format that a header of that lower-case name carries.
    pub fn of(header: &str) -> Self {
        let known = KNOWN.iter().find(|(name, _)| *name == header);
        known.map_or_else(|| Self::Opaque(hash(header.as_bytes())), |(_, format)| *format)
    }

    /// The identifier in a header's value; `None` if it is malformed or carries none.
    ///
    /// ```
    /// use trace_context::Format;
    ///
    /// let w3c = Format::Traceparent.read(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    /// let datadog = Format::Datadog.read(b"11803532876627986230");
    /// assert!(w3c.unwrap().matches(datadog.unwrap()));
    /// ```
    pub fn read(self, value: &[u8]) -> Option<RequestId> {
        match self {
            Self::Traceparent => traceparent(value),
            Self::B3 => b3(value),
            Self::B3TraceId => b3_trace_id(value),
            Self::Jaeger => jaeger(value),
            Self::SkyWalking => skywalking(value),
            Self::XRay => xray(value),
            Self::Datadog => non_zero(RequestId::new(0, std::str::from_utf8(value).ok()?.parse().ok()?)),
            Self::EnvoyRequestId => envoy_request_id(value),
            Self::Opaque(seed) => (!value.is_empty()).then(|| RequestId::of_opaque(seed, value)),
        }
    }
}

/// What stands between dashes.
fn fields(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b'-')
}

fn non_zero(id: RequestId) -> Option<RequestId> {
    (id.low() != 0 || id.high().is_some()).then_some(id)
}

/// A number of 128 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Number {
    high: u64,
    low: u64,
}

/// Digits to a number; `None` if there is anything else among them, or more than 32.
fn hex(digits: &[u8], digit: fn(u8) -> Option<u8>) -> Option<Number> {
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let mut number = Number { high: 0, low: 0 };
    for byte in digits {
        number.high = number.high << 4 | number.low >> 60;
        number.low = number.low << 4 | u64::from(digit(*byte)?);
    }
    Some(number)
}

fn lower_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

fn any_digit(byte: u8) -> Option<u8> {
    lower_digit(byte.to_ascii_lowercase())
}

/// A field of exactly that many lower-case digits.
fn lower_hex(field: &[u8], length: usize) -> Option<Number> {
    if field.len() == length { hex(field, lower_digit) } else { None }
}

fn identifier(number: Number) -> Option<RequestId> {
    non_zero(RequestId::new(number.high, number.low))
}

/// W3C Trace Context §3.2.2: a version of `ff` and identifiers of zeros are invalid; a version above 00 may have more fields.
fn traceparent(value: &[u8]) -> Option<RequestId> {
    let mut fields = fields(value);
    let version = lower_hex(fields.next()?, 2)?.low;
    let trace_id = lower_hex(fields.next()?, 32)?;
    let parent_id = lower_hex(fields.next()?, 16)?.low;
    lower_hex(fields.next()?, 2)?;
    let ends = fields.next().is_none();
    if version == 0xff || parent_id == 0 || (version == 0 && !ends) {
        return None;
    }
    identifier(trace_id)
}

fn b3(value: &[u8]) -> Option<RequestId> {
    let mut fields = fields(value);
    let id = b3_trace_id(fields.next()?)?;
    lower_hex(fields.next()?, 16)?;
    Some(id)
}

fn b3_trace_id(value: &[u8]) -> Option<RequestId> {
    identifier(lower_hex(value, 16).or_else(|| lower_hex(value, 32))?)
}

/// Some clients percent-encode the colons.
fn jaeger(value: &[u8]) -> Option<RequestId> {
    let end = value.iter().position(|byte| matches!(byte, b':' | b'%'))?;
    let (id, mut rest) = value.split_at_checked(end)?;
    let mut separators = 0;
    while let Some((byte, after)) = rest.split_first() {
        let (separates, after) = match (byte, after) {
            (b':', after) => (true, after),
            (b'%', [b'3', b'A' | b'a', after @ ..]) => (true, after),
            (byte, after) if any_digit(*byte).is_some() => (false, after),
            _ => return None,
        };
        separators += u32::from(separates);
        rest = after;
    }
    if separators == 3 { identifier(hex(id, any_digit)?) } else { None }
}

fn skywalking(value: &[u8]) -> Option<RequestId> {
    if value.len() > SKYWALKING_MAX_BYTES || fields(value).count() != 8 {
        return None;
    }
    let id = base64(fields(value).nth(1)?)?;
    (!id.is_empty()).then(|| RequestId::of_opaque(hash(b"sw8"), &id))
}

/// RFC 4648 §4, with or without padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    let (digits, padding) = text.split_at_checked(end)?;
    if padding.len() > 2 || padding.iter().any(|byte| *byte != b'=') || digits.len() % 4 == 1 {
        return None;
    }
    let (mut bytes, mut pending, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        let sextet = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        pending = (pending << 6 | u32::from(sextet)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((pending >> bits) as u8);
        }
    }
    Some(bytes)
}

fn xray(value: &[u8]) -> Option<RequestId> {
    let root = value.split(|byte| *byte == b';').find_map(|field| field.trim_ascii().strip_prefix(b"Root="))?;
    let mut parts = fields(root);
    if parts.next()? != b"1" {
        return None;
    }
    let (time, random) = (parts.next()?, parts.next()?);
    if time.len() != 8 || random.len() != 24 || parts.next().is_some() {
        return None;
    }
    let (time, random) = (hex(time, any_digit)?, hex(random, any_digit)?);
    identifier(Number { high: time.low << 32 | random.high, low: random.low })
}

/// Envoy writes `9`, `a` or `b` in place of the UUID's `4` on its way, so that character does not count.
fn envoy_request_id(value: &[u8]) -> Option<RequestId> {
    let seed = hash(b"x-request-id");
    if value.is_empty() {
        return None;
    }
    let Ok(mut uuid) = <[u8; 36]>::try_from(value) else { return Some(RequestId::of_opaque(seed, value)) };
    if let Some(reason) = uuid.get_mut(TRACE_REASON) {
        *reason = b'0';
    }
    Some(RequestId::of_opaque(seed, &uuid))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const HIGH: u64 = 0x4bf9_2f35_77b3_4da6;
    const LOW: u64 = 0xa3ce_929d_0e0e_4736;

    #[track_caller]
    fn check(header: &str, value: &str, expected: Option<(u64, u64)>) {
        let expected = expected.map(|(high, low)| RequestId::new(high, low));
        assert_eq!(Format::of(header).read(value.as_bytes()), expected, "{header}: {value}");
    }

    #[test]
    fn trace_identifiers_of_every_format_meet_on_the_low_half() {
        let whole = Some((HIGH, LOW));
        check("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", whole);
        check("traceparent", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", whole);
        check("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-05e3ac9a4f6e3b90", whole);
        check("b3", "a3ce929d0e0e4736-00f067aa0ba902b7", Some((0, LOW)));
        check("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4736", whole);
        check("x-b3-traceid", "a3ce929d0e0e4736", Some((0, LOW)));
        check("uber-trace-id", "4bf92f3577b34da6a3ce929d0e0e4736:f067aa0ba902b7:0:1", whole);
        check("uber-trace-id", "7%3A1%3a0%3A1", Some((0, 7)));
        check("x-amzn-trace-id", "Self=1-a-b;Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Sampled=1", whole);
        check("x-datadog-trace-id", "11803532876627986230", Some((0, LOW)));
    }

    #[test]
    fn what_is_malformed_is_no_identifier() {
        for value in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-012",
        ] {
            check("traceparent", value, None);
        }
        for value in [
            "0",
            "1",
            "d",
            "",
            "a3ce929d0e0e4736",
            "a3ce929d0e0e473-00f067aa0ba902b7",
            "0000000000000000-00f067aa0ba902b7",
        ] {
            check("b3", value, None);
        }
        for value in ["", "A3CE929D0E0E4736", "a3ce929d0e0e47361", "0000000000000000"] {
            check("x-b3-traceid", value, None);
        }
        for value in ["", "7", "7:1:0", "0:1:0:1", "x:1:0:1", "7:1:0:1:2", "7%3B1:0:1", ":1:0:1"] {
            check("uber-trace-id", value, None);
        }
        for value in [
            "",
            "Root=1-4bf92f35",
            "Root=2-4bf92f35-77b34da6a3ce929d0e0e4736",
            "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736-1",
        ] {
            check("x-amzn-trace-id", value, None);
        }
        for value in ["", "0", "-1", "18446744073709551616", "a3ce"] {
            check("x-datadog-trace-id", value, None);
        }
        for value in ["", "1-Z-x", "1-=-3-0-a-b-c-d", "1-****-3-0-a-b-c-d"] {
            check("sw8", value, None);
        }
        check("x-request-id", "", None);
        check("x-mine", "", None);
    }

    #[test]
    fn skywalking_identifiers_are_compared_decoded() {
        let read = |value: &str| Format::SkyWalking.read(value.as_bytes());
        let padded = read("1-dHJhY2UtaWQ=-c2VnbWVudA==-0-c2VydmljZQ==-aW5z-L2E=-YjoxMQ==");
        assert!(padded.is_some());
        assert_eq!(padded, read("1-dHJhY2UtaWQ-b3RoZXI=-3-b3RoZXI=-aW5z-L2I=-YjoxMQ=="));
    }

    #[test]
    fn envoys_mark_in_a_request_identifier_does_not_count() {
        let read = |value: &str| Format::EnvoyRequestId.read(value.as_bytes());
        let fresh = read("8c175d5c-d8a3-4197-a7f8-6e3e0ab1fe59");
        assert_eq!(fresh, read("8c175d5c-d8a3-9197-a7f8-6e3e0ab1fe59"));
        assert_ne!(fresh, read("8c175d5c-d8a3-4197-a7f8-6e3e0ab1fe58"));
        assert!(read("anything else").is_some());
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn reading_never_panics(value: Vec<u8>, text in "[0-9a-fRo=:;%3A=-]{0,80}") {
                for (_, format) in KNOWN {
                    format.read(&value);
                    format.read(text.as_bytes());
                }
                Format::Opaque(0).read(&value);
            }

            #[test]
            fn a_trace_identifier_survives_every_format(high: u64, low in 1..u64::MAX) {
                let id = Some(RequestId::new(high, low));
                let digits = format!("{high:016x}{low:016x}");
                let xray = format!("Root=1-{}-{}", &digits[..8], &digits[8..]);
                prop_assert_eq!(Format::Traceparent.read(format!("00-{digits}-00f067aa0ba902b7-00").as_bytes()), id);
                prop_assert_eq!(Format::B3.read(format!("{digits}-00f067aa0ba902b7").as_bytes()), id);
                prop_assert_eq!(Format::B3TraceId.read(digits.as_bytes()), id);
                prop_assert_eq!(Format::Jaeger.read(format!("{digits}:1:0:1").as_bytes()), id);
                prop_assert_eq!(Format::XRay.read(xray.as_bytes()), id);
            }
        }
    }
}
