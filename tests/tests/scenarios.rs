//! Every scenario on the embedded engine: its transcript is the one that is committed beside it.

use host_harness::scenario::run_embedded;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    let run = |scenario: &_| run_embedded(scenario, None).map_err(|error| error.to_string());
    libtest_mimic::run(&arguments, suite::scenarios::trials("embedded", run)).exit();
}
