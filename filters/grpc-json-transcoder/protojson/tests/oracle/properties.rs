//! What must hold for every message of every schema. prost-reflect reads and writes the other side each time.

use proptest::prelude::*;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::FileDescriptorSet;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use protojson::{Bound, MessageId, ParseOptions, PrintOptions, Schema};

use crate::message::{self, Contents, canonical};
use crate::rewrite;
use crate::schema;
use crate::tape::Tape;

/// One schema twice: as prost-reflect and as we have it, and the message of it that a property is about.
pub struct Both {
    pub theirs: MessageDescriptor,
    pub schema: Schema,
    pub ours: MessageId,
}

impl Both {
    pub fn of(tape: &mut Tape) -> Self {
        let mut pool = DescriptorPool::global();
        let file = schema::file(tape);
        pool.add_file_descriptor_proto(file.clone()).unwrap_or_else(|error| panic!("{error:?} of {file:?}"));
        let set = FileDescriptorSet { file: pool.file_descriptor_protos().cloned().collect() };
        let schema = Schema::compile(&set.encode_to_vec()).unwrap_or_else(|error| panic!("{error} of {file:?}"));
        let ours = schema.message("t.M0").expect("there is at least one message");
        Self { theirs: pool.get_message_by_name("t.M0").expect("likewise"), schema, ours }
    }

    fn printed(&self, wire: &[u8], options: &PrintOptions) -> String {
        let mut json = Vec::new();
        protojson::print_message(&self.schema, self.ours, wire, options, &mut json)
            .unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8(json).expect("JSON is UTF-8")
    }

    fn parsed(&self, json: &str) -> DynamicMessage {
        let options = ParseOptions { reject_unknown_fields: true, ..ParseOptions::default() };
        let mut wire = Vec::new();
        protojson::parse_message(&self.schema, self.ours, json.as_bytes(), &options, &Bound::default(), &mut wire)
            .unwrap_or_else(|error| panic!("{error}"));
        DynamicMessage::decode(self.theirs.clone(), wire.as_slice()).expect("what we write can be read")
    }

    fn read_by_prost_reflect(&self, json: &str) -> DynamicMessage {
        let mut reader = serde_json::Deserializer::from_str(json);
        let message =
            DynamicMessage::deserialize_with_options(self.theirs.clone(), &mut reader, &DeserializeOptions::new())
                .unwrap_or_else(|error| panic!("{error} in {json}"));
        reader.end().expect("nothing comes after a message");
        message
    }

    pub fn printed_by_prost_reflect(message: &DynamicMessage, options: &SerializeOptions) -> String {
        let mut json = serde_json::Serializer::new(Vec::new());
        message.serialize_with_options(&mut json, options).expect("a message can be written");
        String::from_utf8(json.into_inner()).expect("JSON is UTF-8")
    }
}

/// The JSON as a tree in which every number has no more than the digits of a `float`: `1.0` and `1` are the same, and so
/// are two texts of one `float`. Whether each digit is right shows when the text is read again.
fn value(json: &str) -> serde_json::Value {
    let mut value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"));
    to_floats(&mut value);
    value
}

fn to_floats(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) => *value = number.as_f64().map(|number| number as f32).into(),
        serde_json::Value::Array(elements) => elements.iter_mut().for_each(to_floats),
        serde_json::Value::Object(members) => members.values_mut().for_each(to_floats),
        _ => {}
    }
}

/// A tape of that length at most.
pub fn tape(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..length)
}

pub const CONTENTS: Contents = Contents { depth: 4, any: true };

proptest! {
    #[test]
    fn what_we_print_is_what_prost_reflect_prints(first in tape(120), second in tape(400)) {
        let both = Both::of(&mut Tape::new(&first));
        let message = message::random(&both.theirs, CONTENTS, &mut Tape::new(&second));
        let json = both.printed(&message.encode_to_vec(), &PrintOptions::default());
        let theirs = Both::printed_by_prost_reflect(&message, &SerializeOptions::new());
        prop_assert_eq!(value(&json), value(&theirs));
        prop_assert_eq!(canonical(&both.read_by_prost_reflect(&json)), canonical(&message), "{}", json);
    }

    #[test]
    fn every_print_option_means_the_same_to_prost_reflect(
        first in tape(120),
        second in tape(400),
        flags in any::<[bool; 5]>(),
    ) {
        let both = Both::of(&mut Tape::new(&first));
        let message = message::random(&both.theirs, CONTENTS, &mut Tape::new(&second));
        let [defaults, enum_numbers, proto_names, space, numbers] = flags;
        let ours = PrintOptions {
            always_print_primitive_fields: defaults,
            always_print_enums_as_ints: enum_numbers,
            preserve_proto_field_names: proto_names,
            add_whitespace: space,
            int64_as_number: numbers,
            ..PrintOptions::default()
        };
        let theirs = SerializeOptions::new()
            .skip_default_fields(!defaults)
            .use_enum_numbers(enum_numbers)
            .use_proto_field_name(proto_names)
            .stringify_64_bit_integers(!numbers);
        let json = both.printed(&message.encode_to_vec(), &ours);
        prop_assert_eq!(value(&json), value(&Both::printed_by_prost_reflect(&message, &theirs)));
        prop_assert_eq!(canonical(&both.read_by_prost_reflect(&json)), canonical(&message), "{}", json);
        prop_assert_eq!(space && json != "{}", json.contains('\n'), "{}", json);
    }

    #[test]
    fn json_in_any_writing_is_read_as_prost_reflect_reads_it(first in tape(120), second in tape(400), third in tape(400)) {
        let both = Both::of(&mut Tape::new(&first));
        let message = message::random(&both.theirs, CONTENTS, &mut Tape::new(&second));
        let json = Both::printed_by_prost_reflect(&message, &SerializeOptions::new());
        let json = serde_json::from_str(&json).expect("prost-reflect writes JSON");
        let json = rewrite::rewritten_json(&json, &mut Tape::new(&third));
        prop_assert_eq!(canonical(&both.parsed(&json)), canonical(&message), "{}", json);
    }

    #[test]
    fn what_we_print_we_read(first in tape(120), second in tape(400)) {
        let both = Both::of(&mut Tape::new(&first));
        let message = message::random(&both.theirs, CONTENTS, &mut Tape::new(&second));
        let json = both.printed(&message.encode_to_vec(), &PrintOptions::default());
        prop_assert_eq!(canonical(&both.parsed(&json)), canonical(&message), "{}", json);
    }

    /// Two messages one after the other are one merged; records may come in any order.
    #[test]
    fn a_message_in_pieces_is_printed_merged(
        first in tape(120),
        second in tape(300),
        third in tape(300),
        order in tape(200),
    ) {
        let both = Both::of(&mut Tape::new(&first));
        let contents = Contents { any: false, ..CONTENTS };
        let [second, third] = [second, third].map(|tape| message::random(&both.theirs, contents, &mut Tape::new(&tape)));
        let wire = [second.encode_to_vec(), third.encode_to_vec()].concat();
        let wire = rewrite::shuffled_wire(&both.theirs, &wire, &mut Tape::new(&order));
        let merged = DynamicMessage::decode(both.theirs.clone(), wire.as_slice()).expect("records in any order");
        let json = both.printed(&wire, &PrintOptions::default());
        let theirs = Both::printed_by_prost_reflect(&merged, &SerializeOptions::new());
        prop_assert_eq!(value(&json), value(&theirs));
        prop_assert_eq!(canonical(&both.read_by_prost_reflect(&json)), canonical(&merged), "{}", json);
    }
}
