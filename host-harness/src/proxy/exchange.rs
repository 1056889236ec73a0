//! One request and its response: the client on one side, the upstream on the other, the engine between them.
//!
//! One task drives it all. What comes in goes to the engine, what the engine lets out goes to the other side, and neither
//! side is read further while what it sent before still waits to be taken. Both directions flow at the same time.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::body::{Outgoing, OutgoingBody, Progress};
use super::connection_manager::Manager;
use super::engine::Engine;
use super::head;
use super::upstream::failure_of;
use crate::envoy::{HeaderMap, StreamEvent, StreamId, UpstreamFailure, Worker};

type Sending = Pin<Box<dyn Future<Output = Result<Response<Incoming>, UpstreamFailure>>>>;

/// One stream of the engine and both of its sides.
pub(super) struct Exchange {
    engine: Rc<Engine>,
    manager: Manager,
    stream: StreamId,
    events: mpsc::UnboundedReceiver<StreamEvent>,
    client: Client,
    upstream: Upstream,
    /// When the upstream has taken too long.
    deadline: Option<Instant>,
    /// The engine has said its last word.
    done: bool,
}

struct Client {
    http1: bool,
    request: Option<Incoming>,
    /// Where the head of the response goes, until it has gone.
    answer: Option<oneshot::Sender<Response<OutgoingBody>>>,
    body: Outgoing,
}

#[derive(Default)]
struct Upstream {
    http1: bool,
    body: Outgoing,
    sending: Option<Sending>,
    response: Option<Incoming>,
    timeout: Duration,
    /// When the request had been handed over.
    sent: Option<Instant>,
}

/// What can happen next.
enum Happening {
    Said(Option<StreamEvent>),
    Taken,
    ClientGone,
    Late,
    FromClient(Option<Result<Frame<Bytes>, hyper::Error>>),
    Answered(Result<Response<Incoming>, UpstreamFailure>),
    FromUpstream(Option<Result<Frame<Bytes>, hyper::Error>>),
}

impl Exchange {
    /// Begins with a request whose head has been admitted. The response comes out of the other end of `answer`.
    pub fn new(
        engine: Rc<Engine>,
        manager: Manager,
        stream: StreamId,
        request: &Request<()>,
        body: Incoming,
        answer: oneshot::Sender<Response<OutgoingBody>>,
    ) -> Self {
        let events = engine.listen(stream);
        let http1 = request.version() < Version::HTTP_2;
        let client = Client { http1, request: Some(body), answer: Some(answer), body: Outgoing::default() };
        Self { engine, manager, stream, events, client, upstream: Upstream::default(), deadline: None, done: false }
    }

    /// Runs the exchange to its end.
    pub async fn run(mut self, headers: HeaderMap) {
        let end = self.client.request.as_ref().is_none_or(Body::is_end_stream);
        if end {
            self.client.request = None;
        }
        self.tell(|worker, stream| worker.request_headers(stream, headers, end));
        loop {
            let happening = self.next().await;
            if self.apply(happening).is_break() {
                return;
            }
        }
    }

    fn tell(&self, act: impl FnOnce(&mut Worker, StreamId)) {
        self.engine.drive(|worker| act(worker, self.stream));
    }

    async fn next(&mut self) -> Happening {
        let Self { events, client, upstream, deadline, done, .. } = self;
        let (taken_by_client, taken_by_upstream) = (client.body.is_idle(), upstream.body.is_idle());
        tokio::select! {
            biased;
            // Whatever the engine has said is put in its place before anything else is asked of it.
            event = events.recv(), if !*done => Happening::Said(event),
            progress = client.body.progress() => match progress {
                Progress::Taken => Happening::Taken,
                Progress::Abandoned => Happening::ClientGone,
            },
            // An upstream that wants no more of a request may still answer it.
            _ = upstream.body.progress() => Happening::Taken,
            () = gone(&mut client.answer) => Happening::ClientGone,
            () = at(*deadline) => Happening::Late,
            answer = sent(&mut upstream.sending) => Happening::Answered(answer),
            frame = frame(&mut upstream.response), if taken_by_client => Happening::FromUpstream(frame),
            frame = frame(&mut client.request), if taken_by_upstream => Happening::FromClient(frame),
        }
    }

