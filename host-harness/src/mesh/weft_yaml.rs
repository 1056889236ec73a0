//! `weft.yaml`, the one file that is Weft's own: which program stands for which image, and how many workers a proxy has.
//!
//! ```yaml
//! apps:
//!   "*/http_springboot_v2:*": {builtin: hello, greeting: Bonjour}
//!   "*/grpc_server:*": {builtin: landing}
//!   "*/spring-boot-istio-client:gray": {builtin: gray-http, version: Gray}
//!   "*/details:*": {builtin: details}
//!   "*/mine:*": {command: [./mine, --verbose], env: {LEVEL: debug}}
//! workers: 2
//! ```
//! In a pattern `*` stands for any text. Of several patterns that fit an image the longest wins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::document::Document;
use super::finding::{Findings, Problem, Subject};

/// The number of workers of a proxy where nothing is said, as in Istio.
const DEFAULT_WORKERS: u32 = 2;

/// What every `weft.yaml` together says.
#[derive(Debug)]
pub struct Settings {
    applications: Vec<(String, Application)>,
    /// Worker threads of each proxy.
    pub workers: u32,
}

/// What stands for an image.
#[derive(Clone, Debug)]
pub struct Application {
    /// What runs.
    pub program: Program,
    /// Added to the environment that the manifest gives.
    pub environment: BTreeMap<String, String>,
}

