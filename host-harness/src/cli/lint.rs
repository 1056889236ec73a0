//! `weft lint`: what is wrong or doubtful in manifests, told before a cluster or a mesh has them.

use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::console::{BAD, Console, DIM};
use super::images::Images;
use super::{Failure, Outcome};
use crate::mesh::{self, Finding, Problem};

/// Check Kubernetes and Istio manifests without running anything.
///
/// Finds everything that `weft mesh` would say, and beside it what a cluster takes without a word: subsets that are the same
/// pods, values of a label that name no subset, filters that see only one side of what they have to connect, inbound and
/// outbound filters that share no data, weights that do not add up, and rules that never match. Notes say what only `weft
/// mesh` does differently; they count as nothing found. No `weft.yaml` is needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft lint ./manifests
  weft lint ./manifests --json | jq -r '.findings[] | select(.severity != \"note\") | .message'

With --json: {\"findings\": [{\"severity\": \"error\" | \"warning\" | \"note\",
\"file\": …, \"line\": …, \"resource\": …, \"path\": …, \"message\": …}]}

Exit status: 0 nothing found, 1 something found, 2 there is nothing to read.")]
pub(super) struct Arguments {
    /// Folders and files with manifests.
    #[arg(value_name = "DIR", required = true)]
    paths: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How much a finding matters, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Error,
    Warning,
    Note,
}

/// A finding as machines get it.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    severity: Severity,
    file: String,
    /// `None` for a whole file.
    line: Option<usize>,
    resource: Option<&'a str>,
    path: Option<&'a str>,
    message: String,
    #[serde(skip)]
    text: String,
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let findings = mesh::lint(&arguments.paths, &Images::with_cache(None));
    let unreadable = |it: &&Finding| matches!(it.problem, Problem::Unreadable { .. } | Problem::NoManifests);
    let unreadable: Vec<_> = findings.errors.iter().filter(unreadable).map(Finding::to_string).collect();
    if !unreadable.is_empty() {
        return Err(Failure::BadInput(unreadable.join("\n")));
    }
    let errors = findings.errors.iter().map(|it| listed(it, Severity::Error));
    let mut listing: Vec<_> = errors.chain(findings.warnings.iter().map(|it| listed(it, Severity::Warning))).collect();
    // The sort is stable, so in each place errors stay first.
    listing.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    if arguments.json {
        let listing = serde_json::json!({ "findings": listing });
        console.line(serde_json::to_string_pretty(&listing).map_err(anyhow::Error::from)?);
    } else {
        for Listed { severity, text, .. } in &listing {
            let style = severity.style();
            console.line(format_args!("{style}{}:{style:#} {text}", severity.name()));
        }
    }
    let found = listing.iter().any(|it| it.severity != Severity::Note);
    Ok(if found { Outcome::Bad } else { Outcome::Good })
}

fn listed(finding: &Finding, severity: Severity) -> Listed<'_> {
    let Finding { subject, problem } = finding;
    Listed {
        severity: if problem.is_only_here() { Severity::Note } else { severity },
        file: subject.file.display().to_string(),
        line: (subject.line > 0).then_some(subject.line),
        resource: subject.resource.as_deref(),
        path: problem.path(),
        message: problem.to_string(),
        text: finding.to_string(),
    }
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Error => BAD,
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Note => DIM,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n";

    /// What linting a text writes, and how it ends.
    fn lint(text: &str, json: bool) -> (String, Outcome) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (file, output) = (folder.path().join("mesh.yaml"), folder.path().join("output"));
        fs::write(&file, text).expect("a file");
        let console = Console::new(0).writing_to(Some(&output)).expect("a file");
        let outcome = run(&Arguments { paths: vec![file], json }, &console).expect("it can be read");
        let written = fs::read_to_string(output).expect("the output");
        (written.replace(&format!("{}/", folder.path().display()), ""), outcome)
    }

    #[test]
    fn findings_make_a_difference_and_notes_do_not() {
        let (text, outcome) = lint(&format!("a: 1\n---\n{SERVICE}"), false);
        assert_eq!(outcome, Outcome::Bad);
        insta::assert_snapshot!(text, @"
        error: mesh.yaml:1: expected a Kubernetes manifest with `kind`, but found a document without it
        warning: mesh.yaml:3: Service/web: field `spec.selector`: no pod has the labels {app: web}, so every request for this service gets 503
        ");
        let (text, outcome) = lint("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n", false);
        assert_eq!(outcome, Outcome::Good);
        insta::assert_snapshot!(text, @"note: mesh.yaml:1: ConfigMap/settings: kind `ConfigMap` of `v1` is not modelled: the resource is left out");
        let (text, outcome) = lint("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", true);
        assert_eq!((text.as_str(), outcome), ("{\n  \"findings\": []\n}\n", Outcome::Good));
    }

    #[test]
    fn machines_get_file_line_resource_and_path_apart() {
        insta::assert_snapshot!(lint(&format!("a: 1\n---\n{SERVICE}"), true).0, @r#"
        {
          "findings": [
            {
              "file": "mesh.yaml",
              "line": 1,
              "message": "expected a Kubernetes manifest with `kind`, but found a document without it",
              "path": null,
              "resource": null,
              "severity": "error"
            },
            {
              "file": "mesh.yaml",
              "line": 3,
              "message": "field `spec.selector`: no pod has the labels {app: web}, so every request for this service gets 503",
              "path": "spec.selector",
              "resource": "Service/web",
              "severity": "warning"
            }
          ]
        }
        "#);
    }

    #[test]
    fn what_cannot_be_read_is_bad_input() {
        let arguments = Arguments { paths: vec![PathBuf::from("does-not-exist")], json: false };
        let failure = run(&arguments, &Console::new(0)).expect_err("no such folder");
        assert!(matches!(failure, Failure::BadInput(_)));
        insta::assert_snapshot!(failure, @"does-not-exist: expected a readable file or folder, but found: No such file or directory (os error 2)");
    }
}
