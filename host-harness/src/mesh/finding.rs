//! What reading a mesh finds: errors that stop it and warnings that do not, each one line that names file, line, resource
//! and path.
//!
//! All texts are here, so that they can be read side by side. Nothing is decided here.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a finding is: the file, the line where its document begins (or where the syntax breaks), and the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// Counted from 1; 0 where no line can be named.
    pub line: usize,
    /// `Kind/name`, or `Kind/namespace/name` outside of the namespace `default`.
    pub resource: Option<String>,
}

impl Subject {
    /// A whole file.
    pub fn file(file: &Path) -> Self {
        Self { file: file.to_owned(), line: 0, resource: None }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        match &self.resource {
            Some(resource) => write!(f, ": {resource}"),
            None => Ok(()),
        }
    }
}

/// One error or warning.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Where it is.
    pub subject: Subject,
    /// What it is.
    pub problem: Problem,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.problem)
    }
}

/// Everything found so far.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What stops the mesh from being built.
    pub errors: Vec<Finding>,
    /// What the user should know, although the mesh runs.
    pub warnings: Vec<Finding>,
}

impl Findings {
    /// Adds an error.
    pub fn error(&mut self, subject: &Subject, problem: Problem) {
        self.errors.push(Finding { subject: subject.clone(), problem });
    }

    /// Puts them in the order in which a reader goes through the files.
    pub fn sort(&mut self) {
        for findings in [&mut self.errors, &mut self.warnings] {
            findings.sort_by(|a, b| (&a.subject.file, a.subject.line).cmp(&(&b.subject.file, b.subject.line)));
        }
    }

    /// Adds a warning.
    pub fn warn(&mut self, subject: &Subject, problem: Problem) {
        self.warnings.push(Finding { subject: subject.clone(), problem });
    }
}

/// The mesh could not be built: at least one error, and the warnings that may explain it.
#[derive(Debug, thiserror::Error)]
pub struct LoadFailure {
    /// All that was found.
    pub findings: Findings,
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<String> = self.findings.errors.iter().map(Finding::to_string).collect();
        f.write_str(&errors.join("\n"))
    }
}

