//! The configuration: what the user writes, with Envoy's names, to [`Options`].
//!
//! It judges what can be judged without a descriptor; whether the descriptor has the services and what their rules say is for
//! the modules that read those.

mod options;
mod reading;

pub use options::{Cluster, Options, Profile, StreamFraming, Transport, UnescapeSpec, ValidationOptions};
pub use protojson::PrintOptions;
