//! Strict JSON configuration: bytes to a type, with every problem and its path.
