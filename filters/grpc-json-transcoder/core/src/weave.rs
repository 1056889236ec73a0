//! One request message of its parts: the JSON of the body, and what the path and the query bind.
//!
//! Protobuf merges what comes twice on the wire, so weaving is to put records one after the other; which of two values wins is
//! decided by which comes last. The profile `strict` lets the path win over the query, and both over the body; `envoy` lets
//! the query win over the path, and the body over both, as the native filter does.

use crate::bindings::{Bindings, nest};
use crate::configuration::Profile;
use crate::conversion::Conversion;
use crate::rule::Body;
use protojson::wire::{Reader, write_delimited};
use protojson::{
    Bound, Cardinality, Collision, FieldId, Kind, MessageId, WellKnown, field_mask, parse_field, parse_message,
};

/// The name that a field has which says what a PATCH changes (AIP-134).
const UPDATE_MASK: &[u8] = b"update_mask";

/// What a message is made by.
pub(crate) struct Weaver<'a> {
    pub(crate) conversion: Conversion<'a>,
    pub(crate) input: MessageId,
    pub(crate) body: &'a Body,
    /// The fields that the body has are to be named.
    pub(crate) is_patch: bool,
    /// One of a stream as the native filter reads it: enums in any case and collisions are not heeded.
    pub(crate) is_native_stream: bool,
}

impl Weaver<'_> {
    /// Appends the message: of the body's JSON, if there is any, and of the bindings.
    pub(crate) fn weave(&self, bindings: Option<&Bindings>, json: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let Some(bindings) = bindings else { return self.parse(&Bindings::default(), json, out) };
        if self.conversion.options.profile == Profile::Envoy {
            out.extend_from_slice(&bindings.path);
            out.extend_from_slice(&bindings.query_singular);
            self.parse(bindings, json, out)?;
            out.extend_from_slice(&bindings.query_repeated);
        } else {
            self.parse(bindings, json, out)?;
            self.name_fields(bindings, json, out)?;
            out.extend_from_slice(&bindings.query_repeated);
            out.extend_from_slice(&bindings.query_singular);
            out.extend_from_slice(&bindings.path);
        }
        Ok(())
    }

    fn parse(&self, bindings: &Bindings, json: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let Conversion { schema, binding, .. } = self.conversion;
        // No body at all is an empty message.
        if json.is_empty() {
            if let Body::Field(path) = self.body
                && self.resource().is_some_and(|resource| schema.well_known(resource) == WellKnown::No)
            {
                nest(schema, path, &[], out);
            }
            return Ok(());
        }
        let (mut options, mut collision) = (binding.parse, binding.collision);
        if self.is_native_stream {
            (options.case_insensitive_enums, collision) = (false, Collision::KeepBody);
        }
        let bound = Bound::new(&bindings.bound, collision);
        let parsed = match self.body {
            Body::None | Body::All => parse_message(schema, self.input, json, &options, &bound, out),
            Body::Field(path) => match path.split_last() {
                None => Ok(()),
                Some((field, [])) => parse_field(schema, *field, json, &options, &bound, out),
                Some((field, parents)) => {
                    let mut record = Vec::new();
                    parse_field(schema, *field, json, &options, &Bound::default(), &mut record)
                        .map(|()| nest(schema, parents, &record, out))
                }
            },
        };
        parsed.map_err(|error| error.to_string())
    }

    /// Appends the update mask of a PATCH, unless the client gives one.
    fn name_fields(&self, bindings: &Bindings, json: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let Conversion { schema, binding, .. } = self.conversion;
        let Some(mask) = self.update_mask() else { return Ok(()) };
        let Some(resource) = self.resource() else { return Ok(()) };
        if json.is_empty() || has_field(&bindings.query_singular, mask) || has_field(&bindings.path, mask) {
            return Ok(());
        }
        let paths = field_mask(schema, resource, json, &binding.parse).map_err(|error| error.to_string())?;
        write_delimited(out, mask, &paths);
        Ok(())
    }

    /// The number of the mask's field.
    fn update_mask(&self) -> Option<u32> {
        let schema = self.conversion.schema;
        if !self.is_patch || !self.conversion.options.patch_field_mask {
            return None;
        }
        let field = schema.field(schema.field_named(self.input, UPDATE_MASK)?)?;
        let is_mask = field.kind.message().is_some_and(|message| schema.well_known(message) == WellKnown::FieldMask);
        is_mask.then_some(field.number)
    }

    /// The message that the body is.
    fn resource(&self) -> Option<MessageId> {
        let Body::Field(path) = self.body else { return None };
        let field = self.conversion.schema.field(*path.last()?)?;
        match field.kind {
            Kind::Message(message) | Kind::Group(message) if field.cardinality == Cardinality::Singular => {
                Some(message)
            }
            _ => None,
        }
    }
}

fn has_field(wire: &[u8], wanted: u32) -> bool {
    let mut reader = Reader::new(wire);
    while let Ok(Some((number, wire_type))) = reader.tag() {
        if number == wanted {
            return true;
        }
        if reader.skip(number, wire_type).is_err() {
            return false;
        }
    }
    false
}

/// The numbers of the fields of a path.
pub(crate) fn path_numbers(conversion: Conversion<'_>, path: &[FieldId]) -> Vec<u32> {
    path.iter().filter_map(|field| conversion.schema.field(*field)).map(|field| field.number).collect()
}
