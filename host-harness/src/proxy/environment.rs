//! The real clock, the system's randomness, and a place for what plugins log.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::abi::LogLevel;
use crate::envoy::{Environment, LogLine};

/// The environment of a proxy that serves for real.
pub struct SystemEnvironment {
    started: Instant,
    level: LogLevel,
    sink: Box<dyn Fn(LogLine) + Send + Sync>,
}

impl SystemEnvironment {
    /// Every line of at least this level goes to the sink, from whichever worker it comes.
    pub fn new(level: LogLevel, sink: impl Fn(LogLine) + Send + Sync + 'static) -> Self {
        Self { started: Instant::now(), level, sink: Box::new(sink) }
    }
}

impl Environment for SystemEnvironment {
    fn unix_nanos(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn monotonic_nanos(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        // The system's source fails on no machine that could run this; zeros would only make numbers repeat.
        let _ = getrandom::fill(bytes);
    }

    fn log(&self, line: LogLine) {
        (self.sink)(line);
    }

    fn log_level(&self) -> LogLevel {
        self.level
    }
}
