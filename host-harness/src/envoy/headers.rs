//! Header maps with Envoy's multi-value semantics.
//!
//! Names are compared in lower case, entries keep the order in which they were added, pseudo-headers come first, and values
//! are any bytes. Which callback may touch which map is decided in the host functions, not here.

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
        self.entries.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
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

    /// Adds an entry beside those of the same name. Of a pseudo-header there is only one, so there the value is replaced.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        if name.first() == Some(&b':') {
            self.set_pseudo(name, value);
        } else {
            self.entries.push((lower(name), Bytes::copy_from_slice(value)));
        }
    }

    /// Makes this the only value of a name, where the first one stood or else at the end.
    pub fn replace(&mut self, name: &[u8], value: &[u8]) {
        if name.first() == Some(&b':') {
            return self.set_pseudo(name, value);
        }
        let Some(at) = self.entries.iter().position(|(have, _)| have.eq_ignore_ascii_case(name)) else {
            return self.add(name, value);
        };
        let mut index = 0;
        self.entries.retain(|(have, _)| {
            let keep = index <= at || !have.eq_ignore_ascii_case(name);
            index += 1;
            keep
        });
        if let Some(entry) = self.entries.get_mut(at) {
            entry.1 = Bytes::copy_from_slice(value);
        }
    }

    /// Removes every entry of a name and says whether there was one.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
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

    fn set_pseudo(&mut self, name: &[u8], value: &[u8]) {
        let value = Bytes::copy_from_slice(value);
        if let Some(entry) = self.entries.iter_mut().find(|(have, _)| have.eq_ignore_ascii_case(name)) {
            entry.1 = value;
            return;
        }
        let at = self.entries.iter().take_while(|(have, _)| have.first() == Some(&b':')).count();
        self.entries.insert(at, (lower(name), value));
    }
}

fn lower(name: &[u8]) -> Bytes {
    Bytes::from(name.to_ascii_lowercase())
}

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
        assert_eq!(listing(&map), ["a=4", "b=2"]);
        map.replace(b"c", b"5");
        assert!(map.remove(b"a"));
        assert!(!map.remove(b"a"));
        assert_eq!(listing(&map), ["b=2", "c=5"]);
    }

    #[test]
    fn pseudo_headers_come_first_and_only_once() {
        let mut map = HeaderMap::from_pairs([("x", "1"), (":path", "/"), (":method", "GET")]);
        map.add(b":path", b"/two");
        assert_eq!(listing(&map), [":path=/two", ":method=GET", "x=1"]);
    }
}
