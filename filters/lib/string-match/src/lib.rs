//! String matchers with the semantics of Envoy's StringMatcher.
