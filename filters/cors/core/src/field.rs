//! The header fields of the protocol (Fetch §3.3.2 and §3.3.3, Resource Timing §4.5.1, Private Network Access §3.1).

pub(crate) const ORIGIN: &[u8] = b"origin";
pub(crate) const REQUEST_METHOD: &[u8] = b"access-control-request-method";
pub(crate) const REQUEST_HEADERS: &[u8] = b"access-control-request-headers";
pub(crate) const REQUEST_PRIVATE_NETWORK: &[u8] = b"access-control-request-private-network";

pub(crate) const ALLOW_ORIGIN: &[u8] = b"access-control-allow-origin";
pub(crate) const ALLOW_CREDENTIALS: &[u8] = b"access-control-allow-credentials";
pub(crate) const ALLOW_METHODS: &[u8] = b"access-control-allow-methods";
pub(crate) const ALLOW_HEADERS: &[u8] = b"access-control-allow-headers";
pub(crate) const MAX_AGE: &[u8] = b"access-control-max-age";
pub(crate) const ALLOW_PRIVATE_NETWORK: &[u8] = b"access-control-allow-private-network";
pub(crate) const EXPOSE_HEADERS: &[u8] = b"access-control-expose-headers";
pub(crate) const TIMING_ALLOW_ORIGIN: &[u8] = b"timing-allow-origin";
pub(crate) const VARY: &[u8] = b"vary";

/// All with which a response takes part in the protocol.
pub(crate) const OF_RESPONSES: [&[u8]; 7] =
    [ALLOW_ORIGIN, ALLOW_CREDENTIALS, ALLOW_METHODS, ALLOW_HEADERS, MAX_AGE, ALLOW_PRIVATE_NETWORK, EXPOSE_HEADERS];
