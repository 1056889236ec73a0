//! A body on its way out: what has passed the filters waits here until the connection takes it.
//!
//! The engine hands over data when a filter lets it go, whether the receiver is ready or not. [`Outgoing`] keeps it, and
//! whoever feeds the engine reads no further from the other side until [`Outgoing::is_idle`]: that is the backpressure.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{mpsc, oneshot};

/// The sending side.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Part>,
    sender: Option<mpsc::Sender<Part>>,
    abandoned: Option<oneshot::Receiver<()>>,
}

#[derive(Debug)]
struct Part {
    frame: Frame<Bytes>,
    end: bool,
}

/// The receiving side, which hyper writes to the connection.
#[derive(Debug)]
pub(super) struct OutgoingBody {
    parts: Option<mpsc::Receiver<Part>>,
    /// What the head has promised and has not been delivered yet.
    promised: Option<u64>,
    abandoned: Option<oneshot::Sender<()>>,
}

/// The body was cut before its end: the stream was reset.
#[derive(Debug, thiserror::Error)]
#[error("the stream was reset")]
pub(super) struct Cut;

impl Outgoing {
    /// A body to be sent in parts. `content_length` is what its head promises.
    pub fn open(content_length: Option<u64>) -> (Self, OutgoingBody) {
        let (sender, parts) = mpsc::channel(1);
        let (drop_notice, abandoned) = oneshot::channel();
        let body = OutgoingBody { parts: Some(parts), promised: content_length, abandoned: Some(drop_notice) };
        (Self { queue: VecDeque::new(), sender: Some(sender), abandoned: Some(abandoned) }, body)
    }

    pub fn data(&mut self, data: Bytes, end: bool) {
        self.queue.push_back(Part { frame: Frame::data(data), end });
    }

    pub fn trailers(&mut self, trailers: http::HeaderMap) {
        self.queue.push_back(Part { frame: Frame::trailers(trailers), end: true });
    }

    /// Whether everything has been taken.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Passes on one part when the connection is ready for it, or tells that nobody will ever take the rest. Does not return
    /// while there is nothing to pass on and somebody who would take it.
    pub async fn progress(&mut self) -> Progress {
        let Self { queue, sender, abandoned } = self;
        tokio::select! {
            biased;
            () = gone(abandoned) => Progress::Abandoned,
            () = pass_on(queue, sender), if !queue.is_empty() => Progress::Taken,
        }
    }
}

/// How far a body came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// One part has been taken.
    Taken,
    /// The receiver has gone before the end.
    Abandoned,
}

async fn pass_on(queue: &mut VecDeque<Part>, sender: &Option<mpsc::Sender<Part>>) {
    let permit = match sender {
        Some(sender) => sender.reserve().await.ok(),
        None => None,
    };
    match (permit, queue.pop_front()) {
        (Some(permit), Some(part)) => permit.send(part),
        // Nobody takes it any more; whether that matters is for `abandoned` to tell.
        _ => queue.clear(),
    }
}

/// Returns when the receiver has gone before the end; never when it was content.
async fn gone(abandoned: &mut Option<oneshot::Receiver<()>>) {
    let is_gone = match abandoned {
        Some(abandoned) => abandoned.await.is_ok(),
        None => false,
    };
    *abandoned = None;
    if !is_gone {
        std::future::pending::<()>().await;
    }
}

impl OutgoingBody {
    /// No body.
    pub fn empty() -> Self {
        Self { parts: None, promised: None, abandoned: None }
    }

    /// A body that is there as a whole.
    pub fn whole(data: Bytes, trailers: Option<http::HeaderMap>) -> Self {
        if data.is_empty() && trailers.is_none() {
            return Self::empty();
        }
        let (sender, parts) = mpsc::channel(2);
        let end = trailers.is_none();
        // Both fit the channel.
        let _ = sender.try_send(Part { frame: Frame::data(data), end });
        if let Some(trailers) = trailers {
            let _ = sender.try_send(Part { frame: Frame::trailers(trailers), end: true });
        }
        Self { parts: Some(parts), promised: None, abandoned: None }
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let Some(parts) = &mut self.parts else { return Poll::Ready(None) };
        let Some(Part { frame, end }) = ready!(parts.poll_recv(context)) else {
            self.parts = None;
            return Poll::Ready(Some(Err(Cut)));
        };
        if let (Some(promised), Some(data)) = (&mut self.promised, frame.data_ref()) {
            *promised = promised.saturating_sub(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
        if end {
            self.parts = None;
            self.abandoned = None;
            if frame.data_ref().is_some_and(Bytes::is_empty) {
                return Poll::Ready(None);
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.parts.is_none() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}

impl Drop for OutgoingBody {
    fn drop(&mut self) {
        // A connection lets go of a body as soon as the promised length is delivered, without asking for its end.
        if self.promised != Some(0)
            && let Some(abandoned) = self.abandoned.take()
        {
            let _ = abandoned.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn parts_leave_one_by_one_as_they_are_taken() {
        let (mut outgoing, mut body) = Outgoing::open(None);
        outgoing.data(Bytes::from_static(b"one"), false);
        outgoing.data(Bytes::from_static(b"two"), false);
        outgoing.trailers(http::HeaderMap::new());
        assert_eq!(outgoing.progress().await, Progress::Taken);
        assert!(!outgoing.is_idle());
        // The second waits for the first to be taken.
        tokio::select! {
            biased;
            _ = outgoing.progress() => panic!("there is no room"),
            frame = body.frame() => assert_eq!(frame.expect("a part").expect("data").into_data().ok(), Some(Bytes::from_static(b"one"))),
        }
        assert_eq!(outgoing.progress().await, Progress::Taken);
        assert!(body.frame().await.expect("a part").is_ok());
        assert_eq!(outgoing.progress().await, Progress::Taken);
        assert!(outgoing.is_idle());
        assert!(body.frame().await.expect("a part").expect("trailers").is_trailers());
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn a_body_that_is_not_ended_is_cut() {
        let (outgoing, mut body) = Outgoing::open(None);
        drop(outgoing);
        assert!(body.frame().await.expect("an error").is_err());
    }

    #[tokio::test]
    async fn only_a_body_with_something_left_to_say_can_be_abandoned() {
        let (mut outgoing, body) = Outgoing::open(Some(3));
        drop(body);
        assert_eq!(outgoing.progress().await, Progress::Abandoned);

        let (mut outgoing, mut body) = Outgoing::open(Some(3));
        outgoing.data(Bytes::from_static(b"all"), false);
        assert_eq!(outgoing.progress().await, Progress::Taken);
        assert!(body.frame().await.expect("a part").is_ok());
        drop(body);
        tokio::select! {
            biased;
            _ = outgoing.progress() => panic!("it was delivered"),
            () = tokio::task::yield_now() => {}
        }
    }
}
