//! Random messages of a schema, and what it means that two messages are the same.

use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use crate::tape::Tape;

const STRINGS: [&str; 8] =
    ["", "a", "text", "grüße 😀", "\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}", "\u{2028}\u{2029}<>&'", "null", "\u{ffff}"];
const FLOATS: [f64; 15] = [
    0.0,
    1.0,
    -1.5,
    0.1,
    1e21,
    1e-7,
    123_456_789.125,
    9_007_199_254_740_993.0,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    1e15,
];
const MASKS: [&str; 4] = ["a", "foo_bar", "a.b_c.d", "x1.two_words"];

/// What a random message may have in it.
#[derive(Clone, Copy)]
pub struct Contents {
    /// How deep messages nest.
    pub depth: usize,
    /// Whether a `google.protobuf.Any` has more in it than an empty message.
    pub any: bool,
}

pub fn random(message: &MessageDescriptor, contents: Contents, tape: &mut Tape) -> DynamicMessage {
    let mut made = DynamicMessage::new(message.clone());
    match message.full_name() {
        "google.protobuf.Timestamp" => {
            made.set_field_by_name("seconds", Value::I64((tape.bits() % 315_537_897_599) as i64 - 62_135_596_800));
            made.set_field_by_name("nanos", Value::I32(nanos(tape)));
        }
        "google.protobuf.Duration" => {
            made.set_field_by_name("seconds", Value::I64((tape.bits() % 315_576_000_001) as i64));
            made.set_field_by_name("nanos", Value::I32(nanos(tape)));
        }
        "google.protobuf.FieldMask" => {
            let paths = (0..tape.below(3)).map(|_| Value::String(tape.pick(&MASKS).to_owned())).collect();
            made.set_field_by_name("paths", Value::List(paths));
        }
        // prost-reflect writes null for a wrapped number that is not finite.
        "google.protobuf.FloatValue" => made.set_field_by_name("value", Value::F32(finite(tape) as f32)),
        "google.protobuf.DoubleValue" => made.set_field_by_name("value", Value::F64(finite(tape))),
        "google.protobuf.Value" => set_value(&mut made, contents, tape),
        "google.protobuf.Any" => set_any(&mut made, contents, tape),
        _ => {
            for field in message.fields() {
                if tape.below(3) > 0 && (contents.depth > 0 || message_of(&field).is_none()) {
                    made.set_field(&field, random_field(&field, contents, tape));
                }
            }
        }
    }
    made
}

fn nanos(tape: &mut Tape) -> i32 {
    let fraction = (tape.bits() % 1_000_000_000) as i32;
    tape.pick(&[0, fraction, fraction / 1000 * 1000, fraction / 1_000_000 * 1_000_000])
}

/// The message that a field nests, itself or in a map.
fn message_of(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let kind = field.kind();
    let message = kind.as_message()?;
    if field.is_map() { message.map_entry_value_field().kind().as_message().cloned() } else { Some(message.clone()) }
}

fn random_field(field: &FieldDescriptor, contents: Contents, tape: &mut Tape) -> Value {
    if let Kind::Message(entry) = field.kind()
        && field.is_map()
    {
        let (key, value) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let entries = (0..tape.below(4)).map(|_| {
            let key = random_value(&key, contents, tape).into_map_key().expect("a key's kind");
            (key, random_value(&value, contents, tape))
        });
        Value::Map(entries.collect())
    } else if field.is_list() {
        Value::List((0..tape.below(5)).map(|_| random_value(&field.kind(), contents, tape)).collect())
    } else {
        random_value(&field.kind(), contents, tape)
    }
}

