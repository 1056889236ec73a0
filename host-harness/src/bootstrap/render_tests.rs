//! What each part of a proxy becomes in Envoy's own words.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;

/// The smallest module that Envoy loads.
const NOTHING: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024))"#;

/// A proxy that uses every feature that can be rendered.
fn rich_proxy() -> Proxy {
    let sidecar = Node {
        id: "sidecar~127.0.0.1~web-1.default~default.svc.cluster.local".to_owned(),
        cluster: "web.default".to_owned(),
        metadata: [("NAMESPACE".to_owned(), json!("default"))].into_iter().collect(),
    };
    let module = Module { name: "nothing.wat".to_owned(), bytes: Arc::from(NOTHING.as_bytes()) };
    let plugin = Plugin {
        root_id: "root".to_owned(),
        vm_id: "vm".to_owned(),
        vm_configuration: vec![0xff, 0x00],
        failure_policy: FailurePolicy::FailReload,
        allow_on_headers_stop_iteration: true,
        environment: BTreeMap::from([("LANE".to_owned(), "gray".to_owned())]),
        allowed_capabilities: vec!["proxy_log".to_owned()],
        ..Plugin::new("stamp", module, "{\"a\":1}")
    };
    let listener = Listener {
        name: "outbound".to_owned(),
        address: ([127, 0, 0, 1], 15001).into(),
        direction: Direction::Outbound,
        routes: Arc::new(RouteTable {
            name: "outbound".to_owned(),
            virtual_hosts: vec![VirtualHost {
                name: "web".to_owned(),
                domains: vec!["web".to_owned(), "web:8001".to_owned(), "*.web.test".to_owned()],
                routes: rich_routes(),
            }],
        }),
        filters: vec![
            HttpFilter::Wasm(Arc::new(plugin)),
            HttpFilter::Native {
                name: "envoy.filters.http.cors".to_owned(),
                typed_config: json!({ "@type": api("extensions.filters.http.cors.v3.Cors") }),
            },
        ],
        buffer_limit: 4096,
        connection_manager: ConnectionManager::Mesh,
    };
    let bare = Listener {
        name: "bare".to_owned(),
        address: ([127, 0, 0, 1], 15006).into(),
        direction: Direction::Inbound,
        routes: Arc::default(),
        filters: Vec::new(),
        connection_manager: ConnectionManager::Bare,
        ..listener.clone()
    };
    let endpoint = |port| SocketAddr::from(([127, 0, 0, 1], port));
    Proxy {
        name: "web-1".to_owned(),
        node: sidecar,
        listeners: vec![listener, bare],
        clusters: vec![
            Cluster { name: "v1".to_owned(), endpoints: vec![endpoint(1), endpoint(2)], protocol: Protocol::Http1 },
            Cluster { name: "v2".to_owned(), endpoints: vec![], protocol: Protocol::Http2 },
        ],
        concurrency: 2,
    }
}

fn rich_routes() -> Vec<Route> {
    let header = |name: &str, value, invert, missing_as_empty| HeaderMatch {
        name: name.to_owned(),
        value,
        invert,
        missing_as_empty,
    };
    let regex = StringMatch::regex("v[12]").expect("a valid pattern");
    vec![
        Route {
            name: "labelled".to_owned(),
            matcher: RouteMatch {
                path: PathMatch::Regex(crate::bootstrap::CompiledRegex::new("/hello/.*").expect("a valid pattern")),
                headers: vec![
                    header("route-v", Some(regex), false, false),
                    header("x-debug", Some(StringMatch::exact("1").ignoring_case()), true, true),
                    header(":method", None, false, false),
                ],
                query: vec![
                    QueryMatch { name: "a".to_owned(), value: None },
                    QueryMatch { name: "b".to_owned(), value: Some(StringMatch::prefix("c")) },
                ],
                filter_state: vec![("wasm.lane".to_owned(), StringMatch::exact("gray"))],
            },
            action: RouteAction::Weighted(vec![("v1".to_owned(), 10), ("v2".to_owned(), 90)]),
            timeout: Some(Duration::from_millis(1500)),
        },
        Route {
            name: String::new(),
            matcher: RouteMatch { path: PathMatch::Exact("/teapot".to_owned()), ..RouteMatch::default() },
            action: RouteAction::Direct { status: 418, body: "short and stout".to_owned() },
            timeout: None,
        },
        Route {
            name: String::new(),
            matcher: RouteMatch::default(),
            action: RouteAction::Cluster("v1".to_owned()),
            timeout: Some(Duration::ZERO),
        },
    ]
}

