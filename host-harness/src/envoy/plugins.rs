//! The virtual machines and root contexts of one worker: started, configured, failed, built anew.
//!
//! Envoy first proves a plugin in a canary that it throws away, then every worker builds its own virtual machine. Plugins with
//! the same `vm_id`, VM configuration and code share one; when it fails, it fails for all of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::environment::LogLine;
use super::events::StreamId;
use super::process::{plugin_key, vm_key};
use super::stream::LiveContext;
use super::trace::{Ending, TraceEntry};
use super::vm_host::{Context, Root, VmHost, WorkerShared, nanos};
use crate::abi::{Callback, LoadError, LogLevel, Trap, Vm};
use crate::bootstrap::{FailurePolicy, Plugin};

/// The shortest time between two starts of a virtual machine under [`FailurePolicy::FailReload`] (Envoy's default).
const RELOAD_BACKOFF: Duration = Duration::from_secs(1);

/// Why a plugin cannot be used; Envoy refuses the whole configuration then, whatever the failure policy.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The module cannot be loaded.
    #[error("plugin {plugin}: {error}")]
    Load {
        /// The plugin's name.
        plugin: String,
        /// Why.
        error: LoadError,
    },
    /// The module failed while it started or was configured.
    #[error("plugin {plugin}: expected the module to start, but it failed: {trap}")]
    Start {
        /// The plugin's name.
        plugin: String,
        /// How.
        trap: Trap,
    },
    /// `proxy_on_vm_start` or `proxy_on_configure` returned false.
    #[error(
        "plugin {plugin}: expected {callback} to accept the configuration, but it returned false; see the plugin's log for the reason"
    )]
    Refused {
        /// The plugin's name.
        plugin: String,
        /// Which one.
        callback: &'static str,
    },
}

/// One virtual machine.
pub(super) struct Machine {
    key: String,
    vm: Option<Vm<VmHost>>,
    started_at: u64,
    /// Grows with each reload, so that contexts of the machine before are known to be gone.
    generation: u64,
}

/// One plugin in one worker.
pub(super) struct Handle {
    pub(super) plugin: Arc<Plugin>,
    key: String,
    pub(super) machine: usize,
    /// The root context's id in the machine.
    pub(super) root: u32,
}

/// All plugins of one worker.
pub(super) struct Plugins {
    pub(super) shared: Rc<WorkerShared>,
    machines: Vec<Machine>,
    handles: Vec<Handle>,
}

/// How a callback came out.
pub(super) enum Called {
    /// With this result; 0 where the module has no such callback or the callback no result.
    Returned(u32),
    /// The virtual machine has failed, before or during the call.
    Failed,
}

impl Plugins {
    pub(super) fn new(shared: Rc<WorkerShared>) -> Self {
        Self { shared, machines: Vec::new(), handles: Vec::new() }
    }

    /// Starts a plugin, or finds it started, and answers its handle.
    pub(super) fn add(&mut self, plugin: &Arc<Plugin>) -> Result<usize, StartError> {
        let key = plugin_key(plugin);
        if let Some(found) = self.handles.iter().position(|handle| handle.key == key) {
            return Ok(found);
        }
        if self.shared.process.is_first(&key) {
            // The canary is thrown away whole: no done, no delete.
            let mut canary = self.start_machine(plugin)?;
            self.start_root(&mut canary, plugin)?;
        }
        let machine = match self.machines.iter().position(|machine| machine.key == vm_key(plugin)) {
            Some(found) => found,
            None => {
                let machine = self.start_machine(plugin)?;
                self.machines.push(machine);
                self.machines.len() - 1
            }
        };
        let root = self.with_machine(machine, |plugins, machine| plugins.start_root(machine, plugin))?;
        self.handles.push(Handle { plugin: plugin.clone(), key, machine, root });
        Ok(self.handles.len() - 1)
    }

    /// Lends a machine out, so that it and the rest of the plugins can be used at once.
    fn with_machine<T>(&mut self, index: usize, body: impl FnOnce(&Self, &mut Machine) -> T) -> T {
        let empty = Machine { key: String::new(), vm: None, started_at: 0, generation: 0 };
        let mut machine = self.machines.get_mut(index).map_or(empty, |slot| {
            let hollow = Machine { key: slot.key.clone(), vm: None, ..*slot };
            std::mem::replace(slot, hollow)
        });
        let answer = body(self, &mut machine);
        if let Some(slot) = self.machines.get_mut(index) {
            *slot = machine;
        }
        answer
    }

