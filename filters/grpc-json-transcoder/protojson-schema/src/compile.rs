//! Compilation: descriptors to tables, with everything that is wrong with them.
//!
//! Names are resolved, features inherited, JSON names made, indexes built. It decides what a descriptor means; what a
//! message means is decided by `parse` and `print`. Source: `google/protobuf/descriptor.proto` and the editions' feature
//! defaults; JSON names as `protoc` makes them.

use crate::descriptor::{self, File};
use crate::error::{DescriptorError, DescriptorErrors};
use crate::features::{self, Features};
use crate::name_index::NameIndex;
use crate::quote;
use crate::schema::{
    Cardinality, EnumEntry, EnumId, EnumValue, FieldEntry, Kind, MessageEntry, MessageId, Method, Schema, Service,
    Span, WellKnown,
};
use crate::wire::{MAX_FIELD_NUMBER, WireType};

const REPEATED: u64 = 3;
const GROUP: u64 = 10;

pub(crate) fn schema(descriptor_set: &[u8]) -> Result<Schema, DescriptorErrors> {
    let mut files = descriptor::files(descriptor_set).map_err(DescriptorError::NotADescriptorSet)?;
    if files.is_empty() {
        return Err(DescriptorError::Empty.into());
    }
    for built_in in built_in_files() {
        let there = |file: &File<'_>| {
            file.package == built_in.package
                && file
                    .messages
                    .iter()
                    .any(|message| built_in.messages.iter().any(|needed| needed.name == message.name))
        };
        if !files.iter().any(there) {
            files.push(built_in);
        }
    }
    let mut compiler = Compiler::default();
    compiler.declare(&files);
    compiler.index_types();
    compiler.extend();
    compiler.messages();
    compiler.services(&files);
    compiler.finish()
}

/// What errors are answered with, for sets that lack it.
fn built_in_files() -> [File<'static>; 2] {
    let field = |name: &'static str, number, kind, label, type_name: &'static str| descriptor::Field {
        name: name.as_bytes(),
        number,
        kind,
        label,
        type_name: type_name.as_bytes(),
        ..Default::default()
    };
    let file = |name: &'static str, package: &'static str, message: &'static str, fields| File {
        name: name.as_bytes(),
        package: package.as_bytes(),
        syntax: b"proto3",
        messages: vec![descriptor::Message { name: message.as_bytes(), fields, ..Default::default() }],
        ..Default::default()
    };
    let any = vec![field("type_url", 1, 9, 1, ""), field("value", 2, 12, 1, "")];
    let status = vec![
        field("code", 1, 5, 1, ""),
        field("message", 2, 9, 1, ""),
        field("details", 3, 11, REPEATED, ".google.protobuf.Any"),
    ];
    [
        file("google/protobuf/any.proto", "google.protobuf", "Any", any),
        file("google/rpc/status.proto", "google.rpc", "Status", status),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Type {
    Message { id: MessageId, map_entry: bool },
    Enum(EnumId),
}

struct Declared<'a> {
    name: String,
    message: &'a descriptor::Message<'a>,
    features: Features,
    extensions: Vec<Extension<'a>>,
}

#[derive(Clone)]
struct Extension<'a> {
    scope: String,
    field: &'a descriptor::Field<'a>,
    features: Features,
}

#[derive(Default)]
struct Compiler<'a> {
    schema: Schema,
    errors: Vec<DescriptorError>,
    types: Vec<(String, Type)>,
    /// Positions in `types` by name.
    type_names: NameIndex,
    messages: Vec<Declared<'a>>,
    extensions: Vec<Extension<'a>>,
}

impl<'a> Compiler<'a> {
    fn finish(mut self) -> Result<Schema, DescriptorErrors> {
        if !self.errors.is_empty() {
            return Err(DescriptorErrors(self.errors));
        }
        self.schema.text.shrink_to_fit();
        Ok(self.schema)
    }

    /// Appends text to the schema's.
    fn span(&mut self, text: &str) -> Span {
        let start = self.schema.text.len() as u32;
        self.schema.text.push_str(text);
        Span { start, end: self.schema.text.len() as u32 }
    }

    fn full_name(&mut self, scope: &str, name: &[u8]) -> String {
        let name = match std::str::from_utf8(name) {
            Ok(name) if !name.is_empty() => name,
            _ => {
                self.errors.push(DescriptorError::BadName { within: scope.to_owned() });
                return scope.to_owned();
            }
        };
        if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
    }

    fn inherit(&mut self, features: Features, overrides: &[u8]) -> Features {
        features.with(overrides).unwrap_or_else(|error| {
            self.errors.push(DescriptorError::NotADescriptorSet(error));
            features
        })
    }

