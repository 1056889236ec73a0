//! What a scenario file says, field by field.
//!
//! Everything is strict: an unknown field is an error with its path. Nothing here runs anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use serde::Deserialize;

use crate::bootstrap::Module;
use crate::envoy::HeaderMap;

/// One scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Who the proxy is.
    #[serde(default)]
    pub node: Node,
    /// Several listeners in one proxy. Without it there is one, `main`, made of the four fields below.
    #[serde(default)]
    pub listeners: Vec<Listener>,
    /// The chain of the listener `main`.
    #[serde(default)]
    pub plugins: Vec<Plugin>,
    /// Its direction.
    #[serde(default)]
    pub direction: Direction,
    /// Its buffer limit in bytes.
    pub buffer_limit: Option<u32>,
    /// Its routes; without any, every request goes to the cluster `upstream`.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Scripted upstreams beside `upstream`, which is always there and answers `200` unless it is scripted here too.
    #[serde(default)]
    pub clusters: BTreeMap<String, Upstream>,
    /// The proxy is expected to refuse its configuration: there are no steps.
    #[serde(default)]
    pub refused: bool,
    /// What happens, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The transcript ends with what happens while the proxy shuts down.
    #[serde(default)]
    pub shutdown: bool,
}

/// `xds.node` of the proxy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The node id.
    #[serde(default)]
    pub id: String,
    /// The service cluster.
    #[serde(default)]
    pub cluster: String,
    /// Any structure.
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// One listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// What steps name it by.
    pub name: String,
    /// Which way its traffic flows.
    #[serde(default)]
    pub direction: Direction,
    /// In bytes.
    pub buffer_limit: Option<u32>,
    /// Its chain, in the order that requests pass it.
    #[serde(default)]
    pub plugins: Vec<Plugin>,
    /// Where requests go; without any, to the cluster `upstream`.
    #[serde(default)]
    pub routes: Vec<Route>,
}

/// Which way traffic flows.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Not said.
    #[default]
    Unspecified,
    /// Towards the application.
    Inbound,
    /// Away from it.
    Outbound,
}

/// One plugin of a chain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// What the log calls it; without it, the module's name.
    pub name: Option<String>,
    /// Exactly one of `filter` (built in), `guest` (of `tests/guests`) and `module` (a path) says what runs.
    pub filter: Option<String>,
    /// The name of a guest.
    pub guest: Option<String>,
    /// A `.wasm` or `.wat`, from the scenario's folder.
    pub module: Option<PathBuf>,
    /// The root id.
    #[serde(default)]
    pub root_id: String,
    /// Plugins with the same one share a virtual machine, if their code and VM configuration are the same too.
    #[serde(default)]
    pub vm_id: String,
    /// For `on_vm_start`: text as it is, a structure as JSON.
    pub vm_config: Option<serde_json::Value>,
    /// For `on_configure`: text as it is, a structure as JSON.
    pub config: Option<serde_json::Value>,
    /// What happens when the virtual machine has failed.
    #[serde(default)]
    pub failure_policy: FailurePolicy,
    /// Body callbacks come although a header callback paused.
    #[serde(default)]
    pub allow_on_headers_stop_iteration: bool,
    /// Environment variables of the virtual machine.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// What the module may call and be called with; empty allows all.
    #[serde(default)]
    pub allowed_capabilities: Vec<String>,
    /// The module itself, once the file is loaded.
    #[serde(skip, default = "no_module")]
    pub code: Module,
}

fn no_module() -> Module {
    Module { name: String::new(), bytes: [].into() }
}

/// `failure_policy` in Envoy's spelling.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailurePolicy {
    /// 503.
    #[default]
    FailClosed,
    /// Without the plugin.
    FailOpen,
    /// A new virtual machine for a later request.
    FailReload,
}

/// One route.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What `xds.route_name` shows.
    #[serde(default)]
    pub name: String,
    /// The prefix of the paths that it takes.
    #[serde(default = "any_path")]
    pub prefix: String,
    /// Headers that must have exactly these values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Filter state that must have exactly these values.
    #[serde(default)]
    pub filter_state: BTreeMap<String, String>,
    /// Where its requests go; without it they are answered by `direct`.
    pub cluster: Option<String>,
    /// The status with which the proxy answers by itself.
    pub direct: Option<u16>,
    /// The route's timeout in milliseconds.
    pub timeout_ms: Option<u64>,
}

fn any_path() -> String {
    "/".to_owned()
}

/// How a scripted upstream answers every request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Upstream {
    /// The status of its answer.
    pub status: u16,
    /// The headers of its answer.
    pub headers: Vec<Header>,
    /// The chunks of its answer, each a frame of its own.
    pub body: Vec<Octets>,
    /// The trailers of its answer.
    pub trailers: Vec<Header>,
    /// It answers as soon as it has a request's headers.
    pub early: bool,
    /// How it fails instead.
    pub fail: Option<Failure>,
}

impl Default for Upstream {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: Vec::new(), trailers: Vec::new(), early: false, fail: None }
    }
}

/// How an upstream fails.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The cluster has no endpoint.
    NoEndpoint,
    /// Its endpoint refuses connections.
    Refused,
    /// It reads the request and resets the stream.
    Reset,
    /// It reads the request and never answers.
    Silent,
}

