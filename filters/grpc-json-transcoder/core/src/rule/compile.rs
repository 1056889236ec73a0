//! Rules to a router: each is judged against the schema, and everything that is wrong is said at once.
//!
//! A place is `package.Service.Method`, or the path of the rule in the service configuration, with the field in which the
//! problem stands. What the native transcoder lets pass in silence (a rule without a pattern, two rules with the same claim) is
//! a problem in the profile `strict` alone; what it finds only when a request comes (a variable that names no field) always is.

use super::{Body, CompiledRule, FieldPath, HttpRule, Variable};
use crate::names::Names;
use crate::router::{PathMatcher, Router};
use crate::service_config::SelectedRule;
use crate::template::{Template, Variable as TemplateVariable};
use protojson::{Cardinality, FieldId, Kind, MessageId, Method, Schema, WellKnown};
use strict_config::Problems;

/// What of the configuration decides on rules.
#[derive(Debug, Clone, Copy)]
pub struct RuleOptions<'a> {
    /// The full names of the services that are transcoded.
    pub services: &'a [String],
    /// Rules that stand in place of the annotations.
    pub selected_rules: &'a [SelectedRule],
    /// Methods without a rule are `POST /package.Service/Method` with `body: "*"`.
    pub auto_mapping: bool,
    /// What stands after the last colon of a path is a verb even when no rule has that verb.
    pub match_unregistered_custom_verb: bool,
    /// Whether what the native transcoder lets pass in silence is a problem.
    pub is_strict: bool,
}

/// Compiles the rules of all methods of the services, and adds what is wrong with them to the problems.
pub fn compile(schema: &Schema, options: &RuleOptions<'_>, problems: &mut Problems) -> Router {
    let mut compiler = Compiler {
        schema,
        problems,
        is_strict: options.is_strict,
        matcher: PathMatcher::new(options.match_unregistered_custom_verb),
        rules: Vec::new(),
        places: Vec::new(),
    };
    // Of several rules with one selector the last counts, as everywhere in a service configuration.
    let mut selectors = Names::default();
    let mut selected = Vec::new();
    for rule in options.selected_rules {
        let number = selectors.number(rule.selector.as_bytes()) as usize;
        match selected.get_mut(number) {
            Some(before) => *before = rule,
            None => selected.push(rule),
        }
    }
    compiler.refuse_unknown_selectors(options.selected_rules);
    for (index, name) in options.services.iter().enumerate() {
        let Some(service) = schema.service(name) else {
            let known: Vec<String> = schema.services().iter().map(|service| format!("`{}`", service.name)).collect();
            let message = format!("expected a service of the descriptor, {}, but found `{name}`", any_of(&known));
            compiler.problems.push(format!("services[{index}]"), message);
            continue;
        };
        for method in &service.methods {
            let place = format!("{name}.{}", method.name);
            let grpc_path = format!("/{name}/{}", method.name);
            if let Some(selected) = selectors.get(place.as_bytes()).and_then(|number| selected.get(number as usize)) {
                compiler.add(&selected.place, &grpc_path, method, &selected.rule);
            } else if let Some(bytes) = &method.http_rule {
                match HttpRule::decode(bytes) {
                    Ok(rule) => compiler.add(&place, &grpc_path, method, &rule),
                    Err(error) => compiler.problems.push(place, format!("google.api.http: {error}")),
                }
            } else if options.auto_mapping {
                compiler.add(&place, &grpc_path, method, &HttpRule::automatic(&grpc_path));
            }
        }
    }
    Router::new(compiler.matcher, compiler.rules)
}

