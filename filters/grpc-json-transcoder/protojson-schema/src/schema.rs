//! A schema as tables: messages, fields, enums and services, found by name, by number and by JSON name without a search.
//!
//! It is built once by [`Schema::compile`] and never changes; everything that conversions ask of it is an index away. It
//! reads no message: that is `parse` and `print`.

use crate::compile;
use crate::error::DescriptorErrors;
use crate::name_index::NameIndex;
use crate::wire::WireType;
use crate::words::equal;

/// A message of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId(pub u32);

/// An enum of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnumId(pub u32);

/// A field of a message of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldId(pub u32);

/// The type of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `double`
    Double,
    /// `float`
    Float,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
    /// `sint32`
    Sint32,
    /// `sint64`
    Sint64,
    /// `fixed32`
    Fixed32,
    /// `fixed64`
    Fixed64,
    /// `sfixed32`
    Sfixed32,
    /// `sfixed64`
    Sfixed64,
    /// `bool`
    Bool,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// An enum.
    Enum(EnumId),
    /// A message with its length before it.
    Message(MessageId),
    /// A message between a start and an end tag.
    Group(MessageId),
}

impl Kind {
    /// How a single value is encoded.
    pub fn wire_type(self) -> WireType {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => WireType::I64,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => WireType::I32,
            Self::String | Self::Bytes | Self::Message(_) => WireType::Len,
            Self::Group(_) => WireType::StartGroup,
            _ => WireType::Varint,
        }
    }

    /// The message or group that values are, if they are.
    pub fn message(self) -> Option<MessageId> {
        match self {
            Self::Message(message) | Self::Group(message) => Some(message),
            _ => None,
        }
    }
}

/// How many values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// At most one.
    Singular,
    /// A list.
    Repeated,
    /// A map: on the wire a list of entries.
    Map,
}

/// Messages whose JSON form is not that of their fields, and those that transcoding treats by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WellKnown {
    /// An ordinary message.
    No,
    /// `google.protobuf.Any`
    Any,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// `google.protobuf.FieldMask`
    FieldMask,
    /// `google.protobuf.Struct`
    Struct,
    /// `google.protobuf.Value`
    Value,
    /// `google.protobuf.ListValue`
    ListValue,
    /// A wrapper of a scalar, such as `google.protobuf.Int32Value`: its field 1 stands for it.
    Wrapper,
    /// `google.api.HttpBody`: an ordinary message in JSON, raw content in HTTP.
    HttpBody,
}

/// What is known about a field.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The name in the `.proto`.
    pub name: &'a str,
    /// The name in JSON.
    pub json_name: &'a str,
    /// The number on the wire.
    pub number: u32,
    /// The type of a value.
    pub kind: Kind,
    /// How many values there are.
    pub cardinality: Cardinality,
    /// Whether "not set" differs from the default.
    pub has_presence: bool,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The full name.
    pub name: String,
    /// The methods in the order of their declaration.
    pub methods: Vec<Method>,
}

/// A method of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The name within the service.
    pub name: String,
    /// The message of a request.
    pub input: MessageId,
    /// The message of a reply.
    pub output: MessageId,
    /// Whether the client sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the server answers with a stream of messages.
    pub server_streaming: bool,
    /// The annotation `google.api.http`, serialized.
    pub http_rule: Option<Vec<u8>>,
}

/// A piece of the schema's text; see [`Schema::text`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// What conversions look up of a message.
#[derive(Debug)]
pub struct MessageEntry {
    /// The full name.
    pub name: Span,
    /// Fields in ascending order of their number: `first_field..first_field + field_count`.
    pub first_field: u32,
    /// How many fields there are.
    pub field_count: u32,
    /// How many oneofs there are.
    pub oneof_count: u32,
    /// What it is to JSON.
    pub well_known: WellKnown,
    /// Encoded as a `MessageSet`.
    pub message_set: bool,
    /// Positions by number: `numbers[first_number + number]` is the position plus one; larger numbers are searched.
    pub(crate) first_number: u32,
    pub(crate) number_count: u32,
    /// Positions by JSON name and by name.
    pub(crate) names: NameIndex,
}

/// What conversions look up of a field.
#[derive(Debug, Clone, Copy)]
pub struct FieldEntry {
    /// The number on the wire.
    pub number: u32,
    /// The tag to write: of a list that is packed, or of a single value.
    pub tag: u32,
    /// The type of a value.
    pub kind: Kind,
    /// How many values there are.
    pub cardinality: Cardinality,
    /// A list is written packed.
    pub packed: bool,
    /// Whether "not set" differs from the default.
    pub presence: bool,
    /// It is an extension of its message.
    pub extension: bool,
    /// The position among the fields of its message.
    pub position: u32,
    /// The position among the oneofs of its message.
    pub oneof: Option<u32>,
    /// The name in the `.proto`.
    pub name: Span,
    /// The name in JSON.
    pub json_name: Span,
    /// `"name":` as it is printed.
    pub proto_key: Span,
    /// The same with the name in JSON.
    pub json_key: Span,
}

/// What conversions look up of an enum.
#[derive(Debug)]
pub struct EnumEntry {
    /// The full name.
    pub name: Span,
    /// In ascending order of their number, the first declared first among aliases.
    pub values: Vec<EnumValue>,
    /// Positions in `values` by name and by short name.
    pub names: NameIndex,
    /// Unknown numbers are no values of it.
    pub closed: bool,
    /// The default: the first declared.
    pub default: i32,
    /// `google.protobuf.NullValue`
    pub null: bool,
}

/// A value of an enum.
#[derive(Debug, Clone, Copy)]
pub struct EnumValue {
    /// The number on the wire.
    pub number: i32,
    /// The name.
    pub name: Span,
    /// The name without the enum's own name before it, if there is something left.
    pub short_name: Span,
}