    fn apply(&mut self, happening: Happening) -> ControlFlow<()> {
        match happening {
            Happening::Said(Some(event)) => return self.obey(event),
            Happening::Said(None) => return ControlFlow::Break(()),
            Happening::Taken => return self.rest(),
            Happening::ClientGone if self.done => return ControlFlow::Break(()),
            Happening::ClientGone => {
                self.client.answer = None;
                self.tell(|worker, stream| worker.downstream_reset(stream));
            }
            Happening::Late => {
                self.upstream = Upstream::default();
                self.deadline = None;
                self.tell(|worker, stream| worker.upstream_failed(stream, UpstreamFailure::Timeout));
            }
            Happening::FromClient(frame) => self.client_sent(frame),
            Happening::Answered(Ok(response)) => self.upstream_answered(response),
            Happening::Answered(Err(failure)) => {
                self.upstream = Upstream::default();
                self.tell(|worker, stream| worker.upstream_failed(stream, failure));
            }
            Happening::FromUpstream(frame) => self.upstream_sent(frame),
        }
        ControlFlow::Continue(())
    }

    fn client_sent(&mut self, frame: Option<Result<Frame<Bytes>, hyper::Error>>) {
        match read(frame, &mut self.client.request, self.client.http1) {
            Read::Data(data, end) => self.tell(|worker, stream| worker.request_data(stream, data, end)),
            Read::Trailers(trailers) => self.tell(|worker, stream| worker.request_trailers(stream, trailers)),
            Read::Broken(_) => self.tell(|worker, stream| worker.downstream_reset(stream)),
        }
    }

    fn upstream_answered(&mut self, response: Response<Incoming>) {
        let (parts, body) = response.into_parts();
        let end = body.is_end_stream();
        let mut headers = head::from_response(&parts);
        let took = self.upstream.sent.map(|sent| sent.elapsed()).unwrap_or_default();
        self.manager.answered(&mut headers, took);
        if !end {
            self.upstream.response = Some(body);
        }
        self.tell(|worker, stream| worker.response_headers(stream, headers, end));
    }

    fn upstream_sent(&mut self, frame: Option<Result<Frame<Bytes>, hyper::Error>>) {
        match read(frame, &mut self.upstream.response, self.upstream.http1) {
            Read::Data(data, end) => self.tell(|worker, stream| worker.response_data(stream, data, end)),
            Read::Trailers(trailers) => self.tell(|worker, stream| worker.response_trailers(stream, trailers)),
            Read::Broken(error) => {
                let failure = failure_of(&error);
                self.tell(|worker, stream| worker.upstream_failed(stream, failure));
            }
        }
    }

    /// Does what the engine says.
    fn obey(&mut self, event: StreamEvent) -> ControlFlow<()> {
        match event {
            StreamEvent::RequestHeaders { headers, end_stream, cluster, timeout } => {
                self.upstream.timeout = timeout;
                self.send(headers, end_stream, &cluster);
                self.request_ends(end_stream);
            }
            StreamEvent::RequestData { data, end_stream } => {
                self.upstream.body.data(data, end_stream);
                self.request_ends(end_stream);
            }
            StreamEvent::RequestTrailers(trailers) => {
                // HTTP/1.1 has trailers too, but Envoy does not pass them on unless it is told to.
                if self.upstream.http1 {
                    self.upstream.body.data(Bytes::new(), true);
                } else {
                    self.upstream.body.trailers(head::to_fields(&trailers));
                }
                self.request_ends(true);
            }
            StreamEvent::ResponseHeaders { headers, end_stream } => self.answer(headers, end_stream),
            StreamEvent::ResponseData { data, end_stream } => self.client.body.data(data, end_stream),
            StreamEvent::ResponseTrailers(_) if self.client.http1 => self.client.body.data(Bytes::new(), true),
            StreamEvent::ResponseTrailers(trailers) => self.client.body.trailers(head::to_fields(&trailers)),
            StreamEvent::Reset => {
                // Both are cut by letting go of them: an unfinished body breaks its connection or resets its stream.
                self.client.answer = None;
                self.client.body = Outgoing::default();
                self.upstream = Upstream::default();
            }
            StreamEvent::Done => {
                self.done = true;
                self.upstream = Upstream::default();
                self.client.request = None;
                self.deadline = None;
                return self.rest();
            }
        }
        ControlFlow::Continue(())
    }

