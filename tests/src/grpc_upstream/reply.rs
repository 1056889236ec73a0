//! What a client can wish for, in headers of its request, and the reply made of it.
//!
//! | header | the reply |
//! |---|---|
//! | `reply` | a message in canonical JSON; more than one for a stream |
//! | `reply-hex` | a message as the bytes on the wire |
//! | `reply-filler` | that many letters in the first text or bytes field of the first message |
//! | `reply-raw` | the whole body, without any framing, in hex |
//! | `reply-split` | DATA frames of that many bytes |
//! | `reply-none` | no message at all |
//! | `reply-status`, `reply-message`, `reply-details` | `grpc-status`, `grpc-message`, `grpc-status-details-bin` |
//! | `reply-trailers-only` | those in the headers, which end the stream |
//! | `reply-no-status` | no `grpc-status` anywhere |
//! | `reply-header`, `reply-trailer` | `name=value`, once more for each |
//! | `reply-http-status`, `reply-content-type` | what is not gRPC's usual |
//! | `reply-delay` | that many milliseconds later |
//! | `reply-head` | with the request's head in `seen-head` |
//! | `reply-quiet` | without the header `received` |

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, MethodDescriptor, ReflectMessage as _, Value,
};

use super::{frame, header, values};

/// What one request wishes for.
pub(super) struct Wishes {
    headers: HeaderMap,
    pub(super) delay: Duration,
}

/// A reply, ready to be sent.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) data: Vec<Vec<u8>>,
    pub(super) trailers: Option<HeaderMap>,
}

impl Wishes {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let headers = headers.clone();
        let delay = values(&headers, "reply-delay").find_map(|it| it.parse().ok()).unwrap_or(0);
        Self { headers, delay: Duration::from_millis(delay) }
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Whether nothing is to be told of the messages that came.
    pub(super) fn quiet(&self) -> bool {
        self.has("reply-quiet")
    }

    /// The request's head, if it is wished for, but for what differs from run to run.
    pub(super) fn shown_head(&self, head: &http::request::Parts) -> Option<HeaderValue> {
        if !self.has("reply-head") {
            return None;
        }
        let own = ["reply-head", "x-request-id", "x-forwarded-proto", "x-envoy-expected-rq-timeout-ms"];
        let mut lines = vec![format!("{} {}", head.method, head.uri.path())];
        let headers = head.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        lines.extend(headers.map(|(name, value)| format!("{name}: {}", value.as_bytes().escape_ascii())));
        lines[1..].sort();
        Some(header(&lines.join(" | ")))
    }

    /// The messages of the reply on the wire.
    pub(super) fn messages(&self, method: &MethodDescriptor, received: &[DynamicMessage]) -> Vec<Vec<u8>> {
        let output = method.output();
        let mut messages: Vec<Vec<u8>> = values(&self.headers, "reply").map(|text| parse(&output, text)).collect();
        messages.extend(values(&self.headers, "reply-hex").map(unhex));
        if self.has("reply-none") {
            return Vec::new();
        }
        if messages.is_empty() {
            messages = received.iter().map(|message| encode(&made_of(message, &output))).collect();
            if !method.is_server_streaming() {
                // The last of many, as a reply that every message had a part in.
                messages = vec![messages.pop().unwrap_or_default()];
            }
        }
        if let (Some(length), Some(first)) =
            (self.one("reply-filler").and_then(|it| it.parse().ok()), messages.first_mut())
        {
            *first = filled(&output, first, length);
        }
        messages
    }

    pub(super) fn reply(&self, messages: &[Vec<u8>]) -> Reply {
        let mut data: Vec<u8> = messages.iter().flat_map(|message| frame::framed(message)).collect();
        if let Some(raw) = self.one("reply-raw") {
            data = unhex(raw);
        }
        let mut headers = pairs(values(&self.headers, "reply-header"));
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        if let Some(kind) = self.headers.get("reply-content-type") {
            headers.insert("content-type", kind.clone());
        }
        let mut status = pairs(values(&self.headers, "reply-trailer"));
        if !self.has("reply-no-status") {
            status.insert("grpc-status", HeaderValue::from_static("0"));
        }
        for (wish, name) in [
            ("reply-status", "grpc-status"),
            ("reply-message", "grpc-message"),
            ("reply-details", "grpc-status-details-bin"),
        ] {
            if let Some(value) = self.headers.get(wish) {
                status.insert(HeaderName::from_static(name), value.clone());
            }
        }
        let failed = self.one("reply-status").is_some_and(|status| status != "0");
        if failed && !self.has("reply") && !self.has("reply-hex") && !self.has("reply-raw") {
            data.clear();
        }
        let status_code = self.one("reply-http-status").and_then(|it| it.parse().ok()).unwrap_or(StatusCode::OK);
        if self.has("reply-trailers-only") {
            headers.extend(status);
            return Reply { status: status_code, headers, data: Vec::new(), trailers: None };
        }
        let chunk = self.one("reply-split").and_then(|it| it.parse().ok()).unwrap_or(usize::MAX);
        let data = data.chunks(chunk).map(<[u8]>::to_vec).collect();
        Reply { status: status_code, headers, data, trailers: Some(status) }
    }
}

