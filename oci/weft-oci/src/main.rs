//! The command `weft-oci`.

fn main() -> std::process::ExitCode {
    weft_oci::cli::main()
}
