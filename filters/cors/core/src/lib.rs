//! Cross-origin resource sharing (Fetch §3.3 *CORS protocol*): the decisions, without a host.
//!
//! A policy says which pages of other origins may read what a server answers. [`Cors`] judges a request by its `Origin`,
//! answers a preflight itself, and says which headers a response gets. It has two profiles. `envoy` does what Envoy's
//! own filter does, to the byte. `strict` does what the policy says: it judges preflights by methods and headers, too, gives
//! nothing to `null`, reflects only what is an origin, and tells caches that answers depend on it.
//!
//! It never fails on a request: what is unknown or malformed is not allowed, and never refused if it is no preflight, since
//! it is the browser that keeps the answer from the page.

#![forbid(unsafe_code)]

mod configuration;
mod cors;
mod counts;
mod envoy;
mod field;
mod fraction;
mod names;
mod origin;
mod origins;
mod plan;
mod scratch;
mod sites;
mod strict;
mod table;

pub use cors::{Cors, Exchange};
pub use counts::Counts;
