//! Files and folders of YAML → documents, each with the file and line it begins at.
//!
//! A folder is read as `kubectl apply -f` reads it: its own `*.yaml`, `*.yml` and `*.json` in the order of their names, no
//! subfolders. A broken document does not hide the ones beside it. What a document means is not known here.

use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

use super::finding::{Findings, Problem, Subject};

/// The names of Weft's own file, which is no manifest.
pub const WEFT_FILES: [&str; 2] = ["weft.yaml", "weft.yml"];

/// One YAML document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it begins; no resource is known yet.
    pub subject: Subject,
    /// What it says, anchors and merge keys resolved.
    pub value: Value,
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Documents {
    /// In the order of the paths, then of the files, then of the documents.
    pub manifests: Vec<Document>,
    /// Every `weft.yaml` beside the manifests.
    pub weft: Vec<Document>,
}

/// Reads files and folders.
pub fn read(paths: &[PathBuf], findings: &mut Findings) -> Documents {
    let mut documents = Documents::default();
    let (mut files, mut weft_files) = (Vec::new(), Vec::new());
    for path in paths {
        match files_of(path) {
            Ok((found, folder)) => {
                files.extend(found);
                weft_files.extend(WEFT_FILES.map(|name| folder.join(name)).into_iter().filter(|it| it.is_file()));
            }
            Err(error) => findings.error(&Subject::file(path), Problem::Unreadable { reason: error.to_string() }),
        }
    }
    weft_files.dedup();
    for file in files {
        documents.manifests.extend(read_file(&file, findings));
    }
    for file in weft_files {
        documents.weft.extend(read_file(&file, findings));
    }
    if let (true, true, Some(path)) = (documents.manifests.is_empty(), findings.errors.is_empty(), paths.first()) {
        findings.error(&Subject::file(path), Problem::NoManifests);
    }
    documents
}

/// The manifests of a path, and the folder where its `weft.yaml` would be.
fn files_of(path: &Path) -> std::io::Result<(Vec<PathBuf>, PathBuf)> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok((vec![path.to_owned()], path.parent().unwrap_or(Path::new("")).to_owned()));
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        let is_manifest = file.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json");
        let is_ours = file.file_name().is_some_and(|name| WEFT_FILES.iter().any(|ours| name == *ours));
        if is_manifest && !is_ours && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok((files, path.to_owned()))
}

fn read_file(file: &Path, findings: &mut Findings) -> Vec<Document> {
    match std::fs::read_to_string(file) {
        Ok(text) => parse(file, &text, findings),
        Err(error) => {
            findings.error(&Subject::file(file), Problem::Unreadable { reason: error.to_string() });
            Vec::new()
        }
    }
}

/// The documents of one text.
pub fn parse(file: &Path, text: &str, findings: &mut Findings) -> Vec<Document> {
    let mut documents = Vec::new();
    for chunk in split(text.trim_start_matches('\u{feff}')) {
        let mut subject = Subject { file: file.to_owned(), line: chunk.line, resource: None };
        match parse_chunk(&chunk.text) {
            Ok(Value::Null) => {}
            Ok(value) => documents.push(Document { subject, value }),
            Err(error) => {
                subject.line = error.location().map_or(subject.line, |location| location.line());
                findings.error(&subject, Problem::Syntax { reason: error.to_string() });
            }
        }
    }
    documents
}

fn parse_chunk(text: &str) -> Result<Value, serde_yaml_ng::Error> {
    let mut value: Value = serde_yaml_ng::from_str(text)?;
    value.apply_merge()?;
    Ok(value)
}

/// The text of one document.
struct Chunk {
    /// The first line that says anything, counted in the file.
    line: usize,
    /// Begins with as many empty lines as the file has lines before it, so that the parser counts as the reader does.
    text: String,
}

/// Splits at the markers: in YAML a line that begins with `---` or `...` is one, whatever it is inside of.
fn split(text: &str) -> Vec<Chunk> {
    let mut chunks = vec![Chunk { line: 0, text: String::new() }];
    for (index, line) in text.lines().enumerate() {
        let marker = ["---", "..."].into_iter().find_map(|it| line.strip_prefix(it));
        let content = match marker.filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
            Some(rest) => {
                chunks.push(Chunk { line: 0, text: "\n".repeat(index) });
                rest.trim_start()
            }
            None => line,
        };
        let Some(chunk) = chunks.last_mut() else { continue };
        let says_something = !content.trim().is_empty() && !content.trim_start().starts_with('#');
        if says_something && chunk.line == 0 {
            chunk.line = index + 1;
        }
        // A directive such as `%YAML 1.2` stands before its document and says nothing about it.
        if !content.starts_with('%') {
            chunk.text.push_str(content);
        }
        chunk.text.push('\n');
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let mut findings = Findings::default();
        let documents = parse(Path::new("a.yaml"), text, &mut findings);
        let mut lines: Vec<String> = documents
            .iter()
            .map(|it| format!("{}: {}", it.subject, serde_json::to_string(&it.value).expect("plain YAML")))
            .collect();
        lines.extend(findings.errors.iter().map(|it| format!("error: {it}")));
        lines.join("\n")
    }

    #[test]
    fn documents_are_split_whatever_surrounds_them() {
        insta::assert_snapshot!(check("\u{feff}# first\n\na: 1\r\n---\n# empty\n--- # comment\nb: |\n  ---x\n...\n%YAML 1.2\n---\nc: 2\n"), @r#"
        a.yaml:3: {"a":1}
        a.yaml:7: {"b":"---x\n"}
        a.yaml:12: {"c":2}
        "#);
        insta::assert_snapshot!(check("{\"kind\": \"List\"}"), @r#"a.yaml:1: {"kind":"List"}"#);
    }

    #[test]
    fn anchors_and_merge_keys_are_resolved() {
        insta::assert_snapshot!(check("base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\n"), @r#"a.yaml:1: {"base":{"a":1,"b":2},"use":{"b":3,"a":1}}"#);
    }

    #[test]
    fn a_broken_document_names_its_line_and_hides_no_other() {
        insta::assert_snapshot!(check("a: 1\n---\nb:\n\tc: 1\n---\nd: [1\n---\ne: 1\ne: 2\n---\nf: 1\n"), @r#"
        a.yaml:1: {"a":1}
        a.yaml:11: {"f":1}
        error: a.yaml:4: expected YAML, but found: found character that cannot start any token at line 4 column 1, while scanning for the next token
        error: a.yaml:7: expected YAML, but found: did not find expected ',' or ']' at line 7 column 1, while parsing a flow sequence at line 6 column 4
        error: a.yaml:8: expected YAML, but found: duplicate entry with key "e" at line 8 column 1
        "#);
    }
}
