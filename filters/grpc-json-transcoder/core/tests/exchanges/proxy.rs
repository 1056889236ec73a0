//! A proxy in miniature: it hands an exchange what comes in pieces, holds and sends what the steps say, and never waits.

use grpc_json_transcoder_core::exchange::Exchange;
use grpc_json_transcoder_core::transcoder::Transcoder;
use http_exchange::{BodyStep, CallReply, Callout, HeaderEdit, HeaderEdits, Headers, LocalReply, Next, Part, Route};

/// Names and values.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A request, or what a server answers.
#[derive(Debug, Clone, Default)]
pub struct Message {
    pub head: Pairs,
    /// A message without pieces ends with its head, unless it has trailers.
    pub pieces: Vec<Vec<u8>>,
    pub trailers: Option<Pairs>,
}

/// What came of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the server was sent.
    pub sent: Option<Sent>,
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// In milliseconds; `None`: the request itself was sent.
    pub callout_timeout: Option<u32>,
    pub head: Pairs,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The proxy answered by itself.
    Local { status: u16, headers: Pairs, body: Vec<u8>, details: &'static str },
    /// The server's answer went through the filter; one that is cut ended before its time.
    Response { head: Pairs, body: Vec<u8>, is_cut: bool },
    /// The client waits for ever.
    Hung,
}

impl Answer {
    /// The status that the client sees.
    pub fn status(&self) -> String {
        match self {
            Self::Local { status, .. } => status.to_string(),
            Self::Response { head, .. } => value(head, b":status"),
            Self::Hung => "hung".to_owned(),
        }
    }

    /// The body that it sees.
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Local { body, .. } | Self::Response { body, .. } => body,
            Self::Hung => b"",
        }
    }
}

fn value(head: &Pairs, name: &[u8]) -> String {
    let value = head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice());
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