    pub(super) fn handle(&self, index: usize) -> Option<&Handle> {
        self.handles.get(index)
    }

    pub(super) fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.handles.iter()
    }

    pub(super) fn machine_of(&self, vm_key: &str) -> Option<usize> {
        self.machines.iter().position(|machine| machine.key == vm_key)
    }

    pub(super) fn generation(&self, machine: usize) -> u64 {
        self.machines.get(machine).map_or(0, |machine| machine.generation)
    }

    /// Whether the machine that a context was made in still runs.
    pub(super) fn is_alive(&self, context: LiveContext) -> bool {
        !self.has_failed(context.machine) && self.generation(context.machine) == context.generation
    }

    fn has_failed(&self, machine: usize) -> bool {
        self.machines.get(machine).is_none_or(|machine| machine.vm.is_none())
    }

    pub(super) fn host_mut(&mut self, machine: usize) -> Option<&mut VmHost> {
        self.machines.get_mut(machine)?.vm.as_mut().map(Vm::host_mut)
    }

    pub(super) fn root(&self, machine: usize, id: u32) -> Option<Rc<RefCell<Root>>> {
        match self.machines.get(machine)?.vm.as_ref()?.host().contexts.get(&id)? {
            Context::Root(root) => Some(root.clone()),
            Context::Stream(_) => None,
        }
    }

    pub(super) fn await_done(&self, machine: usize, root: u32) {
        if let Some(root) = self.root(machine, root) {
            root.borrow_mut().awaits_done = true;
        }
    }

    /// Whether a module has a callback.
    pub(super) fn has(&self, machine: usize, callback: Callback) -> bool {
        self.machines.get(machine).and_then(|machine| machine.vm.as_ref()).is_some_and(|vm| vm.has(callback))
    }

    /// Builds the virtual machine of a failed plugin anew where its policy and the back-off allow it; answers whether the
    /// plugin can run.
    pub(super) fn revive(&mut self, handle: usize) -> bool {
        let Some((plugin, machine)) = self.handles.get(handle).map(|handle| (handle.plugin.clone(), handle.machine))
        else {
            return false;
        };
        if !self.has_failed(machine) {
            return true;
        }
        let now = self.shared.process.environment.unix_nanos();
        let started_at = self.machines.get(machine).map_or(0, |machine| machine.started_at);
        if plugin.failure_policy != FailurePolicy::FailReload || now.saturating_sub(started_at) < nanos(RELOAD_BACKOFF)
        {
            return false;
        }
        let Ok(mut fresh) = self.start_machine(&plugin) else { return false };
        // Every plugin of the machine gets its root again.
        let mut roots = Vec::new();
        for (index, other) in self.handles.iter().enumerate().filter(|(_, other)| other.machine == machine) {
            match self.start_root(&mut fresh, &other.plugin) {
                Ok(root) => roots.push((index, root)),
                Err(_) => return false,
            }
        }
        for (index, root) in roots {
            if let Some(handle) = self.handles.get_mut(index) {
                handle.root = root;
            }
        }
        if let Some(slot) = self.machines.get_mut(machine) {
            fresh.generation = slot.generation + 1;
            *slot = fresh;
        }
        true
    }

    /// Calls a callback for a context of a machine. A trap fails the machine.
    pub(super) fn call(
        &mut self,
        machine: usize,
        context: u32,
        callback: Callback,
        arguments: &[u32],
        stream: Option<StreamId>,
    ) -> Called {
        self.with_machine(machine, |plugins, machine| {
            plugins.call_machine(machine, context, callback, arguments, stream)
        })
    }

    fn call_machine(
        &self,
        machine: &mut Machine,
        context: u32,
        callback: Callback,
        arguments: &[u32],
        stream: Option<StreamId>,
    ) -> Called {
        let Some(vm) = machine.vm.as_mut() else { return Called::Failed };
        let host = vm.host_mut();
        (host.current, host.effective) = (context, context);
        if !crate::abi::Host::allows(host, callback.name()) {
            return Called::Returned(0);
        }
        self.shared.calls.borrow_mut().clear();
        let before = self.shared.process.environment.monotonic_nanos();
        let with_context: Vec<u32> = std::iter::once(context).chain(arguments.iter().copied()).collect();
        let outcome = vm.call(callback, &with_context);
        let guest_nanos = self.shared.process.environment.monotonic_nanos().saturating_sub(before);
        let bytes_copied = vm.take_bytes_copied();
        let plugin = plugin_name(vm.host(), context);
        if self.shared.tracing.get() {
            let ending = match &outcome {
                Ok(Some(value)) => Ending::Returned(*value),
                Ok(None) => Ending::Absent,
                Err(trap) => Ending::Trapped(trap.reason.clone()),
            };
            let calls = std::mem::take(&mut *self.shared.calls.borrow_mut());
            let (callback, arguments) = (callback.name(), arguments.to_vec());
            let plugin = plugin.clone();
            let entry =
                TraceEntry { stream, plugin, context, callback, arguments, calls, ending, bytes_copied, guest_nanos };
            self.shared.trace.borrow_mut().push(entry);
        }
        match outcome {
            Ok(result) => Called::Returned(result.unwrap_or_default()),
            Err(trap) => {
                self.host_log(&plugin, &trap.to_string());
                machine.vm = None;
                Called::Failed
            }
        }
    }

    fn start_machine(&self, plugin: &Arc<Plugin>) -> Result<Machine, StartError> {
        let name = || plugin.name.clone();
        let module = self
            .shared
            .process
            .modules
            .get(&plugin.module)
            .map_err(|error| StartError::Load { plugin: name(), error })?;
        let host = VmHost::new(self.shared.clone(), plugin.clone(), vm_key(plugin), module.version());
        let vm = Vm::start(&module, host).map_err(|trap| StartError::Start { plugin: name(), trap })?;
        let started_at = self.shared.process.environment.unix_nanos();
        Ok(Machine { key: vm_key(plugin), vm: Some(vm), started_at, generation: 0 })
    }

    /// Makes a plugin's root context: create, start, configure.
    fn start_root(&self, machine: &mut Machine, plugin: &Arc<Plugin>) -> Result<u32, StartError> {
        let root = Rc::new(RefCell::new(Root {
            plugin: plugin.clone(),
            configuring: false,
            tick_period: Duration::ZERO,
            next_tick: None,
            callouts: BTreeMap::new(),
            answer: None,
            call_status: None,
            awaits_done: false,
        }));
        let failed = || StartError::Start {
            plugin: plugin.name.clone(),
            trap: Trap {
                function: "start".to_owned(),
                reason: "its virtual machine has failed; see the plugin's log for the reason".to_owned(),
                backtrace: String::new(),
            },
        };
        let Some(vm) = machine.vm.as_mut() else { return Err(failed()) };
        let id = vm.host_mut().add_context(Context::Root(root.clone()));
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.call_machine(machine, id, Callback::ContextCreate, &[0], None);
        for (callback, length) in
            [(Callback::VmStart, size(&plugin.vm_configuration)), (Callback::Configure, size(&plugin.configuration))]
        {
            let present = machine.vm.as_ref().is_some_and(|vm| vm.has(callback));
            root.borrow_mut().configuring = callback == Callback::Configure;
            let called = self.call_machine(machine, id, callback, &[length], None);
            root.borrow_mut().configuring = false;
            match called {
                Called::Failed => return Err(failed()),
                Called::Returned(0) if present => {
                    let name = callback.name();
                    return Err(StartError::Refused { plugin: plugin.name.clone(), callback: name });
                }
                Called::Returned(_) => {}
            }
        }
        Ok(id)
    }

    fn host_log(&self, plugin: &str, message: &str) {
        self.shared.process.environment.log(LogLine {
            level: LogLevel::Critical,
            plugin: plugin.to_owned(),
            message: message.to_owned(),
            from_host: true,
        });
    }
}

fn plugin_name(host: &VmHost, context: u32) -> String {
    let root = match host.contexts.get(&context) {
        Some(Context::Stream(stream)) => host.contexts.get(&stream.root),
        found => found,
    };
    match root {
        Some(Context::Root(root)) => root.borrow().plugin.name.clone(),
        _ => host.plugin.name.clone(),
    }
}
