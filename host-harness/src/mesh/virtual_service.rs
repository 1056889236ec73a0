//! VirtualServices → routes, in two steps: once for the resource, where everything that is wrong with it is found, and then
//! for each proxy, where the conditions on the proxy itself (gateway, port, labels, namespace) are settled.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::destination::{Destinations, Lane, Share, Subset, Target};
use super::finding::{Findings, Problem, Subject};
use super::istio::{Destination, HttpMatch, HttpRoute, StringCondition, VirtualServiceSpec, WeightedDestination};
use super::manifest::{Labels, Resource, selects};
use super::registry::{Registry, Service, list, qualify};
use crate::bootstrap::{
    CompiledRegex, HeaderMatch, PathMatch, QueryMatch, Route, RouteAction, RouteMatch, StringMatch, StringMatchError,
};

/// The name that stands for all sidecars among the gateways.
pub const MESH: &str = "mesh";

/// A VirtualService whose own fields make sense.
#[derive(Debug)]
pub struct VirtualService {
    /// Where it was declared.
    pub subject: Subject,
    /// Its namespace, which a gateway's server may ask for.
    pub namespace: String,
    /// Hosts in full.
    pub hosts: Vec<String>,
    /// `mesh`, or gateways as `namespace/name`.
    pub gateways: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    alternatives: Vec<Alternative>,
    action: Action,
    timeout: Duration,
    cors: Option<Value>,
}

/// The CORS policy of the requests that a rule takes, if they have one.
#[derive(Clone, Debug)]
pub struct CorsRule {
    /// Which paths.
    pub path: PathMatch,
    /// As it is written.
    pub policy: Option<Value>,
}

/// One entry of a rule's `match`.
#[derive(Debug, Default)]
struct Alternative {
    name: String,
    gateways: Vec<String>,
    port: Option<u16>,
    source_labels: Labels,
    source_namespace: Option<String>,
    matcher: RouteMatch,
}

#[derive(Debug)]
enum Action {
    Forward(Destinations),
    Direct { status: u16, body: String },
}

/// Whose routes are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Viewpoint<'a> {
    /// `mesh`, or a gateway as `namespace/name`.
    pub gateway: &'a str,
    /// The port of the service, or of the gateway's server.
    pub port: u16,
    /// The namespace of the proxy's workload.
    pub namespace: &'a str,
    /// The labels of the proxy's workload.
    pub labels: &'a Labels,
}

/// What a VirtualService can name.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// Gateways as `namespace/name`.
    pub gateways: &'a [String],
    /// Services with their subsets.
    pub registry: &'a Registry,
    /// The header of each label that something sets, by the label's name.
    pub labels: &'a BTreeMap<String, String>,
}

/// Compiles a VirtualService against what else is declared.
pub fn compile(
    resource: &Resource<VirtualServiceSpec>,
    declared: Declared<'_>,
    findings: &mut Findings,
) -> VirtualService {
    let mut compiler = Compiler { resource, declared, findings };
    let spec = &resource.spec;
    let bound = match spec.gateways.is_empty() {
        true => vec![MESH.to_owned()],
        false => compiler.gateways(&spec.gateways, "spec.gateways"),
    };
    if spec.hosts.is_empty() {
        compiler.invalid("spec.hosts", "expected at least one host, but found none");
    }
    let rules: Vec<_> = spec.http.iter().enumerate().map(|(index, rule)| compiler.rule(rule, index)).collect();
    VirtualService {
        subject: resource.subject.clone(),
        namespace: resource.namespace.clone(),
        hosts: spec.hosts.iter().map(|host| qualify(host, &resource.namespace)).collect(),
        gateways: bound,
        rules: rules.into_iter().flatten().collect(),
    }
}

struct Compiler<'a> {
    resource: &'a Resource<VirtualServiceSpec>,
    declared: Declared<'a>,
    findings: &'a mut Findings,
}

