//! Packages are refused by the table of names in `oci`, modules by the functions that the engine links: both are the same.

use host_harness::abi::{Host, LogLevel, WASI_FUNCTIONS, WASI_MODULES, host_functions};
use oci::AbiVersion;
use oci::host_functions::{HOST_MODULE, OF_EMSCRIPTEN, OF_WASI, is_known};

/// A host that is asked for its functions and nothing else.
struct NoHost;

impl Host for NoHost {
    fn unix_nanos(&self) -> u64 {
        0
    }
    fn fill_random(&mut self, _bytes: &mut [u8]) {}
    fn log(&mut self, _level: LogLevel, _message: &[u8]) {}
}

#[test]
fn packages_and_the_engine_know_the_same_functions() {
    for version in [AbiVersion::V0_1_0, AbiVersion::V0_2_0, AbiVersion::V0_2_1] {
        for function in host_functions::<NoHost>() {
            let linked = function.is_in(version.name());
            assert_eq!(is_known(HOST_MODULE, function.name, version), linked, "{} {}", version.name(), function.name);
        }
        for module in WASI_MODULES {
            assert!(WASI_FUNCTIONS.iter().all(|function| is_known(module, function.name, version)));
        }
        assert!(OF_EMSCRIPTEN.iter().all(|name| is_known(HOST_MODULE, name, version)));
        assert!(!is_known("other", "proxy_log", version) && !is_known(HOST_MODULE, "fd_write", version));
    }
    let linked: Vec<_> = host_functions::<NoHost>().iter().map(|function| function.name).collect();
    let known = [oci::host_functions::OF_EVERY_VERSION, oci::host_functions::UNTIL_0_1_0];
    let known = known.iter().chain(&[oci::host_functions::SINCE_0_2_0, oci::host_functions::SINCE_0_2_1]);
    assert!(known.flat_map(|table| table.iter()).all(|name| linked.contains(name)));
    assert_eq!(OF_WASI.len(), WASI_FUNCTIONS.len());
}
