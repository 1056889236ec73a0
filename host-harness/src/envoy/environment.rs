//! What the engine needs from outside: time, randomness and a place for log lines.
//!
//! The engine itself never asks a clock or a random source, so that a scenario replays to the byte.

use crate::abi::LogLevel;

/// Time, randomness and logs.
pub trait Environment: Send + Sync {
    /// Nanoseconds since the Unix epoch.
    fn unix_nanos(&self) -> u64;
    /// A clock that only goes forward, for durations; by default the same as [`Self::unix_nanos`].
    fn monotonic_nanos(&self) -> u64 {
        self.unix_nanos()
    }
    /// Fills a slice with random bytes.
    fn fill_random(&self, bytes: &mut [u8]);
    /// Takes a line that a plugin, or the host on behalf of one, wrote.
    fn log(&self, line: LogLine);
    /// The level below which plugins' lines are dropped.
    fn log_level(&self) -> LogLevel {
        LogLevel::Info
    }
}

/// One line of a plugin's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How loud it is.
    pub level: LogLevel,
    /// The plugin's name.
    pub plugin: String,
    /// The text; bytes that are no UTF-8 are replaced.
    pub message: String,
    /// Whether the host wrote it (a failed virtual machine, a refused configuration) and not the module.
    pub from_host: bool,
}
