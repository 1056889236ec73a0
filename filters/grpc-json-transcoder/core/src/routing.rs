//! All of a configuration that decides where a request goes and what its path and query mean, compiled.

use crate::bindings::BindingOptions;
use crate::configuration::{Options, Profile};
use crate::router::Router;
use crate::rule::{self, RuleOptions};
use crate::service_config::ServiceConfig;
use protojson::Schema;
use strict_config::Problems;

/// The routes of a configuration, and how values are bound.
#[derive(Debug)]
pub struct Routing {
    /// Finds the rule of a request.
    pub router: Router,
    /// For [`bind`](crate::bindings::bind).
    pub binding: BindingOptions,
}

impl Routing {
    /// Compiles the rules of the services that are transcoded, or says everything that is wrong with them.
    pub fn compile(schema: &Schema, options: &Options) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let config = options.service_config.as_ref();
        let config =
            config.map(|value| ServiceConfig::read(value, "service_config", &mut problems)).unwrap_or_default();
        let rules = RuleOptions {
            services: &options.services,
            selected_rules: &config.rules,
            auto_mapping: options.auto_mapping,
            match_unregistered_custom_verb: options.match_unregistered_custom_verb,
            is_strict: options.profile == Profile::Strict,
        };
        let router = rule::compile(schema, &rules, &mut problems);
        let binding = BindingOptions::of(options, config.fully_decode_reserved_expansion);
        problems.unless_any(Self { router, binding })
    }
}
