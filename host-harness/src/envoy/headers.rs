//! Header maps with Envoy's multi-value semantics.
//!
//! Names are compared in lower case, entries keep the order in which they were added, pseudo-headers come first, and values
//! are any bytes. Some headers Envoy, or an extension that is built in, keeps in a field of their own (`header_map.h`, "inline
//! headers"): of these there is one entry, and a second value joins it with a comma. `host` is another name for `:authority`. Which callback may touch which
//! map is decided in the host functions, not here.

use bytes::Bytes;

/// The headers or trailers of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMap {
    entries: Vec<(Bytes, Bytes)>,
}

impl HeaderMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// A map of these entries, added in turn.
    pub fn from_pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut map = Self::new();
        for (name, value) in pairs {
            map.add(name.as_ref(), value.as_ref());
        }
        map
    }

    /// The first value of a name.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let name = self.canonical(name);
        self.entries.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_ref())
    }

    /// All values of a name in order.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.entries.iter().filter(move |(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }

    /// All values of a name joined with a comma, as Envoy's matchers see them.
    pub fn get_joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.get_all(name).collect();
        (!values.is_empty()).then(|| values.join(&b","[..]))
    }

    /// Adds an entry beside those of the same name. Where there can be one entry only, the value joins it.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = self.canonical(name);
        let inline = name.first() == Some(&b':')
            || INLINE.binary_search(&&*name).is_ok()
            || self.inline_for_extensions().binary_search(&&*name).is_ok();
        match self.entries.iter_mut().find(|(have, _)| inline && *have == name) {
            Some(entry) => entry.1 = Bytes::from([&entry.1, &b","[..], value].concat()),
            None => self.insert(name, value),
        }
    }

    /// Makes this the only value of a name: what was there goes, and the new entry comes last.
    pub fn replace(&mut self, name: &[u8], value: &[u8]) {
        let name = self.canonical(name);
        self.remove(&name);
        self.insert(name, value);
    }

    /// Makes this the only value of a name, where the first one stood or else at the end.
    pub fn overwrite(&mut self, name: &[u8], value: &[u8]) {
        let name = self.canonical(name);
        match self.entries.iter_mut().find(|(have, _)| *have == name) {
            Some(entry) => entry.1 = Bytes::copy_from_slice(value),
            None => self.insert(name, value),
        }
    }

    /// Removes every entry of a name and says whether there was one.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let name = self.canonical(name);
        let before = self.entries.len();
        self.entries.retain(|(have, _)| *have != name);
        before != self.entries.len()
    }

    /// The entries in order, names in lower case.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// The number of entries, pseudo-headers included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of all names and values, which is what `proxy_get_header_map_size` reports.
    pub fn byte_size(&self) -> usize {
        self.entries.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Pseudo-headers go before all others, everything else to the end.
    fn insert(&mut self, name: Bytes, value: &[u8]) {
        let pseudo = name.first() == Some(&b':');
        let is_pseudo = |(have, _): &&(Bytes, Bytes)| have.first() == Some(&b':');
        let at = if pseudo { self.entries.iter().take_while(is_pseudo).count() } else { self.entries.len() };
        self.entries.insert(at, (name, Bytes::copy_from_slice(value)));
    }

    /// What extensions of Envoy have kept in one entry; that depends on whether these are the headers of a request or of a
    /// response, which their pseudo-headers show.
    fn inline_for_extensions(&self) -> &'static [&'static [u8]] {
        match self.entries.first().map(|(name, _)| name.as_ref()) {
            Some(b":status") => &INLINE_IN_RESPONSES,
            Some([b':', ..]) => &INLINE_IN_REQUESTS,
            _ => &[],
        }
    }

    /// The name that an entry has; a request's `host` is its `:authority`.
    fn canonical(&self, name: &[u8]) -> Bytes {
        let is_host = name.eq_ignore_ascii_case(b"host");
        if is_host && self.entries.iter().any(|(have, _)| have.as_ref() == b":authority") {
            return Bytes::from_static(b":authority");
        }
        Bytes::from(name.to_ascii_lowercase())
    }
}