/// Names and values from text.
pub fn pairs(text: &[(&str, &str)]) -> Pairs {
    text.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

/// Every request is routed to the cluster `routed`.
struct Routed;

impl Route for Routed {
    fn cluster(&mut self) -> Option<Vec<u8>> {
        Some(b"routed".to_vec())
    }
}

/// A body on its way through the filter.
#[derive(Default)]
struct Flow {
    held: Vec<u8>,
    sent: Vec<u8>,
    is_paused: bool,
    /// The head is on its way, and is not changed any more.
    has_left: bool,
}

/// What a step does beside moving bytes.
enum Turn {
    Call(Callout<'static>),
    Reply(LocalReply<'static>),
}

impl Flow {
    fn go_on(&mut self, next: Next<'_>) -> Option<Turn> {
        match next {
            Next::Continue => {
                self.sent.append(&mut self.held);
                (self.is_paused, self.has_left) = (false, true);
            }
            Next::Pause => self.is_paused = true,
            Next::Release => {
                // Only what waits can be released; otherwise it waits from here on.
                if self.is_paused {
                    self.sent.append(&mut self.held);
                    self.has_left = true;
                }
                self.is_paused = true;
            }
            Next::Call(callout) => return Some(Turn::Call(owned_callout(callout))),
            Next::Reply(reply) => return Some(Turn::Reply(owned_reply(reply))),
        }
        None
    }

    fn apply(&mut self, head: &mut Pairs, step: BodyStep<'_>) -> Option<Turn> {
        if let Some(bytes) = step.replace {
            self.held = bytes.into_owned();
        }
        if !self.has_left {
            edit(head, &step.edits);
        }
        self.go_on(step.next)
    }
}

/// An exchange of this request, to which the server answers so.
pub fn run(transcoder: &Transcoder, request: &Message, reply: &Message) -> Outcome {
    let mut exchange = transcoder.open();
    let mut head = request.head.clone();
    let mut flow = Flow::default();
    if let Some(turn) = send(transcoder, &mut exchange, request, &mut head, &mut flow) {
        return match turn {
            Turn::Reply(reply) => Outcome { sent: None, answer: local(reply) },
            Turn::Call(callout) => {
                let sent = Sent {
                    callout_timeout: Some(callout.timeout),
                    head: callout.headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect(),
                    body: callout.body.into_owned(),
                };
                Outcome { sent: Some(sent), answer: answer_call(transcoder, &mut exchange, reply) }
            }
        };
    }
    if flow.is_paused {
        return Outcome { sent: None, answer: Answer::Hung };
    }
    let sent = Sent { callout_timeout: None, head, body: flow.sent };
    Outcome { sent: Some(sent), answer: answer_request(transcoder, &mut exchange, reply) }
}

fn send(
    transcoder: &Transcoder,
    exchange: &mut Exchange,
    request: &Message,
    head: &mut Pairs,
    flow: &mut Flow,
) -> Option<Turn> {
    let ends = request.pieces.is_empty() && request.trailers.is_none();
    let original = borrowed(&request.head);
    let step = exchange.on_request_headers(transcoder, &Headers::new(&original), ends, &mut Routed);
    edit(head, &step.edits);
    if let Some(turn) = flow.go_on(step.next) {
        return Some(turn);
    }
    for (index, piece) in request.pieces.iter().enumerate() {
        flow.held.extend_from_slice(piece);
        let is_last = index + 1 == request.pieces.len() && request.trailers.is_none();
        let held = seen(transcoder, exchange, Part::RequestBody, &flow.held);
        let turn = flow.apply(head, exchange.on_request_body(transcoder, &held, is_last));
        if turn.is_some() {
            return turn;
        }
    }
    request.trailers.as_ref().and_then(|_| flow.apply(head, exchange.on_request_trailers(transcoder)))
}

fn answer_call(transcoder: &Transcoder, exchange: &mut Exchange, reply: &Message) -> Answer {
    let (head, body, trailers) = (borrowed(&reply.head), reply.pieces.concat(), reply.trailers.clone());
    let trailers = trailers.unwrap_or_default();
    let trailers = borrowed(&trailers);
    let answer = CallReply::Answer { head: Headers::new(&head), body: &body, trailers: Headers::new(&trailers) };
    match exchange.on_call_reply(transcoder, &answer).next {
        Next::Reply(reply) => local(owned_reply(reply)),
        _ => Answer::Hung,
    }
}

fn answer_request(transcoder: &Transcoder, exchange: &mut Exchange, reply: &Message) -> Answer {
    let (mut head, mut flow) = (reply.head.clone(), Flow::default());
    let ends = reply.pieces.is_empty() && reply.trailers.is_none();
    let reads = exchange.reads(transcoder, Part::ResponseHeaders);
    let seen_head = if reads { borrowed(&reply.head) } else { Vec::new() };
    let step = exchange.on_response_headers(transcoder, &Headers::new(&seen_head), ends);
    edit(&mut head, &step.edits);
    let mut turn = flow.go_on(step.next);
    for (index, piece) in reply.pieces.iter().enumerate() {
        if turn.is_some() {
            break;
        }
        flow.held.extend_from_slice(piece);
        let is_last = index + 1 == reply.pieces.len() && reply.trailers.is_none();
        let held = seen(transcoder, exchange, Part::ResponseBody, &flow.held);
        turn = flow.apply(&mut head, exchange.on_response_body(transcoder, &held, is_last));
    }
    if let (None, Some(trailers)) = (&turn, &reply.trailers) {
        let reads = exchange.reads(transcoder, Part::ResponseTrailers);
        let trailers = if reads { borrowed(trailers) } else { Vec::new() };
        let step = exchange.on_response_trailers(transcoder, &Headers::new(&trailers));
        assert!(!reply.pieces.is_empty() || step.replace.is_none(), "there is no place to write to");
        turn = flow.apply(&mut head, step);
    }
    match turn {
        Some(Turn::Reply(reply)) if !flow.has_left => local(reply),
        Some(_) => Answer::Response { head, body: flow.sent, is_cut: true },
        None if flow.is_paused => Answer::Hung,
        None => Answer::Response { head, body: flow.sent, is_cut: false },
    }
}

/// What the filter asks to be shown.
fn seen(transcoder: &Transcoder, exchange: &Exchange, part: Part, held: &[u8]) -> Vec<u8> {
    if exchange.reads(transcoder, part) { held.to_vec() } else { Vec::new() }
}

fn edit(head: &mut Pairs, edits: &HeaderEdits<'_>) {
    for edit in edits {
        match edit {
            HeaderEdit::Set(name, value) => {
                head.retain(|(known, _)| known != name.as_ref());
                head.push((name.to_vec(), value.to_vec()));
            }
            HeaderEdit::Add(name, value) => head.push((name.to_vec(), value.to_vec())),
            HeaderEdit::Remove(name) => head.retain(|(known, _)| known != name.as_ref()),
        }
    }
}

pub fn borrowed(pairs: &Pairs) -> Vec<(&[u8], &[u8])> {
    pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect()
}

fn owned_pairs(pairs: Vec<(http_exchange::Bytes<'_>, http_exchange::Bytes<'_>)>) -> Pairs {
    pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn owned_callout(callout: Callout<'_>) -> Callout<'static> {
    let own = |bytes: http_exchange::Bytes<'_>| bytes.into_owned().into();
    Callout {
        cluster: own(callout.cluster),
        headers: callout.headers,
        body: own(callout.body),
        timeout: callout.timeout,
    }
}

fn owned_reply(reply: LocalReply<'_>) -> LocalReply<'static> {
    let own = |bytes: http_exchange::Bytes<'_>| bytes.into_owned().into();
    LocalReply {
        status: reply.status,
        headers: reply.headers.into_iter().map(|(name, value)| (own(name), own(value))).collect(),
        body: own(reply.body),
        details: reply.details,
    }
}

fn local(reply: LocalReply<'static>) -> Answer {
    let LocalReply { status, headers, body, details } = reply;
    Answer::Local { status, headers: owned_pairs(headers), body: body.into_owned(), details }
}
