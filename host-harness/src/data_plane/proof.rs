//! Every plugin of a mesh started once, alone, before anything else is: what is wrong with one is then said once, and not by
//! each worker of each proxy.
//!
//! The engine does it whatever plane runs the mesh; a plugin that only a real Envoy refuses is refused there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::abi::LogLevel;
use crate::bootstrap::{HttpFilter, Listener, Proxy};
use crate::envoy::{Modules, Process, Worker};
use crate::mesh::Mesh;
use crate::proxy::SystemEnvironment;

/// The plugins that do not start, one line for each thing that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Refusal(Vec<String>);

/// Starts each plugin of each distinct configuration once.
pub(super) fn prove(mesh: &Mesh, modules: &Arc<Modules>) -> Result<(), Refusal> {
    let mut proven = BTreeSet::new();
    let mut problems = Vec::new();
    for proxy in &mesh.proxies {
        for listener in &proxy.listeners {
            for filter in &listener.filters {
                let HttpFilter::Wasm(plugin) = filter else { continue };
                if proven.insert((plugin.name.clone(), plugin.configuration.clone())) {
                    problems.extend(start_alone(proxy, listener, filter, &plugin.name, modules));
                }
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal(problems)) }
}

/// What a plugin says against its configuration, or what the engine says where the plugin says nothing.
fn start_alone(
    proxy: &Proxy,
    listener: &Listener,
    filter: &HttpFilter,
    name: &str,
    modules: &Arc<Modules>,
) -> Vec<String> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let environment = SystemEnvironment::new(LogLevel::Error, {
        let said = Arc::clone(&said);
        move |line| said.lock().unwrap_or_else(PoisonError::into_inner).push(line.message)
    });
    let alone = Proxy {
        listeners: vec![Listener { filters: vec![filter.clone()], ..listener.clone() }],
        concurrency: 1,
        ..proxy.clone()
    };
    let Err(error) = Worker::start(Process::new(Arc::new(environment), Arc::clone(modules)), 0, &alone) else {
        return Vec::new();
    };
    let said = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
    if said.is_empty() {
        return vec![error.to_string()];
    }
    said.into_iter().map(|line| format!("plugin {name}: {line}")).collect()
}
