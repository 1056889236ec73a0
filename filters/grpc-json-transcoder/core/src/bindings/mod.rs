//! What a request's path and query bind to fields, as records of the message on the wire.
//!
//! A protobuf message may be put together from pieces: of a singular field the last value counts, messages are merged and
//! lists are joined. So every value becomes a record of the request's message, and who has the body puts them before or after it. Order
//! and exclusions are `google/api/http.proto`'s in the profile `strict` (path, body and query have different fields, and a
//! field of the path has the path's value whatever the others say) and the native transcoder's in `envoy`.
//!
//! Everything is linear in the size of the path and the query.

mod error;
pub mod percent;
mod query;
mod record;

pub use error::{BindingError, BindingProblem, BindingSource};
pub use record::nest;

use crate::configuration::{Options, Profile, UnescapeSpec};
use crate::names::Names;
use crate::router::Route;
use crate::rule::{Body, CompiledRule, FieldPath};
use protojson::{Binding, Cardinality, Collision, FieldId, ParseOptions, Schema, parse_text};

/// What of the configuration decides on bindings.
#[derive(Debug, Clone)]
pub struct BindingOptions {
    /// Which escapes are decoded in a path variable of several segments.
    pub url_unescape_spec: UnescapeSpec,
    /// In a query, `+` is a space.
    pub query_param_unescape_plus: bool,
    /// Query parameters that are dropped, by exact raw name.
    pub ignored_query_parameters: Names,
    /// Query parameters that name no field are dropped.
    pub ignore_unknown_query_parameters: bool,
    /// Query parameters that name no field are collected; this comes before ignoring them.
    pub capture_unknown_query_parameters: bool,
    /// `labels[key]=value` in a query sets an entry of a map.
    pub map_query_parameters: bool,
    /// The query may bind fields that the path or the body has, as in the native transcoder.
    pub query_may_bind_any_field: bool,
    /// What becomes of a body's value for a field that is bound; if it is kept, nothing is collected for that.
    pub collision: Collision,
    /// How values are read.
    pub parse: ParseOptions,
}

impl BindingOptions {
    /// What a configuration says about bindings, and whether its service configuration asks for full decoding.
    pub fn of(options: &Options, fully_decode_reserved_expansion: bool) -> Self {
        let is_strict = options.profile == Profile::Strict;
        let mut ignored_query_parameters = Names::default();
        for name in &options.ignored_query_parameters {
            ignored_query_parameters.number(name.as_bytes());
        }
        Self {
            url_unescape_spec: match options.url_unescape_spec {
                UnescapeSpec::AllCharactersExceptReserved if fully_decode_reserved_expansion => {
                    UnescapeSpec::AllCharactersExceptSlash
                }
                spec => spec,
            },
            query_param_unescape_plus: options.query_param_unescape_plus,
            ignored_query_parameters,
            ignore_unknown_query_parameters: options.ignore_unknown_query_parameters,
            capture_unknown_query_parameters: options.capture_unknown_query_parameters,
            map_query_parameters: options.map_query_parameters,
            query_may_bind_any_field: !is_strict,
            collision: match (options.validation.reject_binding_body_field_collisions, is_strict) {
                (true, _) => Collision::RejectDifferent,
                (false, true) => Collision::DropBody,
                (false, false) => Collision::KeepBody,
            },
            parse: ParseOptions {
                lenient: !is_strict,
                reject_unknown_fields: options.validation.reject_unknown_body_fields,
                case_insensitive_enums: options.case_insensitive_enum_parsing,
                ..ParseOptions::default()
            },
        }
    }
}

/// What the path and the query of a request bind: records of the request's message, and what could not be bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings {
    /// Records from the path.
    pub path: Vec<u8>,
    /// Records of singular fields from the query.
    pub query_singular: Vec<u8>,
    /// Records of lists and maps from the query.
    pub query_repeated: Vec<u8>,
    /// Singular fields that are bound, for [`protojson::Bound`]: in ascending order, each once.
    pub bound: Vec<Binding>,
    /// Names and values of query parameters that name no field, where those are captured.
    pub unknown_query: Vec<(String, String)>,
}

/// Binds the path and the query of a request.
pub fn bind(schema: &Schema, route: &Route<'_>, options: &BindingOptions) -> Result<Bindings, BindingError> {
    let mut binder = Binder { schema, rule: route.rule, options, record: Vec::new(), bindings: Bindings::default() };
    for variable in &route.rule.variables {
        let spec = if variable.span.is_multi_segment { options.url_unescape_spec } else { UnescapeSpec::AllCharacters };
        let value = percent::unescape(variable.span.of(route.path), spec, false);
        let bound = binder.bind_value(&variable.path, &value, Target::Path);
        bound.map_err(|problem| BindingError::in_path(schema, &variable.path, problem))?;
    }
    if !route.query.is_empty() {
        binder.bind_query(route.query)?;
    }
    let mut bindings = binder.bindings;
    // Of several values of a field, which the native transcoder allows, the last counts.
    bindings.bound.reverse();
    order::sort(&mut bindings.bound, |one, other| one.path.cmp(&other.path));
    bindings.bound.dedup_by(|later, first| later.path == first.path);
    Ok(bindings)
}

/// Which records a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Path,
    Query,
}

struct Binder<'a> {
    schema: &'a Schema,
    rule: &'a CompiledRule,
    options: &'a BindingOptions,
    /// The record of the last field of a path, reused.
    record: Vec<u8>,
    bindings: Bindings,
}

impl Binder<'_> {
    fn bind_value(&mut self, path: &[FieldId], value: &[u8], target: Target) -> Result<(), BindingProblem> {
        let Some((field, parents)) = path.split_last() else { return Ok(()) };
        if self.rule.takes_http_body && self.is_in_body(path) {
            return Ok(());
        }
        let text = str::from_utf8(value).map_err(|_| BindingProblem::NotUtf8)?;
        let cardinality = self.schema.field(*field).map_or(Cardinality::Singular, |field| field.cardinality);
        if cardinality == Cardinality::Map {
            return Err(BindingProblem::MapWithoutKey);
        }
        self.record.clear();
        self.append_text(*field, text)?;
        let is_singular = cardinality == Cardinality::Singular;
        let may_collide =
            self.rule.body != Body::None && (target == Target::Path || self.options.query_may_bind_any_field);
        if is_singular && may_collide && self.options.collision != Collision::KeepBody {
            self.bindings.bound.push(Binding { path: path.to_vec(), record: self.record.clone() });
        }
        let out = match (target, is_singular) {
            (Target::Path, _) => &mut self.bindings.path,
            (Target::Query, true) => &mut self.bindings.query_singular,
            (Target::Query, false) => &mut self.bindings.query_repeated,
        };
        nest(self.schema, parents, &self.record, out);
        Ok(())
    }

    fn append_text(&mut self, field: FieldId, text: &str) -> Result<(), BindingProblem> {
        parse_text(self.schema, field, text, &self.options.parse, &mut self.record).map_err(|mut error| {
            // Where the value stands is said already.
            error.path.clear();
            BindingProblem::Value(error)
        })
    }

    /// Whether a field is what the body of a request is, or within it.
    fn is_in_body(&self, path: &[FieldId]) -> bool {
        match &self.rule.body {
            Body::Field(body) => path.starts_with(body),
            Body::None | Body::All => true,
        }
    }

    /// Whether the path binds a field, or one within it or around it.
    fn is_in_path(&self, path: &[FieldId]) -> bool {
        let is_same = |bound: &FieldPath| path.starts_with(bound) || bound.starts_with(path);
        self.rule.variables.iter().any(|variable| is_same(&variable.path))
    }
}
