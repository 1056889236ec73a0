//! Carries the `log` crate's records, and the message of a panic, to the proxy's log.

use crate::host;
use log::{LevelFilter, Log, Metadata, Record};
use std::panic;

struct ProxyLog;

impl Log for ProxyLog {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            host::log(record.level(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Installs the sink. The proxy drops what is below its own level.
pub(crate) fn install() {
    if log::set_logger(&ProxyLog).is_ok() {
        log::set_max_level(LevelFilter::Info);
        // Without the hook a panic would end as an `unreachable` that says nothing.
        panic::set_hook(Box::new(|panic| host::log(log::Level::Error, &panic.to_string())));
    }
}
