//! A configured transcoder: everything that exchanges share.

use crate::configuration::Options;
use crate::conversion::Conversion;
use crate::exchange::Exchange;
use crate::router::Router;
use crate::routing::Routing;
use protojson::Schema;
use strict_config::Problems;

/// A configured transcoder.
#[derive(Debug)]
pub struct Transcoder {
    options: Options,
    schema: Schema,
    routing: Routing,
}

impl Transcoder {
    /// Reads a configuration, or says everything that is wrong with it.
    pub fn configure(json: &[u8]) -> Result<Self, Problems> {
        Self::new(Options::parse(json)?)
    }

    /// Compiles the descriptor and the rules of a configuration.
    pub fn new(mut options: Options) -> Result<Self, Problems> {
        let descriptor = std::mem::take(&mut options.proto_descriptor);
        let schema = if options.services.is_empty() {
            // Disabled: nothing is to be found in a descriptor.
            options.service_config = None;
            Schema::default()
        } else {
            Schema::compile(&descriptor).map_err(|errors| {
                let mut problems = Problems::default();
                for error in errors.iter() {
                    problems.push("proto_descriptor_bin", error.to_string());
                }
                problems
            })?
        };
        let routing = Routing::compile(&schema, &options)?;
        Ok(Self { options, schema, routing })
    }

    /// Begins an exchange.
    pub fn open(&self) -> Exchange {
        Exchange::default()
    }

    /// Whether any request is for this filter.
    pub fn is_enabled(&self) -> bool {
        !self.options.services.is_empty()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn router(&self) -> &Router {
        &self.routing.router
    }

    pub(crate) fn conversion(&self) -> Conversion<'_> {
        Conversion { schema: &self.schema, options: &self.options, binding: &self.routing.binding }
    }
}
