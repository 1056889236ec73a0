//! Carries the message of a panic, and with the feature `records` what is written with the `log` crate, to the proxy's log.

use crate::host::{self, Level};
#[cfg(feature = "records")]
use log::{LevelFilter, Log, Metadata, Record};
use std::panic;

#[cfg(feature = "records")]
struct ProxyLog;

#[cfg(feature = "records")]
impl Log for ProxyLog {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            host::log(record.level(), &format!("{}", record.args()));
        }
    }

    fn flush(&self) {}
}

/// Installs the sink. The proxy drops what is below its own level.
pub(crate) fn install() {
    #[cfg(feature = "records")]
    if log::set_logger(&ProxyLog).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
    // Without the hook a panic would end as an `unreachable` that says nothing.
    panic::set_hook(Box::new(|panic| host::log(Level::Error, &format!("{panic}"))));
}
