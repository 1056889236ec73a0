//! How messages pass the filters of a stream: pause, resume, buffer, deliver.
//!
//! The rules are those of Envoy's filter manager. A filter that stops in its headers callback gets nothing more until it
//! continues (unless `allow_on_headers_stop_iteration` is set), and then first its successors get the headers, then it gets
//! the body that was held back. A filter that stops in its body callback gets every further piece; once it continues, its
//! successors get all that was held back and it is not called for that again.

use bytes::Bytes;

use super::HeaderMap;
use super::events::{StreamEvent, StreamId, UpstreamFailure};
use super::local_reply::{LocalReply, ReplyForm};
use super::plugins::Called;
use super::stream::{At, Half, Iteration, LiveContext, Step, Stream};
use super::stream_state::{SelectedRoute, View};
use super::vm_host::{Context, StreamContext};
use super::worker::Worker;
use crate::abi::Callback;
use crate::bootstrap::FailurePolicy;

/// What becomes of headers or trailers after a filter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Continue,
    Stop(Iteration),
}

/// What becomes of a piece of a body after a filter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyVerdict {
    Continue,
    Buffer,
    Watermark,
    Drop,
}

impl Worker {
    pub(super) fn receive_headers(&mut self, id: StreamId, half: Half, headers: HeaderMap, end_stream: bool) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        half.message(&mut stream.state.borrow_mut()).headers = Some(headers);
        if half == Half::Request {
            // Envoy finds the route before the first filter; what filters change counts once the cache is cleared. What it answers by
            // itself keeps the form that the client asked for.
            let mut state = stream.state.borrow_mut();
            state.route();
            state.reply_form = ReplyForm::of(state.request.headers.as_ref());
        }
        stream.progress_mut(half).ended = end_stream;
        self.pass_headers(At { stream: id, half, position: 0 }, end_stream);
    }

    pub(super) fn receive_data(&mut self, id: StreamId, half: Half, data: &[u8], end_stream: bool) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
        half.message(&mut stream.state.borrow_mut()).body_size += size;
        stream.progress_mut(half).ended = end_stream;
        self.pass_data(At { stream: id, half, position: 0 }, data.to_vec(), end_stream);
    }

    pub(super) fn receive_trailers(&mut self, id: StreamId, half: Half, trailers: HeaderMap) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        half.message(&mut stream.state.borrow_mut()).trailers = Some(trailers);
        stream.progress_mut(half).ended = true;
        self.pass_trailers(At { stream: id, half, position: 0 });
    }

    /// Resumes a half at a filter, as `proxy_continue_stream` asks.
    pub(super) fn resume(&mut self, id: StreamId, half: Half, filter: usize) {
        let Some(stream) = self.streams.get(&id) else { return };
        // Before a message has come there is nothing to resume.
        if half.message(&mut stream.state.borrow_mut()).headers.is_none() {
            return;
        }
        let position = stream.filter_at(half, filter);
        self.continue_from(At { stream: id, half, position });
    }

    fn continue_from(&mut self, at: At) {
        let At { stream: id, half, position } = at;
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.is_passing(half)) else { return };
        let ended = stream.progress(half).ended;
        let Some(step) = stream.progress_mut(half).steps.get_mut(position) else { return };
        if !step.headers_seen {
            return;
        }
        // A filter that had stopped everything has not seen the body yet.
        let body_position = if step.iteration.is_stop_all() { position } else { position + 1 };
        step.iteration = Iteration::Continue;
        let headers_held = !std::mem::replace(&mut step.headers_continued, true);
        let (has_body, has_trailers) = {
            let mut state = stream.state.borrow_mut();
            let message = half.message(&mut state);
            (message.buffered.is_some(), message.trailers.is_some())
        };
        if headers_held {
            self.pass_headers(At { position: position + 1, ..at }, ended && !has_body && !has_trailers);
        }
        if let Some(body) = self.take_buffered(id, half) {
            self.pass_data(At { position: body_position, ..at }, body, ended && !has_trailers);
        }
        if has_trailers {
            self.pass_trailers(At { position: body_position, ..at });
        }
    }

    fn pass_headers(&mut self, from: At, end_stream: bool) {
        let At { stream: id, half, .. } = from;
        for position in from.position..self.filter_count(id) {
            if !self.is_passing(id, half) {
                return;
            }
            let at = At { position, ..from };
            self.change_step(at, |step| (step.headers_seen, step.end_seen) = (true, end_stream));
            let verdict = self.call_headers(at, end_stream);
            if !self.is_passing(id, half) {
                return;
            }
            match verdict {
                Verdict::Continue => self.change_step(at, |step| step.headers_continued = true),
                Verdict::Stop(iteration) => return self.change_step(at, |step| step.iteration = iteration),
            }
        }
        if self.is_passing(id, half) {
            self.deliver_headers(id, half, end_stream);
        }
    }

    fn pass_data(&mut self, from: At, mut data: Vec<u8>, mut end_stream: bool) {
        let At { stream: id, half, .. } = from;
        let mut trailers_from = None;
        for position in from.position..self.filter_count(id) {
            if !self.is_passing(id, half) {
                return;
            }
            let at = At { position, ..from };
            let step = self.step(at);
            if step.iteration.is_stop_all() {
                self.hold(id, half, &data, step.iteration == Iteration::StopAllAndBuffer);
                return;
            }
            if step.end_seen {
                return;
            }
            self.change_step(at, |step| step.end_seen = end_stream);
            let had_trailers = self.has_trailers(id, half);
            let (verdict, left) = self.call_data(at, data, end_stream);
            data = left;
            if !self.is_passing(id, half) {
                return;
            }
            if end_stream && !had_trailers && self.has_trailers(id, half) {
                // The filter has made trailers, so the body is no longer the end.
                end_stream = false;
                trailers_from = Some(position + 1);
            }
            let paused = self.step(at).iteration == Iteration::StopOne;
            match verdict {
                BodyVerdict::Continue if paused => {
                    self.hold(id, half, &data, false);
                    return self.continue_from(at);
                }
                BodyVerdict::Continue => {}
                BodyVerdict::Buffer | BodyVerdict::Watermark => {
                    self.change_step(at, |step| step.iteration = Iteration::StopOne);
                    self.hold(id, half, &data, verdict == BodyVerdict::Buffer);
                    return;
                }
                BodyVerdict::Drop => return self.change_step(at, |step| step.iteration = Iteration::StopOne),
            }
        }
        if !self.is_passing(id, half) {
            return;
        }
        self.deliver_data(id, half, data, end_stream);
        if let Some(position) = trailers_from {
            self.pass_trailers(At { position, ..from });
        }
    }

    fn pass_trailers(&mut self, from: At) {
        let At { stream: id, half, .. } = from;
        for position in from.position..self.filter_count(id) {
            if !self.is_passing(id, half) {
                return;
            }
            let at = At { position, ..from };
            if self.step(at).iteration.is_stop_all() {
                return;
            }
            self.change_step(at, |step| step.end_seen = true);
            let verdict = self.call_trailers(at);
            if !self.is_passing(id, half) {
                return;
            }
            match verdict {
                Verdict::Continue if self.step(at).iteration == Iteration::StopOne => return self.continue_from(at),
                Verdict::Continue => {}
                Verdict::Stop(iteration) => return self.change_step(at, |step| step.iteration = iteration),
            }
        }
        if self.is_passing(id, half) {
            self.deliver_trailers(id, half);
        }
    }

    fn call_headers(&mut self, at: At, end_stream: bool) -> Verdict {
        let Some((count, allows_stop)) = self.with_view(at, |view, stream, worker| {
            at.half.view(view).headers = true;
            let mut state = stream.state.borrow_mut();
            let count = at.half.message(&mut state).headers.as_ref().map_or(0, HeaderMap::len);
            (size(count), worker.allows_headers_stop(stream, at))
        }) else {
            return Verdict::Continue;
        };
        let verdict = match self.invoke(at, at.half.headers_callback(), &[count, u32::from(end_stream)]) {
            Invoked::Skipped | Invoked::Returned(0 | 2) => Verdict::Continue,
            Invoked::Returned(1) if allows_stop => Verdict::Stop(Iteration::StopOne),
            Invoked::Returned(3) => Verdict::Stop(Iteration::StopAllAndBuffer),
            Invoked::Returned(_) | Invoked::Stopped => Verdict::Stop(Iteration::StopAllAndWatermark),
        };
        self.with_view(at, |view, _, _| at.half.view(view).headers = verdict != Verdict::Continue);
        verdict
    }

    fn call_data(&mut self, at: At, data: Vec<u8>, end_stream: bool) -> (BodyVerdict, Vec<u8>) {
        if !self.has_context(at) {
            return (BodyVerdict::Continue, data);
        }
        let buffering = self.with_view(at, |view, _, _| at.half.view(view).buffering).unwrap_or_default();
        if buffering {
            // The filter sees everything from the first byte on, so the new piece joins what is held back.
            self.hold(at.stream, at.half, &data, true);
            if !self.is_passing(at.stream, at.half) {
                return (BodyVerdict::Drop, Vec::new());
            }
        }
        let length = self.with_view(at, |view, stream, _| {
            let half = at.half.view(view);
            (half.body, half.end_of_stream) = (true, end_stream);
            let mut state = stream.state.borrow_mut();
            let message = at.half.message(&mut state);
            message.chunk = if buffering { Vec::new() } else { data };
            size(if buffering { message.buffered.as_ref().map_or(0, Vec::len) } else { message.chunk.len() })
        });
        let invoked = self.invoke(at, at.half.body_callback(), &[length.unwrap_or_default(), u32::from(end_stream)]);
        let verdict = match invoked {
            Invoked::Skipped | Invoked::Returned(0) => BodyVerdict::Continue,
            Invoked::Returned(1) => BodyVerdict::Buffer,
            Invoked::Returned(2) => BodyVerdict::Watermark,
            Invoked::Returned(_) | Invoked::Stopped => BodyVerdict::Drop,
        };
        let left = self.with_view(at, |view, stream, _| {
            let half = at.half.view(view);
            half.buffering = verdict == BodyVerdict::Buffer;
            half.body = half.body && verdict != BodyVerdict::Continue;
            std::mem::take(&mut at.half.message(&mut stream.state.borrow_mut()).chunk)
        });
        (verdict, left.unwrap_or_default())
    }

    fn call_trailers(&mut self, at: At) -> Verdict {
        let count = self.with_view(at, |view, stream, _| {
            at.half.view(view).trailers = true;
            size(at.half.message(&mut stream.state.borrow_mut()).trailers.as_ref().map_or(0, HeaderMap::len))
        });
        let verdict = match self.invoke(at, at.half.trailers_callback(), &[count.unwrap_or_default()]) {
            Invoked::Skipped | Invoked::Returned(0) => Verdict::Continue,
            Invoked::Returned(_) | Invoked::Stopped => Verdict::Stop(Iteration::StopOne),
        };
        self.with_view(at, |view, _, _| at.half.view(view).trailers = verdict != Verdict::Continue);
        verdict
    }

    /// Calls a filter's callback and applies the failure policy. The first request callback makes the context.
    fn invoke(&mut self, at: At, callback: Callback, arguments: &[u32]) -> Invoked {
        if callback == Callback::RequestHeaders {
            match self.enter(at) {
                Entered::Live => {}
                Entered::Absent => return Invoked::Skipped,
                Entered::Failed => return self.fail_stream(at),
            }
        }
        let Some(context) = self.live_context(at) else { return Invoked::Skipped };
        if !self.plugins.is_alive(context) {
            return if self.fails_open(at) { Invoked::Skipped } else { self.fail_stream(at) };
        }
        match self.call(context.machine, context.id, callback, arguments, Some(at.stream)) {
            // The stream whose callback trapped is failed whatever the policy; that is for the streams that follow.
            Called::Failed => self.fail_stream(at),
            Called::Returned(value) => {
                let replied = self.with_view(at, |view, _, _| view.replied).unwrap_or(true);
                if replied && callback != Callback::ResponseHeaders && callback != Callback::ResponseBody {
                    Invoked::Stopped
                } else {
                    Invoked::Returned(value)
                }
            }
        }
    }

    /// Makes the context of a filter, where its plugin can run.
    fn enter(&mut self, at: At) -> Entered {
        let Some(handle) = self.filter(at).map(|filter| filter.handle) else { return Entered::Absent };
        let revived = self.plugins.revive(handle);
        let Some((machine, root, policy)) =
            self.plugins.handle(handle).map(|h| (h.machine, h.root, h.plugin.failure_policy))
        else {
            return Entered::Absent;
        };
        if !revived {
            let open = policy == FailurePolicy::FailOpen;
            if let Some(filter) = self.filter_mut(at) {
                filter.absent = open;
            }
            return if open { Entered::Absent } else { Entered::Failed };
        }
        let generation = self.plugins.generation(machine);
        let Some(stream) = self.streams.get(&at.stream) else { return Entered::Absent };
        let index = stream.filter_at(at.half, at.position);
        let Some(view) = stream.filters.get(index).map(|filter| filter.view.clone()) else { return Entered::Absent };
        let context =
            Context::Stream(StreamContext { root, id: at.stream, filter: index, state: stream.state.clone(), view });
        let Some(id) = self.plugins.host_mut(machine).map(|host| host.add_context(context)) else {
            return Entered::Failed;
        };
        if let Some(filter) = self.filter_mut(at) {
            filter.context = Some(LiveContext { id, machine, generation });
        }
        match self.call(machine, id, Callback::ContextCreate, &[root], Some(at.stream)) {
            Called::Returned(_) => Entered::Live,
            Called::Failed => Entered::Failed,
        }
    }

    fn fails_open(&self, at: At) -> bool {
        let handle = self.filter(at).and_then(|filter| self.plugins.handle(filter.handle));
        handle.is_some_and(|handle| handle.plugin.failure_policy == FailurePolicy::FailOpen)
    }

    /// What a failed virtual machine does to a stream: 503, once.
    fn fail_stream(&mut self, at: At) -> Invoked {
        let Some(filter) = self.filter_mut(at) else { return Invoked::Skipped };
        if std::mem::replace(&mut filter.failed, true) {
            return if at.half == Half::Response { Invoked::Skipped } else { Invoked::Stopped };
        }
        self.reply(at.stream, LocalReply::failed_plugin());
        Invoked::Stopped
    }

    /// Makes the context of a filter that no request callback has reached, for the last callbacks.
    pub(super) fn enter_late(&mut self, stream: StreamId, filter: usize) -> Option<LiveContext> {
        let at = At { stream, half: Half::Request, position: filter };
        if self.live_context(at).is_none() && self.filter(at).is_some_and(|filter| !filter.absent && !filter.failed) {
            self.enter(at);
        }
        self.live_context(at).filter(|context| self.plugins.is_alive(*context))
    }

    fn deliver_headers(&mut self, id: StreamId, half: Half, end_stream: bool) {
        if half == Half::Response {
            return self.deliver_response_headers(id, end_stream);
        }
        let Some(stream) = self.streams.get_mut(&id) else { return };
        (stream.request.headers_delivered, stream.request.end_delivered) = (true, end_stream);
        let state = stream.state.clone();
        let Some(headers) = state.borrow().request.headers.clone() else { return };
        let route = state.borrow_mut().route().cloned();
        match route {
            None => self.reply(id, LocalReply::no_route()),
            Some(SelectedRoute { direct: Some((status, body)), .. }) => {
                self.reply(id, LocalReply::direct_response(status, &body));
            }
            Some(SelectedRoute { cluster: Some(cluster), .. }) if !self.shared().clusters.contains_key(&cluster) => {
                self.reply(id, LocalReply::no_cluster());
            }
            Some(SelectedRoute { cluster: Some(cluster), timeout, .. }) => {
                let endpoints = self.shared().clusters.get(&cluster).copied().unwrap_or_default();
                if endpoints == 0 {
                    return self.fail_upstream(id, UpstreamFailure::NoHealthyUpstream);
                }
                {
                    let mut state = state.borrow_mut();
                    (state.upstream_requested, state.upstream_endpoints) = (true, endpoints);
                }
                self.emit(id, StreamEvent::RequestHeaders { headers, end_stream, cluster, timeout });
            }
            Some(SelectedRoute { cluster: None, .. }) => self.reply(id, LocalReply::no_cluster()),
        }
    }

    fn deliver_response_headers(&mut self, id: StreamId, end_stream: bool) {
        let Some(stream) = self.streams.get(&id) else { return };
        let has_status =
            stream.state.borrow().response.headers.as_ref().is_some_and(|headers| headers.get(b":status").is_some());
        if has_status { self.send_response_headers(id, end_stream) } else { self.reply(id, LocalReply::no_status()) }
    }

    fn deliver_data(&mut self, id: StreamId, half: Half, data: Vec<u8>, end_stream: bool) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.progress_mut(half).end_delivered = end_stream;
        let data = Bytes::from(data);
        self.emit(
            id,
            match half {
                Half::Request => StreamEvent::RequestData { data, end_stream },
                Half::Response => StreamEvent::ResponseData { data, end_stream },
            },
        );
    }

    fn deliver_trailers(&mut self, id: StreamId, half: Half) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.progress_mut(half).end_delivered = true;
        let trailers = half.message(&mut stream.state.borrow_mut()).trailers.clone().unwrap_or_default();
        self.emit(
            id,
            match half {
                Half::Request => StreamEvent::RequestTrailers(trailers),
                Half::Response => StreamEvent::ResponseTrailers(trailers),
            },
        );
    }

    /// Holds a piece of a body back. Over the limit the request is refused, or the response replaced.
    fn hold(&mut self, id: StreamId, half: Half, data: &[u8], limited: bool) {
        let Some(stream) = self.streams.get(&id) else { return };
        let over = {
            let mut state = stream.state.borrow_mut();
            let buffered = half.message(&mut state).buffered.get_or_insert_default();
            buffered.extend_from_slice(data);
            limited && buffered.len() > stream.buffer_limit
        };
        if over {
            self.reply(
                id,
                match half {
                    Half::Request => LocalReply::request_too_large(),
                    Half::Response => LocalReply::response_too_large(),
                },
            );
        }
    }

    fn take_buffered(&mut self, id: StreamId, half: Half) -> Option<Vec<u8>> {
        half.message(&mut self.streams.get(&id)?.state.borrow_mut()).buffered.take()
    }

    fn has_trailers(&self, id: StreamId, half: Half) -> bool {
        self.streams.get(&id).is_some_and(|stream| half.message(&mut stream.state.borrow_mut()).trailers.is_some())
    }

    fn filter_count(&self, id: StreamId) -> usize {
        self.streams.get(&id).map_or(0, |stream| stream.filters.len())
    }

    fn is_passing(&self, id: StreamId, half: Half) -> bool {
        self.streams.get(&id).is_some_and(|stream| stream.is_passing(half))
    }

    fn step(&self, at: At) -> Step {
        let stream = self.streams.get(&at.stream);
        stream.and_then(|stream| stream.progress(at.half).steps.get(at.position)).copied().unwrap_or_default()
    }

    fn change_step(&mut self, at: At, change: impl FnOnce(&mut Step)) {
        let stream = self.streams.get_mut(&at.stream);
        if let Some(step) = stream.and_then(|stream| stream.progress_mut(at.half).steps.get_mut(at.position)) {
            change(step);
        }
    }

    fn filter(&self, at: At) -> Option<&super::stream::Filter> {
        let stream = self.streams.get(&at.stream)?;
        stream.filters.get(stream.filter_at(at.half, at.position))
    }

    fn filter_mut(&mut self, at: At) -> Option<&mut super::stream::Filter> {
        let stream = self.streams.get_mut(&at.stream)?;
        let index = stream.filter_at(at.half, at.position);
        stream.filters.get_mut(index)
    }

    fn live_context(&self, at: At) -> Option<LiveContext> {
        self.filter(at).and_then(|filter| filter.context)
    }

    fn has_context(&self, at: At) -> bool {
        self.live_context(at).is_some()
    }

    fn with_view<T>(&self, at: At, body: impl FnOnce(&mut View, &Stream, &Self) -> T) -> Option<T> {
        let stream = self.streams.get(&at.stream)?;
        let view = self.filter(at)?.view.clone();
        let answer = body(&mut view.borrow_mut(), stream, self);
        Some(answer)
    }

    fn allows_headers_stop(&self, stream: &Stream, at: At) -> bool {
        let filter = stream.filters.get(stream.filter_at(at.half, at.position));
        filter
            .and_then(|filter| self.plugins.handle(filter.handle))
            .is_some_and(|handle| handle.plugin.allow_on_headers_stop_iteration)
    }
}

/// How an invocation came out, after the failure policy.
enum Invoked {
    /// The filter was not called.
    Skipped,
    Returned(u32),
    /// The filter, or its failure, has ended this half.
    Stopped,
}

enum Entered {
    Live,
    Absent,
    Failed,
}

fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