fn rendered() -> Value {
    let options = RenderOptions { admin: ([127, 0, 0, 1], 0).into(), modules: PathBuf::from("/modules") };
    envoy_bootstrap(&rich_proxy(), &options)
}

fn part<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"))
}

fn yaml(value: &Value) -> String {
    serde_yaml_ng::to_string(value).expect("YAML")
}

#[test]
fn the_node_and_the_admin_interface_are_rendered() {
    let bootstrap = rendered();
    insta::assert_snapshot!(yaml(part(&bootstrap, "/node")), @r#"
    cluster: web.default
    id: sidecar~127.0.0.1~web-1.default~default.svc.cluster.local
    metadata:
      NAMESPACE: default
    "#);
    insta::assert_snapshot!(yaml(part(&bootstrap, "/admin")), @r#"
    address:
      socket_address:
        address: 127.0.0.1
        port_value: 0
    "#);
}

#[test]
fn a_listener_of_the_mesh_and_a_bare_one_differ_in_their_connection_managers() {
    let mut bootstrap = rendered();
    for index in [0, 1] {
        let manager = bootstrap
            .pointer_mut(&format!("/static_resources/listeners/{index}/filter_chains/0/filters/0/typed_config"))
            .and_then(Value::as_object_mut)
            .expect("a connection manager");
        manager.remove("route_config");
        if index == 0 {
            manager.remove("http_filters");
        }
    }
    insta::assert_snapshot!(yaml(part(&bootstrap, "/static_resources/listeners/0")), @r#"
    address:
      socket_address:
        address: 127.0.0.1
        port_value: 15001
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          codec_type: AUTO
          stat_prefix: outbound
          use_remote_address: false
    name: outbound
    per_connection_buffer_limit_bytes: 4096
    traffic_direction: OUTBOUND
    "#);
    insta::assert_snapshot!(yaml(part(&bootstrap, "/static_resources/listeners/1")), @r#"
    address:
      socket_address:
        address: 127.0.0.1
        port_value: 15006
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          codec_type: AUTO
          generate_request_id: false
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
          server_header_transformation: PASS_THROUGH
          skip_xff_append: true
          stat_prefix: bare
          use_remote_address: false
    name: bare
    per_connection_buffer_limit_bytes: 4096
    traffic_direction: INBOUND
    "#);
}

#[test]
fn plugins_native_filters_and_the_router_stand_in_order() {
    let bootstrap = rendered();
    let filters = part(&bootstrap, "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters");
    insta::assert_snapshot!(yaml(part(filters, "/0/typed_config/config")), @r#"
    allow_on_headers_stop_iteration: true
    capability_restriction_config:
      allowed_capabilities:
        proxy_log: {}
    configuration:
      '@type': type.googleapis.com/google.protobuf.StringValue
      value: '{"a":1}'
    failure_policy: FAIL_RELOAD
    name: stamp
    root_id: root
    vm_config:
      allow_precompiled: false
      code:
        local:
          filename: /modules/8481bfc8a83862b938d9e732e564b86c6df6cfec7c87b361f7ac98cfdff83114.wasm
      configuration:
        '@type': type.googleapis.com/google.protobuf.BytesValue
        value: /wA=
      environment_variables:
        key_values:
          LANE: gray
      runtime: envoy.wasm.runtime.v8
      vm_id: vm
    "#);
    insta::assert_snapshot!(yaml(part(filters, "/1")), @r#"
    name: envoy.filters.http.cors
    typed_config:
      '@type': type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
    "#);
    insta::assert_snapshot!(yaml(part(filters, "/2")), @r#"
    name: envoy.filters.http.router
    typed_config:
      '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
    "#);
}

#[test]
fn routes_keep_their_conditions_actions_and_timeouts() {
    let bootstrap = rendered();
    let routes = part(
        &bootstrap,
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes",
    );
    insta::assert_snapshot!(yaml(part(routes, "/0")), @r#"
    match:
      filter_state:
      - key: wasm.lane
        string_match:
          exact: gray
      headers:
      - name: route-v
        string_match:
          safe_regex:
            regex: v[12]
      - invert_match: true
        name: x-debug
        string_match:
          exact: '1'
          ignore_case: true
        treat_missing_header_as_empty: true
      - name: :method
        present_match: true
      query_parameters:
      - name: a
        present_match: true
      - name: b
        string_match:
          prefix: c
      safe_regex:
        regex: /hello/.*
    name: labelled
    route:
      timeout: 1.500000000s
      weighted_clusters:
        clusters:
        - name: v1
          weight: 10
        - name: v2
          weight: 90
    "#);
    insta::assert_snapshot!(yaml(part(routes, "/1")), @r#"
    direct_response:
      body:
        inline_string: short and stout
      status: 418
    match:
      path: /teapot
    "#);
    insta::assert_snapshot!(yaml(part(routes, "/2")), @r#"
    match:
      prefix: /
    route:
      cluster: v1
      timeout: 0s
    "#);
}

#[test]
fn clusters_list_their_endpoints_and_say_when_they_speak_http2() {
    let bootstrap = rendered();
    insta::assert_snapshot!(yaml(part(&bootstrap, "/static_resources/clusters/0")), @r#"
    connect_timeout: 10s
    lb_policy: ROUND_ROBIN
    load_assignment:
      cluster_name: v1
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address:
                address: 127.0.0.1
                port_value: 1
        - endpoint:
            address:
              socket_address:
                address: 127.0.0.1
                port_value: 2
    name: v1
    type: STATIC
    "#);
    insta::assert_snapshot!(yaml(part(&bootstrap, "/static_resources/clusters/1")), @r#"
    connect_timeout: 10s
    lb_policy: ROUND_ROBIN
    load_assignment:
      cluster_name: v2
      endpoints:
      - lb_endpoints: []
    name: v2
    type: STATIC
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        '@type': type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config:
          http2_protocol_options: {}
    "#);
}

#[test]
fn modules_are_written_once_and_in_the_binary_format() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_modules(&rich_proxy(), folder.path()).expect("a module in the text format");
    write_modules(&rich_proxy(), folder.path()).expect("the same again");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().collect();
    assert_eq!(files.len(), 1);
    let bytes = std::fs::read(files[0].path()).expect("the module");
    assert!(bytes.starts_with(b"\0asm"));
}

#[test]
fn native_filters_are_configured_in_routes_by_name() {
    let mut bootstrap = json!({ "name": "b", "virtual_hosts": [
        { "name": "a", "domains": ["*"], "routes": [{ "name": "b", "match": {} }, { "name": "c", "match": {} }] },
    ] });
    let by_name = ["a", "b"].map(|name| (name.to_owned(), json!({ "filter": name })));
    configure_per_route(&mut bootstrap, &BTreeMap::from(by_name));
    let expected = json!({ "name": "b", "virtual_hosts": [{
        "name": "a",
        "domains": ["*"],
        "typed_per_filter_config": { "filter": "a" },
        "routes": [
            { "name": "b", "match": {}, "typed_per_filter_config": { "filter": "b" } },
            { "name": "c", "match": {} },
        ],
    }] });
    assert_eq!(bootstrap, expected);
}
