//! What the command says to a word that is no filter, no module and no image: it names it as the user wrote it.

#![allow(clippy::expect_used, reason = "a test may panic")]

use std::process::Command;

/// What `weft-oci` says, run in a folder with the file `text.wasm`, which is no module.
fn complaint(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("text.wasm"), "no module").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft-oci"));
    let output = command.args(arguments).current_dir(folder.path()).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a_complaint_names_the_word_that_was_given() {
    for (arguments, expected) in [
        (&["pack", "no.wasm", "-o", "layout"][..], "no.wasm: expected a filter among"),
        (&["pack", "./no.wasm", "-o", "layout"], "./no.wasm: expected a module's file or an image layout"),
        (&["inspect", "./no.wasm"], "./no.wasm: expected a module's file or an image layout"),
        (
            &["pack", "/nowhere/no.wasm", "-o", "layout"],
            "/nowhere/no.wasm: expected a module's file or an image layout",
        ),
        (&["pack", "text.wasm", "-o", "layout"], "text.wasm: "),
        (&["pack", "./text.wasm", "-o", "layout"], "./text.wasm: "),
        (&["sbom", "./text.wasm"], "./text.wasm: "),
    ] {
        let said = complaint(arguments);
        assert!(said.trim_start_matches("error: ").starts_with(expected), "{arguments:?}: {said}");
    }
}
