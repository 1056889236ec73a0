//! How `weft` and its sister commands write: results to standard output, all else to standard error, colours and spinners only on a terminal.

use std::fmt::Display;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use super::outcome::Failure;
use crate::abi::LogLevel;
use crate::data_plane::LogSink;

/// Things that are as they should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Things that are not.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Headings.
pub const STRONG: Style = Style::new().bold();
/// What may be overlooked.
pub const DIM: Style = Style::new().dimmed();

/// Where the program writes.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    verbose: u8,
    /// The file that takes results in place of standard output; like that, it is there until the program ends.
    output: Option<&'static Mutex<File>>,
}

/// Something that takes more than a moment; gone when dropped.
pub struct Progress(Option<ProgressBar>);

impl Console {
    /// One that says more, the more often that was asked for.
    pub fn new(verbose: u8) -> Self {
        Self { verbose, output: None }
    }

    /// The same with results going to a new file, where one is given that is not `-`.
    pub fn writing_to(self, path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else { return Ok(self) };
        let unwritable =
            |error| Failure::BadInput(format!("{}: expected a file to write to, but: {error}", path.display()));
        let file = File::create(path).map_err(unwritable)?;
        Ok(Self { output: Some(Box::leak(Box::new(Mutex::new(file)))), ..self })
    }

    /// Writes a line of the result. A reader that has gone away is no failure.
    pub fn line(&self, text: impl Display) {
        if let Some(file) = self.output {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(anstream::StripStream::new(&mut *file), "{text}");
            return;
        }
        let mut output = anstream::stdout().lock();
        let _ = writeln!(output, "{text}").and_then(|()| output.flush());
    }

    /// Says something beside the result.
    pub fn note(&self, text: impl Display) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Names something that the user should know, although the work goes on.
    pub fn warning(&self, text: impl Display) {
        let style = AnsiColor::Yellow.on_default();
        self.note(format_args!("{style}warning:{style:#} {text}"));
    }

    /// Names why the work cannot be done: one line per problem, indented lines belong to the one before.
    pub fn failure(&self, reason: &dyn Display) -> ExitCode {
        for line in reason.to_string().lines() {
            match line.starts_with(' ') {
                true => self.note(line),
                false => self.note(format_args!("{BAD}error:{BAD:#} {line}")),
            }
        }
        ExitCode::from(1)
    }

    /// Shows that something is being done: a spinner on a terminal, else one line.
    pub fn progress(&self, text: &str) -> Progress {
        if !std::io::stderr().is_terminal() {
            self.note(text);
            return Progress(None);
        }
        let spinner = ProgressBar::new_spinner().with_message(text.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(100));
        Progress(Some(spinner))
    }

    /// Shows how much of so many bytes has been moved: a bar on a terminal, else one line.
    pub fn transfer(&self, text: &str, bytes: u64) -> Progress {
        if !std::io::stderr().is_terminal() {
            self.note(text);
            return Progress(None);
        }
        let bar = ProgressBar::new(bytes).with_message(text.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {eta:.dim}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(Some(bar))
    }

    /// The level from which on plugins' lines are shown.
    pub fn log_level(&self) -> LogLevel {
        match self.verbose {
            0 => LogLevel::Warn,
            1 => LogLevel::Info,
            2 => LogLevel::Debug,
            _ => LogLevel::Trace,
        }
    }

    /// Shows what plugins log on standard error.
    pub fn log_sink(&self) -> LogSink {
        let console = *self;
        Arc::new(move |proxy, line| {
            let (level, plugin, message) = (line.level.name(), line.plugin, line.message);
            console.note(format_args!("{DIM}{proxy}{DIM:#} {level} {plugin}: {message}"));
        })
    }
}

impl Progress {
    /// Moves a bar on by so many bytes.
    pub fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.0 {
            spinner.finish_and_clear();
        }
    }
}
