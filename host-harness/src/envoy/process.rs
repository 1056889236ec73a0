//! What all workers of one Envoy process share: shared data, queues, metrics and the environment.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::environment::Environment;
use super::metrics::{Metric, Metrics};
use super::modules::Modules;
use super::queues::Queues;
use super::shared_data::SharedData;
use crate::bootstrap::Plugin;

/// Wakes a worker that sleeps while another worker has something for it.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// One Envoy process.
pub struct Process {
    pub(super) environment: Arc<dyn Environment>,
    pub(super) shared_data: SharedData,
    pub(super) queues: Queues,
    pub(super) metrics: Metrics,
    pub(super) modules: Arc<Modules>,
    proven: Mutex<HashSet<String>>,
    wakers: Mutex<HashMap<u32, Waker>>,
}

impl Process {
    /// A process with nothing in it.
    pub fn new(environment: Arc<dyn Environment>, modules: Arc<Modules>) -> Arc<Self> {
        Arc::new(Self {
            environment,
            shared_data: SharedData::default(),
            queues: Queues::default(),
            metrics: Metrics::default(),
            modules,
            proven: Mutex::default(),
            wakers: Mutex::default(),
        })
    }

    /// Every metric that plugins have defined, by name.
    pub fn metrics(&self) -> BTreeMap<String, Metric> {
        self.metrics.all()
    }

    /// How many keys the shared data has, and how many bytes its keys and values are.
    pub fn shared_data_size(&self) -> (usize, usize) {
        self.shared_data.size()
    }

    /// Whether this is the first time that a plugin is proven in this process, so that only one canary runs for it.
    pub(super) fn is_first(&self, plugin_key: &str) -> bool {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner).insert(plugin_key.to_owned())
    }

    pub(super) fn set_waker(&self, worker: u32, waker: Waker) {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner).insert(worker, waker);
    }

    pub(super) fn wake(&self, worker: u32) {
        let waker = self.wakers.lock().unwrap_or_else(PoisonError::into_inner).get(&worker).cloned();
        if let Some(waker) = waker {
            waker();
        }
    }
}

/// Plugins with equal keys share a virtual machine (`vm_id`, VM configuration and code).
pub(super) fn vm_key(plugin: &Plugin) -> String {
    let mut hash = Sha256::new();
    for part in [plugin.vm_id.as_bytes(), b"||", &plugin.vm_configuration, b"||", &plugin.module.bytes] {
        hash.update(part);
    }
    format!("{}#{}", plugin.vm_id, hex(&hash.finalize()))
}

/// Plugins with equal keys share a root context.
pub(super) fn plugin_key(plugin: &Plugin) -> String {
    let mut hash = Sha256::new();
    hash.update(&plugin.configuration);
    format!(
        "{}||{}||{}||{:?}||{}||{}",
        vm_key(plugin),
        plugin.name,
        plugin.root_id,
        plugin.failure_policy,
        plugin.allow_on_headers_stop_iteration,
        hex(&hash.finalize())
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
