//! The script that a plugin configuration is: what to do in which callback.
//!
//! ```text
//! # a comment
//! on_request_headers:               the section of a callback …
//!   get request_headers x-user      … is indented commands, one to a line
//!   return 1
//! on_request_headers@3:             only in the context with this id
//! on_request_body#2:                only at the second call in one context
//! ```
//! The most precise section is the one that runs: `name@id#n`, `name@id`, `name#n`, `name`. Words are separated by spaces; a
//! word in double quotes may contain spaces; `\n`, `\0`, `\"`, `\\` and `\xHH` stand for bytes.

use std::collections::HashMap;

/// The commands of every section.
#[derive(Default)]
pub struct Script {
    sections: HashMap<String, Vec<Vec<Vec<u8>>>>,
}

impl Script {
    /// Reads a script; what stands before the first section is ignored.
    pub fn parse(source: &str) -> Self {
        let mut script = Self::default();
        let mut section = None;
        for line in source.lines() {
            let command = line.trim();
            if command.is_empty() || command.starts_with('#') {
                continue;
            }
            if !line.starts_with(' ') {
                let name = command.trim_end_matches(':').to_owned();
                script.sections.entry(name.clone()).or_default();
                section = Some(name);
            } else if let Some(commands) = section.as_ref().and_then(|name| script.sections.get_mut(name)) {
                commands.push(words(command));
            }
        }
        script
    }

    /// The commands for the `call`th call of a callback in a context.
    pub fn commands(&self, callback: &str, context: u32, call: u32) -> Vec<Vec<Vec<u8>>> {
        [
            format!("{callback}@{context}#{call}"),
            format!("{callback}@{context}"),
            format!("{callback}#{call}"),
            callback.to_owned(),
        ]
        .iter()
        .find_map(|name| self.sections.get(name).cloned())
        .unwrap_or_default()
    }
}

fn words(line: &str) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut characters = line.bytes();
    while let Some(byte) = characters.next() {
        match byte {
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            b' ' if !quoted => words.extend(word.take()),
            b'\\' => {
                let escaped = match characters.next() {
                    Some(b'n') => b'\n',
                    Some(b'0') => 0,
                    Some(b'x') => hex(characters.next()) << 4 | hex(characters.next()),
                    other => other.unwrap_or(b'\\'),
                };
                word.get_or_insert_default().push(escaped);
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

fn hex(digit: Option<u8>) -> u8 {
    digit.and_then(|digit| char::from(digit).to_digit(16)).unwrap_or(0) as u8
}