/// A list of alternatives in words.
fn any_of(names: &[String]) -> String {
    match names {
        [] => "which has none".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

struct Compiler<'a> {
    schema: &'a Schema,
    problems: &'a mut Problems,
    is_strict: bool,
    matcher: PathMatcher,
    rules: Vec<CompiledRule>,
    /// Where each of the rules was written.
    places: Vec<String>,
}

impl Compiler<'_> {
    fn refuse_unknown_selectors(&mut self, rules: &[SelectedRule]) {
        for SelectedRule { selector, place, .. } in rules {
            let method = selector.rsplit_once('.').and_then(|(service, name)| {
                self.schema.service(service)?.methods.iter().find(|method| method.name == name)
            });
            if method.is_none() {
                let message =
                    format!("expected `package.Service.Method` of a method of the descriptor, but found `{selector}`");
                self.problems.push(format!("{place}.selector"), message);
            }
        }
    }

    fn add(&mut self, place: &str, grpc_path: &str, method: &Method, rule: &HttpRule) {
        self.add_binding(place, grpc_path, method, rule);
        for (index, binding) in rule.additional_bindings.iter().enumerate() {
            let place = format!("{place}.additional_bindings[{index}]");
            if !binding.additional_bindings.is_empty() {
                let message = "expected no bindings in an additional binding, but found some";
                self.problems.push(format!("{place}.additional_bindings"), message);
            }
            self.add_binding(&place, grpc_path, method, binding);
        }
    }

    fn add_binding(&mut self, place: &str, grpc_path: &str, method: &Method, rule: &HttpRule) {
        let Some(pattern) = &rule.pattern else {
            if self.is_strict {
                let message = "expected `get`, `put`, `post`, `delete`, `patch` or `custom`, but found none";
                self.problems.push(place, message);
            }
            return;
        };
        let body = self.body(place, method, &rule.body);
        let response_body = self.response_body(place, method, &rule.response_body);
        let place = format!("{place}.{}", pattern.field);
        if pattern.method.is_empty() {
            self.problems.push(format!("{place}.kind"), "expected an HTTP method or `*`, but found nothing");
        }
        let template = match Template::parse(&pattern.path) {
            Ok(template) => template,
            Err(error) => return self.problems.push(place, error.to_string()),
        };
        let variables = self.variables(&place, method.input, &template.variables);
        let (Some(body), Some(response_body)) = (body, response_body) else { return };
        let is_http_body = |message, path: Option<&FieldPath>| match path {
            Some(path) => {
                path.last().and_then(|field| self.singular_message(*field)).is_some_and(|of| self.is_http_body(of))
            }
            None => self.is_http_body(message),
        };
        let takes_http_body = match &body {
            // The native transcoder reads the body even so; http.proto says that there is none.
            Body::None => !self.is_strict && is_http_body(method.input, None),
            Body::All => is_http_body(method.input, None),
            Body::Field(path) => is_http_body(method.input, Some(path)),
        };
        let gives_http_body = is_http_body(method.output, response_body.as_ref());
        if let Some(other) = self.matcher.insert(&pattern.method, &template, self.rules.len() as u32)
            && self.is_strict
        {
            let other = self.places.get(other as usize).map_or("", String::as_str);
            let message = format!(
                "expected a method and path of its own, but found `{} {}`, which matches what {other} matches",
                pattern.method, pattern.path
            );
            self.problems.push(place.as_str(), message);
        }
        self.places.push(place);
        self.rules.push(CompiledRule {
            grpc_path: grpc_path.to_owned(),
            input: method.input,
            output: method.output,
            client_streaming: method.client_streaming,
            server_streaming: method.server_streaming,
            body,
            takes_http_body,
            response_body,
            gives_http_body,
            variables,
        });
    }

    fn variables(&mut self, place: &str, input: MessageId, parsed: &[TemplateVariable]) -> Vec<Variable> {
        let mut variables: Vec<Variable> = Vec::new();
        for TemplateVariable { field_path, column, span } in parsed {
            let names = field_path.iter().map(String::as_str);
            let found = self.field_path(input, names).and_then(|path| match path.last() {
                Some(last) => self.check_text(*last).map(|()| path),
                None => Err("nothing".to_owned()),
            });
            match found {
                Ok(path) if variables.iter().any(|variable| variable.path == path) => {
                    let message = format!("expected each field once, but found `{}` again", field_path.join("."));
                    self.problems.push(place, format!("column {column}: {message}"));
                }
                Ok(path) => variables.push(Variable { path, span: *span }),
                Err(message) => self.problems.push(place, format!("column {column}: {message}")),
            }
        }
        variables
    }

    fn body(&mut self, place: &str, method: &Method, name: &str) -> Option<Body> {
        match name {
            "" => Some(Body::None),
            "*" => Some(Body::All),
            name => self.part(&format!("{place}.body"), method.input, name).map(Body::Field),
        }
    }

    /// Nothing if there is a problem, nothing within if it is the whole reply.
    fn response_body(&mut self, place: &str, method: &Method, name: &str) -> Option<Option<FieldPath>> {
        match name {
            "" => Some(None),
            name => self.part(&format!("{place}.response_body"), method.output, name).map(Some),
        }
    }

    /// A field that is a body: of the message itself, or within it where the native transcoder is followed.
    fn part(&mut self, place: &str, message: MessageId, name: &str) -> Option<FieldPath> {
        let found = if self.is_strict {
            self.field_path(message, [name].into_iter())
        } else {
            self.field_path(message, name.split('.').filter(|name| !name.is_empty()))
        };
        let found = found.and_then(|path| {
            if path.is_empty() { Err(format!("expected a field, but found `{name}`")) } else { Ok(path) }
        });
        found.map_err(|problem| self.problems.push(place, problem)).ok()
    }

    fn field_path<'n>(&self, message: MessageId, names: impl Iterator<Item = &'n str>) -> Result<FieldPath, String> {
        let mut path: Vec<FieldId> = Vec::new();
        let mut message = message;
        for name in names {
            if let Some(last) = path.last() {
                message = self.singular_message(*last).ok_or_else(|| {
                    let parent = self.schema.field(*last).map_or("", |field| field.name);
                    format!("expected a singular message before `.{name}`, but found the field `{parent}`")
                })?;
            }
            let field = self.schema.field_named(message, name.as_bytes());
            let of = self.schema.message_name(message);
            path.push(field.ok_or_else(|| format!("expected a field of `{of}`, but found `{name}`"))?);
        }
        Ok(path.into())
    }

    /// Whether a field can be a part of a path: one value that is written as a text.
    fn check_text(&self, field: FieldId) -> Result<(), String> {
        let Some(found) = self.schema.field(field) else { return Ok(()) };
        let what = match (found.cardinality, found.kind) {
            (Cardinality::Repeated, _) => "the repeated field",
            (Cardinality::Map, _) => "the map",
            (Cardinality::Singular, Kind::Message(message)) => match self.schema.well_known(message) {
                WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask | WellKnown::Wrapper => return Ok(()),
                _ => "the message",
            },
            (Cardinality::Singular, Kind::Group(_)) => "the group",
            (Cardinality::Singular, _) => return Ok(()),
        };
        Err(format!("expected a field with a single value that is no message, but found {what} `{}`", found.name))
    }

    fn singular_message(&self, field: FieldId) -> Option<MessageId> {
        let field = self.schema.field(field).filter(|field| field.cardinality == Cardinality::Singular)?;
        field.kind.message()
    }

    fn is_http_body(&self, message: MessageId) -> bool {
        self.schema.well_known(message) == WellKnown::HttpBody
    }
}
