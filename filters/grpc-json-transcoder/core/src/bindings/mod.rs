//! What a request's path and query bind to fields.

pub mod percent;
