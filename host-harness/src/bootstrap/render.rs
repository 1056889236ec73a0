//! A proxy as the static bootstrap of a real Envoy, in the JSON form of `envoy.config.bootstrap.v3.Bootstrap`.
//!
//! This decides which field of Envoy's API says what [`Proxy`] says. It starts nothing; the only files it writes are the
//! modules, and only when [`write_modules`] is called. The number of workers is no part of a bootstrap: it is Envoy's
//! command line option `--concurrency`.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    Cluster, ConnectionManager, Direction, FailurePolicy, HeaderMatch, HttpFilter, Listener, Module, Node, PathMatch,
    Plugin, Protocol, Proxy, QueryMatch, Route, RouteAction, RouteMatch, RouteTable, StringMatch, VirtualHost,
};

/// What a bootstrap needs to know besides the proxy itself.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// Where the admin interface listens. Port 0 lets the OS pick; `--admin-address-path` then tells which it was.
    pub admin: SocketAddr,
    /// The folder that [`write_modules`] filled.
    pub modules: PathBuf,
}

/// The bootstrap of a proxy, for `envoy --config-path` once it is written to a file that ends in `.json`.
pub fn envoy_bootstrap(proxy: &Proxy, options: &RenderOptions) -> Value {
    json!({
        "node": node(&proxy.node),
        "admin": { "address": address(options.admin) },
        "static_resources": {
            "listeners": proxy.listeners.iter().map(|it| listener(it, &proxy.node, &options.modules)).collect::<Vec<_>>(),
            "clusters": proxy.clusters.iter().map(cluster).collect::<Vec<_>>(),
        },
        // Without a limit on connections Envoy warns at every start.
        "overload_manager": { "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": api("extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"),
                "max_active_downstream_connections": 50_000,
            },
        }] },
    })
}

/// Configures native filters where their configuration stands in virtual hosts and routes, those of these names
/// (`typed_per_filter_config`: the filter's name and its configuration for each).
pub fn configure_per_route(bootstrap: &mut Value, by_name: &BTreeMap<String, Value>) {
    match bootstrap {
        Value::Array(values) => values.iter_mut().for_each(|value| configure_per_route(value, by_name)),
        Value::Object(fields) => {
            let is_route = fields.contains_key("domains") || fields.contains_key("match");
            let name = fields.get("name").and_then(Value::as_str).filter(|_| is_route);
            if let Some(configuration) = name.and_then(|name| by_name.get(name)) {
                fields.insert("typed_per_filter_config".to_owned(), configuration.clone());
            }
            fields.values_mut().for_each(|value| configure_per_route(value, by_name));
        }
        _ => {}
    }
}

/// Writes every module that the proxy's plugins use into a folder, each content once. A module in the text format is
/// compiled on the way, since Envoy reads only the binary one.
pub fn write_modules(proxy: &Proxy, folder: &Path) -> io::Result<()> {
    for filter in proxy.listeners.iter().flat_map(|listener| &listener.filters) {
        let HttpFilter::Wasm(plugin) = filter else { continue };
        let path = module_path(&plugin.module, folder);
        if !path.exists() {
            let bytes = wat::parse_bytes(&plugin.module.bytes).map_err(io::Error::other)?;
            std::fs::write(path, bytes)?;
        }
    }
    Ok(())
}

/// The file of a module, named by its content so that two plugins with the same code share it.
fn module_path(module: &Module, folder: &Path) -> PathBuf {
    let digest: String = Sha256::digest(&module.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{digest}.wasm"))
}

/// The URL of a message of Envoy's own API.
fn api(message: &str) -> String {
    format!("type.googleapis.com/envoy.{message}")
}

fn node(node: &Node) -> Value {
    json!({ "id": node.id, "cluster": node.cluster, "metadata": node.metadata })
}

fn address(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

fn duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if nanos == 0 { format!("{seconds}s") } else { format!("{seconds}.{nanos:09}s") }
}

/// Puts a field only where it says something, as generated Envoy configuration does.
fn put(object: &mut Map<String, Value>, key: &str, value: Value) {
    let says_nothing = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if !says_nothing {
        object.insert(key.to_owned(), value);
    }
}

// Listeners and the filters in them.

fn listener(listener: &Listener, node: &Node, modules: &Path) -> Value {
    let direction = match listener.direction {
        Direction::Unspecified => "UNSPECIFIED",
        Direction::Inbound => "INBOUND",
        Direction::Outbound => "OUTBOUND",
    };
    json!({
        "name": listener.name,
        "address": address(listener.address),
        "traffic_direction": direction,
        "per_connection_buffer_limit_bytes": listener.buffer_limit,
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": connection_manager(listener, node, modules),
        }] }],
    })
}

