//! The messages of a reply to the body of a response.
//!
//! One message as JSON, a stream of them in a [`StreamFraming`], or raw bytes (`google.api.HttpBody`). A body may come in
//! pieces of any size; what is kept of it is one message at most.

use crate::configuration::{Profile, StreamFraming};
use crate::conversion::Conversion;
use crate::failure::Failure;
use crate::frame::FrameReader;
use crate::http_body::{HttpBody, field_at};
use crate::rule::{CompiledRule, FieldPath};
use crate::weave::path_numbers;
use protojson::wire::WireError;
use protojson::{MessageId, PrintOptions, print_field, print_message};

/// Makes a body of messages.
#[derive(Debug)]
pub struct ReplyBody {
    output: MessageId,
    field: Option<FieldPath>,
    shape: Shape,
    frames: FrameReader,
    /// There is to be one message.
    is_unary: bool,
    messages: u32,
    content_type: Vec<u8>,
}

/// How the messages of a reply become its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// There is one, as JSON.
    Single,
    /// There are any number of them, as JSON in this framing.
    Stream(StreamFraming),
    /// Their data, one after the other.
    Raw,
}

impl ReplyBody {
    /// The body of a reply to a call of this rule, where the client's `accept` is this.
    pub fn new(conversion: Conversion<'_>, rule: &CompiledRule, accept: Option<&[u8]>) -> Self {
        let options = conversion.options;
        let shape = if rule.gives_http_body {
            Shape::Raw
        } else if rule.server_streaming {
            let accept = accept.filter(|_| options.accept_negotiation);
            Shape::Stream(StreamFraming::negotiate(accept.unwrap_or_default(), options.stream_framing))
        } else {
            Shape::Single
        };
        Self {
            output: rule.output,
            field: rule.response_body.clone(),
            shape,
            frames: FrameReader::new(options.max_response_body_size),
            is_unary: !rule.server_streaming,
            messages: 0,
            content_type: Vec::new(),
        }
    }

    /// How messages are put one after the other, where there may be any number of them as JSON.
    pub fn framing(&self) -> Option<StreamFraming> {
        match self.shape {
            Shape::Stream(framing) => Some(framing),
            Shape::Single | Shape::Raw => None,
        }
    }

    /// How many messages there were.
    pub fn messages(&self) -> u32 {
        self.messages
    }

    /// The value of `content-type`; that of raw bytes is known after the first message.
    pub fn content_type(&self, conversion: Conversion<'_>) -> &[u8] {
        match self.shape {
            Shape::Single => b"application/json",
            Shape::Stream(framing) => framing.content_type(conversion.options.profile == Profile::Envoy),
            Shape::Raw => &self.content_type,
        }
    }

    /// Takes a piece of the reply and appends what its messages become.
    pub fn push(&mut self, conversion: Conversion<'_>, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let Self { output, field, shape, frames, is_unary, messages, content_type } = self;
        let printing = Printing { conversion, output: *output, field: field.as_ref(), shape: *shape };
        while let Some(message) = frames.next(&mut piece).map_err(Failure::of_frames)? {
            if *is_unary && *messages > 0 {
                return Err(Failure::reply("expected one message in the reply, but found another"));
            }
            printing.message(*messages == 0, message, content_type, out)?;
            *messages += 1;
        }
        Ok(())
    }

    /// Whether the reply may end here.
    pub fn finish(&self) -> Result<(), Failure> {
        self.frames.finish().map_err(Failure::of_frames)
    }
}

struct Printing<'a> {
    conversion: Conversion<'a>,
    output: MessageId,
    field: Option<&'a FieldPath>,
    shape: Shape,
}

impl Printing<'_> {
    fn message(
        &self,
        is_first: bool,
        message: &[u8],
        content_type: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match self.shape {
            Shape::Single => self.json(message, out),
            Shape::Stream(framing) => {
                framing.begin(is_first, out);
                self.json(message, out)?;
                framing.end(out);
                Ok(())
            }
            Shape::Raw => {
                let path = self.field.map(|path| path_numbers(self.conversion, path)).unwrap_or_default();
                let unreadable = |error: WireError| Failure::reply(error.to_string());
                let body = field_at(message, &path).map_err(unreadable)?;
                let body = HttpBody::read(&body).map_err(unreadable)?;
                if is_first {
                    content_type.extend_from_slice(body.content_type);
                }
                out.extend_from_slice(body.data);
                Ok(())
            }
        }
    }

    fn json(&self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let schema = self.conversion.schema;
        let options = self.print_options();
        let printed = match self.field.and_then(|path| path.split_last()) {
            None => print_message(schema, self.output, message, &options, out),
            Some((field, [])) => print_field(schema, self.output, *field, message, &options, out),
            // `response_body` names a field of the reply itself; deeper ones are for raw bytes only.
            Some(_) => return Err(Failure::reply("expected `response_body` to be a field of the reply")),
        };
        printed.map_err(|error| Failure::reply(error.to_string()))
    }

    fn print_options(&self) -> PrintOptions {
        let mut options = self.conversion.options.print;
        // A line break within a line, or within an event, would be the end of it; the native filter does not mind.
        let is_one_line =
            matches!(self.shape, Shape::Stream(StreamFraming::NewlineDelimited | StreamFraming::ServerSentEvents));
        options.add_whitespace &= !is_one_line || self.conversion.options.profile == Profile::Envoy;
        options
    }
}
