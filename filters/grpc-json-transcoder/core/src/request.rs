//! The body of a request to the messages of a call, framed for gRPC.
//!
//! One message of the whole body, one for each element of an array, or one for each piece of raw bytes; path and query are
//! woven into the first. A body may come in pieces of any size; what is kept of it is bounded. Sources: `google/api/http.proto`;
//! for raw bytes, `google/api/httpbody.proto` and the native filter, which cuts them at a mebibyte.

use crate::bindings::Bindings;
use crate::configuration::Profile;
use crate::conversion::Conversion;
use crate::elements::Elements;
use crate::failure::Failure;
use crate::frame::{begin_frame, end_frame};
use crate::http_body::{HttpBody, unknown_query_parameters};
use crate::rule::{Body, CompiledRule};
use crate::weave::{Weaver, path_numbers};
use protojson::MessageId;

/// The most raw bytes in one message of a stream.
const MAX_RAW_PIECE: usize = 1 << 20;

/// Makes messages of a body.
#[derive(Debug)]
pub struct RequestBody {
    input: MessageId,
    body: Body,
    is_patch: bool,
    is_native_stream: bool,
    bindings: Bindings,
    kind: Kind,
    /// What has come of a body that is one message.
    kept: Vec<u8>,
    is_first: bool,
}

#[derive(Debug)]
enum Kind {
    /// The rule has no place for a body.
    Ignored,
    /// All of it is the JSON of one message.
    Json,
    /// Each element of an array is.
    Elements(Box<Elements>),
    /// All of it is the data of one message.
    Raw { content_type: Vec<u8> },
    /// Each piece of it is.
    RawPieces { content_type: Vec<u8> },
}

impl RequestBody {
    /// The body of a request for a rule.
    pub fn new(conversion: Conversion<'_>, rule: &CompiledRule, bindings: Bindings, head: BodyHead<'_>) -> Self {
        let options = conversion.options;
        let lenient = options.profile == Profile::Envoy;
        let kind = match rule.body {
            // The native filter reads a body even where the rule has no place for it.
            Body::None if !lenient => Kind::Ignored,
            _ if rule.takes_http_body => {
                let content_type = head.content_type.to_vec();
                if rule.client_streaming { Kind::RawPieces { content_type } } else { Kind::Raw { content_type } }
            }
            _ if rule.client_streaming => {
                Kind::Elements(Box::new(Elements::new(options.max_request_body_size, lenient)))
            }
            _ => Kind::Json,
        };
        let body = match &rule.body {
            Body::None => Body::All,
            body => body.clone(),
        };
        Self {
            input: rule.input,
            body,
            is_patch: head.method == b"PATCH",
            is_native_stream: lenient && rule.client_streaming,
            bindings,
            kind,
            kept: Vec::new(),
            is_first: true,
        }
    }

    /// Takes a piece of the body and appends the messages that it completes, each with its prefix.
    pub fn push(
        &mut self,
        conversion: Conversion<'_>,
        piece: &[u8],
        is_last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut kind = std::mem::replace(&mut self.kind, Kind::Ignored);
        let pushed = match &mut kind {
            Kind::Ignored => self.push_nothing(conversion, is_last, out),
            Kind::Json => self.push_whole(conversion, piece, is_last, |this, json| this.json(conversion, json, out)),
            Kind::Raw { content_type } => self.push_whole(conversion, piece, is_last, |this, data| {
                this.raw(conversion, content_type, data, out);
                Ok(())
            }),
            Kind::Elements(elements) => self.push_elements(conversion, elements, piece, is_last, out),
            Kind::RawPieces { content_type } => {
                for data in piece.chunks(MAX_RAW_PIECE) {
                    self.raw(conversion, content_type, data, out);
                }
                if is_last && self.is_first {
                    self.raw(conversion, content_type, &[], out);
                }
                Ok(())
            }
        };
        self.kind = kind;
        pushed
    }

    /// Whether it may become many messages.
    pub fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Elements(_) | Kind::RawPieces { .. })
    }

    fn push_nothing(&mut self, conversion: Conversion<'_>, is_last: bool, out: &mut Vec<u8>) -> Result<(), Failure> {
        if is_last { self.json(conversion, &[], out) } else { Ok(()) }
    }

    /// Keeps pieces until the last, and hands all of them on; one piece alone is not copied.
    fn push_whole(
        &mut self,
        conversion: Conversion<'_>,
        piece: &[u8],
        is_last: bool,
        convert: impl FnOnce(&mut Self, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let limit = conversion.options.max_request_body_size;
        if self.kept.len() + piece.len() > limit as usize {
            return Err(Failure::request_too_large(limit));
        }
        if is_last && self.kept.is_empty() {
            return convert(self, piece);
        }
        self.kept.extend_from_slice(piece);
        if is_last {
            let kept = std::mem::take(&mut self.kept);
            return convert(self, &kept);
        }
        Ok(())
    }

    fn push_elements(
        &mut self,
        conversion: Conversion<'_>,
        elements: &mut Elements,
        mut piece: &[u8],
        is_last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        while let Some(element) = elements.next(&mut piece).map_err(Failure::of_elements)? {
            self.json(conversion, element, out)?;
        }
        if is_last {
            elements.finish().map_err(Failure::of_elements)?;
            // What the path and the query say is a message even where the body says nothing.
            if self.is_first && elements.is_untouched() {
                self.json(conversion, &[], out)?;
            }
        }
        Ok(())
    }

    fn json(&mut self, conversion: Conversion<'_>, json: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        // A message is rarely larger than its JSON, and growing to that size would copy it as often as it doubles.
        out.reserve(json.len());
        let start = begin_frame(out);
        let bindings = std::mem::take(&mut self.is_first).then_some(&self.bindings);
        let weaver = Weaver {
            conversion,
            input: self.input,
            body: &self.body,
            is_patch: self.is_patch,
            is_native_stream: self.is_native_stream,
        };
        weaver.weave(bindings, json, out).map_err(Failure::body)?;
        end_frame(out, start);
        Ok(())
    }

    fn raw(&mut self, conversion: Conversion<'_>, content_type: &[u8], data: &[u8], out: &mut Vec<u8>) {
        let start = begin_frame(out);
        let is_first = std::mem::take(&mut self.is_first);
        let mut extensions = Vec::new();
        if is_first {
            // Before the raw body, so that nothing in a path or a query stands in for it.
            for records in [&self.bindings.query_repeated, &self.bindings.query_singular, &self.bindings.path] {
                out.extend_from_slice(records);
            }
            extensions = unknown_query_parameters(&self.bindings.unknown_query);
        }
        let content_type = if is_first { content_type } else { &[] };
        let path = match &self.body {
            Body::None | Body::All => Vec::new(),
            Body::Field(path) => path_numbers(conversion, path),
        };
        HttpBody { content_type, data }.write(&path, &extensions, out);
        end_frame(out, start);
    }
}

/// What of a request's head its body needs.
#[derive(Debug, Clone, Copy)]
pub struct BodyHead<'a> {
    /// The HTTP method.
    pub method: &'a [u8],
    /// The media type of the body.
    pub content_type: &'a [u8],
}