fn connection_manager(listener: &Listener, node: &Node, modules: &Path) -> Value {
    let mut router = json!({ "@type": api("extensions.filters.http.router.v3.Router") });
    let mut manager = json!({
        "@type": api("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "codec_type": "AUTO",
        "stat_prefix": listener.name,
        "route_config": route_table(&listener.routes),
    });
    let (fields, router_fields) = match listener.connection_manager {
        // Only a gateway faces clients that it cannot believe, so only there Istio takes the client's own address.
        ConnectionManager::Mesh => (json!({ "use_remote_address": node.id.starts_with("router~") }), json!({})),
        ConnectionManager::Bare => (
            json!({
                "generate_request_id": false,
                "server_header_transformation": "PASS_THROUGH",
                "skip_xff_append": true,
                "use_remote_address": false,
            }),
            json!({ "suppress_envoy_headers": true }),
        ),
    };
    merge(&mut manager, fields);
    merge(&mut router, router_fields);
    let mut filters: Vec<Value> = listener.filters.iter().map(|filter| http_filter(filter, modules)).collect();
    filters.push(json!({ "name": "envoy.filters.http.router", "typed_config": router }));
    merge(&mut manager, json!({ "http_filters": filters }));
    manager
}

fn merge(target: &mut Value, fields: Value) {
    if let (Value::Object(target), Value::Object(fields)) = (target, fields) {
        target.extend(fields);
    }
}

fn http_filter(filter: &HttpFilter, modules: &Path) -> Value {
    match filter {
        HttpFilter::Native { name, typed_config } => json!({ "name": name, "typed_config": typed_config }),
        HttpFilter::Wasm(plugin) => json!({
            "name": "envoy.filters.http.wasm",
            "typed_config": {
                "@type": api("extensions.filters.http.wasm.v3.Wasm"),
                "config": plugin_config(plugin, modules),
            },
        }),
    }
}

/// `envoy.extensions.wasm.v3.PluginConfig`.
fn plugin_config(plugin: &Plugin, modules: &Path) -> Value {
    let mut vm = Map::new();
    put(&mut vm, "vm_id", plugin.vm_id.clone().into());
    put(&mut vm, "runtime", "envoy.wasm.runtime.v8".into());
    put(&mut vm, "code", json!({ "local": { "filename": module_path(&plugin.module, modules) } }));
    put(&mut vm, "configuration", configuration(&plugin.vm_configuration));
    put(&mut vm, "allow_precompiled", false.into());
    if !plugin.environment.is_empty() {
        put(&mut vm, "environment_variables", json!({ "key_values": plugin.environment }));
    }

    let failure_policy = match plugin.failure_policy {
        FailurePolicy::FailClosed => "FAIL_CLOSED",
        FailurePolicy::FailOpen => "FAIL_OPEN",
        FailurePolicy::FailReload => "FAIL_RELOAD",
    };
    let mut config = Map::new();
    put(&mut config, "name", plugin.name.clone().into());
    put(&mut config, "root_id", plugin.root_id.clone().into());
    put(&mut config, "vm_config", vm.into());
    put(&mut config, "configuration", configuration(&plugin.configuration));
    put(&mut config, "failure_policy", failure_policy.into());
    if plugin.allow_on_headers_stop_iteration {
        put(&mut config, "allow_on_headers_stop_iteration", true.into());
    }
    if !plugin.allowed_capabilities.is_empty() {
        let allowed: Map<_, _> = plugin.allowed_capabilities.iter().map(|name| (name.clone(), json!({}))).collect();
        put(&mut config, "capability_restriction_config", json!({ "allowed_capabilities": allowed }));
    }
    config.into()
}

/// A configuration as the message that Envoy hands to the plugin byte for byte: text as `StringValue`, else `BytesValue`.
fn configuration(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text }),
        Err(_) => {
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            json!({ "@type": "type.googleapis.com/google.protobuf.BytesValue", "value": text })
        }
    }
}

