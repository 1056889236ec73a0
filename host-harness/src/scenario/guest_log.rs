//! What guests said, told apart by plugin, whichever engine wrote it down.
//!
//! Envoy writes `wasm log <name> <root id> <vm id>: <message>`, leaves out what is empty, and leaves out the name while a root
//! context is the effective one. So a scenario's plugins are told apart by all three, and two of them that differ in nothing but
//! their names are not told apart where their root contexts speak.

use std::collections::BTreeMap;

use super::model::Scenario;
use super::transcript::Logged;
use crate::envoy_process::LogEntry;

/// The plugin's name for each prefix that Envoy writes.
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Of a scenario's plugins.
    pub fn of(scenario: &Scenario) -> Self {
        let mut labels = BTreeMap::new();
        for plugin in scenario.all_listeners().iter().flat_map(|listener| &listener.plugins) {
            let name = plugin.label();
            let (root_id, vm_id) = (plugin.root_id.as_str(), plugin.vm_id.as_str());
            for parts in [[name, root_id, vm_id], ["", root_id, vm_id]] {
                let prefix: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                labels.entry(prefix.join(" ")).or_insert_with(|| name.to_owned());
            }
        }
        Self(labels)
    }

    /// What guests said in a log of Envoy's.
    pub fn logged(&self, lines: &[String]) -> Vec<Logged> {
        let entries = LogEntry::parse_all(lines.iter().map(String::as_str));
        entries.iter().filter_map(|entry| self.line(entry)).collect()
    }

    fn line(&self, entry: &LogEntry) -> Option<Logged> {
        if entry.logger != "wasm" {
            return None;
        }
        let (prefix, message) = entry.message.strip_prefix("wasm log")?.split_once(": ")?;
        let plugin = self.0.get(prefix.trim()).cloned().unwrap_or_else(|| prefix.trim().to_owned());
        Some(Logged { level: entry.level.clone(), plugin, message: normalised(message) })
    }
}

/// A guest's line without what differs from run to run.
pub fn normalised(message: &str) -> String {
    const NAME: &str = "x-envoy-upstream-service-time: ";
    match message.split_once(NAME) {
        Some((before, after)) => {
            format!("{before}{NAME}<ms>{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit()))
        }
        None => message.to_owned(),
    }
}
