//! Which headers identify a request, and in which order they are believed.

use crate::format::{Format, KNOWN};
use crate::request_id::RequestId;
use strict_config::{Quoted, Reader, Value};

/// The identifying headers in the order of their priority.
#[derive(Debug, Clone)]
pub struct Identifiers {
    /// Sorted by name, each with its rank.
    by_name: Vec<(Box<[u8]>, usize, Format)>,
}

impl Default for Identifiers {
    fn default() -> Self {
        Self::new(Self::known_names())
    }
}

impl Identifiers {
    /// Headers by their lower-case names, the most believed first. A name without a known format carries opaque bytes.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_name: Vec<(Box<[u8]>, usize, Format)> = Vec::new();
        for (rank, name) in names.into_iter().enumerate() {
            let at = by_name.partition_point(|(known, ..)| **known < *name.as_bytes());
            by_name.insert(at, (name.as_bytes().into(), rank, Format::of(name)));
        }
        Self { by_name }
    }

    /// The names of the headers of known formats, the most believed first.
    pub fn known_names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|(name, _)| *name)
    }

    /// Reads an array of header names, in lower case.
    pub fn read_names(reader: &Reader, value: &Value) -> Vec<String> {
        let values = reader.array(value).unwrap_or_default();
        if value.as_array().is_some_and(<[Value]>::is_empty) {
            reader.problem(value, "expected headers that identify a request, but found none");
        }
        let mut names: Vec<String> = Vec::with_capacity(values.len());
        for value in values {
            let Some(name) = header_field::read_lower_name(reader, value) else { continue };
            if names.contains(&name) {
                reader.problem(value, format!("expected each header once, but found {} again", Quoted(&name)));
            }
            names.push(name);
        }
        names
    }

    /// Whether the header is one of them.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.by_name.binary_search_by(|(known, ..)| (**known).cmp(name)).is_ok()
    }

    /// The identifiers in a head, the most believed first and each once. Of a repeated header the first value counts.
    pub fn find<'a>(&self, head: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<RequestId> {
        let mut found: Vec<(usize, RequestId)> = Vec::new();
        let mut seen: Vec<usize> = Vec::new();
        for (name, value) in head {
            let Ok(at) = self.by_name.binary_search_by(|(known, ..)| (**known).cmp(name)) else { continue };
            let Some((_, rank, format)) = self.by_name.get(at) else { continue };
            if seen.contains(rank) {
                continue;
            }
            seen.push(*rank);
            if let Some(id) = format.read(value) {
                let at = found.partition_point(|(earlier, _)| earlier < rank);
                found.insert(at, (*rank, id));
            }
        }
        let mut ids: Vec<RequestId> = Vec::with_capacity(found.len());
        for (_, id) in found {
            // Two headers of one trace agree on the low half; the first known high half is the one that is kept.
            match ids.iter_mut().find(|known| known.matches(id)) {
                Some(known) if known.high().is_none() => *known = id,
                Some(_) => {}
                None => ids.push(id),
            }
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn find(identifiers: &Identifiers, head: &[(&str, &str)]) -> Vec<RequestId> {
        identifiers.find(head.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    #[test]
    fn the_most_believed_identifier_comes_first() {
        let head = [("x-request-id", "r"), ("x-b3-traceid", "a3ce929d0e0e4736"), ("accept", "*/*")];
        let ids = find(&Identifiers::default(), &head);
        assert_eq!(ids.len(), 2);
        assert_eq!(ids.first(), Some(&RequestId::new(0, 0xa3ce_929d_0e0e_4736)));

        let reversed = find(&Identifiers::new(["x-request-id", "x-b3-traceid"]), &head);
        assert_eq!(reversed.last(), ids.first());
    }

    #[test]
    fn headers_of_one_trace_make_one_identifier_with_all_known_bits() {
        let head = [
            ("x-datadog-trace-id", "7"),
            ("x-b3-traceid", "00000000000000010000000000000007"),
            ("b3", "0000000000000007-00f067aa0ba902b7"),
        ];
        assert_eq!(find(&Identifiers::default(), &head), [RequestId::new(1, 7)]);
    }

    #[test]
    fn the_first_of_repeated_values_counts() {
        let head = [("x-datadog-trace-id", "1"), ("x-datadog-trace-id", "2")];
        assert_eq!(find(&Identifiers::default(), &head), [RequestId::new(0, 1)]);
        let malformed_first = [("x-datadog-trace-id", "?"), ("x-datadog-trace-id", "2")];
        assert_eq!(find(&Identifiers::default(), &malformed_first), []);
    }

    #[test]
    fn any_header_can_identify() {
        let identifiers = Identifiers::new(["my-trace-id"]);
        assert!(identifiers.contains(b"my-trace-id"));
        assert!(!identifiers.contains(b"traceparent"));
        assert_eq!(find(&identifiers, &[("my-trace-id", "\u{fffd}")]).len(), 1);
    }
}
