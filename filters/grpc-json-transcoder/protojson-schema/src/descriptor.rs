//! Descriptors as they are serialized: the elements of a `FileDescriptorSet` that a schema is made of, borrowed.
//!
//! It reads and judges nothing: what is missing is empty, what is not needed (source info, defaults, most options) is skipped.
//! Source: `google/protobuf/descriptor.proto`.

use crate::wire::{Reader, Value, WireError};

/// How deep messages may be declared within each other.
const MAX_NESTING: u32 = 64;

#[derive(Debug, Default)]
pub(crate) struct File<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) package: &'a [u8],
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) enums: Vec<Enum<'a>>,
    pub(crate) services: Vec<Service<'a>>,
    pub(crate) extensions: Vec<Field<'a>>,
    pub(crate) syntax: &'a [u8],
    pub(crate) edition: u64,
    pub(crate) features: &'a [u8],
}

#[derive(Debug, Default)]
pub(crate) struct Message<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) enums: Vec<Enum<'a>>,
    pub(crate) extensions: Vec<Field<'a>>,
    /// The features of each oneof.
    pub(crate) oneofs: Vec<&'a [u8]>,
    pub(crate) map_entry: bool,
    pub(crate) message_set: bool,
    pub(crate) features: &'a [u8],
}

#[derive(Debug, Default)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) extendee: &'a [u8],
    pub(crate) number: u64,
    pub(crate) label: u64,
    pub(crate) kind: u64,
    pub(crate) type_name: &'a [u8],
    pub(crate) oneof: Option<u64>,
    pub(crate) json_name: Option<&'a [u8]>,
    pub(crate) proto3_optional: bool,
    pub(crate) packed: Option<bool>,
    pub(crate) features: &'a [u8],
}

#[derive(Debug, Default)]
pub(crate) struct Enum<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) values: Vec<(&'a [u8], i32)>,
    pub(crate) features: &'a [u8],
}

#[derive(Debug, Default)]
pub(crate) struct Service<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) methods: Vec<Method<'a>>,
}

#[derive(Debug, Default)]
pub(crate) struct Method<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) input: &'a [u8],
    pub(crate) output: &'a [u8],
    pub(crate) client_streaming: bool,
    pub(crate) server_streaming: bool,
    /// Occurrences of the extension `google.api.http`, concatenated, which is how messages are merged.
    pub(crate) http_rule: Option<Vec<u8>>,
}

/// The number of the extension `google.api.http` of `MethodOptions`.
const HTTP_RULE: u32 = 72_295_728;

/// Calls back for each field of a message.
fn read<'a>(bytes: &'a [u8], mut field: impl FnMut(u32, Value<'a>) -> Result<(), WireError>) -> Result<(), WireError> {
    let mut reader = Reader::new(bytes);
    while let Some(record) = reader.record()? {
        field(record.number, record.value)?;
    }
    Ok(())
}

/// The files of a serialized `FileDescriptorSet`.
pub(crate) fn files(set: &[u8]) -> Result<Vec<File<'_>>, WireError> {
    let mut files = Vec::new();
    read(set, |number, value| {
        if number == 1 {
            files.push(file(value.bytes())?);
        }
        Ok(())
    })?;
    Ok(files)
}

fn file(bytes: &[u8]) -> Result<File<'_>, WireError> {
    let mut file = File::default();
    read(bytes, |number, value| {
        match number {
            1 => file.name = value.bytes(),
            2 => file.package = value.bytes(),
            4 => file.messages.push(message(value.bytes(), 0)?),
            5 => file.enums.push(enumeration(value.bytes())?),
            6 => file.services.push(service(value.bytes())?),
            7 => file.extensions.push(field(value.bytes())?),
            8 => read(value.bytes(), |number, value| {
                if number == 50 {
                    file.features = value.bytes();
                }
                Ok(())
            })?,
            12 => file.syntax = value.bytes(),
            14 => file.edition = value.bits(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(file)
}

fn message(bytes: &[u8], depth: u32) -> Result<Message<'_>, WireError> {
    if depth >= MAX_NESTING {
        return Err(WireError { offset: 0, expected: "fewer messages declared within each other" });
    }
    let mut message_ = Message::default();
    read(bytes, |number, value| {
        match number {
            1 => message_.name = value.bytes(),
            2 => message_.fields.push(field(value.bytes())?),
            3 => message_.messages.push(message(value.bytes(), depth + 1)?),
            4 => message_.enums.push(enumeration(value.bytes())?),
            6 => message_.extensions.push(field(value.bytes())?),
            7 => read(value.bytes(), |number, value| {
                match number {
                    1 => message_.message_set = value.bits() != 0,
                    7 => message_.map_entry = value.bits() != 0,
                    12 => message_.features = value.bytes(),
                    _ => {}
                }
                Ok(())
            })?,
            8 => message_.oneofs.push(oneof_features(value.bytes())?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(message_)
}

/// The features in the options of a oneof.
fn oneof_features(bytes: &[u8]) -> Result<&[u8], WireError> {
    let mut features: &[u8] = b"";
    read(bytes, |number, value| {
        if number == 2 {
            read(value.bytes(), |number, value| {
                if number == 1 {
                    features = value.bytes();
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(features)
}

fn field(bytes: &[u8]) -> Result<Field<'_>, WireError> {
    let mut field = Field::default();
    read(bytes, |number, value| {
        match number {
            1 => field.name = value.bytes(),
            2 => field.extendee = value.bytes(),
            3 => field.number = value.bits(),
            4 => field.label = value.bits(),
            5 => field.kind = value.bits(),
            6 => field.type_name = value.bytes(),
            8 => read(value.bytes(), |number, value| {
                match number {
                    2 => field.packed = Some(value.bits() != 0),
                    21 => field.features = value.bytes(),
                    _ => {}
                }
                Ok(())
            })?,
            9 => field.oneof = Some(value.bits()),
            10 => field.json_name = Some(value.bytes()),
            17 => field.proto3_optional = value.bits() != 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok(field)
}

fn enumeration(bytes: &[u8]) -> Result<Enum<'_>, WireError> {
    let mut enumeration = Enum::default();
    read(bytes, |number, value| {
        match number {
            1 => enumeration.name = value.bytes(),
            2 => {
                let mut named: (&[u8], i32) = (b"", 0);
                read(value.bytes(), |number, value| {
                    match number {
                        1 => named.0 = value.bytes(),
                        2 => named.1 = value.bits() as i32,
                        _ => {}
                    }
                    Ok(())
                })?;
                enumeration.values.push(named);
            }
            3 => read(value.bytes(), |number, value| {
                if number == 7 {
                    enumeration.features = value.bytes();
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(enumeration)
}

fn service(bytes: &[u8]) -> Result<Service<'_>, WireError> {
    let mut service = Service::default();
    read(bytes, |number, value| {
        match number {
            1 => service.name = value.bytes(),
            2 => service.methods.push(method(value.bytes())?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(service)
}

fn method(bytes: &[u8]) -> Result<Method<'_>, WireError> {
    let mut method = Method::default();
    read(bytes, |number, value| {
        match number {
            1 => method.name = value.bytes(),
            2 => method.input = value.bytes(),
            3 => method.output = value.bytes(),
            4 => read(value.bytes(), |number, value| {
                if number == HTTP_RULE {
                    method.http_rule.get_or_insert_default().extend_from_slice(value.bytes());
                }
                Ok(())
            })?,
            5 => method.client_streaming = value.bits() != 0,
            6 => method.server_streaming = value.bits() != 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok(method)
}
