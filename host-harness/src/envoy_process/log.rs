//! Envoy's log, line by line, and what plugins said in it.
//!
//! Envoy is started with [`FORMAT`], so this module knows what a line looks like. A message of several lines (a panic with
//! its backtrace) is one entry.

/// What `--log-format` is set to: time, thread, level, logger, message.
pub(super) const FORMAT: &str = "[%Y-%m-%d %T.%e][%t][%l][%n] %v";

/// One message of Envoy's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// `2026-01-31 23:59:59.999`, in UTC.
    pub time: String,
    /// The operating system's thread number, which tells one worker from another.
    pub thread: String,
    /// `trace`, `debug`, `info`, `warning`, `error` or `critical`.
    pub level: String,
    /// The component: `main`, `config`, `wasm`, …
    pub logger: String,
    /// The message, with its further lines.
    pub message: String,
}

/// What a plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasmLine {
    /// The level that the plugin gave it.
    pub level: String,
    /// Who said it: for a stream the plugin's name, for a plugin that is being configured its root id. May be empty.
    pub plugin: String,
    /// What it said.
    pub message: String,
}

impl LogEntry {
    /// Reads a whole log. Lines before the first that has a head (the dynamic linker's, for instance) are left out.
    pub fn parse_all<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::new();
        for line in lines {
            match (Self::parse(line), entries.last_mut()) {
                (Some(entry), _) => entries.push(entry),
                (None, Some(previous)) => {
                    previous.message.push('\n');
                    previous.message.push_str(line);
                }
                (None, None) => {}
            }
        }
        entries
    }

    /// Reads a line that has a head.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (time, rest) = bracketed(line)?;
        let (thread, rest) = bracketed(rest)?;
        let (level, rest) = bracketed(rest)?;
        let (logger, rest) = bracketed(rest)?;
        let own = |text: &str| text.to_owned();
        let message = rest.strip_prefix(' ').unwrap_or(rest);
        Some(Self {
            time: own(time),
            thread: own(thread),
            level: own(level),
            logger: own(logger),
            message: own(message),
        })
    }

    /// What a plugin said in this entry, if it is one of a plugin.
    ///
    /// Envoy writes `wasm log <name> <root id> <vm id>: <message>`, without the name where no stream is concerned, and
    /// leaves out what is empty. The first word is what this keeps.
    pub fn wasm(&self) -> Option<WasmLine> {
        if self.logger != "wasm" {
            return None;
        }
        let (prefix, message) = self.message.strip_prefix("wasm log")?.split_once(": ")?;
        let plugin = prefix.split_whitespace().next().unwrap_or_default();
        Some(WasmLine { level: self.level.clone(), plugin: plugin.to_owned(), message: message.to_owned() })
    }

    /// Whether this entry says why something failed: an error, or a plugin's own warning or worse.
    pub fn is_complaint(&self) -> bool {
        matches!(self.level.as_str(), "error" | "critical") || (self.level == "warning" && self.logger == "wasm")
    }
}

fn bracketed(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
ld.so: something
[2026-11-21 00:57:31.815][14771][warning][main] There is no configured limit [yet]
[2026-11-21 00:57:31.900][14775][info][wasm] wasm log header-propagation root vm: configured: 2 rules
[2026-11-21 00:57:32.000][14775][critical][wasm] wasm log: panicked at src/lib.rs:
index out of bounds
[2026-11-21 00:57:32.100][14771][debug][wasm] Created new Wasm";

    #[test]
    fn a_message_of_several_lines_is_one_entry() {
        let entries = LogEntry::parse_all(LOG.lines());
        let shown: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {} {} {:?}", entry.thread, entry.level, entry.logger, entry.message))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        14771 warning main "There is no configured limit [yet]"
        14775 info wasm "wasm log header-propagation root vm: configured: 2 rules"
        14775 critical wasm "wasm log: panicked at src/lib.rs:\nindex out of bounds"
        14771 debug wasm "Created new Wasm"
        "#);
        assert_eq!(entries.iter().filter(|entry| entry.is_complaint()).count(), 1);
    }

    #[test]
    fn what_a_plugin_said_is_told_from_what_envoy_said() {
        let lines: Vec<String> = LogEntry::parse_all(LOG.lines())
            .iter()
            .filter_map(LogEntry::wasm)
            .map(|line| format!("{} {:?} {:?}", line.level, line.plugin, line.message))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        info "header-propagation" "configured: 2 rules"
        critical "" "panicked at src/lib.rs:\nindex out of bounds"
        "#);
    }
}