    fn declare(&mut self, files: &'a [File<'a>]) {
        for file in files {
            let features = match (file.syntax, file.edition) {
                (b"" | b"proto2", 0 | 998) => features::PROTO2,
                (b"proto3", 0 | 999) => features::PROTO3,
                (b"editions", 1000 | 1001) => features::EDITION_2023,
                (syntax, edition) => {
                    let syntax = String::from_utf8_lossy(syntax);
                    self.errors.push(DescriptorError::UnknownSyntax {
                        file: String::from_utf8_lossy(file.name).into_owned(),
                        found: if edition == 0 { format!("`{syntax}`") } else { format!("edition number {edition}") },
                    });
                    continue;
                }
            };
            let features = self.inherit(features, file.features);
            let package = String::from_utf8_lossy(file.package).into_owned();
            self.declare_enums(&package, &file.enums, features);
            self.declare_messages(&package, &file.messages, features);
            for field in &file.extensions {
                self.extensions.push(Extension { scope: package.clone(), field, features });
            }
        }
    }

    fn declare_type(&mut self, name: &str, declared: Type) {
        self.types.push((name.to_owned(), declared));
    }

    fn index_types(&mut self) {
        let names: Vec<_> =
            self.types.iter().zip(0..).map(|((name, _), position)| (name.as_bytes(), position)).collect();
        self.type_names = NameIndex::new(&names);
        for ((name, _), position) in self.types.iter().zip(0..) {
            // Of equal names the first is found.
            if self.type_position(name) != Some(position) {
                self.errors.push(DescriptorError::DeclaredTwice { name: name.clone() });
            }
        }
    }

    fn type_position(&self, name: &str) -> Option<u32> {
        let is_it = |position: u32| self.types.get(position as usize).is_some_and(|(other, _)| other == name);
        self.type_names.find(name.as_bytes(), is_it)
    }

    /// The type that a descriptor refers to by its full name, with a dot before it.
    fn type_named(&self, name: &[u8]) -> Option<Type> {
        let name = std::str::from_utf8(name).unwrap_or_default().trim_start_matches('.');
        let (_, found) = self.types.get(self.type_position(name)? as usize)?;
        Some(*found)
    }

    fn declare_messages(&mut self, scope: &str, messages: &'a [descriptor::Message<'a>], features: Features) {
        for message in messages {
            let name = self.full_name(scope, message.name);
            let features = self.inherit(features, message.features);
            let id = MessageId(self.messages.len() as u32);
            self.declare_type(&name, Type::Message { id, map_entry: message.map_entry });
            self.messages.push(Declared { name: name.clone(), message, features, extensions: Vec::new() });
            self.declare_enums(&name, &message.enums, features);
            self.declare_messages(&name, &message.messages, features);
            for field in &message.extensions {
                self.extensions.push(Extension { scope: name.clone(), field, features });
            }
        }
    }

    fn declare_enums(&mut self, scope: &str, enums: &[descriptor::Enum<'_>], features: Features) {
        for declared in enums {
            let name = self.full_name(scope, declared.name);
            let features = self.inherit(features, declared.features);
            self.declare_type(&name, Type::Enum(EnumId(self.schema.enums.len() as u32)));
            let entry = self.enumeration(name, declared, features);
            self.schema.enums.push(entry);
        }
    }

    fn enumeration(&mut self, name: String, declared: &descriptor::Enum<'_>, features: Features) -> EnumEntry {
        if declared.values.is_empty() {
            self.errors.push(DescriptorError::EmptyEnum { name: name.clone() });
        }
        let prefix = upper_snake(declared.name);
        let mut values = Vec::with_capacity(declared.values.len());
        for (value, number) in &declared.values {
            let Ok(value) = std::str::from_utf8(value) else {
                self.errors.push(DescriptorError::BadName { within: name.clone() });
                continue;
            };
            let span = self.span(value);
            let short = value.strip_prefix(prefix.as_str()).and_then(|rest| rest.strip_prefix('_'));
            let short = short.filter(|short| short.starts_with(|first: char| first.is_ascii_alphabetic()));
            let start = span.end - short.map_or(value.len(), str::len) as u32;
            values.push(EnumValue { number: *number, name: span, short_name: Span { start, end: span.end } });
        }
        order::sort(&mut values, |one, other| one.number.cmp(&other.number));
        let full = values.iter().zip(0..).map(|(value, position)| (self.schema.text(value.name).as_bytes(), position));
        let short =
            values.iter().zip(0..).map(|(value, position)| (self.schema.text(value.short_name).as_bytes(), position));
        let names = NameIndex::new(&full.chain(short).collect::<Vec<_>>());
        let null = name == "google.protobuf.NullValue";
        let default = declared.values.first().map_or(0, |(_, number)| *number);
        EnumEntry { name: self.span(&name), values, names, closed: features.closed_enum, default, null }
    }

    /// Gives each extension to the message that it extends.
    fn extend(&mut self) {
        for extension in std::mem::take(&mut self.extensions) {
            let name = extension.field.extendee;
            match self.type_named(name) {
                Some(Type::Message { id: extended, .. }) => {
                    if let Some(declared) = self.messages.get_mut(extended.0 as usize) {
                        declared.extensions.push(extension);
                    }
                }
                _ => {
                    let user = self.full_name(&extension.scope, extension.field.name);
                    self.unknown_type(user, name, "the extended message");
                }
            }
        }
    }

    fn unknown_type(&mut self, user: String, name: &[u8], expected: &'static str) {
        let name = String::from_utf8_lossy(name).trim_start_matches('.').to_owned();
        self.errors.push(DescriptorError::UnknownType { user, name, expected });
    }

    fn messages(&mut self) {
        for declared in std::mem::take(&mut self.messages) {
            let mut fields = Vec::with_capacity(declared.message.fields.len() + declared.extensions.len());
            for field in &declared.message.fields {
                let features = match field.oneof {
                    None => declared.features,
                    Some(oneof) => {
                        let of_oneof = usize::try_from(oneof).ok().and_then(|oneof| declared.message.oneofs.get(oneof));
                        self.inherit(declared.features, of_oneof.copied().unwrap_or_default())
                    }
                };
                fields.extend(self.field(&declared.name, declared.message, field, features, None));
            }
            for extension in &declared.extensions {
                fields.extend(self.field(
                    &declared.name,
                    declared.message,
                    extension.field,
                    extension.features,
                    Some(&extension.scope),
                ));
            }
            self.message(declared, fields);
        }
        let schema = &mut self.schema;
        let names = schema.messages.iter().zip(0..).map(|(entry, id)| (schema.text(entry.name).as_bytes(), id));
        schema.by_name = NameIndex::new(&names.collect::<Vec<_>>());
    }

    fn message(&mut self, declared: Declared<'_>, mut fields: Vec<FieldEntry>) {
        order::sort(&mut fields, |one, other| one.number.cmp(&other.number));
        for pair in fields.windows(2) {
            if let [one, other] = pair
                && one.number == other.number
            {
                let full = |field: &FieldEntry| format!("{}.{}", declared.name, self.schema.text(field.name));
                let error = DescriptorError::NumberTwice { field: full(other), other: full(one), number: one.number };
                self.errors.push(error);
            }
        }
        for (field, position) in fields.iter_mut().zip(0..) {
            field.position = position;
        }
        self.check_json_names(&declared, &fields);
        if declared.message.map_entry && !is_map_entry(&fields) {
            self.errors.push(DescriptorError::MapEntry { message: declared.name.clone() });
        }

        let of_json = fields.iter().map(|field| (self.schema.text(field.json_name).as_bytes(), field.position));
        let of_proto = fields.iter().filter(|field| !field.extension);
        let of_proto = of_proto.map(|field| (self.schema.text(field.name).as_bytes(), field.position));
        let names = NameIndex::new(&of_json.chain(of_proto).collect::<Vec<_>>());

        // Most messages number their fields without gaps, so a table that is at most twice as long answers.
        let dense = fields.len() as u32 * 2 + 8;
        let number_count = fields
            .iter()
            .map(|field| field.number)
            .take_while(|number| *number < dense)
            .last()
            .map_or(0, |last| last + 1);
        let first_number = self.schema.numbers.len() as u32;
        let mut numbers = vec![0; number_count as usize];
        for field in &fields {
            if let Some(slot) = numbers.get_mut(field.number as usize) {
                *slot = field.position + 1;
            }
        }
        self.schema.numbers.append(&mut numbers);

        let entry = MessageEntry {
            name: self.span(&declared.name),
            first_field: self.schema.fields.len() as u32,
            field_count: fields.len() as u32,
            oneof_count: declared.message.oneofs.len() as u32,
            well_known: well_known(&declared.name),
            message_set: declared.message.message_set,
            first_number,
            number_count,
            names,
        };
        self.schema.fields.append(&mut fields);
        self.schema.messages.push(entry);
    }

    fn check_json_names(&mut self, declared: &Declared<'_>, fields: &[FieldEntry]) {
        if declared.features.legacy_json {
            return;
        }
        let name_of = |field: &FieldEntry| self.schema.text(field.json_name).as_bytes();
        let names: Vec<_> = fields.iter().map(|field| (name_of(field), field.position)).collect();
        let index = NameIndex::new(&names);
        for field in fields {
            let is_it =
                |position: u32| fields.get(position as usize).is_some_and(|other| name_of(other) == name_of(field));
            let first = index.find(name_of(field), is_it).and_then(|first| fields.get(first as usize));
            if let Some(other) = first.filter(|first| first.position != field.position) {
                let full = |field: &FieldEntry| format!("{}.{}", declared.name, self.schema.text(field.name));
                let name = self.schema.text(field.json_name).to_owned();
                self.errors.push(DescriptorError::JsonNameTwice { field: full(field), other: full(other), name });
            }
        }
    }

    fn field(
        &mut self,
        message_name: &str,
        message: &descriptor::Message<'_>,
        field: &descriptor::Field<'_>,
        features: Features,
        extension_scope: Option<&str>,
    ) -> Option<FieldEntry> {
        let full = self.full_name(extension_scope.unwrap_or(message_name), field.name);
        let features = self.inherit(features, field.features);
        let number = match u32::try_from(field.number) {
            Ok(number @ 1..=MAX_FIELD_NUMBER) => number,
            _ => {
                self.errors.push(DescriptorError::FieldNumber { field: full, number: field.number });
                return None;
            }
        };
        let mut kind = self.kind(&full, field)?;
        let mut cardinality = if field.label == REPEATED { Cardinality::Repeated } else { Cardinality::Singular };
        if let Kind::Message(id) = kind {
            let of_map = self.type_named(field.type_name);
            if cardinality == Cardinality::Repeated && matches!(of_map, Some(Type::Message { map_entry: true, .. })) {
                cardinality = Cardinality::Map;
            } else if field.kind == GROUP || (features.delimited && !message.map_entry) {
                kind = Kind::Group(id);
            }
        }
        if field.oneof.is_some_and(|oneof| oneof >= message.oneofs.len() as u64) {
            self.errors.push(DescriptorError::UnknownOneof { field: full });
            return None;
        }
        // A oneof of a single field (`optional` in proto3) excludes nothing.
        let shared = message.fields.iter().filter(|other| other.oneof == field.oneof).nth(1).is_some();
        let oneof = field.oneof.filter(|_| shared).map(|oneof| oneof as u32);
        let extension = extension_scope.is_some();
        let singular = cardinality == Cardinality::Singular;
        let packable = cardinality == Cardinality::Repeated
            && matches!(kind.wire_type(), WireType::Varint | WireType::I32 | WireType::I64);
        let packed = packable && field.packed.unwrap_or(features.packed);
        let presence =
            singular && (kind.message().is_some() || field.oneof.is_some() || extension || features.presence);
        let wire_type = if packed { WireType::Len } else { kind.wire_type() };

        let name = full.rsplit('.').next().unwrap_or_default();
        let json_name = match (extension, field.json_name.map(std::str::from_utf8)) {
            (true, _) => format!("[{full}]"),
            (false, Some(Ok(json_name))) => json_name.to_owned(),
            (false, _) => lower_camel(name),
        };
        let printed_name = if extension { json_name.clone() } else { name.to_owned() };
        let (name, proto_key) = self.key(&printed_name);
        let (json_name, json_key) = if json_name == printed_name { (name, proto_key) } else { self.key(&json_name) };
        Some(FieldEntry {
            number,
            tag: wire_type.tag(number),
            kind,
            cardinality,
            packed,
            presence,
            extension,
            position: 0,
            oneof,
            name,
            json_name,
            proto_key,
            json_key,
        })
    }

    /// A name, and the name as it is printed before a value. Names that need no escape share their text.
    fn key(&mut self, name: &str) -> (Span, Span) {
        let mut key = Vec::with_capacity(name.len() + 3);
        // A `str` is never invalid UTF-8.
        let _ = quote::string(name.as_bytes(), &mut key);
        key.push(b':');
        let key = self.span(&String::from_utf8_lossy(&key));
        let inner = Span { start: key.start + 1, end: key.end - 2 };
        let span = if self.schema.text(inner) == name { inner } else { self.span(name) };
        (span, key)
    }

    fn kind(&mut self, full: &str, field: &descriptor::Field<'_>) -> Option<Kind> {
        let resolved = self.type_named(field.type_name);
        Some(match (field.kind, resolved) {
            (1, _) => Kind::Double,
            (2, _) => Kind::Float,
            (3, _) => Kind::Int64,
            (4, _) => Kind::Uint64,
            (5, _) => Kind::Int32,
            (6, _) => Kind::Fixed64,
            (7, _) => Kind::Fixed32,
            (8, _) => Kind::Bool,
            (9, _) => Kind::String,
            (12, _) => Kind::Bytes,
            (13, _) => Kind::Uint32,
            (15, _) => Kind::Sfixed32,
            (16, _) => Kind::Sfixed64,
            (17, _) => Kind::Sint32,
            (18, _) => Kind::Sint64,
            (0 | 10 | 11, Some(Type::Message { id, .. })) => Kind::Message(id),
            (0 | 14, Some(Type::Enum(id))) => Kind::Enum(id),
            (10 | 11, _) => {
                self.unknown_type(full.to_owned(), field.type_name, "the message");
                return None;
            }
            (14, _) => {
                self.unknown_type(full.to_owned(), field.type_name, "the enum");
                return None;
            }
            (found, _) => {
                self.errors.push(DescriptorError::FieldType { field: full.to_owned(), found });
                return None;
            }
        })
    }

    fn services(&mut self, files: &[File<'_>]) {
        for file in files {
            let package = String::from_utf8_lossy(file.package);
            for service in &file.services {
                let name = self.full_name(&package, service.name);
                if self.schema.services.iter().any(|other| other.name == name) {
                    self.errors.push(DescriptorError::DeclaredTwice { name: name.clone() });
                }
                let methods = service.methods.iter().filter_map(|method| self.method(&name, method)).collect();
                self.schema.services.push(Service { name, methods });
            }
        }
    }

    fn method(&mut self, service: &str, method: &descriptor::Method<'_>) -> Option<Method> {
        let full = self.full_name(service, method.name);
        let mut message = |name: &[u8]| match self.type_named(name) {
            Some(Type::Message { id, .. }) => Some(id),
            _ => {
                self.unknown_type(full.clone(), name, "the message");
                None
            }
        };
        let (input, output) = (message(method.input), message(method.output));
        Some(Method {
            name: full.rsplit('.').next().unwrap_or_default().to_owned(),
            input: input?,
            output: output?,
            client_streaming: method.client_streaming,
            server_streaming: method.server_streaming,
            http_rule: method.http_rule.clone(),
        })
    }
}

fn is_map_entry(fields: &[FieldEntry]) -> bool {
    matches!(fields, [key, value]
    if key.number == 1
        && value.number == 2
        && key.cardinality == Cardinality::Singular
        && value.cardinality == Cardinality::Singular
        && !matches!(
            key.kind,
            Kind::Double | Kind::Float | Kind::Bytes | Kind::Enum(_) | Kind::Message(_) | Kind::Group(_)
        ))
}

fn well_known(full_name: &str) -> WellKnown {
    match full_name {
        "google.api.HttpBody" => WellKnown::HttpBody,
        "google.protobuf.Any" => WellKnown::Any,
        "google.protobuf.Timestamp" => WellKnown::Timestamp,
        "google.protobuf.Duration" => WellKnown::Duration,
        "google.protobuf.FieldMask" => WellKnown::FieldMask,
        "google.protobuf.Struct" => WellKnown::Struct,
        "google.protobuf.Value" => WellKnown::Value,
        "google.protobuf.ListValue" => WellKnown::ListValue,
        "google.protobuf.DoubleValue"
        | "google.protobuf.FloatValue"
        | "google.protobuf.Int64Value"
        | "google.protobuf.UInt64Value"
        | "google.protobuf.Int32Value"
        | "google.protobuf.UInt32Value"
        | "google.protobuf.BoolValue"
        | "google.protobuf.StringValue"
        | "google.protobuf.BytesValue" => WellKnown::Wrapper,
        _ => WellKnown::No,
    }
}

/// `two_words` as `twoWords`: an underscore goes, and a lower-case letter after it becomes upper-case.
pub(crate) fn lower_camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raise = false;
    for letter in name.chars() {
        if letter == '_' {
            raise = true;
        } else {
            camel.push(if raise { letter.to_ascii_uppercase() } else { letter });
            raise = false;
        }
    }
    camel
}

/// `TwoWords` as `TWO_WORDS`: what enum values have before them by convention.
fn upper_snake(name: &[u8]) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for &byte in name {
        if byte.is_ascii_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = byte.is_ascii_lowercase() || byte.is_ascii_digit();
        snake.push(byte.to_ascii_uppercase() as char);
    }
    snake
}