/// A program that runs in place of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// The sample service of the guides' A/B test, built in.
    Hello {
        /// What its answers begin with.
        greeting: String,
    },
    /// The gRPC service of the guides' transcoding scenario, built in.
    Landing,
    /// Service A of the guides' gray release, built in.
    GrayHttp {
        /// What it is called in answers.
        name: String,
        /// Which version of it answers.
        version: String,
    },
    /// Service B of the guides' gray release, built in.
    GrayGrpc {
        /// What it is called in answers.
        name: String,
        /// Which version of it answers.
        version: String,
    },
    /// The service of a front end in the guides' cross-origin scenario, built in.
    Details,
    /// That front end, built in.
    Pages,
    /// A command on this machine.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Where it runs: the folder of the `weft.yaml` that names it.
        folder: PathBuf,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSettings {
    #[serde(default)]
    apps: BTreeMap<String, RawApplication>,
    workers: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApplication {
    builtin: Option<Builtin>,
    greeting: Option<String>,
    name: Option<String>,
    version: Option<String>,
    command: Option<Vec<String>>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Builtin {
    Hello,
    Landing,
    GrayHttp,
    GrayGrpc,
    Details,
    Pages,
}

/// Reads every `weft.yaml`.
pub fn read(documents: &[Document], findings: &mut Findings) -> Settings {
    let mut settings = Settings { applications: Vec::new(), workers: DEFAULT_WORKERS };
    for Document { subject, value } in documents {
        let raw: RawSettings = match serde_path_to_error::deserialize(value) {
            Ok(raw) => raw,
            Err(error) => {
                let (path, reason) = (error.path().to_string(), error.inner().to_string());
                findings.error(subject, Problem::Invalid { path, reason });
                continue;
            }
        };
        match raw.workers {
            Some(0) => {
                let reason = "expected at least 1, but found 0".to_owned();
                findings.error(subject, Problem::Invalid { path: "workers".to_owned(), reason });
            }
            Some(workers) => settings.workers = workers,
            None => {}
        }
        for (pattern, raw) in raw.apps {
            if let Some(application) = compile_application(&pattern, raw, subject, findings) {
                settings.applications.push((pattern, application));
            }
        }
    }
    // The sort is stable: of equally long patterns the first declared one stays first.
    settings.applications.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
    settings
}

fn compile_application(
    pattern: &str,
    raw: RawApplication,
    subject: &Subject,
    findings: &mut Findings,
) -> Option<Application> {
    let RawApplication { builtin, greeting, name, version, command, env: environment } = raw;
    let is_gray = matches!(builtin, Some(Builtin::GrayHttp | Builtin::GrayGrpc));
    let reason = match (builtin, command) {
        _ if greeting.is_some() && builtin != Some(Builtin::Hello) => {
            "expected `greeting` beside `builtin: hello` only"
        }
        _ if (name.is_some() || version.is_some()) && !is_gray => {
            "expected `name` and `version` beside `builtin: gray-http` and `builtin: gray-grpc` only"
        }
        (Some(builtin), None) => {
            let or = |said: Option<String>, default: &str| said.unwrap_or_else(|| default.to_owned());
            let program = match builtin {
                Builtin::Hello => Program::Hello { greeting: or(greeting, "Hello") },
                Builtin::Landing => Program::Landing,
                Builtin::Details => Program::Details,
                Builtin::Pages => Program::Pages,
                Builtin::GrayHttp => Program::GrayHttp { name: or(name, "A"), version: or(version, "Base") },
                Builtin::GrayGrpc => Program::GrayGrpc { name: or(name, "B"), version: or(version, "Base") },
            };
            return Some(Application { program, environment });
        }
        (None, Some(argv)) if !argv.is_empty() => {
            let folder = subject.file.parent().unwrap_or(Path::new("")).to_owned();
            return Some(Application { program: Program::Command { argv, folder }, environment });
        }
        (None, Some(_)) => "expected the program and its arguments, but found an empty command",
        (None, None) => "expected `builtin` or `command`, but found neither",
        (Some(_), Some(_)) => "expected either `builtin` or `command`, but found both",
    };
    findings.error(subject, Problem::Invalid { path: format!("apps.{pattern}"), reason: reason.to_owned() });
    None
}

impl Settings {
    /// Lets something stand for every image that has nothing else, so that a mesh that is not run is complete.
    pub fn stand_in_for_all(&mut self) {
        let program = Program::Hello { greeting: String::new() };
        self.applications.push(("*".to_owned(), Application { program, environment: BTreeMap::new() }));
    }

    /// What stands for an image.
    pub fn application(&self, image: &str) -> Option<&Application> {
        self.applications.iter().find(|(pattern, _)| fits(pattern, image)).map(|(_, application)| application)
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| text.get(at..).is_some_and(|it| fits(rest, it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (Settings, String) {
        let mut findings = Findings::default();
        let documents = super::super::document::parse(Path::new("mesh/weft.yaml"), text, &mut findings);
        let settings = read(&documents, &mut findings);
        (settings, findings.errors.iter().map(|it| format!("{it}\n")).collect())
    }

    #[test]
    fn the_longest_pattern_that_fits_an_image_wins() {
        let (settings, errors) = check(
            "apps:\n  \"*\": {builtin: hello}\n  \"*/hello_v2:*\": {builtin: hello, greeting: Bonjour}\n  \
             \"*/client:gray\": {builtin: gray-http, version: Gray}\n  \"*/mine\": {command: [./mine]}\n",
        );
        assert_eq!(errors, "");
        let program = |image| settings.application(image).map(|it| it.program.clone());
        let hello = |greeting: &str| Some(Program::Hello { greeting: greeting.to_owned() });
        assert_eq!(program("registry.test/a/hello_v2:1.0"), hello("Bonjour"));
        assert_eq!(program("registry.test/a/hello_v1:1.0"), hello("Hello"));
        let gray = Program::GrayHttp { name: "A".to_owned(), version: "Gray".to_owned() };
        assert_eq!(program("registry.test/a/client:gray"), Some(gray));
        let mine = Program::Command { argv: vec!["./mine".to_owned()], folder: PathBuf::from("mesh") };
        assert_eq!(program("registry.test/mine"), Some(mine));
        assert_eq!(settings.workers, DEFAULT_WORKERS);
    }

    #[test]
    fn every_mistake_is_named() {
        insta::assert_snapshot!(check("app: {}").1, @"mesh/weft.yaml:1: field `app`: unknown field `app`, expected `apps` or `workers`");
        insta::assert_snapshot!(check("apps: {a: {builtin: helo}}").1, @"mesh/weft.yaml:1: field `apps.a.builtin`: unknown variant `helo`, expected one of `hello`, `landing`, `gray-http`, `gray-grpc`, `details`, `pages`");
        insta::assert_snapshot!(check("apps: {a: {}, b: {command: []}, c: {builtin: hello, command: [x]}, d: {greeting: Hi}, e: {builtin: landing, greeting: Hi}, f: {builtin: hello, version: Gray}}\nworkers: 0").1, @r#"
        mesh/weft.yaml:1: field `workers`: expected at least 1, but found 0
        mesh/weft.yaml:1: field `apps.a`: expected `builtin` or `command`, but found neither
        mesh/weft.yaml:1: field `apps.b`: expected the program and its arguments, but found an empty command
        mesh/weft.yaml:1: field `apps.c`: expected either `builtin` or `command`, but found both
        mesh/weft.yaml:1: field `apps.d`: expected `greeting` beside `builtin: hello` only
        mesh/weft.yaml:1: field `apps.e`: expected `greeting` beside `builtin: hello` only
        mesh/weft.yaml:1: field `apps.f`: expected `name` and `version` beside `builtin: gray-http` and `builtin: gray-grpc` only
        "#);
    }
}
