//! The values that filter cores take and return: request heads, header edits, local replies, steps.
