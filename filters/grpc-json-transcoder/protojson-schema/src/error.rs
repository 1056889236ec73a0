//! What can be wrong with a descriptor set: everything is collected, so that one run of a tool shows all of it.

use crate::wire::WireError;
use std::fmt;

/// One thing that is wrong with a descriptor set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DescriptorError {
    /// The bytes are no serialized `FileDescriptorSet`.
    NotADescriptorSet(WireError),
    /// There is no file in the set.
    Empty,
    /// A file is of a syntax or an edition that is not known here.
    UnknownSyntax {
        /// The file.
        file: String,
        /// What it says.
        found: String,
    },
    /// A name is missing or is not UTF-8.
    BadName {
        /// The element that it belongs to or is declared in.
        within: String,
    },
    /// Two elements have the same full name.
    DeclaredTwice {
        /// That name.
        name: String,
    },
    /// A type is not in the set, most often because an import is missing.
    UnknownType {
        /// The field or method that names it.
        user: String,
        /// The name of the type.
        name: String,
        /// What it had to be: a message, an enum.
        expected: &'static str,
    },
    /// A field has a number that no field may have.
    FieldNumber {
        /// The field.
        field: String,
        /// The number.
        number: u64,
    },
    /// A field has a type that does not exist.
    FieldType {
        /// The field.
        field: String,
        /// The number of the type.
        found: u64,
    },
    /// Two fields of a message have the same number.
    NumberTwice {
        /// The second field.
        field: String,
        /// The first.
        other: String,
        /// The number.
        number: u32,
    },
    /// Two fields of a message have the same JSON name.
    JsonNameTwice {
        /// The second field.
        field: String,
        /// The first.
        other: String,
        /// The JSON name.
        name: String,
    },
    /// A field is in a oneof that its message does not have.
    UnknownOneof {
        /// The field.
        field: String,
    },
    /// The entry of a map has not exactly a key (1) and a value (2) of fitting types.
    MapEntry {
        /// The message that is the entry.
        message: String,
    },
    /// An enum has no value.
    EmptyEnum {
        /// The enum.
        name: String,
    },
    /// A service is not in the set.
    UnknownService {
        /// The name that was asked for.
        name: String,
        /// The services that are there.
        known: Vec<String>,
    },
}

impl fmt::Display for DescriptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADescriptorSet(error) => {
                write!(f, "expected a serialized google.protobuf.FileDescriptorSet, but reading stopped: {error}")
            }
            Self::Empty => f.write_str("expected a google.protobuf.FileDescriptorSet with files, but found none"),
            Self::UnknownSyntax { file, found } => {
                write!(f, "{file}: expected proto2, proto3 or edition 2023 or 2024, but found {found}")
            }
            Self::BadName { within } => write!(f, "{within}: expected a name in UTF-8, but found none"),
            Self::DeclaredTwice { name } => write!(f, "{name}: expected one declaration, but found two"),
            Self::UnknownType { user, name, expected } => write!(
                f,
                "{user}: expected {expected} `{name}` in the set, but found none; was it written with --include_imports?"
            ),
            Self::FieldNumber { field, number } => {
                write!(f, "{field}: expected a field number from 1 to 536870911, but found {number}")
            }
            Self::FieldType { field, found } => {
                write!(f, "{field}: expected a field type from 1 to 18, but found {found}")
            }
            Self::NumberTwice { field, other, number } => {
                write!(f, "{field}: expected a number of its own, but found {number}, which `{other}` has")
            }
            Self::JsonNameTwice { field, other, name } => {
                write!(f, "{field}: expected a JSON name of its own, but found `{name}`, which `{other}` has")
            }
            Self::UnknownOneof { field } => {
                write!(f, "{field}: expected a oneof of its message, but found the number of none")
            }
            Self::MapEntry { message } => {
                write!(f, "{message}: expected the fields `key` (1) and `value` (2) of a map, but found others")
            }
            Self::EmptyEnum { name } => write!(f, "{name}: expected at least one value, but found none"),
            Self::UnknownService { name, known } => {
                write!(f, "expected a service of the descriptor set, but found `{name}`; there ")?;
                match known.as_slice() {
                    [] => f.write_str("are none"),
                    [one] => write!(f, "is `{one}`"),
                    more => write!(f, "are `{}`", more.join("`, `")),
                }
            }
        }
    }
}

impl std::error::Error for DescriptorError {}

/// Everything that is wrong with a descriptor set, displayed one per line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescriptorErrors(pub(crate) Vec<DescriptorError>);

impl DescriptorErrors {
    /// The errors in the order of the set.
    pub fn iter(&self) -> impl Iterator<Item = &DescriptorError> {
        self.0.iter()
    }
}

impl From<DescriptorError> for DescriptorErrors {
    fn from(error: DescriptorError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for DescriptorErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DescriptorErrors {}