/// Messages, enums and services, compiled for conversion.
#[derive(Debug, Default)]
pub struct Schema {
    pub(crate) messages: Vec<MessageEntry>,
    pub(crate) fields: Vec<FieldEntry>,
    pub(crate) enums: Vec<EnumEntry>,
    pub(crate) numbers: Vec<u32>,
    pub(crate) text: String,
    pub(crate) services: Vec<Service>,
    /// Messages by full name.
    pub(crate) by_name: NameIndex,
}

impl Schema {
    /// Compiles a serialized `google.protobuf.FileDescriptorSet` that holds every imported file.
    ///
    /// `google.rpc.Status` and `google.protobuf.Any` are there even if the set lacks them: errors are answered with them.
    pub fn compile(descriptor_set: &[u8]) -> Result<Self, DescriptorErrors> {
        compile::schema(descriptor_set)
    }

    /// The services in the order of their declaration.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service of that full name.
    pub fn service(&self, full_name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == full_name)
    }

    /// The message of that full name, which has no dot before it.
    pub fn message(&self, full_name: &str) -> Option<MessageId> {
        let is_it = |id| self.message_name(MessageId(id)) == full_name;
        self.by_name.find(full_name.as_bytes(), is_it).map(MessageId)
    }

    /// The full name of a message.
    pub fn message_name(&self, message: MessageId) -> &str {
        self.message_entry(message).map_or("", |entry| self.text(entry.name))
    }

    /// The full name of an enum.
    pub fn enum_name(&self, id: EnumId) -> &str {
        self.enum_entry(id).map_or("", |entry| self.text(entry.name))
    }

    /// Whether and how a message is one that JSON treats by itself.
    pub fn well_known(&self, message: MessageId) -> WellKnown {
        self.message_entry(message).map_or(WellKnown::No, |entry| entry.well_known)
    }

    /// The fields of a message in ascending order of their number, extensions among them.
    pub fn fields(&self, message: MessageId) -> impl Iterator<Item = FieldId> + use<> {
        let entry = self.message_entry(message);
        let first = entry.map_or(0, |entry| entry.first_field);
        (first..first + entry.map_or(0, |entry| entry.field_count)).map(FieldId)
    }

    /// The field with that JSON name or, failing that, that name in the `.proto`.
    pub fn field_named(&self, message: MessageId, name: &[u8]) -> Option<FieldId> {
        let entry = self.message_entry(message)?;
        self.find_named(entry, name).map(|position| FieldId(entry.first_field + position))
    }

    /// The field with that number.
    pub fn field_numbered(&self, message: MessageId, number: u32) -> Option<FieldId> {
        let entry = self.message_entry(message)?;
        self.find_numbered(entry, number).map(|position| FieldId(entry.first_field + position))
    }

    /// What is known about a field. An identifier is valid only in the schema that gave it.
    pub fn field(&self, field: FieldId) -> Option<Field<'_>> {
        let entry = self.field_entry(field)?;
        Some(Field {
            name: self.text(entry.name),
            json_name: self.text(entry.json_name),
            number: entry.number,
            kind: entry.kind,
            cardinality: entry.cardinality,
            has_presence: entry.presence,
        })
    }

    /// The text of a span that is of this schema.
    #[inline]
    pub fn text(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The same as bytes, which are found in fewer steps.
    #[inline]
    pub fn bytes(&self, span: Span) -> &[u8] {
        self.text.as_bytes().get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The table of a message.
    #[inline]
    pub fn message_entry(&self, message: MessageId) -> Option<&MessageEntry> {
        self.messages.get(message.0 as usize)
    }

    /// The table of an enum.
    #[inline]
    pub fn enum_entry(&self, id: EnumId) -> Option<&EnumEntry> {
        self.enums.get(id.0 as usize)
    }

    /// The table of a field.
    #[inline]
    pub fn field_entry(&self, field: FieldId) -> Option<&FieldEntry> {
        self.fields.get(field.0 as usize)
    }

    /// The fields of a message as a slice, so that a position is an index.
    #[inline]
    pub fn fields_of(&self, entry: &MessageEntry) -> &[FieldEntry] {
        let first = entry.first_field as usize;
        self.fields.get(first..first + entry.field_count as usize).unwrap_or_default()
    }

    /// The position of the field with that name.
    #[inline]
    pub fn find_named(&self, entry: &MessageEntry, name: &[u8]) -> Option<u32> {
        let fields = self.fields_of(entry);
        entry.names.find(name, |position| {
            fields.get(position as usize).is_some_and(|field| {
                let is_it = |span| equal(self.bytes(span), name);
                is_it(field.json_name) || is_it(field.name)
            })
        })
    }

    /// The position of the field with that number.
    #[inline]
    pub fn find_numbered(&self, entry: &MessageEntry, number: u32) -> Option<u32> {
        if number < entry.number_count {
            return self.numbers.get((entry.first_number + number) as usize)?.checked_sub(1);
        }
        let fields = self.fields_of(entry);
        fields.binary_search_by_key(&number, |field| field.number).ok().map(|position| position as u32)
    }

    /// The position in `values` of the first declared value with that number.
    #[inline]
    pub fn find_value(entry: &EnumEntry, number: i32) -> Option<&EnumValue> {
        // Most enums count from 0, so that the number is the position.
        if let Some(value) = usize::try_from(number).ok().and_then(|position| entry.values.get(position))
            && value.number == number
            && number
                .checked_sub(1)
                .and_then(|before| entry.values.get(before as usize))
                .is_none_or(|before| before.number < number)
        {
            return Some(value);
        }
        let position = entry.values.partition_point(|value| value.number < number);
        entry.values.get(position).filter(|value| value.number == number)
    }
}