/// What is wrong or worth knowing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Problem {
    // Files and documents.
    /// A path cannot be read.
    #[error("expected a readable file or folder, but found: {reason}")]
    Unreadable {
        /// What the operating system says.
        reason: String,
    },
    /// No manifest was found at all.
    #[error("expected at least one manifest (*.yaml, *.yml or *.json), but found none")]
    NoManifests,
    /// A document is no YAML.
    #[error("expected YAML, but found: {reason}")]
    Syntax {
        /// What the parser says, with the place inside the line.
        reason: String,
    },
    /// A document is no manifest.
    #[error("expected a Kubernetes manifest with `{field}`, but found a document without it")]
    NotAManifest {
        /// `kind` or `apiVersion`.
        field: &'static str,
    },
    /// A field has the wrong type or value, or is missing.
    #[error("field `{path}`: {reason}")]
    Invalid {
        /// For instance `spec.http[0].timeout`.
        path: String,
        /// In the form "expected X, but found Y" where it is ours, else what the parser says.
        reason: String,
    },
    /// A resource is declared twice.
    #[error("expected each resource once, but this one is already declared at {first}")]
    Duplicate {
        /// The first declaration.
        first: String,
    },

    // What is left out.
    /// The kind is not modelled.
    #[error("kind `{kind}` of `{api_version}` is not modelled: the resource is left out")]
    UnknownKind {
        /// The kind.
        kind: String,
        /// Its `apiVersion`.
        api_version: String,
    },
    /// A field is not modelled.
    #[error("field `{path}` is not modelled and has no effect here")]
    UnknownField {
        /// For instance `spec.http[0].retries`.
        path: String,
    },
    /// A part is understood, but behaves differently here.
    #[error("field `{path}`: {difference}")]
    Different {
        /// For instance `spec.servers[0].port.protocol`.
        path: String,
        /// What happens instead.
        difference: String,
    },

    // References between resources.
    /// A VirtualService names a Gateway that does not exist.
    #[error("field `{path}`: expected the name of a Gateway, but found `{gateway}`; declared are: {declared}")]
    UnknownGateway {
        /// The field.
        path: String,
        /// What it names.
        gateway: String,
        /// What it could name.
        declared: String,
    },
    /// A destination names a host that no Service has.
    #[error("field `{path}`: expected the host of a Service, but found `{host}`; declared are: {declared}")]
    UnknownHost {
        /// The field.
        path: String,
        /// What it names, in full.
        host: String,
        /// What it could name.
        declared: String,
    },
    /// A destination names a port that its Service does not have.
    #[error("field `{path}`: expected a port of `{host}`, but found {port}; declared are: {declared}")]
    UnknownPort {
        /// The field.
        path: String,
        /// The Service.
        host: String,
        /// What the field names.
        port: u16,
        /// What it could name.
        declared: String,
    },
    /// A destination names a subset that no DestinationRule declares.
    #[error("field `{path}`: expected a subset of `{host}`, but found `{subset}`; declared are: {declared}")]
    UnknownSubset {
        /// The field.
        path: String,
        /// The Service.
        host: String,
        /// What the field names.
        subset: String,
        /// What it could name.
        declared: String,
    },
    /// A destination's subset is a label that nothing sets.
    #[error(
        "field `{path}`: no TrafficLabel and no plugin sets the label `{label}`, so it counts only where a request brings the header `{label}` itself; set are: {declared}"
    )]
    UnknownLabel {
        /// The field.
        path: String,
        /// The label.
        label: String,
        /// The labels that there are.
        declared: String,
    },
    /// A destination's subset is a label, and there are no subsets.
    #[error(
        "field `{path}`: `{host}` has no subsets that the label `{label}` could name; declare them in a DestinationRule"
    )]
    LabelWithoutSubsets {
        /// The field.
        path: String,
        /// The label.
        label: String,
        /// The Service.
        host: String,
    },
    /// A subset is declared twice, as in the guides' own `hello3-dr`.
    #[error(
        "field `{path}`: subset `{subset}` is declared twice, first as {first}, then as {second}: Istio uses the first and \
         ignores the second without a word; give the second a name of its own or remove it"
    )]
    DuplicateSubset {
        /// The second declaration.
        path: String,
        /// The name.
        subset: String,
        /// The labels of the first.
        first: String,
        /// The labels of the second.
        second: String,
    },
    /// A selector selects nothing.
    #[error("field `{path}`: no pod has the labels {labels}, so {consequence}")]
    SelectsNothing {
        /// The selector.
        path: String,
        /// What it asks for.
        labels: String,
        /// What follows.
        consequence: String,
    },
    /// Two VirtualServices claim a host in the mesh.
    #[error(
        "host `{host}` already belongs to {first}: inside the mesh Istio uses only one VirtualService for a host, and this one has no effect on it"
    )]
    HostTaken {
        /// The host.
        host: String,
        /// The VirtualService that has it.
        first: String,
    },
    /// A VirtualService is bound to a Gateway whose servers do not serve its hosts.
    #[error(
        "field `spec.hosts`: no server of gateway `{gateway}` serves {hosts}, so this VirtualService has no effect there"
    )]
    HostsNotServed {
        /// The Gateway.
        gateway: String,
        /// The hosts.
        hosts: String,
    },
    /// A Gateway without a VirtualService.
    #[error("no VirtualService is bound to this gateway, so it answers every request with 404")]
    IdleGateway,

    // Applications and plugins.
    /// An image that nothing runs.
    #[error(
        "field `{path}`: expected an image that `weft.yaml` maps to an application, but found `{image}`; add for instance `apps: {{\"{image}\": {{builtin: hello}}}}`"
    )]
    NoApplication {
        /// The field.
        path: String,
        /// The image.
        image: String,
    },
    /// A plugin whose module cannot be found.
    #[error(
        "field `{path}`: expected `file://…`, a built-in filter or an image that is there, but found `{url}`: {reason}"
    )]
    UnresolvedModule {
        /// The field.
        path: String,
        /// What it names.
        url: String,
        /// Why it does not resolve.
        reason: String,
    },
    /// An image in a registry that the built-in filter of the same name stands in for.
    #[error("field `{path}`: `{url}` is not pulled: the built-in filter `{name}` runs in its place")]
    BuiltinInPlaceOfImage {
        /// The field.
        path: String,
        /// What it names.
        url: String,
        /// The built-in filter.
        name: String,
    },
    /// A kind that needs a built-in filter which is not there.
    #[error("expected the built-in filter `{name}`, which does what this resource says, but found none of this name")]
    NoBuiltin {
        /// The filter.
        name: &'static str,
    },
    /// Two TrafficLabels set one label in one workload.
    #[error(
        "label `{label}` of {workload} is already set by {owner}, so this TrafficLabel does not run there: the one that selects a workload comes before the one of its namespace, that before the one of all namespaces, and of equals the first by name"
    )]
    LabelTaken {
        /// The label.
        label: String,
        /// The workload as `namespace/name`.
        workload: String,
        /// The TrafficLabel that has it.
        owner: String,
    },
    // Lints.
    /// Two subsets are the same pods.
    #[error(
        "field `{path}`: subset `{subset}` has the labels {labels}, as `{first}` has, so both are the same pods; give each labels of its own or remove one"
    )]
    SameSubset {
        /// The labels of the second.
        path: String,
        /// Its name.
        subset: String,
        /// The name of the first.
        first: String,
        /// What they have in common.
        labels: String,
    },
    /// A value of a label names nothing.
    #[error(
        "field `{path}`: expected a value of label `{label}` that names a subset, but found `{value}`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: {declared}"
    )]
    ValueWithoutSubset {
        /// Where the value stands.
        path: String,
        /// The label.
        label: String,
        /// The value.
        value: String,
        /// The names of all subsets.
        declared: String,
    },
    /// A filter sees one side of what it has to connect.
    #[error(
        "field `{path}`: `{filter}` runs only on what {runs_on} {workload}, so it cannot pass on what came in; let it run on what {misses} as well (`mode: CLIENT_AND_SERVER`, `patchContext: ANY`)"
    )]
    OneSided {
        /// Where the side is chosen.
        path: String,
        /// The filter.
        filter: String,
        /// A workload, as `namespace/name`.
        workload: String,
        /// What the filter sees.
        runs_on: &'static str,
        /// What it does not see.
        misses: &'static str,
    },
    /// Two sides of a filter share no data.
    #[error(
        "field `{path}`: `vm_id` is `{vm_id}`, but the filter with the same module at {inbound} has `{inbound_vm_id}`: what came in cannot be found when a request goes out; give both the same"
    )]
    DifferentVmId {
        /// The outbound filter.
        path: String,
        /// Its `vm_id`.
        vm_id: String,
        /// The inbound filter.
        inbound: String,
        /// Its `vm_id`.
        inbound_vm_id: String,
    },
    /// Weights are no percentages.
    #[error("field `{path}`: expected weights whose sum is 100, but found {sum}; make them add up to 100")]
    WeightSum {
        /// The list.
        path: String,
        /// What they add up to.
        sum: String,
    },
    /// A rule that no request reaches.
    #[error(
        "field `{path}`: never matches, because `{earlier}` already takes every request that it would; put it before that one or remove it"
    )]
    NeverMatches {
        /// The rule.
        path: String,
        /// The one that takes its requests.
        earlier: String,
    },

    // This machine.
    /// No free port could be had.
    #[error("expected a free port on 127.0.0.1, but found: {reason}")]
    NoPort {
        /// What the operating system says.
        reason: String,
    },
}

