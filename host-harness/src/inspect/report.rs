//! A report as text for a terminal.

use std::fmt;

use super::{Import, KnownTo, Report, Verdict};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.abi_version.map_or_else(|| "no ABI version".to_owned(), |version| format!("ABI {version}"));
        write!(f, "{}: {} bytes, {version}", self.module, self.bytes)?;
        self.fmt_imports(f)?;
        heading(f, "exports")?;
        for (kind, names) in
            [("callbacks", &self.callbacks), ("allocator", &self.allocators), ("other", &self.other_exports)]
        {
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            write!(f, "\n  {kind:9}  {names}")?;
        }
        heading(f, "memory")?;
        for memory in &self.memories {
            let most = memory.maximum_pages.map_or_else(|| "no maximum".to_owned(), |most| format!("at most {most}"));
            write!(f, "\n  {} x 64 KiB to begin with, {most}", memory.initial_pages)?;
        }
        if self.memories.is_empty() {
            write!(f, "\n  none of its own")?;
        }
        heading(f, "sections")?;
        let width = self.sections.iter().map(|section| section.name.len()).max().unwrap_or(0);
        for section in &self.sections {
            write!(f, "\n  {:width$}  {:>8} bytes", section.name, section.bytes)?;
        }
        heading(f, "hosts")?;
        let mut earlier = None;
        for Verdict { host, reason, .. } in &self.hosts {
            match reason {
                None => write!(f, "\n  {host}: loads it")?,
                Some(_) if earlier == Some(reason) => write!(f, "\n  {host}: refuses it for the same reason")?,
                Some(why) => write!(f, "\n  {host}: refuses it: {why}")?,
            }
            earlier = Some(reason);
        }
        Ok(())
    }
}

impl Report {
    fn fmt_imports(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        heading(f, "imports")?;
        if self.imports.is_empty() {
            return write!(f, "\n  none");
        }
        let names: Vec<_> = self.imports.iter().map(Import::full_name).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let kinds = self.imports.iter().map(|it| it.kind.len()).max().unwrap_or(0);
        for (name, it) in names.iter().zip(&self.imports) {
            let known = match it.known_to {
                KnownTo::Every => "every host",
                KnownTo::Recent => "recent hosts only",
                KnownTo::None => "NO HOST",
            };
            write!(f, "\n  {name:width$}  {:kinds$}  {known}", it.kind)?;
        }
        Ok(())
    }
}

fn heading(f: &mut fmt::Formatter<'_>, title: &str) -> fmt::Result {
    write!(f, "\n\n{title}")
}