/// The headers beside the pseudo-headers that Envoy keeps in fields of their own, sorted.
const INLINE: [&[u8]; 40] = [
    b"connection",
    b"content-length",
    b"content-type",
    b"date",
    b"expect",
    b"grpc-message",
    b"grpc-status",
    b"grpc-timeout",
    b"keep-alive",
    b"location",
    b"proxy-connection",
    b"proxy-status",
    b"server",
    b"te",
    b"transfer-encoding",
    b"upgrade",
    b"user-agent",
    b"via",
    b"x-client-trace-id",
    b"x-envoy-attempt-count",
    b"x-envoy-decorator-operation",
    b"x-envoy-degraded",
    b"x-envoy-downstream-service-cluster",
    b"x-envoy-downstream-service-node",
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-external-address",
    b"x-envoy-force-trace",
    b"x-envoy-immediate-health-check-fail",
    b"x-envoy-internal",
    b"x-envoy-ip-tags",
    b"x-envoy-original-url",
    b"x-envoy-ratelimited",
    b"x-envoy-upstream-canary",
    b"x-envoy-upstream-healthchecked-cluster",
    b"x-forwarded-client-cert",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-request-id",
];

/// Those that extensions ask for in requests, sorted: CORS, CSRF, caching, compression, gRPC-Web.
const INLINE_IN_REQUESTS: [&[u8]; 17] = [
    b"accept",
    b"accept-encoding",
    b"access-control-request-headers",
    b"access-control-request-method",
    b"access-control-request-private-network",
    b"authorization",
    b"cache-control",
    b"content-encoding",
    b"grpc-accept-encoding",
    b"if-match",
    b"if-modified-since",
    b"if-none-match",
    b"if-range",
    b"if-unmodified-since",
    b"origin",
    b"pragma",
    b"referer",
];

/// Those that extensions ask for in responses, sorted.
const INLINE_IN_RESPONSES: [&[u8]; 14] = [
    b"access-control-allow-credentials",
    b"access-control-allow-headers",
    b"access-control-allow-methods",
    b"access-control-allow-origin",
    b"access-control-allow-private-network",
    b"access-control-expose-headers",
    b"access-control-max-age",
    b"age",
    b"cache-control",
    b"content-encoding",
    b"etag",
    b"expires",
    b"last-modified",
    b"vary",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(map: &HeaderMap) -> Vec<String> {
        map.iter()
            .map(|(name, value)| format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
            .collect()
    }

    #[test]
    fn add_keeps_repeated_names_apart_and_replace_joins_them() {
        let mut map = HeaderMap::from_pairs([("A", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(map.get(b"a"), Some(&b"1"[..]));
        assert_eq!(map.get_joined(b"a"), Some(b"1,3".to_vec()));
        map.replace(b"A", b"4");
        assert_eq!(listing(&map), ["b=2", "a=4"]);
        map.overwrite(b"b", b"5");
        assert!(map.remove(b"a"));
        assert!(!map.remove(b"a"));
        assert_eq!(listing(&map), ["b=5"]);
    }

    #[test]
    fn pseudo_headers_and_inline_headers_have_one_entry() {
        let mut map = HeaderMap::from_pairs([("user-agent", "1"), (":path", "/"), (":authority", "a")]);
        map.add(b":path", b"/two");
        map.add(b"User-Agent", b"2");
        map.add(b"host", b"b");
        assert_eq!(listing(&map), [":path=/,/two", ":authority=a,b", "user-agent=1,2"]);
        map.replace(b":path", b"/");
        assert_eq!(listing(&map), [":authority=a,b", ":path=/", "user-agent=1,2"]);
    }

    #[test]
    fn headers_of_extensions_have_one_entry_in_the_messages_that_they_belong_to() {
        let twice = [("origin", "1"), ("origin", "2"), ("vary", "1"), ("vary", "2")];
        let with =
            |pseudo: (&'static str, &'static str)| listing(&HeaderMap::from_pairs([pseudo].into_iter().chain(twice)));
        assert_eq!(with((":method", "GET")), [":method=GET", "origin=1,2", "vary=1", "vary=2"]);
        assert_eq!(with((":status", "200")), [":status=200", "origin=1", "origin=2", "vary=1,2"]);
        assert_eq!(listing(&HeaderMap::from_pairs(twice)).len(), 4);
    }

    #[test]
    fn the_lists_of_inline_headers_are_sorted() {
        assert!(INLINE.is_sorted() && INLINE_IN_REQUESTS.is_sorted() && INLINE_IN_RESPONSES.is_sorted());
    }
}