impl Compiler<'_> {
    fn invalid(&mut self, path: &str, reason: &str) {
        let problem = Problem::Invalid { path: path.to_owned(), reason: reason.to_owned() };
        self.findings.error(&self.resource.subject, problem);
    }

    fn gateways(&mut self, names: &[String], path: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let full = match name.as_str() {
                MESH => MESH.to_owned(),
                name if name.contains('/') => name.to_owned(),
                name => format!("{}/{name}", self.resource.namespace),
            };
            if full == MESH || self.declared.gateways.contains(&full) {
                found.push(full);
                continue;
            }
            let (path, declared) = (format!("{path}[{index}]"), list(self.declared.gateways));
            self.findings.error(&self.resource.subject, Problem::UnknownGateway { path, gateway: full, declared });
        }
        found
    }

    fn rule(&mut self, rule: &HttpRoute, index: usize) -> Option<Rule> {
        let path = format!("spec.http[{index}]");
        let mut alternatives: Vec<_> = rule
            .matches
            .iter()
            .enumerate()
            .map(|(index, entry)| self.alternative(entry, &format!("{path}.match[{index}]")))
            .collect();
        if alternatives.is_empty() {
            alternatives.push(Alternative::default());
        }
        let timeout = match rule.timeout.as_deref().map(parse_duration) {
            // Istio sets no limit of its own, unlike Envoy.
            None => Duration::ZERO,
            Some(Some(timeout)) => timeout,
            Some(None) => {
                let found = rule.timeout.as_deref().unwrap_or_default();
                let reason = format!("expected a duration such as `1.5s`, but found `{found}`");
                self.invalid(&format!("{path}.timeout"), &reason);
                Duration::ZERO
            }
        };
        if let Some(policy) = &rule.cors_policy {
            self.cors_policy(policy, &format!("{path}.corsPolicy"));
        }
        self.chosen_by_path(rule, &alternatives, &path);
        let action = self.action(rule, &path)?;
        Some(Rule { name: rule.name.clone(), alternatives, action, timeout, cors: rule.cors_policy.clone() })
    }

    /// The filter's own core says what is wrong with a policy.
    fn cors_policy(&mut self, policy: &Value, path: &str) {
        let configuration = json!({ "profile": "envoy", "policies": [{ "corsPolicy": policy }] });
        if let Err(problems) = cors_core::Cors::parse(configuration.to_string().as_bytes(), 0) {
            for problem in problems.iter() {
                self.invalid(&problem.path.replacen("policies[0].corsPolicy", path, 1), &problem.message);
            }
        }
    }

    /// Where there are policies, a rule takes its requests from those of the others, whether or not it has one; here is said where it
    /// takes others than in a cluster.
    fn chosen_by_path(&mut self, rule: &HttpRoute, alternatives: &[Alternative], path: &str) {
        let by_path_alone = alternatives.iter().all(|it| {
            it.matcher.headers.is_empty()
                && it.matcher.query.is_empty()
                && !matches!(it.matcher.path, PathMatch::Regex(_))
        });
        if by_path_alone || self.resource.spec.http.iter().all(|it| it.cors_policy.is_none()) {
            return;
        }
        let field = if rule.cors_policy.is_some() { "corsPolicy" } else { "match" };
        let difference = "CORS policies are chosen by host and path alone, and for no regular expression".to_owned();
        self.findings.warn(&self.resource.subject, Problem::Different { path: format!("{path}.{field}"), difference });
    }

    fn action(&mut self, rule: &HttpRoute, path: &str) -> Option<Action> {
        match (&rule.direct_response, rule.route.as_slice()) {
            (Some(response), []) => {
                Some(Action::Direct { status: response.status, body: response.body.string.clone() })
            }
            (Some(_), _) => {
                self.invalid(path, "expected either `route` or `directResponse`, but found both");
                None
            }
            (None, []) => {
                self.invalid(
                    path,
                    "expected `route` or `directResponse`, but found neither (nothing else is modelled)",
                );
                None
            }
            (None, destinations) => {
                let mut shares = Vec::new();
                for (index, entry) in destinations.iter().enumerate() {
                    // A single destination gets everything, whatever its weight.
                    let weight = if destinations.len() == 1 { 1 } else { entry.weight.unwrap_or(0) };
                    shares.extend(self.share(entry, weight, &format!("{path}.route[{index}]")));
                }
                if destinations.iter().all(|it| it.weight.unwrap_or(0) == 0) && destinations.len() > 1 {
                    let path = format!("{path}.route");
                    self.invalid(&path, "expected weights whose sum is above 0, but found only zeros");
                    return None;
                }
                Some(Action::Forward(Destinations(shares)))
            }
        }
    }

    fn share(&mut self, entry: &WeightedDestination, weight: u32, path: &str) -> Option<Share> {
        let fallback = entry.fallback.as_ref();
        let fallback = fallback.and_then(|it| self.target(&it.target, &format!("{path}.fallback.target"), false));
        let target = self.target(&entry.destination, &format!("{path}.destination"), true)?;
        Some(Share { target, fallback, weight })
    }

    fn target(&mut self, destination: &Destination, path: &str, may_be_label: bool) -> Option<Target> {
        let subject = &self.resource.subject;
        let registry = self.declared.registry;
        let host = qualify(&destination.host, &self.resource.namespace);
        let Some(service) = registry.service(&host) else {
            let declared = registry.declared();
            self.findings.error(subject, Problem::UnknownHost { path: format!("{path}.host"), host, declared });
            return None;
        };
        let mut port = destination.port.as_ref().map(|port| port.number);
        let subset = match destination.subset.as_deref() {
            None => Subset::All,
            Some(subset) => self.subset(subset, service, &format!("{path}.subset"), may_be_label)?,
        };
        if let Some(port) = port.filter(|number| service.port(*number).is_none()) {
            let declared = list(service.ports.iter().map(|port| port.number));
            let path = format!("{path}.port.number");
            self.findings.error(subject, Problem::UnknownPort { path, host, port, declared });
            return None;
        }
        if let ([only], None) = (service.ports.as_slice(), port) {
            port = Some(only.number);
        }
        Some(Target { host, subset, port })
    }

    fn subset(&mut self, subset: &str, service: &Service, path: &str, may_be_label: bool) -> Option<Subset> {
        let (subject, path, host) = (&self.resource.subject, path.to_owned(), service.host.clone());
        if let Some(label) = subset.strip_prefix('$').filter(|_| may_be_label) {
            if service.subsets.is_empty() {
                let label = label.to_owned();
                self.findings.warn(subject, Problem::LabelWithoutSubsets { path: path.clone(), label, host });
            }
            let header = self.declared.labels.get(label);
            if header.is_none() {
                let (label, declared) = (label.to_owned(), list(self.declared.labels.keys()));
                self.findings.warn(subject, Problem::UnknownLabel { path, label, declared });
            }
            return Some(Subset::Label { header: header.map_or(label, String::as_str).to_ascii_lowercase() });
        }
        if service.subsets.contains_key(subset) {
            return Some(Subset::Named(subset.to_owned()));
        }
        let (declared, subset) = (list(service.subsets.keys()), subset.to_owned());
        self.findings.error(subject, Problem::UnknownSubset { path, host, subset, declared });
        None
    }

    fn alternative(&mut self, entry: &HttpMatch, path: &str) -> Alternative {
        let mut matcher = RouteMatch::default();
        if let Some(uri) = &entry.uri {
            matcher.path = self.path_match(uri, &format!("{path}.uri"));
        }
        for (pseudo, condition) in
            [(":method", &entry.method), (":authority", &entry.authority), (":scheme", &entry.scheme)]
        {
            if let Some(condition) = condition {
                let path = format!("{path}.{}", pseudo.trim_start_matches(':'));
                matcher.headers.push(self.header(pseudo, condition, &path));
            }
        }
        for (name, condition) in &entry.headers {
            matcher.headers.push(self.header(name, condition, &format!("{path}.headers.{name}")));
        }
        for (name, condition) in &entry.without_headers {
            let header = self.header(name, condition, &format!("{path}.withoutHeaders.{name}"));
            // A header that is not there does not have the value either, so the condition holds.
            let missing_as_empty = header.value.is_some();
            matcher.headers.push(HeaderMatch { invert: true, missing_as_empty, ..header });
        }
        for (name, condition) in &entry.query_params {
            let value = self.string(condition, &format!("{path}.queryParams.{name}"));
            matcher.query.push(QueryMatch { name: name.clone(), value });
        }
        Alternative {
            name: entry.name.clone(),
            gateways: self.gateways(&entry.gateways, &format!("{path}.gateways")),
            port: entry.port,
            source_labels: entry.source_labels.clone(),
            source_namespace: entry.source_namespace.clone(),
            matcher,
        }
    }

    fn header(&mut self, name: &str, condition: &StringCondition, path: &str) -> HeaderMatch {
        let value = self.string(condition, path);
        HeaderMatch { name: name.to_ascii_lowercase(), value, invert: false, missing_as_empty: false }
    }

    fn path_match(&mut self, condition: &StringCondition, path: &str) -> PathMatch {
        match condition {
            StringCondition { exact: Some(exact), prefix: None, regex: None } => PathMatch::Exact(exact.clone()),
            StringCondition { exact: None, prefix: Some(prefix), regex: None } => PathMatch::Prefix(prefix.clone()),
            StringCondition { exact: None, prefix: None, regex: Some(regex) } => {
                let compiled = CompiledRegex::new(regex);
                self.compiled(compiled, &format!("{path}.regex")).map_or_else(PathMatch::default, PathMatch::Regex)
            }
            _ => {
                self.invalid(path, "expected exactly one of `exact`, `prefix` and `regex`");
                PathMatch::default()
            }
        }
    }

    /// `None` where the condition is empty: it is enough to be there.
    fn string(&mut self, condition: &StringCondition, path: &str) -> Option<StringMatch> {
        match condition {
            StringCondition { exact: None, prefix: None, regex: None } => None,
            StringCondition { exact: Some(exact), prefix: None, regex: None } => Some(StringMatch::exact(exact)),
            StringCondition { exact: None, prefix: Some(prefix), regex: None } => Some(StringMatch::prefix(prefix)),
            StringCondition { exact: None, prefix: None, regex: Some(regex) } => {
                let compiled = StringMatch::regex(regex);
                self.compiled(compiled, &format!("{path}.regex"))
            }
            _ => {
                self.invalid(path, "expected at most one of `exact`, `prefix` and `regex`");
                None
            }
        }
    }

    fn compiled<T>(&mut self, result: Result<T, StringMatchError>, path: &str) -> Option<T> {
        result.map_err(|error| self.invalid(path, &error.to_string())).ok()
    }
}

