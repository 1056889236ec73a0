//! The configuration: what the user writes, read with every problem at its path.

use crate::claim;
use crate::explain::Explain;
use crate::guard::Guard;
use crate::label::{Carriers, Label, Scrub, shown};
use crate::label_rules::LabelRules;
use crate::scope::Scope;
use crate::signature::Signer;
use crate::source::{self, Correlated, Source};
use crate::split::Layers;
use crate::subject::Subjects;
use crate::surroundings::Node;
use correlation_store::{Shape, Store};
use proxy_role::RoleSource;
use strict_config::{Object, Problems, Quoted, Reader, Value};
use string_match::NameSet;
use trace_context::Identifiers;

/// What a request brings its label in from the outside with, in the guides.
const CONTEXT_HEADER: &str = "x-asm-prefer-tag";
/// The most labels; their places are a byte in the store.
const MAX_LABELS: usize = 64;

/// The configuration as it runs.
pub(crate) struct Configuration {
    pub(crate) role: RoleSource,
    pub(crate) labels: Vec<Label>,
    /// By the place of their label.
    pub(crate) guards: Vec<Option<Guard>>,
    pub(crate) subjects: Subjects,
    pub(crate) identifiers: Identifiers,
    pub(crate) lookups: usize,
    pub(crate) store: Option<Store>,
    pub(crate) explain: Option<Explain>,
}

/// Reads a configuration: the filter's own form, or a TrafficLabel's `spec`.
pub(crate) fn parse(json: &[u8], node: &mut dyn Node) -> Result<Configuration, Problems> {
    let reader = strict_config::read(json)?;
    let Some(mut object) = reader.object(reader.root()) else { return Err(reader.into_problems()) };
    let role = RoleSource::read(&mut object);
    let mut subjects = Subjects::default();
    if let Some(claims) = object.get("claims") {
        subjects.claims = claim::Source::read(&reader, claims).unwrap_or_default();
    }
    let layers = object.get("layers").map(|layers| Layers::read(&reader, layers, &mut subjects)).unwrap_or_default();
    let scope = Scope::read(&reader, &mut object, &Scope::ALL);
    let mut reading = Reading {
        reader: &reader,
        node,
        subjects,
        layers,
        traces: Vec::new(),
        written: 0,
        labels: Vec::new(),
        guards: Vec::new(),
    };
    reading.read_labels(&mut object, &scope);
    let Reading { mut subjects, traces, labels, guards, node, .. } = reading;
    let (identifiers, lookups) = read_correlate(&reader, &mut object, &traces);
    let shape = match object.get("store") {
        Some(store) => Shape::read(&reader, store),
        None => Some(Shape::DEFAULT),
    };
    let explain = object.get("explain").and_then(|explain| Explain::read(&reader, explain, &mut subjects, node));
    object.finish();
    // Entries belong to every plugin with the same labels: those of a sidecar's two listeners.
    let mut owner = String::from("traffic-label");
    for label in &labels {
        owner.push(' ');
        owner.push_str(&label.name);
    }
    let uses_store = labels.iter().any(|label| label.carriers.store && label.propagates());
    let store = shape.filter(|_| uses_store).map(|shape| Store::new(shape, owner.as_bytes()));
    reader.into_problems().unless_any(Configuration {
        role,
        labels,
        guards,
        subjects,
        identifiers,
        lookups,
        store,
        explain,
    })
}

/// What is needed to read labels, and what they come to.
struct Reading<'r> {
    reader: &'r Reader,
    node: &'r mut dyn Node,
    subjects: Subjects,
    layers: Layers,
    /// The headers by which sources want requests to be correlated.
    traces: Vec<String>,
    /// How many labels there are, sound or not.
    written: usize,
    labels: Vec<Label>,
    guards: Vec<Option<Guard>>,
}