// Routes.

fn route_table(table: &RouteTable) -> Value {
    json!({ "name": table.name, "virtual_hosts": table.virtual_hosts.iter().map(virtual_host).collect::<Vec<_>>() })
}

fn virtual_host(host: &VirtualHost) -> Value {
    json!({ "name": host.name, "domains": host.domains, "routes": host.routes.iter().map(route).collect::<Vec<_>>() })
}

fn route(route: &Route) -> Value {
    let mut object = Map::new();
    put(&mut object, "name", route.name.clone().into());
    put(&mut object, "match", route_match(&route.matcher));
    let mut action = match &route.action {
        RouteAction::Direct { status, body } => {
            let mut response = Map::new();
            put(&mut response, "status", (*status).into());
            if !body.is_empty() {
                put(&mut response, "body", json!({ "inline_string": body }));
            }
            put(&mut object, "direct_response", response.into());
            return object.into();
        }
        RouteAction::Cluster(cluster) => json!({ "cluster": cluster }),
        RouteAction::Weighted(clusters) => {
            // The total is the sum: Envoy 1.40 adds the weights up by itself and has no field for it any more.
            let clusters: Vec<_> =
                clusters.iter().map(|(name, weight)| json!({ "name": name, "weight": weight })).collect();
            json!({ "weighted_clusters": { "clusters": clusters } })
        }
    };
    if let Some(timeout) = route.timeout {
        merge(&mut action, json!({ "timeout": duration(timeout) }));
    }
    put(&mut object, "route", action);
    object.into()
}

/// The conditions of a route as JSON of `envoy.config.route.v3.RouteMatch`.
pub fn route_match(matcher: &RouteMatch) -> Value {
    let mut object = Map::new();
    let (key, value) = match &matcher.path {
        PathMatch::Prefix(prefix) => ("prefix", prefix.clone().into()),
        PathMatch::Exact(path) => ("path", path.clone().into()),
        PathMatch::Regex(regex) => ("safe_regex", json!({ "regex": regex.source() })),
    };
    object.insert(key.to_owned(), value);
    put(&mut object, "headers", matcher.headers.iter().map(header_match).collect());
    put(&mut object, "query_parameters", matcher.query.iter().map(query_match).collect());
    let filter_state =
        matcher.filter_state.iter().map(|(key, value)| json!({ "key": key, "string_match": value.to_json() }));
    put(&mut object, "filter_state", filter_state.collect());
    object.into()
}

fn header_match(matcher: &HeaderMatch) -> Value {
    let mut object = named_match(&matcher.name, matcher.value.as_ref());
    if matcher.invert {
        object.insert("invert_match".to_owned(), true.into());
    }
    if matcher.missing_as_empty {
        object.insert("treat_missing_header_as_empty".to_owned(), true.into());
    }
    object.into()
}

fn query_match(matcher: &QueryMatch) -> Value {
    named_match(&matcher.name, matcher.value.as_ref()).into()
}

fn named_match(name: &str, value: Option<&StringMatch>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("name".to_owned(), name.into());
    match value {
        Some(value) => object.insert("string_match".to_owned(), value.to_json()),
        None => object.insert("present_match".to_owned(), true.into()),
    };
    object
}

// Clusters.

fn cluster(cluster: &Cluster) -> Value {
    let endpoints: Vec<_> =
        cluster.endpoints.iter().map(|endpoint| json!({ "endpoint": { "address": address(*endpoint) } })).collect();
    let mut object = Map::new();
    put(&mut object, "name", cluster.name.clone().into());
    put(&mut object, "type", "STATIC".into());
    put(&mut object, "connect_timeout", "10s".into());
    put(&mut object, "lb_policy", "ROUND_ROBIN".into());
    put(
        &mut object,
        "load_assignment",
        json!({ "cluster_name": cluster.name, "endpoints": [{ "lb_endpoints": endpoints }] }),
    );
    if cluster.protocol == Protocol::Http2 {
        let options = json!({
            "@type": api("extensions.upstreams.http.v3.HttpProtocolOptions"),
            "explicit_http_config": { "http2_protocol_options": {} },
        });
        let key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
        put(&mut object, "typed_extension_protocol_options", json!({ key: options }));
    }
    object.into()
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