/// A duration in Go's form: `1h30m`, `1.5s`, `200ms`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let number_ends = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, after) = rest.split_at(number_ends);
        let unit_ends = after.find(|character: char| character.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_ends);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

impl VirtualService {
    /// The routes that a proxy has for these hosts.
    pub fn routes(&self, from: Viewpoint<'_>, registry: &Registry) -> Vec<Route> {
        let mut routes = Vec::new();
        for rule in &self.rules {
            for alternative in rule.alternatives.iter().filter(|it| it.concerns(from)) {
                let names = [rule.name.as_str(), alternative.name.as_str()];
                let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
                for lane in rule.action.lanes(registry) {
                    let action = rule.action.route(&lane, from.port, registry);
                    // A direct response is made at once.
                    let timeout = (!matches!(action, RouteAction::Direct { .. })).then_some(rule.timeout);
                    let mut matcher = alternative.matcher.clone();
                    matcher.headers.extend(lane.conditions());
                    routes.push(Route { name: names.join("."), matcher, action, timeout });
                }
            }
        }
        routes
    }

    /// The CORS policies of the requests that its rules take, in their order.
    pub fn cors(&self, from: Viewpoint<'_>) -> Vec<CorsRule> {
        let of_rule = |rule: &Rule| {
            let concerned = rule.alternatives.iter().filter(|it| it.concerns(from));
            let rules = concerned.map(|it| CorsRule { path: it.matcher.path.clone(), policy: rule.cors.clone() });
            rules.collect::<Vec<_>>()
        };
        self.rules.iter().flat_map(of_rule).collect()
    }

