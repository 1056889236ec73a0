//! Shared queues: named, scoped by `vm_id`, each with the one root context that listens to it.
//!
//! Registering a queue again gives the same id and moves the listener to the caller, as `shared_queue.cc` of
//! proxy-wasm-cpp-host does.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::abi::Status;

/// The root context that is told about new messages: its worker, its virtual machine there, and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listener {
    pub(super) worker: u32,
    pub(super) vm_key: String,
    pub(super) root: u32,
}

#[derive(Default)]
pub(super) struct Queues {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ids: HashMap<(String, Vec<u8>), u32>,
    queues: HashMap<u32, Queue>,
    ready: Vec<(Listener, u32)>,
}

struct Queue {
    messages: VecDeque<Vec<u8>>,
    listener: Listener,
}

impl Queues {
    pub(super) fn register(&self, vm_id: &str, name: &[u8], listener: Listener) -> u32 {
        let mut state = self.lock();
        let next = u32::try_from(state.ids.len()).unwrap_or(u32::MAX).saturating_add(1);
        let id = *state.ids.entry((vm_id.to_owned(), name.to_vec())).or_insert(next);
        let queue =
            state.queues.entry(id).or_insert_with(|| Queue { messages: VecDeque::new(), listener: listener.clone() });
        queue.listener = listener;
        id
    }

    pub(super) fn resolve(&self, vm_id: &str, name: &[u8]) -> Result<u32, Status> {
        self.lock().ids.get(&(vm_id.to_owned(), name.to_vec())).copied().ok_or(Status::NotFound)
    }

    pub(super) fn dequeue(&self, id: u32) -> Result<Vec<u8>, Status> {
        let mut state = self.lock();
        let queue = state.queues.get_mut(&id).ok_or(Status::NotFound)?;
        queue.messages.pop_front().ok_or(Status::Empty)
    }

    /// Appends a message; answers the worker whose listener is to be told.
    pub(super) fn enqueue(&self, id: u32, message: &[u8]) -> Result<u32, Status> {
        let mut state = self.lock();
        let queue = state.queues.get_mut(&id).ok_or(Status::NotFound)?;
        queue.messages.push_back(message.to_vec());
        let listener = queue.listener.clone();
        let worker = listener.worker;
        state.ready.push((listener, id));
        Ok(worker)
    }

    /// The notices that wait for a worker, oldest first.
    pub(super) fn take_ready(&self, worker: u32) -> Vec<(Listener, u32)> {
        let mut state = self.lock();
        let (mine, others) = std::mem::take(&mut state.ready).into_iter().partition(|(to, _)| to.worker == worker);
        state.ready = others;
        mine
    }

    pub(super) fn has_ready(&self, worker: u32) -> bool {
        self.lock().ready.iter().any(|(to, _)| to.worker == worker)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
