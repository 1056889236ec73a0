//! The commands of a script: each is one host call, and what it answered becomes one line of text.

use crate::host::{self, Returned};

const STATUSES: [&str; 13] = [
    "Ok",
    "NotFound",
    "BadArgument",
    "SerializationFailure",
    "ParseFailure",
    "BadExpression",
    "InvalidMemoryAccess",
    "Empty",
    "CasMismatch",
    "ResultMismatch",
    "InternalFailure",
    "BrokenConnection",
    "Unimplemented",
];
const MAPS: [&str; 8] = [
    "request_headers",
    "request_trailers",
    "response_headers",
    "response_trailers",
    "grpc_initial_metadata",
    "grpc_trailing_metadata",
    "call_headers",
    "call_trailers",
];
const BUFFERS: [&str; 9] = [
    "request_body",
    "response_body",
    "downstream_data",
    "upstream_data",
    "call_body",
    "grpc_message",
    "vm_configuration",
    "plugin_configuration",
    "call_data",
];
const STREAMS: [&str; 4] = ["request", "response", "downstream", "upstream"];
const METRICS: [&str; 3] = ["counter", "gauge", "histogram"];
const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "critical"];
/// What a command cannot do in the version of the ABI that the module speaks.
const NOT_IN_THIS_VERSION: &str = "not in this version of the ABI";

/// Runs one command and returns what it answered, as text.
pub fn run(words: &[Vec<u8>]) -> String {
    let text =
        |index: usize| words.get(index).map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default();
    let raw = |index: usize| words.get(index).map(Vec::as_slice).unwrap_or_default();
    let number = |index: usize| text(index).parse::<i64>().unwrap_or_default();
    let id = |index: usize| number(index) as u32;
    let named = |index: usize, names: &[&str]| -> u32 {
        let name = text(index);
        names.iter().position(|known| *known == name).map_or_else(|| id(index), |at| at as u32)
    };
    let map = named(1, &MAPS);
    let buffer = named(1, &BUFFERS);
    match text(0).as_str() {
        "get" => shown(host::header(map, raw(2))),
        "add" => status(host::add_header(map, raw(2), raw(3))),
        "replace" => status(host::replace_header(map, raw(2), raw(3))),
        "remove" => status(host::remove_header(map, raw(2))),
        "pairs" => {
            let (code, pairs) = host::header_pairs(map);
            pairs.map_or_else(|| status(code), |pairs| format!("{} {}", status(code), show_pairs(&pairs)))
        }
        "set_pairs" => status(host::set_header_pairs(map, &pairs_of(words.get(2..).unwrap_or_default()))),
        "set_raw_pairs" => status(host::set_header_pairs(map, raw(2))),
        "size" => plain(host::header_map_size(map)),
        "buffer" => shown(host::buffer(buffer, number(2) as usize, number(3) as usize)),
        "set_buffer" => status(host::set_buffer(buffer, number(2) as usize, number(3) as usize, raw(4))),
        "buffer_status" => plain(host::buffer_status(buffer)),
        "property" => shown(host::property(&path(&words[1..]))),
        // A map's order is the host's affair, and changes from run to run.
        "property_map" => {
            let (code, pairs) = host::property(&path(&words[1..]));
            pairs.map_or_else(|| status(code), |pairs| format!("{} {}", status(code), show_sorted_pairs(&pairs)))
        }
        "set_property" => status(host::set_property(&path(&words[1..2]), raw(2))),
        "shared_get" => {
            let (found, cas) = host::shared_get(raw(1));
            format!("{} cas={cas}", shown(found))
        }
        "shared_set" => status(host::shared_set(raw(1), raw(2), id(3))),
        "queue_register" => plain(host::queue_register(raw(1))),
        "queue_resolve" => plain(host::queue_resolve(raw(1), raw(2))),
        "enqueue" => status(host::enqueue(id(1), raw(2))),
        "dequeue" => shown(host::dequeue(id(1))),
        "metric_define" => plain(host::metric_define(named(1, &METRICS), raw(2))),
        "metric_increment" => status(host::metric_increment(id(1), number(2))),
        "metric_record" => status(host::metric_record(id(1), number(2) as u64)),
        "metric_get" => plain(host::metric_get(id(1))),
        "tick" => status(host::tick(id(1))),
        "time" => plain(host::time()),
        "call" => {
            let message = Message::of(
                words.get(3..).unwrap_or_default(),
                &[(b":method", b"GET"), (b":path", b"/"), (b":authority", b"callout")],
            );
            plain(host::http_call(raw(1), &pairs(&message.headers), &message.body, &pairs(&message.trailers), id(2)))
        }
        "grpc_call" => plain(host::grpc_call(raw(1), raw(2), raw(3), raw(4), id(5))),
        "grpc_stream" => plain(host::grpc_stream(raw(1), raw(2), raw(3))),
        "grpc_send" => status(host::grpc_send(id(1), raw(2), text(3) == "end")),
        "grpc_cancel" => status(host::grpc_cancel(id(1))),
        "grpc_close" => status(host::grpc_close(id(1))),
        "reply" => {
            let message = Message::of(words.get(2..).unwrap_or_default(), &[]);
            let grpc_status = message.grpc_status;
            status(host::reply(id(1), &message.details, &message.body, &pairs(&message.headers), grpc_status))
        }
        "foreign" => shown(host::foreign(raw(1), raw(2))),
        "done" => status(host::done()),
        "effective" => status(host::effective_context(id(1))),
        "status" => shown(host::status()),
        "log" => status(host::log(named(1, &LEVELS), &text(2))),
        "fail_malloc" => {
            host::fail_next_allocation();
            "set".to_owned()
        }
        "trap" => std::process::abort(),
        other => host::of_this_version(other, named(1, &STREAMS)).map_or_else(|| NOT_IN_THIS_VERSION.to_owned(), shown),
    }
}

