//! One stream as the worker holds it: its filters, and how far each half has come through them.

use std::cell::RefCell;
use std::rc::Rc;

use super::events::StreamId;
use super::stream_state::{HalfView, Message, StreamState, View};
use crate::abi::Callback;

/// The two halves of an exchange. Requests pass the filters in the order of the configuration, responses in reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Request,
    Response,
}

/// One stream.
pub(super) struct Stream {
    pub(super) state: Rc<RefCell<StreamState>>,
    pub(super) filters: Vec<Filter>,
    pub(super) request: Progress,
    pub(super) response: Progress,
    /// The most bytes of a body that are held back for a filter.
    pub(super) buffer_limit: usize,
    /// The response is the proxy's own; what the upstream still says is not heard.
    pub(super) replied_locally: bool,
    /// The last callbacks run; nothing else may.
    pub(super) finishing: bool,
}

/// One filter of a stream.
pub(super) struct Filter {
    /// Which of the worker's plugins.
    pub(super) handle: usize,
    pub(super) view: Rc<RefCell<View>>,
    /// The context, once the first callback has made it, and the virtual machine that it was made in.
    pub(super) context: Option<LiveContext>,
    /// The plugin had failed when the stream began, and its policy says to go on without it.
    pub(super) absent: bool,
    /// The stream was failed on the plugin's behalf; that happens once.
    pub(super) failed: bool,
}

/// A context in a machine; after a reload the machine is another, and the context is gone.
#[derive(Clone, Copy)]
pub(super) struct LiveContext {
    pub(super) id: u32,
    pub(super) machine: usize,
    pub(super) generation: u64,
}

/// How far one half has come.
#[derive(Default)]
pub(super) struct Progress {
    /// One for each filter, in the order in which this half passes them.
    pub(super) steps: Vec<Step>,
    /// The last piece of the message has come in.
    pub(super) ended: bool,
    /// No filter is called any more for this half.
    pub(super) aborted: bool,
    /// The head has left the last filter.
    pub(super) headers_delivered: bool,
    /// The end has left the last filter.
    pub(super) end_delivered: bool,
}

/// Where iteration stands at one filter of one half.
#[derive(Clone, Copy, Default)]
pub(super) struct Step {
    pub(super) iteration: Iteration,
    pub(super) headers_seen: bool,
    pub(super) headers_continued: bool,
    pub(super) end_seen: bool,
}

/// Whether messages go on after a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Iteration {
    #[default]
    Continue,
    /// The filter holds back what it has; it still gets what comes.
    StopOne,
    /// The filter gets nothing until it continues; bodies are held back up to the limit.
    StopAllAndBuffer,
    /// As before, and the sender is slowed down instead of refused.
    StopAllAndWatermark,
}

impl Iteration {
    pub(super) fn is_stop_all(self) -> bool {
        matches!(self, Self::StopAllAndBuffer | Self::StopAllAndWatermark)
    }
}

impl Stream {
    pub(super) fn new(state: StreamState, handles: &[usize], buffer_limit: usize) -> Self {
        let filters = handles.iter().map(|handle| Filter {
            handle: *handle,
            view: Rc::default(),
            context: None,
            absent: false,
            failed: false,
        });
        let progress = || Progress { steps: vec![Step::default(); handles.len()], ..Progress::default() };
        Self {
            state: Rc::new(RefCell::new(state)),
            filters: filters.collect(),
            request: progress(),
            response: progress(),
            buffer_limit,
            replied_locally: false,
            finishing: false,
        }
    }

    pub(super) fn progress(&self, half: Half) -> &Progress {
        match half {
            Half::Request => &self.request,
            Half::Response => &self.response,
        }
    }

    pub(super) fn progress_mut(&mut self, half: Half) -> &mut Progress {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }

    /// The filter at a position of a half; its own inverse, so it also gives the position of a filter.
    pub(super) fn filter_at(&self, half: Half, position: usize) -> usize {
        match half {
            Half::Request => position,
            Half::Response => self.filters.len().saturating_sub(position + 1),
        }
    }

    /// Whether filters are still called for this half.
    pub(super) fn is_passing(&self, half: Half) -> bool {
        !self.finishing && !self.progress(half).aborted
    }
}

impl Half {
    pub(super) fn message(self, state: &mut StreamState) -> &mut Message {
        match self {
            Self::Request => &mut state.request,
            Self::Response => &mut state.response,
        }
    }

    pub(super) fn view(self, view: &mut View) -> &mut HalfView {
        match self {
            Self::Request => &mut view.request,
            Self::Response => &mut view.response,
        }
    }

    pub(super) fn headers_callback(self) -> Callback {
        match self {
            Self::Request => Callback::RequestHeaders,
            Self::Response => Callback::ResponseHeaders,
        }
    }

    pub(super) fn body_callback(self) -> Callback {
        match self {
            Self::Request => Callback::RequestBody,
            Self::Response => Callback::ResponseBody,
        }
    }

    pub(super) fn trailers_callback(self) -> Callback {
        match self {
            Self::Request => Callback::RequestTrailers,
            Self::Response => Callback::ResponseTrailers,
        }
    }
}

/// A stream's name with the position of a filter in one half of it.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) stream: StreamId,
    pub(super) half: Half,
    pub(super) position: usize,
}