    /// After the engine's last word there is nothing left to do but to deliver.
    fn rest(&self) -> ControlFlow<()> {
        if self.done && self.client.body.is_idle() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The router: picks an endpoint and begins to send.
    fn send(&mut self, mut headers: HeaderMap, end_stream: bool, cluster: &str) {
        let endpoint = match self.engine.clusters.pick(cluster) {
            Ok(endpoint) => endpoint,
            Err(failure) => return self.tell(|worker, stream| worker.upstream_failed(stream, failure)),
        };
        self.tell(|worker, stream| worker.upstream_selected(stream, endpoint.address));
        self.manager.route(&mut headers, self.upstream.timeout);
        let body = if end_stream {
            if wants_length(&headers) {
                headers.add(b"content-length", b"0");
            }
            OutgoingBody::empty()
        } else {
            let (outgoing, body) = Outgoing::open(content_length(&headers));
            self.upstream.body = outgoing;
            body
        };
        match head::to_request(&headers, endpoint.protocol, body) {
            Some(request) => {
                self.upstream.http1 = endpoint.protocol == crate::bootstrap::Protocol::Http1;
                self.upstream.sending = Some(Box::pin(endpoint.send(request)));
            }
            None => self.tell(|worker, stream| worker.upstream_failed(stream, UpstreamFailure::Reset)),
        }
    }

    /// Only from here on the upstream can be late.
    fn request_ends(&mut self, end: bool) {
        if end {
            self.upstream.sent = Some(Instant::now());
            let timeout = Some(self.upstream.timeout).filter(|timeout| !timeout.is_zero());
            self.deadline = timeout.map(|timeout| Instant::now() + timeout);
        }
    }

    fn answer(&mut self, mut headers: HeaderMap, end_stream: bool) {
        self.manager.release(&mut headers);
        let body = if end_stream {
            OutgoingBody::empty()
        } else {
            let (outgoing, body) = Outgoing::open(content_length(&headers));
            self.client.body = outgoing;
            body
        };
        if let Some(answer) = self.client.answer.take() {
            // A client that went away in this moment shows by its abandoned body.
            let _ = answer.send(head::to_response(&headers, body));
        }
    }
}

enum Read {
    Data(Bytes, bool),
    Trailers(HeaderMap),
    Broken(hyper::Error),
}

/// What a frame is for the engine. In HTTP/1.1 the end of a body is not known before it is asked for, so it comes as an empty
/// part of its own, and trailers are passed over: both as in Envoy.
fn read(frame: Option<Result<Frame<Bytes>, hyper::Error>>, body: &mut Option<Incoming>, http1: bool) -> Read {
    let end = |body: &mut Option<Incoming>| *body = None;
    let frame = match frame {
        Some(Ok(frame)) => frame,
        Some(Err(error)) => {
            end(body);
            return Read::Broken(error);
        }
        None => {
            end(body);
            return Read::Data(Bytes::new(), true);
        }
    };
    match frame.into_data() {
        Ok(data) => {
            let last = !http1 && body.as_ref().is_some_and(Body::is_end_stream);
            if last {
                end(body);
            }
            Read::Data(data, last)
        }
        Err(frame) => {
            end(body);
            match frame.into_trailers() {
                Ok(trailers) if !http1 => Read::Trailers(head::from_trailers(&trailers)),
                _ => Read::Data(Bytes::new(), true),
            }
        }
    }
}

/// Whether a request without a body must say so, which methods that usually have none need not.
fn wants_length(headers: &HeaderMap) -> bool {
    let method = headers.get(b":method").and_then(|method| Method::from_bytes(method).ok());
    let bodyless = [Method::GET, Method::HEAD, Method::DELETE, Method::TRACE, Method::CONNECT];
    headers.get(b"content-length").is_none() && method.is_some_and(|method| !bodyless.contains(&method))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    std::str::from_utf8(headers.get(b"content-length")?).ok()?.parse().ok()
}

async fn gone<T>(answer: &mut Option<oneshot::Sender<T>>) {
    match answer {
        Some(answer) => answer.closed().await,
        None => std::future::pending().await,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn sent(sending: &mut Option<Sending>) -> Result<Response<Incoming>, UpstreamFailure> {
    let Some(future) = sending else { return std::future::pending().await };
    let answer = future.await;
    *sending = None;
    answer
}

async fn frame(body: &mut Option<Incoming>) -> Option<Result<Frame<Bytes>, hyper::Error>> {
    match body {
        Some(body) => body.frame().await,
        None => std::future::pending().await,
    }
}