impl<'r> Reading<'r> {
    /// Reads `labels`, and `rules` as a TrafficLabel has it.
    fn read_labels(&mut self, object: &mut Object<'r>, scope: &Scope) {
        let reader = self.reader;
        let (labels, rules) = (object.get("labels"), object.get("rules"));
        // Who runs a TrafficLabel was decided by whoever placed the plugin.
        let _selector = object.get("workloadSelector");
        for label in labels.and_then(|labels| reader.array(labels)).unwrap_or_default() {
            self.read_label(label, scope);
        }
        for rule in rules.and_then(|rules| reader.array(rules)).unwrap_or_default() {
            let Some(mut rule) = reader.object(rule) else { continue };
            let scope = Scope::read(reader, &mut rule, scope);
            self.read_attach_to(&mut rule);
            for label in rule.array("labels") {
                self.read_label(label, &scope);
            }
            rule.finish();
        }
        if self.written == 0 {
            reader.problem(object.value(), "expected labels (or rules, as a TrafficLabel has them), but found none");
        }
        if let Some(extra) = self.labels.get(MAX_LABELS) {
            reader.problem(
                object.value(),
                format!("expected at most {MAX_LABELS} labels, but found {} too", Quoted(&extra.name)),
            );
        }
    }

    /// `attachTo` says that a label goes with the trace; it does here, whatever is written.
    fn read_attach_to(&self, rule: &mut Object<'_>) {
        for value in rule.array("attachTo") {
            self.reader.one_of(value, &[("opentracing", ())]);
        }
    }

    fn read_label(&mut self, value: &'r Value, scope: &Scope) {
        let reader = self.reader;
        self.written += 1;
        let Some(mut object) = reader.object(value) else { return };
        let name = object.required("name").and_then(|name| header_field::read_name(reader, name));
        let header = match object.get("header") {
            Some(header) => header_field::read_lower_name(reader, header),
            None => name.map(str::to_ascii_lowercase),
        };
        let values = object.object("values").map(|mut values| {
            let set = NameSet::read_as_written(reader, &mut values);
            if set.as_ref().is_some_and(NameSet::is_empty) {
                reader.problem(values.value(), "expected values in exact, prefix, suffix or regex, but found none");
            }
            values.finish();
            set
        });
        let sources = self.read_sources(&mut object);
        let default = object.get("default").map(|default| header_field::read_value(reader, default));
        let carriers = read_carriers(reader, &mut object, name.unwrap_or_default());
        let filter_state = object.boolean("filter_state").unwrap_or(false);
        let client_chooses = object.one_of("client", &[("strip", false), ("accept", true)]).unwrap_or(false);
        let scope = Scope::read(reader, &mut object, scope);
        let scrub = object.object("scrub").and_then(|scrub| read_scrub(reader, scrub));
        let sign = object.get("sign");
        let signer = sign.zip(header.as_ref()).and_then(|(sign, header)| Signer::read(reader, sign, header.as_bytes()));
        if let (Some(sign), Some(_)) = (sign, carriers.baggage.as_ref()) {
            reader.problem(
                sign,
                "expected carriers without baggage beside it, because a member of the baggage is not signed",
            );
        }
        let places = values.as_ref().and_then(Option::as_ref).map_or(0, |values| values.exact_names().count());
        let guard = object.get("guard").map(|guard| Guard::read(reader, guard, places));
        let rules = object
            .get("rules")
            .map(|rules| LabelRules::read(reader, rules, &mut self.subjects, &mut self.layers, self.node));
        let (Some(name), Some(header)) = (name, header) else {
            object.finish();
            return;
        };
        object.finish();
        let known = self.labels.iter().any(|label| label.name == name || label.header == header.as_bytes());
        if known {
            reader
                .problem(value, format!("expected each label and each header once, but found {} again", Quoted(name)));
        }
        let label = Label {
            name: name.to_owned(),
            header: header.into_bytes(),
            values: values.flatten(),
            carriers,
            filter_state,
            sources,
            default: default.flatten(),
            client_chooses,
            rules: rules.flatten(),
            scope,
            scrub,
            signer,
        };
        self.check_values(value, &label, guard.as_ref().and_then(Option::as_ref));
        self.labels.push(label);
        self.guards.push(guard.flatten());
    }

