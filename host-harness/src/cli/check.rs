//! `weft check`: whether a filter would take a configuration, and everything that is wrong with it.
//!
//! The filter's own core decides, compiled for this machine: there is no second opinion that could differ from it.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use strict_config::{Problem, Problems};

use super::console::Console;
use super::{Failure, Outcome, input};

/// Check a filter's configuration: one line on what the filter would do with it and what is dangerous about it, or every problem
/// with its path.
///
/// Where a filter asks which proxy it runs in, the answer is a sidecar.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft check header-propagation config.json
  weft check grpc-json-transcoder config.yaml --json
  weft check traffic-label config.yaml
  echo '{\"propagate\": {\"exact\": [\"route-v\"]}}' | weft check header-propagation -

With --json: {\"valid\": true, \"configured_as\": …, \"warnings\": […]} or
{\"valid\": false, \"problems\": [{\"path\": …, \"message\": …, \"line\": …, \"column\": …}]}

Exit status: 0 it is valid, 2 it is not.")]
pub(super) struct Arguments {
    /// The filter's name.
    filter: String,
    /// A JSON file, a YAML file if its name ends in .yaml or .yml, or `-` for JSON on standard input.
    config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is wrong, one line for each problem.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no such filter.
    #[error("expected a filter among {known}, but found {filter}")]
    UnknownFilter {
        /// What was asked for.
        filter: String,
        /// What there is.
        known: String,
    },
    /// The configuration cannot be read.
    #[error("{}: expected a configuration, but: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The filter would refuse it.
    #[error("{}", lines(path, problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it.
        problems: Problems,
    },
}

/// What a filter would do with a sound configuration.
#[derive(Debug)]
pub struct Checked {
    /// In one line.
    pub does: String,
    /// What is legal and yet dangerous.
    pub warnings: Problems,
}

/// Reads a configuration.
type Configure = fn(&[u8]) -> Result<Checked, Problems>;

/// Every filter.
const FILTERS: &[(&str, Configure)] = &[
    ("cors", cors),
    ("grpc-json-transcoder", grpc_json_transcoder),
    ("header-propagation", header_propagation),
    ("traffic-label", traffic_label),
];

fn cors(configuration: &[u8]) -> Result<Checked, Problems> {
    // No request is judged, so nothing is drawn by lot.
    let cors = cors_core::Cors::parse(configuration, 0)?;
    Ok(Checked { does: cors.to_string(), warnings: cors.warnings().clone() })
}

fn grpc_json_transcoder(configuration: &[u8]) -> Result<Checked, Problems> {
    let options = grpc_json_transcoder_core::configuration::Options::parse(configuration)?;
    let services = options.services.join(", ");
    grpc_json_transcoder_core::transcoder::Transcoder::new(options)?;
    let does = if services.is_empty() { "disabled: no services".to_owned() } else { format!("transcodes {services}") };
    Ok(Checked { does, warnings: Problems::default() })
}

fn header_propagation(configuration: &[u8]) -> Result<Checked, Problems> {
    let node = || Some(b"sidecar~".to_vec());
    let policy = header_propagation_core::Policy::parse(configuration, node)?;
    Ok(Checked { does: policy.to_string(), warnings: Problems::default() })
}

fn traffic_label(configuration: &[u8]) -> Result<Checked, Problems> {
    let policy = traffic_label_core::Policy::parse(configuration, &mut SomeSidecar)?;
    Ok(Checked { does: policy.to_string(), warnings: Problems::default() })
}

/// A sidecar of a pod of which nothing is known.
struct SomeSidecar;

impl traffic_label_core::Node for SomeSidecar {
    fn id(&mut self) -> Option<Vec<u8>> {
        Some(b"sidecar~".to_vec())
    }

    fn label(&mut self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn namespace(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome, Failure> {
    let Arguments { filter, config, json } = arguments;
    let checked = check(filter, config);
    match &checked {
        Ok(Checked { does, warnings }) if *json => {
            console.line(json!({ "valid": true, "configured_as": does, "warnings": list(warnings) }));
        }
        Ok(Checked { does, warnings }) => {
            console.line(format_args!("{}: {filter}, {does}", config.display()));
            for warning in warnings.iter() {
                console.line(format_args!("{}: warning: {warning}", config.display()));
            }
        }
        Err(CheckError::Invalid { problems, .. }) if *json => {
            console.line(json!({ "valid": false, "problems": list(problems) }));
        }
        Err(_) => {}
    }
    checked.map(|_| Outcome::Good).map_err(|error| Failure::BadInput(error.to_string()))
}

/// What a filter would do with this JSON; nothing, if there is no such filter.
pub fn configure(filter: &str, json: &[u8]) -> Option<Result<Checked, Problems>> {
    FILTERS.iter().find(|(name, _)| *name == filter).map(|(_, configure)| configure(json))
}

/// What the filter would do with the configuration in this file.
pub fn check(filter: &str, path: &Path) -> Result<Checked, CheckError> {
    let Some((_, configure)) = FILTERS.iter().find(|(name, _)| *name == filter) else {
        let known: Vec<_> = FILTERS.iter().map(|(name, _)| *name).collect();
        return Err(CheckError::UnknownFilter { filter: filter.to_owned(), known: known.join(", ") });
    };
    let path = path.to_owned();
    let bytes = match input::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(CheckError::Unreadable { path, source }),
    };
    let configured = if input::is_yaml(&path) { from_yaml(&bytes, *configure) } else { configure(&bytes) };
    configured.map_err(|problems| CheckError::Invalid { path, problems })
}

fn lines(path: &Path, problems: &Problems) -> String {
    let lines: Vec<_> = problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect();
    lines.join("\n")
}

fn list(problems: &Problems) -> Value {
    let problems = problems.iter().map(|Problem { path, message, position }| {
        let (line, column) = (position.map(|position| position.line), position.map(|position| position.column));
        json!({ "path": path, "message": message, "line": line, "column": column })
    });
    problems.collect()
}

/// YAML becomes JSON before the filter sees it.
fn from_yaml(yaml: &[u8], configure: Configure) -> Result<Checked, Problems> {
    let json = match input::json_of_yaml(yaml) {
        Ok(json) => json,
        Err(error) => {
            let mut found = Problems::default();
            found.push("", error);
            return Err(found);
        }
    };
    let checked = configure(&json).map_err(|problems| without_places(&problems))?;
    Ok(Checked { warnings: without_places(&checked.warnings), ..checked })
}

/// Lines and columns are those of the JSON, which the user never saw; the path stays.
fn without_places(problems: &Problems) -> Problems {
    let mut found = Problems::default();
    for Problem { path, message, .. } in problems.iter() {
        found.push(path, message);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_can_be_checked() {
        let checked = FILTERS.iter().map(|(name, _)| *name);
        assert!(checked.eq(artifacts::MODULES.iter().map(|module| module.name)));
    }

    #[test]
    fn machines_get_path_message_and_place_apart() {
        let reader = strict_config::read(b"{\n  \"max\": 0}").unwrap();
        reader.object(reader.root()).unwrap().integer("max", 1..=128);
        let mut problems = reader.into_problems();
        problems.push("b", "expected c, but found d");
        let expected = json!([
            { "path": "max", "message": "expected 1 to 128, but found 0", "line": 2, "column": 10 },
            { "path": "b", "message": "expected c, but found d", "line": null, "column": null },
        ]);
        assert_eq!(list(&problems), expected);
    }
}
