//! A bounded, expiring store that remembers by request identifier what came in with a request.
