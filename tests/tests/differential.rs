//! Every scenario on a real Envoy: its transcript is the same one that the embedded engine must give.

use host_harness::scenario::run_envoy;

fn main() {
    let mut arguments = libtest_mimic::Arguments::from_args();
    // Each test starts a process that compiles its modules; more of them at once only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let Some(binary) = suite::parts::envoy() else { return };
    let run = move |scenario: &_| run_envoy(scenario, &binary).map_err(|error| error.to_string());
    libtest_mimic::run(&arguments, suite::scenarios::trials("envoy", run)).exit();
}
