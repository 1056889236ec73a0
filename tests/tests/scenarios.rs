//! Every scenario on the embedded engine: its transcript is the one that is committed beside it.

use host_harness::envoy::Modules;
use host_harness::scenario::run_embedded;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    let modules = Modules::new().expect("the engine starts");
    let run = move |scenario: &_| run_embedded(scenario, &modules, None).map_err(|error| error.to_string());
    libtest_mimic::run(&arguments, suite::scenarios::trials("embedded", run)).exit();
}