    /// The VirtualService as a message names it.
    pub fn name(&self) -> &str {
        self.subject.resource.as_deref().unwrap_or_default()
    }
}

impl Alternative {
    /// Whether the conditions on the proxy hold.
    fn concerns(&self, from: Viewpoint<'_>) -> bool {
        (self.gateways.is_empty() || self.gateways.iter().any(|it| it == from.gateway))
            && self.port.is_none_or(|port| port == from.port)
            && selects(&self.source_labels, from.labels)
            && self.source_namespace.as_ref().is_none_or(|namespace| namespace == from.namespace)
    }
}

impl Action {
    fn lanes(&self, registry: &Registry) -> Vec<Lane> {
        match self {
            Self::Direct { .. } => vec![Lane::default()],
            Self::Forward(destinations) => destinations.lanes(registry),
        }
    }

    fn route(&self, lane: &Lane, port: u16, registry: &Registry) -> RouteAction {
        match self {
            Self::Direct { status, body } => RouteAction::Direct { status: *status, body: body.clone() },
            Self::Forward(destinations) => destinations.route(lane, port, registry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, expected) in [
            ("1.5s", Some(1500)),
            ("1h30m", Some(5_400_000)),
            ("200ms", Some(200)),
            ("0s", Some(0)),
            ("5", None),
            ("s", None),
            ("", None),
            ("5 s", None),
        ] {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }
}
