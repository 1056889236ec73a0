//! Pruning: a descriptor set cut down to what the named services need.
//!
//! What stays are those services with their options, the messages and enums that they reach, and the extensions of those
//! messages; source info, imports and everything else go. What stays is copied byte for byte, so whatever a descriptor says that is
//! not known here survives. Source: `google/protobuf/descriptor.proto`.

use crate::descriptor;
use crate::error::{DescriptorError, DescriptorErrors};
use crate::wire::{Reader, WireError, WireType, write_delimited};
use std::collections::{BTreeMap, BTreeSet};

/// Cuts a serialized `FileDescriptorSet` down to what these services need.
///
/// A service that is not in the set is an error; all of them are reported.
pub fn prune(descriptor_set: &[u8], services: &[&str]) -> Result<Vec<u8>, DescriptorErrors> {
    let files = descriptor::files(descriptor_set).map_err(DescriptorError::NotADescriptorSet)?;
    let mut reach = Reach { types: BTreeMap::new(), kept: BTreeSet::new() };
    for file in &files {
        reach.declare(file.package, &file.messages, &file.enums);
    }
    let mut errors = Vec::new();
    for wanted in services {
        let found = files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)));
        match found.into_iter().find(|(file, service)| full_name(file.package, service.name) == wanted.as_bytes()) {
            Some((_, service)) => {
                for method in &service.methods {
                    reach.keep(method.input);
                    reach.keep(method.output);
                }
            }
            None => {
                let known = files.iter().flat_map(|file| {
                    file.services
                        .iter()
                        .map(|service| String::from_utf8_lossy(&full_name(file.package, service.name)).into_owned())
                });
                errors.push(DescriptorError::UnknownService { name: (*wanted).to_owned(), known: known.collect() });
            }
        }
    }
    if !errors.is_empty() {
        return Err(DescriptorErrors(errors));
    }
    let cut = Cut { kept: &reach.kept, services };
    let mut out = Vec::new();
    let mut reader = Reader::new(descriptor_set);
    for file in &files {
        let Ok(Some((1, WireType::Len))) = reader.tag() else { break };
        let bytes = reader.delimited().map_err(DescriptorError::NotADescriptorSet)?;
        let pruned = cut.file(file, bytes).map_err(DescriptorError::NotADescriptorSet)?;
        if let Some(pruned) = pruned {
            write_delimited(&mut out, 1, &pruned);
        }
    }
    Ok(out)
}

fn full_name(scope: &[u8], name: &[u8]) -> Vec<u8> {
    if scope.is_empty() { name.to_vec() } else { [scope, b".", name].concat() }
}

/// Which types are reached from the services.
struct Reach<'a> {
    types: BTreeMap<Vec<u8>, Option<&'a descriptor::Message<'a>>>,
    kept: BTreeSet<Vec<u8>>,
}

impl<'a> Reach<'a> {
    fn declare(&mut self, scope: &[u8], messages: &'a [descriptor::Message<'a>], enums: &'a [descriptor::Enum<'a>]) {
        for message in messages {
            let name = full_name(scope, message.name);
            self.declare(&name, &message.messages, &message.enums);
            self.types.insert(name, Some(message));
        }
        for declared in enums {
            self.types.insert(full_name(scope, declared.name), None);
        }
    }

    /// Keeps a type and what its fields reach, one after the other so that no schema is too deep.
    fn keep(&mut self, name: &[u8]) {
        let mut open = vec![name.strip_prefix(b".").unwrap_or(name).to_vec()];
        while let Some(name) = open.pop() {
            let Some(declared) = self.types.get(&name) else { continue };
            if !self.kept.insert(name) {
                continue;
            }
            let fields = declared.iter().flat_map(|message| &message.fields);
            let types = fields.filter(|field| !field.type_name.is_empty());
            open.extend(types.map(|field| field.type_name.strip_prefix(b".").unwrap_or(field.type_name).to_vec()));
        }
    }
}