impl Reply {
    pub(super) fn has_status(&self) -> bool {
        self.trailers.as_ref().unwrap_or(&self.headers).get("grpc-status").is_some_and(|status| status != "0")
    }

    /// Says that the request could not be read.
    pub(super) fn refuse(&mut self) {
        self.data.clear();
        let trailers = self.trailers.get_or_insert_default();
        trailers.insert("grpc-status", HeaderValue::from_static("13"));
        trailers.insert("grpc-message", HeaderValue::from_static("no message"));
    }
}

fn pairs<'a>(texts: impl Iterator<Item = &'a str>) -> HeaderMap {
    let pairs = texts.filter_map(|text| text.split_once('='));
    pairs
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)))
        .collect()
}

/// A message written in JSON; one that cannot be read is the test's mistake.
fn parse(kind: &MessageDescriptor, text: &str) -> Vec<u8> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(kind.clone(), &mut reader);
    message
        .unwrap_or_else(|error| panic!("expected a {} in JSON, but found {text}: {error}", kind.full_name()))
        .encode_to_vec()
}

fn made_of(message: &DynamicMessage, output: &MessageDescriptor) -> DynamicMessage {
    if message.descriptor() == *output {
        return message.clone();
    }
    let part = |field: FieldDescriptor| match (field.kind(), message.get_field(&field).into_owned()) {
        (Kind::Message(kind), Value::Message(part)) if kind == *output => Some(part),
        _ => None,
    };
    message.descriptor().fields().find_map(part).unwrap_or_else(|| DynamicMessage::new(output.clone()))
}

/// The message on the wire, with the entries of maps in one order: the library's own differs from run to run.
fn encode(message: &DynamicMessage) -> Vec<u8> {
    let mut encoded = Vec::new();
    for (field, value) in message.fields() {
        let nested = matches!(field.kind(), Kind::Message(_)) && !field.is_group();
        match (value, field.kind()) {
            (Value::Map(map), Kind::Message(kind)) => {
                let entry = |(key, value): (&MapKey, &Value)| {
                    let mut entry = DynamicMessage::new(kind.clone());
                    entry.set_field(&kind.map_entry_key_field(), key.clone().into());
                    entry.set_field(&kind.map_entry_value_field(), value.clone());
                    encode(&entry)
                };
                let mut entries: Vec<Vec<u8>> = map.iter().map(entry).collect();
                entries.sort();
                entries.iter().for_each(|entry| put(&field, entry, &mut encoded));
            }
            (Value::Message(message), _) if nested => put(&field, &encode(message), &mut encoded),
            (Value::List(items), _) if nested => {
                let messages = items.iter().filter_map(Value::as_message);
                messages.for_each(|message| put(&field, &encode(message), &mut encoded));
            }
            _ => {
                let mut alone = DynamicMessage::new(message.descriptor());
                alone.set_field(&field, value.clone());
                encoded.extend(alone.encode_to_vec());
            }
        }
    }
    encoded
}

fn put(field: &FieldDescriptor, bytes: &[u8], encoded: &mut Vec<u8>) {
    encode_key(field.number(), WireType::LengthDelimited, encoded);
    encode_varint(bytes.len() as u64, encoded);
    encoded.extend(bytes);
}

fn filled(kind: &MessageDescriptor, message: &[u8], length: usize) -> Vec<u8> {
    let mut message = DynamicMessage::decode(kind.clone(), message).expect("a message that was just encoded");
    let text = "x".repeat(length);
    let field = kind.fields().find_map(|field| match field.kind() {
        Kind::String if !field.is_list() && field.name() != "content_type" => {
            Some((field, Value::String(text.clone())))
        }
        Kind::Bytes if !field.is_list() => Some((field, Value::Bytes(text.clone().into_bytes().into()))),
        _ => None,
    });
    let (field, value) = field.expect("a reply with text in it");
    message.set_field(&field, value);
    message.encode_to_vec()
}

/// The bytes of hexadecimal digits; spaces between them are for the reader.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().filter_map(|byte| char::from(byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