fn random_value(kind: &Kind, contents: Contents, tape: &mut Tape) -> Value {
    match kind {
        Kind::Double => Value::F64(float(tape)),
        Kind::Float => Value::F32(float(tape) as f32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(integer(tape) as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(integer(tape) as i64),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(integer(tape) as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(integer(tape)),
        Kind::Bool => Value::Bool(tape.one_in(2)),
        Kind::String => Value::String(tape.pick(&STRINGS).to_owned()),
        Kind::Bytes => Value::Bytes((0..tape.below(40)).map(|_| tape.byte()).collect::<Vec<_>>().into()),
        Kind::Message(message) => {
            Value::Message(random(message, Contents { depth: contents.depth.saturating_sub(1), ..contents }, tape))
        }
        Kind::Enum(values) => {
            let declared: Vec<_> = values.values().map(|value| value.number()).collect();
            let open = values.parent_file().syntax() == prost_reflect::Syntax::Proto3;
            Value::EnumNumber(if open && tape.one_in(4) {
                integer(tape) as i32
            } else if values.full_name() == "google.protobuf.NullValue" {
                0
            } else {
                tape.pick(&declared)
            })
        }
    }
}

fn integer(tape: &mut Tape) -> u64 {
    match tape.below(6) {
        0 => tape.below(256) as u64,
        1 => 0,
        2 => u64::MAX,
        3 => i64::MIN as u64 | i32::MIN as u32 as u64,
        4 => i64::MAX as u64,
        _ => tape.bits(),
    }
}

fn finite(tape: &mut Tape) -> f64 {
    Some(float(tape)).filter(|number| (*number as f32).is_finite()).unwrap_or_default()
}

fn float(tape: &mut Tape) -> f64 {
    if tape.one_in(3) { f64::from_bits(tape.bits()) } else { tape.pick(&FLOATS) }
}

/// One of the forms of JSON: there is no way to write a value that is none, nor a number that is not finite.
fn set_value(made: &mut DynamicMessage, contents: Contents, tape: &mut Tape) {
    let choices = if contents.depth > 0 { 6 } else { 4 };
    let name =
        ["null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"][tape.below(choices)];
    let field = made.descriptor().get_field_by_name(name).expect("a field of Value");
    let value = match name {
        "null_value" => Value::EnumNumber(0),
        "number_value" => Value::F64(finite(tape)),
        _ => random_value(&field.kind(), contents, tape),
    };
    made.set_field(&field, value);
}

/// Something is always in it, since prost-reflect writes no empty one; and `Empty` never is, since it counts that among the
/// types whose JSON is under `value`.
fn set_any(made: &mut DynamicMessage, contents: Contents, tape: &mut Tape) {
    let pool = made.descriptor().parent_pool().clone();
    let may_be_in_it = |message: &MessageDescriptor| {
        !message.is_map_entry()
            && (message.package_name() == "t" || crate::schema::is_well_known(message.full_name()))
            && message.full_name() != "google.protobuf.Empty"
    };
    let messages: Vec<_> = pool.all_messages().filter(may_be_in_it).collect();
    let inner = if contents.any && contents.depth > 0 {
        random(&tape.pick(&messages), Contents { depth: contents.depth - 1, ..contents }, tape)
    } else {
        DynamicMessage::new(pool.get_message_by_name("t.M0").expect("the first message"))
    };
    made.set_field_by_name(
        "type_url",
        Value::String(format!("type.googleapis.com/{}", inner.descriptor().full_name())),
    );
    made.set_field_by_name("value", Value::Bytes(inner.encode_to_vec().into()));
}

/// A text that is the same for the same messages: maps in order of their keys, floats by their bits, but NaN as one and
/// -0.0, which prost drops as if it were the default, as 0.0; and what an `Any` holds opened, since its bytes may differ
/// where the message does not.
pub fn canonical(message: &DynamicMessage) -> String {
    if message.descriptor().full_name() == "google.protobuf.Any"
        && let Some(opened) = opened(message)
    {
        return opened;
    }
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(|(field, _)| field.number());
    let fields: Vec<_> =
        fields.into_iter().map(|(field, value)| format!("{}:{}", field.name(), canonical_value(value))).collect();
    format!("{{{}}}", fields.join(","))
}

fn opened(any: &DynamicMessage) -> Option<String> {
    let url = any.get_field_by_name("type_url")?.as_str()?.to_owned();
    let message = any.descriptor().parent_pool().get_message_by_name(url.rsplit('/').next()?)?;
    let inner = DynamicMessage::decode(message, any.get_field_by_name("value")?.as_bytes()?.clone()).ok()?;
    Some(format!("{url}{}", canonical(&inner)))
}

fn canonical_value(value: &Value) -> String {
    match value {
        Value::F32(number) if number.is_nan() => "NaN".to_owned(),
        Value::F64(number) if number.is_nan() => "NaN".to_owned(),
        Value::F32(number) => format!("{:08x}", (number + 0.0).to_bits()),
        Value::F64(number) => format!("{:016x}", (number + 0.0).to_bits()),
        Value::Message(message) => canonical(message),
        Value::List(values) => format!("[{}]", values.iter().map(canonical_value).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            let mut entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{}={}", map_key(key), canonical_value(value))).collect();
            entries.sort();
            format!("<{}>", entries.join(","))
        }
        other => format!("{other:?}"),
    }
}

fn map_key(key: &MapKey) -> String {
    format!("{key:?}")
}
