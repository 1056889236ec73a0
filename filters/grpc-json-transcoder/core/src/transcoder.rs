//! A configured transcoder: everything that exchanges share.

use crate::bindings::BindingOptions;
use crate::configuration::{Options, Profile, UnescapeSpec};
use crate::conversion::Conversion;
use crate::exchange::Exchange;
use crate::router::Router;
use crate::rule::{RuleOptions, compile};
use crate::service_config::ServiceConfig;
use protojson::Schema;
use strict_config::Problems;

/// A configured transcoder.
#[derive(Debug)]
pub struct Transcoder {
    options: Options,
    binding: BindingOptions,
    schema: Schema,
    router: Router,
}

impl Transcoder {
    /// Reads a configuration, or says everything that is wrong with it.
    pub fn configure(json: &[u8]) -> Result<Self, Problems> {
        Self::new(Options::parse(json)?)
    }

    /// Compiles the descriptor and the rules of a configuration.
    pub fn new(mut options: Options) -> Result<Self, Problems> {
        let descriptor = std::mem::take(&mut options.proto_descriptor);
        let schema = Schema::compile(&descriptor).map_err(|errors| {
            let mut problems = Problems::default();
            for error in errors.iter() {
                problems.push("proto_descriptor_bin", error.to_string());
            }
            problems
        })?;
        let mut problems = Problems::default();
        let service_config = match &options.service_config {
            None => ServiceConfig::default(),
            Some(value) => ServiceConfig::read(value, "service_config").unwrap_or_else(|found| {
                problems.append(found);
                ServiceConfig::default()
            }),
        };
        if service_config.fully_decode_reserved_expansion {
            options.url_unescape_spec = UnescapeSpec::AllCharactersExceptSlash;
        }
        let rules = RuleOptions {
            services: &options.services,
            selected_rules: &service_config.rules,
            auto_mapping: options.auto_mapping,
            match_unregistered_custom_verb: options.match_unregistered_custom_verb,
            is_strict: options.profile == Profile::Strict,
        };
        match compile(&schema, &rules) {
            Ok(router) => {
                let binding = BindingOptions::of(&options);
                problems.unless_any(Self { options, binding, schema, router })
            }
            Err(found) => {
                problems.append(found);
                Err(problems)
            }
        }
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
        &self.router
    }

    pub(crate) fn conversion(&self) -> Conversion<'_> {
        Conversion { schema: &self.schema, options: &self.options, binding: &self.binding }
    }
}