/// One step: a request, or waiting for something that happens by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What a client sends.
    pub request: Option<Request>,
    /// Which listener it sends it to; the first without it.
    pub listener: Option<String>,
    /// How the cluster `upstream` answers in this step only.
    pub upstream: Option<Upstream>,
    /// The client goes away as soon as a guest has logged a line with this text, since no answer is to be expected.
    pub client_leaves_after: Option<String>,
    /// The step ends when a guest has logged a line with this text; time passes meanwhile.
    pub wait_for: Option<String>,
}

/// The version of HTTP of one request.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// With the body in chunks, and without trailers, which Envoy's HTTP/1.1 drops.
    Http1,
    /// Where each chunk of a body is a frame.
    Http2,
}

/// What a client sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// The version of HTTP that it travels by to the proxy.
    pub protocol: Protocol,
    /// `:method`.
    pub method: String,
    /// `:path`.
    pub path: String,
    /// `:authority`.
    pub authority: String,
    /// In this order.
    pub headers: Vec<Header>,
    /// The chunks of the body, each a frame of its own.
    pub body: Vec<Octets>,
    /// After the body.
    pub trailers: Vec<Header>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            protocol: Protocol::Http2,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            authority: "example.test".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            trailers: Vec::new(),
        }
    }
}

impl Request {
    /// The headers as they travel, pseudo-headers first.
    pub fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::from_pairs([
            (":method", self.method.as_str()),
            (":scheme", "http"),
            (":authority", self.authority.as_str()),
            (":path", self.path.as_str()),
        ]);
        add_all(&mut map, &self.headers);
        map
    }
}

impl Upstream {
    /// The headers as they travel, the status first.
    pub fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::from_pairs([(":status", self.status.to_string())]);
        add_all(&mut map, &self.headers);
        map
    }
}

/// Trailers as a map; `None` where there are none.
pub fn trailer_map(trailers: &[Header]) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    add_all(&mut map, trailers);
    (!trailers.is_empty()).then_some(map)
}

fn add_all(map: &mut HeaderMap, headers: &[Header]) {
    for Header(name, value) in headers {
        map.add(name.as_bytes(), &value.0);
    }
}

/// A header: `[name, value]`.
#[derive(Clone, Debug, Deserialize)]
pub struct Header(pub String, pub Octets);

/// Bytes: a text, or `{hex: "00ff"}`, or `{repeat: x, times: 1000}`.
#[derive(Clone, Debug, Default)]
pub struct Octets(pub Bytes);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    hex: Option<String>,
    repeat: Option<String>,
    times: Option<usize>,
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OctetsVisitor)
    }
}

struct OctetsVisitor;

impl<'de> serde::de::Visitor<'de> for OctetsVisitor {
    type Value = Octets;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a text, or {hex: …}, or {repeat: …, times: …}")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Octets, E> {
        Ok(Octets(Bytes::copy_from_slice(text.as_bytes())))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Octets, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Octets, A::Error> {
        let written = Written::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        match (written.hex, written.repeat, written.times) {
            (Some(hex), None, None) => unhex(&hex).map(|bytes| Octets(bytes.into())).ok_or_else(|| {
                serde::de::Error::custom(format!("expected pairs of hexadecimal digits, but found `{hex}`"))
            }),
            (None, Some(text), Some(times)) => Ok(Octets(text.repeat(times).into())),
            _ => Err(serde::de::Error::custom("expected either `hex`, or `repeat` and `times`")),
        }
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<u8>> =
        digits.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let pairs = nibbles?;
    let pairs = pairs.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | half)).collect())
}

impl Plugin {
    /// What the log calls it.
    pub(super) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.code.name)
    }
}

impl Step {
    /// What the transcript calls it.
    pub(super) fn title(&self, number: usize) -> String {
        match (&self.request, &self.wait_for) {
            (Some(request), _) => format!("step {number}: {} {}", request.method, request.path),
            (None, Some(text)) => format!("step {number}: until `{text}`"),
            (None, None) => format!("step {number}"),
        }
    }
}

impl Scenario {
    /// The listeners, whichever way they were written.
    pub fn all_listeners(&self) -> Vec<Listener> {
        if !self.listeners.is_empty() {
            return self.listeners.clone();
        }
        vec![Listener {
            name: "main".to_owned(),
            direction: self.direction,
            buffer_limit: self.buffer_limit,
            plugins: self.plugins.clone(),
            routes: self.routes.clone(),
        }]
    }

    /// Every plugin of every listener.
    pub(super) fn plugins_mut(&mut self) -> impl Iterator<Item = &mut Plugin> {
        self.plugins.iter_mut().chain(self.listeners.iter_mut().flat_map(|listener| &mut listener.plugins))
    }

    /// What the fields say together; the first problem with its path.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        if !self.listeners.is_empty() && !self.plugins.is_empty() {
            return Err(("plugins".to_owned(), "expected plugins in `listeners` alone, but found both".to_owned()));
        }
        for (index, step) in self.steps.iter().enumerate() {
            if step.request.is_none() && step.wait_for.is_none() {
                return Err((
                    format!("steps[{index}]"),
                    "expected `request` or `wait_for`, but found neither".to_owned(),
                ));
            }
            if let Some(name) = &step.listener
                && !self.listeners.iter().any(|listener| listener.name == *name)
            {
                let reason = format!("expected the name of a listener, but found `{name}`");
                return Err((format!("steps[{index}].listener"), reason));
            }
        }
        Ok(())
    }
}