impl Problem {
    /// The field that it is about, if it is about one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Invalid { path, .. }
            | Self::UnknownField { path }
            | Self::Different { path, .. }
            | Self::UnknownGateway { path, .. }
            | Self::UnknownHost { path, .. }
            | Self::UnknownPort { path, .. }
            | Self::UnknownSubset { path, .. }
            | Self::UnknownLabel { path, .. }
            | Self::LabelWithoutSubsets { path, .. }
            | Self::DuplicateSubset { path, .. }
            | Self::SelectsNothing { path, .. }
            | Self::NoApplication { path, .. }
            | Self::UnresolvedModule { path, .. }
            | Self::BuiltinInPlaceOfImage { path, .. }
            | Self::SameSubset { path, .. }
            | Self::ValueWithoutSubset { path, .. }
            | Self::OneSided { path, .. }
            | Self::DifferentVmId { path, .. }
            | Self::WeightSum { path, .. }
            | Self::NeverMatches { path, .. } => Some(path),
            Self::Unreadable { .. }
            | Self::NoManifests
            | Self::Syntax { .. }
            | Self::NotAManifest { .. }
            | Self::Duplicate { .. }
            | Self::UnknownKind { .. }
            | Self::HostTaken { .. }
            | Self::HostsNotServed { .. }
            | Self::IdleGateway
            | Self::NoBuiltin { .. }
            | Self::LabelTaken { .. }
            | Self::NoPort { .. } => None,
        }
    }

    /// Whether it says how a mesh runs here, not what is wrong with the manifests: in a cluster it would not be.
    pub fn is_only_here(&self) -> bool {
        match self {
            Self::UnresolvedModule { url, .. } => !url.starts_with("file://"),
            Self::UnknownKind { .. }
            | Self::UnknownField { .. }
            | Self::Different { .. }
            | Self::BuiltinInPlaceOfImage { .. }
            | Self::NoApplication { .. }
            | Self::NoBuiltin { .. }
            | Self::NoPort { .. } => true,
            _ => false,
        }
    }
}