/// The parts of a message in the words of a command: `name=value` is a header, and `body=`, `trailer:name=`, `details=` and
/// `grpc=` are what they say; the word `bare` leaves out the headers that a call has otherwise.
struct Message {
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    trailers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    details: Vec<u8>,
    grpc_status: i32,
}

impl Message {
    fn of(words: &[Vec<u8>], defaults: &[(&[u8], &[u8])]) -> Self {
        let mut headers: Vec<_> = defaults.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        let (mut trailers, mut body, mut details, mut grpc_status) = (Vec::new(), Vec::new(), Vec::new(), -1);
        for word in words {
            if word == b"bare" {
                headers.clear();
                continue;
            }
            let at = word.iter().position(|byte| *byte == b'=').unwrap_or(word.len());
            let (name, value) = (word[..at].to_vec(), word.get(at + 1..).unwrap_or_default().to_vec());
            match name.as_slice() {
                b"body" => body = value,
                b"details" => details = value,
                b"grpc" => grpc_status = String::from_utf8_lossy(&value).parse().unwrap_or(-1),
                _ => match name.strip_prefix(b"trailer:") {
                    Some(trailer) => trailers.push((trailer.to_vec(), value)),
                    None => {
                        headers.retain(|(known, _)| *known != name || !name.starts_with(b":"));
                        headers.push((name, value));
                    }
                },
            }
        }
        Self { headers, trailers, body, details, grpc_status }
    }
}

fn pairs_of(words: &[Vec<u8>]) -> Vec<u8> {
    pairs(&words.chunks(2).map(|pair| (pair[0].clone(), pair.get(1).cloned().unwrap_or_default())).collect::<Vec<_>>())
}

/// The serialized form of a map: the count, the sizes, then names and values each ended by NUL; nothing at all for none.
fn pairs(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    if entries.is_empty() {
        return Vec::new();
    }
    let size = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
    let mut out = (entries.len() as u32).to_le_bytes().to_vec();
    for (name, value) in entries {
        out.extend(size(name));
        out.extend(size(value));
    }
    for half in entries.iter().flat_map(|(name, value)| [name, value]) {
        out.extend(half);
        out.push(0);
    }
    out
}

fn show_pairs(bytes: &[u8]) -> String {
    format!("[{}]", entries_of(bytes).join(", "))
}

fn show_sorted_pairs(bytes: &[u8]) -> String {
    let mut entries = entries_of(bytes);
    entries.sort();
    format!("[{}]", entries.join(", "))
}

fn entries_of(bytes: &[u8]) -> Vec<String> {
    let size = |at: usize| {
        bytes.get(at..at + 4).map_or(0, |raw| u32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]) as usize)
    };
    let count = size(0);
    let mut at = 4 + 8 * count;
    let mut half = |length: usize| {
        let text = bytes.get(at..at + length).unwrap_or_default().escape_ascii().to_string();
        at += length + 1;
        text
    };
    (0..count).map(|index| format!("{}: {}", half(size(4 + 8 * index)), half(size(8 + 8 * index)))).collect()
}

/// A property's path: words are its segments; one word alone is split at its dots.
fn path(words: &[Vec<u8>]) -> Vec<u8> {
    match words {
        [dotted] => dotted.split(|byte| *byte == b'.').collect::<Vec<_>>().join(&0),
        segments => segments.join(&0),
    }
}

fn status(code: u32) -> String {
    STATUSES.get(code as usize).map_or_else(|| code.to_string(), |name| (*name).to_owned())
}

fn plain((code, value): Returned) -> String {
    match value {
        Some(value) => format!("{} {}", status(code), String::from_utf8_lossy(&value)),
        None => status(code),
    }
}

fn shown((code, value): Returned) -> String {
    match value {
        Some(value) if value.len() > 300 => format!("{} {} bytes", status(code), value.len()),
        Some(value) => format!("{} \"{}\"", status(code), value.escape_ascii()),
        None => status(code),
    }
}
