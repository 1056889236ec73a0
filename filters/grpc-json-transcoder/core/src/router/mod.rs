//! Which rule a request is for.

mod path_matcher;
mod trie;

pub use path_matcher::{PathMatch, PathMatcher};
