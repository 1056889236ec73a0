//! The trace of what crossed the boundary: each callback with its arguments, the host calls in it, and how it ended.

use std::fmt;

use super::StreamId;
use crate::abi::HostCall;

/// One callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// The stream that it belongs to, if it belongs to one.
    pub stream: Option<StreamId>,
    /// The plugin's name.
    pub plugin: String,
    /// The context that was called.
    pub context: u32,
    /// The exported name.
    pub callback: &'static str,
    /// Its arguments after the context.
    pub arguments: Vec<u32>,
    /// The host calls that the module made in it.
    pub calls: Vec<HostCall>,
    /// How it ended.
    pub ending: Ending,
    /// Bytes copied in either direction.
    pub bytes_copied: usize,
    /// Time spent in the module and in its host calls, in nanoseconds. It differs from run to run.
    pub guest_nanos: u64,
}

/// How a callback ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned this; callbacks without a result return 0.
    Returned(u32),
    /// The module does not have it.
    Absent,
    /// It trapped.
    Trapped(String),
}

impl fmt::Display for TraceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<_> = self.arguments.iter().map(ToString::to_string).collect();
        write!(f, "{}#{} {}({})", self.plugin, self.context, self.callback, arguments.join(", "))?;
        for call in &self.calls {
            write!(f, "\n    {}({})", call.function, call.arguments.join(", "))?;
            if !call.results.is_empty() {
                write!(f, " = {}", call.results.join(", "))?;
            }
            write!(f, " -> {}", StatusName(call.status))?;
        }
        match &self.ending {
            Ending::Returned(value) => write!(f, "\n    returned {value}{}", action(self.callback, *value)),
            Ending::Absent => write!(f, "\n    absent"),
            Ending::Trapped(reason) => write!(f, "\n    trapped: {reason}"),
        }?;
        write!(f, "; {} bytes copied, {:.1} µs in the module", self.bytes_copied, micros(self.guest_nanos))
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

/// What the number means to the stream, where the callback decides about it.
fn action(callback: &str, value: u32) -> &'static str {
    let decides = ["_headers", "_body", "_trailers"].iter().any(|ending| callback.ends_with(ending));
    match value {
        0 if decides => " (Continue)",
        1 if decides => " (Pause)",
        _ => "",
    }
}

struct StatusName(i32);

impl fmt::Display for StatusName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0 => "Ok",
            1 => "NotFound",
            2 => "BadArgument",
            3 => "SerializationFailure",
            4 => "ParseFailure",
            6 => "InvalidMemoryAccess",
            7 => "Empty",
            8 => "CasMismatch",
            10 => "InternalFailure",
            12 => "Unimplemented",
            other => return write!(f, "{other}"),
        };
        f.write_str(name)
    }
}
