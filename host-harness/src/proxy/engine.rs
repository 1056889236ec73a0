//! One worker's engine behind real sockets: hands what the engine says to the stream or callout that it concerns.
//!
//! Everything here lives on the worker's one thread. The engine is borrowed for the length of one call and never across an
//! await, so whatever a call makes it say is handed on before anything else can happen.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::callout;
use super::upstream::Clusters;
use crate::envoy::{Environment, Event, StreamEvent, StreamId, Worker};

/// The engine of one worker.
pub(super) struct Engine {
    worker: RefCell<Worker>,
    streams: RefCell<BTreeMap<StreamId, mpsc::UnboundedSender<StreamEvent>>>,
    /// Told whenever deadlines may have changed.
    changed: Arc<Notify>,
    pub clusters: Clusters,
    pub environment: Arc<dyn Environment>,
}

impl Engine {
    pub fn new(worker: Worker, clusters: Clusters, environment: Arc<dyn Environment>) -> Rc<Self> {
        let changed = Arc::new(Notify::new());
        let waker = Arc::clone(&changed);
        worker.set_waker(Arc::new(move || waker.notify_one()));
        Rc::new(Self { worker: RefCell::new(worker), streams: RefCell::default(), changed, clusters, environment })
    }

    /// Lets the engine do something, then hands on what it says.
    pub fn drive<R>(self: &Rc<Self>, act: impl FnOnce(&mut Worker) -> R) -> R {
        let result = act(&mut self.worker.borrow_mut());
        loop {
            let event = self.worker.borrow_mut().poll_event();
            match event {
                Some(Event::Stream(stream, event)) => self.hand_on(stream, event),
                Some(Event::Callout(callout)) => {
                    tokio::task::spawn_local(callout::run(Rc::clone(self), callout));
                }
                None => break,
            }
        }
        self.changed.notify_one();
        result
    }

    /// What the engine says about a stream from now on.
    pub fn listen(&self, stream: StreamId) -> mpsc::UnboundedReceiver<StreamEvent> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.streams.borrow_mut().insert(stream, sender);
        receiver
    }

    fn hand_on(&self, stream: StreamId, event: StreamEvent) {
        let mut streams = self.streams.borrow_mut();
        let is_last = event == StreamEvent::Done;
        if let Some(listener) = streams.get(&stream) {
            // An exchange that has ended by itself does not listen any more.
            let _ = listener.send(event);
        }
        if is_last {
            streams.remove(&stream);
        }
    }

    /// Runs ticks and shared queues when they are due, for ever.
    pub async fn run_timers(self: Rc<Self>) {
        loop {
            let deadline = self.worker.borrow().next_deadline();
            let wait = deadline.map(|at| Duration::from_nanos(at.saturating_sub(self.environment.unix_nanos())));
            tokio::select! {
                () = sleep(wait) => self.drive(Worker::run_timers),
                () = self.changed.notified() => {}
            }
        }
    }

    /// The last callbacks of everything.
    pub fn shut_down(self: &Rc<Self>) {
        self.drive(Worker::shut_down);
    }
}

/// Sleeps, for ever where there is nothing to wait for.
pub(super) async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
