//! Envoy as it behaves, where the ABI's specification leaves off: filter chains, buffers, local replies, properties,
//! callouts, shared data, queues, metrics, ticks and failure policies.
//!
//! The engine is sans-I/O. A [`Process`] holds what workers share; a [`Worker`] is one worker thread, which is told what came
//! in and says what has to go out. Each claim about Envoy's behaviour has a row in FIDELITY.md and a scenario that compares
//! this engine with the real one.

mod environment;
mod events;
mod filter_chain;
mod foreign;
mod headers;
mod local_reply;
mod metrics;
mod modules;
mod node_message;
mod plugins;
mod process;
mod properties;
mod queues;
mod shared_data;
mod stream;
mod stream_state;
mod trace;
mod vm_host;
mod worker;

pub use environment::{Environment, LogLine};
pub use events::{Callout, CalloutId, CalloutResponse, Event, StreamEvent, StreamId, UpstreamFailure};
pub use headers::HeaderMap;
pub use local_reply::ReplyForm;
pub use metrics::Metric;
pub use modules::{EngineError, Modules};
pub use plugins::StartError;
pub use process::{Process, Waker};
pub use stream_state::Connection;
pub use trace::{Ending, TraceEntry};
pub use worker::{ListenerId, Worker};
