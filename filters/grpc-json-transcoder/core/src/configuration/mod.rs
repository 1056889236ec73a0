//! The configuration: what the user writes, with Envoy's names, to [`Options`].

mod options;

pub use options::{Cluster, Options, PrintOptions, Profile, StreamFraming, Transport, UnescapeSpec, ValidationOptions};
