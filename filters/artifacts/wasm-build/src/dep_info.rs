//! Reads the dependency files that cargo writes beside what it builds: `output: input input …` with `\ ` for a space.
//!
//! For the artefact of a package, cargo lists the sources of that package and of every package it reaches by path.

use std::path::PathBuf;

/// The files after the first colon that ends a target's name.
pub(crate) fn prerequisites(text: &str) -> impl Iterator<Item = PathBuf> + '_ {
    text.lines().filter_map(|line| line.split_once(": ")).flat_map(|(_, inputs)| words(inputs)).map(PathBuf::from)
}

fn words(inputs: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = inputs.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            (' ', _) => words.push(String::new()),
            ('\\', Some(word)) if characters.next_if_eq(&' ').is_some() => word.push(' '),
            (_, Some(word)) => word.push(character),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_listed_with_their_spaces() {
        let text = "/t/a.wasm: /w/src/lib.rs /w/my\\ file.rs\n";
        let found: Vec<_> = prerequisites(text).collect();
        assert_eq!(found, [PathBuf::from("/w/src/lib.rs"), PathBuf::from("/w/my file.rs")]);
    }

    #[test]
    fn a_target_without_inputs_has_none() {
        assert_eq!(prerequisites("/t/a.wasm:\n").count(), 0);
    }
}
