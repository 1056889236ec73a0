//! Query parameters: which field each is for.
//!
//! Parameters are separated by `&`; one without a name or without `=` says nothing. A name is a path of fields in their JSON or
//! proto spelling, `a.b.c`, where all but the last are singular messages, or such a path to a map with a key, `a.m[key]`.

use super::percent::unescape;
use super::{Binder, BindingError, BindingProblem, Target, nest};
use crate::configuration::UnescapeSpec::AllCharacters;
use crate::rule::Body;
use protojson::{Cardinality, FieldId, Kind, MessageId};

/// What a name leads to.
enum Named<'n> {
    Field(Vec<FieldId>),
    Entry { map: Vec<FieldId>, key: &'n str },
}

impl Binder<'_> {
    pub(super) fn bind_query(&mut self, query: &[u8]) -> Result<(), BindingError> {
        let options = self.options;
        for parameter in query.split(|byte| *byte == b'&') {
            let Some(equals) = parameter.iter().position(|byte| *byte == b'=').filter(|equals| *equals > 0) else {
                continue;
            };
            let (raw_name, value) = parameter.split_at(equals);
            if options.ignored_query_parameters.get(raw_name).is_some() {
                continue;
            }
            let value = unescape(value.get(1..).unwrap_or_default(), AllCharacters, options.query_param_unescape_plus);
            let bound = self.bind_parameter(raw_name, &value);
            match bound {
                Err(BindingProblem::UnknownField) if options.capture_unknown_query_parameters => {
                    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                    self.bindings.unknown_query.push((text(raw_name), text(&value)));
                }
                Err(BindingProblem::UnknownField) if options.ignore_unknown_query_parameters => {}
                bound => bound.map_err(|problem| BindingError::in_query(raw_name, problem))?,
            }
        }
        Ok(())
    }

    fn bind_parameter(&mut self, raw_name: &[u8], value: &[u8]) -> Result<(), BindingProblem> {
        let options = self.options;
        if !options.query_may_bind_any_field && self.rule.body == Body::All {
            // The body has every field, so that nothing is left; what is to be captured is none of them.
            return if options.capture_unknown_query_parameters { Err(BindingProblem::UnknownField) } else { Ok(()) };
        }
        let name = unescape(raw_name, AllCharacters, false);
        let named = str::from_utf8(&name).ok().and_then(|name| self.resolve(name));
        let named = named.ok_or(BindingProblem::UnknownField)?;
        let (Named::Field(path) | Named::Entry { map: path, .. }) = &named;
        if !options.query_may_bind_any_field {
            if self.is_in_path(path) {
                return Ok(());
            }
            if matches!(self.rule.body, Body::Field(_)) && self.is_in_body(path) {
                return Err(BindingProblem::UnknownField);
            }
        }
        match named {
            Named::Field(path) => self.bind_value(&path, value, Target::Query),
            Named::Entry { map, key } => self.bind_entry(&map, key, value),
        }
    }

    fn resolve<'n>(&self, name: &'n str) -> Option<Named<'n>> {
        let (fields, key) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((fields, key)) if self.options.map_query_parameters => (fields, Some(key)),
            _ => (name, None),
        };
        let mut path = Vec::new();
        let mut message = Some(self.rule.input);
        let mut cardinality = Cardinality::Singular;
        for name in fields.split('.') {
            if path.len() >= self.options.parse.max_depth as usize {
                return None;
            }
            let field = self.schema.field_named(message?, name.as_bytes())?;
            let found = self.schema.field(field)?;
            cardinality = found.cardinality;
            message = found.kind.message().filter(|_| cardinality == Cardinality::Singular);
            path.push(field);
        }
        match key {
            None => Some(Named::Field(path)),
            Some(key) => (cardinality == Cardinality::Map).then_some(Named::Entry { map: path, key }),
        }
    }

    /// An entry of a map is a message with the key as field 1 and the value as field 2.
    fn bind_entry(&mut self, map: &[FieldId], key: &str, value: &[u8]) -> Result<(), BindingProblem> {
        if self.rule.takes_http_body && self.is_in_body(map) {
            return Ok(());
        }
        let text = str::from_utf8(value).map_err(|_| BindingProblem::NotUtf8)?;
        let entry = map.last().and_then(|map| self.entry(*map)).ok_or(BindingProblem::UnknownField)?;
        self.record.clear();
        for (number, text) in [(1, key), (2, text)] {
            let field = self.schema.field_numbered(entry, number).ok_or(BindingProblem::UnknownField)?;
            self.append_text(field, text)?;
        }
        nest(self.schema, map, &self.record, &mut self.bindings.query_repeated);
        Ok(())
    }

    fn entry(&self, map: FieldId) -> Option<MessageId> {
        match self.schema.field(map)?.kind {
            Kind::Message(entry) => Some(entry),
            _ => None,
        }
    }
}
