//! Why a path or a query cannot be bound.

use crate::rule::FieldPath;
use protojson::{ParseError, Schema};
use std::fmt;

/// A value that cannot be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingError {
    /// Where it stands.
    pub source: BindingSource,
    /// What is wrong with it.
    pub problem: BindingProblem,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingSource {
    /// In the path, for this field.
    Path(String),
    /// In the query, under this name.
    Query(String),
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingProblem {
    /// The query parameter names no field that the query may bind.
    UnknownField,
    /// The value is not UTF-8.
    NotUtf8,
    /// The field is a map, of which an entry needs a key.
    MapWithoutKey,
    /// The value does not fit the field.
    Value(ParseError),
}

impl BindingError {
    /// Whether all that is wrong is that the query names a field that there is not.
    pub fn is_unknown_field(&self) -> bool {
        self.problem == BindingProblem::UnknownField
    }

    pub(super) fn in_path(schema: &Schema, path: &FieldPath, problem: BindingProblem) -> Self {
        let names: Vec<&str> = path.iter().filter_map(|field| schema.field(*field)).map(|field| field.name).collect();
        Self { source: BindingSource::Path(names.join(".")), problem }
    }

    pub(super) fn in_query(name: &[u8], problem: BindingProblem) -> Self {
        Self { source: BindingSource::Query(String::from_utf8_lossy(name).into_owned()), problem }
    }
}

impl fmt::Display for BindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            BindingSource::Path(field) => write!(f, "path variable `{field}`: "),
            BindingSource::Query(name) => write!(f, "query parameter `{name}`: "),
        }?;
        match &self.problem {
            BindingProblem::UnknownField => f.write_str("expected the name of a field, but found another"),
            BindingProblem::NotUtf8 => f.write_str("expected UTF-8, but found other bytes"),
            BindingProblem::MapWithoutKey => {
                f.write_str("expected the key of an entry as in `map[key]`, but found none")
            }
            BindingProblem::Value(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BindingError {}
