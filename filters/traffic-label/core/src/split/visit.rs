//! Requests for tests.

use crate::subject::{Request, Subjects};
use crate::surroundings::Surroundings;
use http_exchange::Headers;
use proxy_role::Direction;

/// A client's visit: what it sends, from where and when.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Visit<'v> {
    pub(crate) head: &'v [(&'v [u8], &'v [u8])],
    pub(crate) source: Option<&'v str>,
    pub(crate) now: Option<u64>,
    /// The claim `sub`.
    pub(crate) sub: Option<&'v str>,
}

impl<'v> Visit<'v> {
    /// A visit of nothing but these headers.
    pub(crate) fn with(head: &'v [(&'v [u8], &'v [u8])]) -> Self {
        Self { head, ..Self::default() }
    }

    /// Asks something of the visit's request.
    pub(crate) fn ask<T>(mut self, subjects: &Subjects, question: impl FnOnce(&mut Request<'_>) -> T) -> T {
        let head = Headers::new(self.head);
        question(&mut Request::new(&head, subjects, &mut self))
    }
}

impl Surroundings for Visit<'_> {
    fn direction(&mut self) -> Option<Direction> {
        None
    }

    fn unix_millis(&mut self) -> Option<u64> {
        self.now
    }

    fn source_address(&mut self) -> Option<Vec<u8>> {
        self.source.map(|source| source.as_bytes().to_vec())
    }

    fn metadata(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        let is_sub = path == ["envoy.filters.http.jwt_authn", "payload", "sub"];
        self.sub.filter(|_| is_sub).map(|sub| sub.as_bytes().to_vec())
    }
}
