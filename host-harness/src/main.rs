//! The command `weft`.

fn main() -> std::process::ExitCode {
    host_harness::cli::main()
}