    /// What the configuration itself gives a label must be among its values.
    fn check_values(&self, at: &Value, label: &Label, guard: Option<&Guard>) {
        let mut values = Vec::new();
        for source in &label.sources {
            if let Source::Constant(value) = source {
                values.push(value.as_slice());
            }
        }
        values.extend(label.default.as_deref());
        values.extend(guard.map(|guard| guard.baseline.as_slice()));
        if let Some(rules) = &label.rules {
            rules.extend_values(&mut values);
        }
        for value in values {
            if !label.allows(value) {
                let found = shown(value);
                self.reader.problem(
                    at,
                    format!("expected only values of the label, but found {found}, which `values` leaves out"),
                );
            }
        }
    }

    fn read_sources(&mut self, object: &mut Object<'r>) -> Vec<Source> {
        let reader = self.reader;
        let context_header = match object.get("context_header") {
            Some(header) => header_field::read_lower_name(reader, header).unwrap_or_default(),
            None => CONTEXT_HEADER.to_owned(),
        };
        let (ours, vendors) = (object.get("value_from"), object.get("valueFrom"));
        if let (Some(_), Some(vendors)) = (ours, vendors) {
            reader.problem(vendors, "expected value_from or valueFrom, but found both");
        }
        let Some(value) = ours.or(vendors) else {
            // What a label is for: it comes in by its own header and goes on.
            return vec![Source::Inbound(context_header.into_bytes())];
        };
        let mut sources = Vec::new();
        for value in reader.array(value).unwrap_or_default() {
            let Some(Correlated { source, trace }) = source::read(reader, value, &context_header, self.node) else {
                continue;
            };
            sources.push(source);
            if let Some(trace) = trace
                && !self.traces.contains(&trace)
            {
                self.traces.push(trace);
            }
        }
        sources
    }
}

/// How a label travels; the header and the store where nothing is said.
fn read_carriers(reader: &Reader, object: &mut Object<'_>, name: &str) -> Carriers {
    #[derive(Clone, Copy)]
    enum Carrier {
        Header,
        Baggage,
        Store,
    }
    let key = object.get("baggage").and_then(|key| header_field::read_name(reader, key)).unwrap_or(name);
    let Some(value) = object.get("carriers") else {
        return Carriers { header: true, baggage: None, store: true };
    };
    let mut carriers = Carriers { header: false, baggage: None, store: false };
    let values = reader.array(value).unwrap_or_default();
    if value.as_array().is_some_and(<[Value]>::is_empty) {
        reader.problem(value, "expected header, baggage or store, but found none");
    }
    let choices = [("header", Carrier::Header), ("baggage", Carrier::Baggage), ("store", Carrier::Store)];
    for value in values {
        match reader.one_of(value, &choices) {
            Some(Carrier::Header) => carriers.header = true,
            Some(Carrier::Baggage) => carriers.baggage = Some(key.as_bytes().to_vec()),
            Some(Carrier::Store) => carriers.store = true,
            None => {}
        }
    }
    carriers
}

fn read_scrub(reader: &Reader, mut object: Object<'_>) -> Option<Scrub> {
    let (hosts, except) = (object.get("hosts"), object.get("except"));
    let scrub = match (hosts, except) {
        (Some(hosts), None) => NameSet::read_hosts(reader, reader.array(hosts)?).map(Scrub::Hosts),
        (None, Some(except)) => NameSet::read_hosts(reader, reader.array(except)?).map(Scrub::Except),
        _ => {
            let found = if hosts.is_some() { "both" } else { "neither" };
            reader.problem(object.value(), format!("expected hosts or except, but found {found}"));
            None
        }
    };
    object.finish();
    scrub
}

/// The identifiers of requests, and how many of them are looked up. Headers that sources name are believed most.
fn read_correlate(reader: &Reader, object: &mut Object<'_>, traces: &[String]) -> (Identifiers, usize) {
    let (mut names, mut lookups) = (None, 1);
    if let Some(mut correlate) = object.object("correlate") {
        lookups = correlate.integer("lookups", 1..=8).unwrap_or(1) as usize;
        names = correlate.get("ids").map(|ids| Identifiers::read_names(reader, ids));
        correlate.finish();
    }
    let names = names.unwrap_or_else(|| Identifiers::known_names().map(str::to_owned).collect());
    let known: Vec<String> = names.into_iter().filter(|name| !traces.contains(name)).collect();
    (Identifiers::new(traces.iter().chain(&known).map(String::as_str)), lookups)
}
