//! For tests: a request with its surroundings and a pod, in memory.

use crate::subject::{Request, Subjects};
use crate::surroundings::{Node, Surroundings};
use http_exchange::Headers;
use proxy_role::Direction;

/// A pod by its labels and its namespace.
pub(crate) struct Pod;

impl Node for Pod {
    fn id(&mut self) -> Option<Vec<u8>> {
        Some(b"router~10.0.0.9~ingress.shop~shop.svc".to_vec())
    }

    fn label(&mut self, name: &str) -> Option<Vec<u8>> {
        (name == "app").then(|| b"ingress".to_vec())
    }

    fn namespace(&mut self) -> Option<Vec<u8>> {
        Some(b"shop".to_vec())
    }
}

/// What a proxy knows about a request, and how often it was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    pub(crate) now: Option<u64>,
    pub(crate) source: Option<&'static str>,
    /// By its path, joined with slashes.
    pub(crate) metadata: Vec<(&'static str, Vec<u8>)>,
    pub(crate) calls: u32,
}

impl Surroundings for Around {
    fn direction(&mut self) -> Option<Direction> {
        self.calls += 1;
        Some(Direction::Outbound)
    }

    fn unix_millis(&mut self) -> Option<u64> {
        self.calls += 1;
        self.now
    }

    fn source_address(&mut self) -> Option<Vec<u8>> {
        self.calls += 1;
        self.source.map(|address| address.as_bytes().to_vec())
    }

    fn metadata(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.calls += 1;
        let path = path.join("/");
        self.metadata.iter().find(|(known, _)| *known == path).map(|(_, value)| value.clone())
    }
}

/// Lets `ask` look at a request with this head.
pub(crate) fn with_request<T>(
    head: &[(&str, &[u8])],
    subjects: &Subjects,
    around: &mut Around,
    ask: impl FnOnce(&mut Request<'_>) -> T,
) -> T {
    let pairs: Vec<_> = head.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
    ask(&mut Request::new(&Headers::new(&pairs), subjects, around))
}
