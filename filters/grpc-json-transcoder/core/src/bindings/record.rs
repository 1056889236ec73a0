//! A record put into the messages that it belongs to.

use protojson::wire::{WireType, varint_len, write_varint};
use protojson::{FieldId, Kind, Schema};

/// What stands around a record for one message.
enum Around {
    /// Its tag and length.
    Length { tag: u32, length: usize },
    /// The tags at either end of a group.
    Tags { start: u32, end: u32 },
}

/// Appends a record as part of the messages that these fields lead to, each within the one before.
pub fn nest(schema: &Schema, parents: &[FieldId], record: &[u8], out: &mut Vec<u8>) {
    // From the inside out, because a length counts what is within.
    let mut inside_out = Vec::with_capacity(parents.len());
    let mut length = record.len();
    for field in parents.iter().rev().filter_map(|field| schema.field(*field)) {
        let tag_length = varint_len(u64::from(field.number) << 3);
        if let Kind::Group(_) = field.kind {
            let (start, end) = (WireType::StartGroup.tag(field.number), WireType::EndGroup.tag(field.number));
            inside_out.push(Around::Tags { start, end });
            length += 2 * tag_length;
        } else {
            inside_out.push(Around::Length { tag: WireType::Len.tag(field.number), length });
            length += tag_length + varint_len(length as u64);
        }
    }
    out.reserve(length);
    for around in inside_out.iter().rev() {
        match around {
            Around::Tags { start, .. } => write_varint(out, u64::from(*start)),
            Around::Length { tag, length } => {
                write_varint(out, u64::from(*tag));
                write_varint(out, *length as u64);
            }
        }
    }
    out.extend_from_slice(record);
    for around in &inside_out {
        if let Around::Tags { end, .. } = around {
            write_varint(out, u64::from(*end));
        }
    }
}