/// Copies what is kept.
struct Cut<'a> {
    kept: &'a BTreeSet<Vec<u8>>,
    services: &'a [&'a str],
}

/// Each record of a message: its number, its value if it is length-delimited, and all its bytes.
fn records(bytes: &[u8], mut each: impl FnMut(u32, &[u8], &[u8]) -> Result<(), WireError>) -> Result<(), WireError> {
    let mut reader = Reader::new(bytes);
    loop {
        let start = reader.offset();
        let Some((number, wire_type)) = reader.tag()? else { return Ok(()) };
        let value = if wire_type == WireType::Len {
            reader.delimited()?
        } else {
            reader.skip(number, wire_type)?;
            b""
        };
        each(number, value, reader.since(start))?;
    }
}

/// The name, which is field 1 of every declaration.
fn name_of(declaration: &[u8]) -> Result<&[u8], WireError> {
    let mut reader = Reader::new(declaration);
    while let Some((number, wire_type)) = reader.tag()? {
        if (number, wire_type) == (1, WireType::Len) {
            return reader.delimited();
        }
        reader.skip(number, wire_type)?;
    }
    Ok(b"")
}

impl Cut<'_> {
    /// A file without what is not needed; nothing if nothing of it is.
    fn file(&self, file: &descriptor::File<'_>, bytes: &[u8]) -> Result<Option<Vec<u8>>, WireError> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut anything = false;
        records(bytes, |number, value, record| {
            match number {
                // Imports are not needed: every type is in the set under its full name.
                3 | 10 | 11 => {}
                4 => {
                    if let Some(message) = self.message(file.package, value)? {
                        anything = true;
                        write_delimited(&mut out, 4, &message);
                    }
                }
                5 | 6 => {
                    let name = full_name(file.package, name_of(value)?);
                    let service = number == 6 && self.services.iter().any(|service| service.as_bytes() == name);
                    if service || number == 5 && self.kept.contains(&name) {
                        anything = true;
                        out.extend_from_slice(record);
                    }
                }
                // Extensions of options are of no use without the options' messages, those of kept messages are fields.
                7 if !self.extends_kept(value)? => {}
                9 => {}
                _ => out.extend_from_slice(record),
            }
            Ok(())
        })?;
        Ok(anything.then_some(out))
    }

    /// A message without the declarations inside it that are not needed; nothing if it is not needed either.
    fn message(&self, scope: &[u8], bytes: &[u8]) -> Result<Option<Vec<u8>>, WireError> {
        let name = full_name(scope, name_of(bytes)?);
        let kept = self.kept.contains(&name);
        let mut inner = false;
        let mut out = Vec::with_capacity(bytes.len());
        records(bytes, |number, value, record| {
            match number {
                3 => {
                    if let Some(message) = self.message(&name, value)? {
                        inner = true;
                        write_delimited(&mut out, 3, &message);
                    }
                }
                4 => {
                    if self.kept.contains(&full_name(&name, name_of(value)?)) {
                        inner = true;
                        out.extend_from_slice(record);
                    }
                }
                6 if !self.extends_kept(value)? => {}
                // Of a message that only holds others nothing but its name is needed.
                2 | 8 if !kept => {}
                _ => out.extend_from_slice(record),
            }
            Ok(())
        })?;
        Ok((kept || inner).then_some(out))
    }

    fn extends_kept(&self, field: &[u8]) -> Result<bool, WireError> {
        let (mut extendee, mut type_name): (&[u8], &[u8]) = (b"", b"");
        let mut reader = Reader::new(field);
        while let Some((number, wire_type)) = reader.tag()? {
            match (number, wire_type) {
                (2, WireType::Len) => extendee = reader.delimited()?,
                (6, WireType::Len) => type_name = reader.delimited()?,
                _ => reader.skip(number, wire_type)?,
            }
        }
        let kept = |name: &[u8]| self.kept.contains(name.strip_prefix(b".").unwrap_or(name));
        Ok(kept(extendee) && (type_name.is_empty() || kept(type_name)))
    }
}
