//! Which plugins a listener has, in which order and with what settings.

use super::*;
use crate::bootstrap::FailurePolicy;

#[test]
fn the_stamps_of_s1_go_out_of_two_pods_and_nowhere_else() {
    let mesh = load_committed("s1-stamps").expect("the guides' manifests");
    let mut listing = String::new();
    for proxy in &mesh.proxies {
        for listener in proxy.listeners.iter().filter(|it| !it.filters.is_empty()) {
            let plugin = plugin(listener, 0);
            let configuration = String::from_utf8_lossy(&plugin.configuration);
            listing += &format!("{} {} {} {configuration}\n", proxy.node.cluster, listener.name, plugin.root_id);
        }
    }
    insta::assert_snapshot!(listing, @r#"
    hello1-deploy-v2.default virtualOutbound propaganda_filter_root {"head_tag_name": "route-v", "head_tag_value": "hello2v2"}
    hello2-deploy-v2.default virtualOutbound propaganda_filter_root {"head_tag_name": "route-v", "head_tag_value": "hello3v2"}
    "#);
    let warnings: Vec<_> = mesh.warnings.iter().map(|it| format!("{}\n", it.problem)).collect();
    insta::assert_snapshot!(warnings.concat(), @r#"
    field `spec.filter.image`: `registry.example.com/asm_repo/header-propagation:0.1.0` is not pulled: the built-in filter `header-propagation` runs in its place
    field `spec.filter.image`: `registry.example.com/asm_repo/header-propagation:0.1.0` is not pulled: the built-in filter `header-propagation` runs in its place
    "#);
}

#[test]
fn a_plugin_of_a_namespace_runs_in_all_its_sidecars_and_in_no_gateway_elsewhere() {
    let mesh = load_committed("s1-propagate").expect("our manifests");
    assert!(mesh.warnings.is_empty(), "{:?}", mesh.warnings);
    assert_eq!(filter_names(listener(&mesh, "istio-ingressgateway", "http.8001")), [""; 0]);
    for name in ["virtualOutbound", "virtualInbound-8001"] {
        let listener = listener(&mesh, "hello3-deploy-v1", name);
        assert_eq!(filter_names(listener), ["default.header-propagation"]);
        assert_eq!(plugin(listener, 0).configuration, br#"{"propagate":{"exact":["route-v"]}}"#);
    }
}

fn wasm_plugin(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {{url: 'builtin:cors', {spec}}}\n"
    )
}

#[test]
fn plugins_stand_in_istios_order() {
    let text = [
        service("web", &["v1"]),
        wasm_plugin("b", "default", ""),
        wasm_plugin("a", "default", ""),
        wasm_plugin("first", "default", "phase: UNSPECIFIED_PHASE, priority: 10"),
        wasm_plugin("stats", "default", "phase: STATS, priority: 100"),
        wasm_plugin("authz", "default", "phase: AUTHZ"),
        wasm_plugin("authn", "istio-system", "phase: AUTHN"),
        wasm_plugin("elsewhere", "other", ""),
        wasm_plugin("not-selected", "default", "selector: {matchLabels: {app: other}}"),
        wasm_plugin("client", "default", "phase: AUTHN, match: [{mode: CLIENT}]"),
        wasm_plugin("server", "default", "phase: AUTHN, match: [{mode: SERVER, ports: [{number: 8080}]}]"),
        wasm_plugin("server-elsewhere", "default", "match: [{mode: SERVER, ports: [{number: 1}]}]"),
        "---\napiVersion: istio.alibabacloud.com/v1beta1\nkind: ASMFilterDeployment\nmetadata: {name: asm}\n\
         spec: {workload: {kind: Deployment}, filter: {patchContext: ANY, image: cors}}\n"
            .to_owned(),
    ]
    .concat();
    let mesh = load_text(&text).expect("a mesh");
    insta::assert_snapshot!(filter_names(listener(&mesh, "web", "virtualInbound-8080")).join(" "), @"istio-system.authn default.server default.authz default.stats default.first default.a default.b default.asm");
    insta::assert_snapshot!(filter_names(listener(&mesh, "web", "virtualOutbound")).join(" "), @"istio-system.authn default.client default.authz default.stats default.first default.a default.b default.asm");
}

#[test]
fn the_settings_of_a_wasm_plugin_reach_its_configuration() {
    let spec = "pluginName: root, failStrategy: FAIL_OPEN, pluginConfig: {b: 1, a: [x, null]}, \
        vmConfig: {env: [{name: LANE, value: gray}]}, selector: {matchLabels: {app: web}}";
    let text =
        service("web", &["v1"]) + &wasm_plugin("set", "default", spec).replace("builtin:cors", "file://stamp.wasm");
    let mesh = load_text(&text).expect("a mesh");
    let plugin = plugin(listener(&mesh, "web", "virtualOutbound"), 0);
    assert_eq!((plugin.name.as_str(), plugin.root_id.as_str(), plugin.vm_id.as_str()), ("default.set", "root", ""));
    assert_eq!(plugin.failure_policy, FailurePolicy::FailOpen);
    assert_eq!(plugin.configuration, br#"{"a":["x",null],"b":1}"#);
    assert_eq!(plugin.environment.get("LANE").map(String::as_str), Some("gray"));
    assert_eq!((plugin.module.name.as_str(), plugin.module.bytes.len()), ("stamp.wasm", 8));
}

/// A gateway, and a VirtualService bound to it with these rules.
fn gateway_with(gateways: &str, rules: &str) -> String {
    format!(
        "{}---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: edge}}\n\
         spec: {{selector: {{istio: ingressgateway}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['*']}}]}}\n\
         ---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: web}}\n\
         spec:\n  hosts: [web.example]\n  gateways: {gateways}\n  http:\n{rules}\n",
        service("web", &["v1"])
    )
}

#[test]
fn cors_policies_of_a_gateways_routes_become_a_filter_right_before_the_router() {
    let rules = "  - match: [{uri: {prefix: /details}}]\n    route: [{destination: {host: web}}]\n    \
                 corsPolicy: {allowOrigins: [{exact: 'https://page.example'}], allowMethods: [GET], maxAge: 24h}\n  \
                 - route: [{destination: {host: web}}]";
    let plugin_first = wasm_plugin("first", "istio-system", "");
    let mesh = load_text(&(gateway_with("[edge]", rules) + &plugin_first)).expect("a good mesh");
    let gateway = listener(&mesh, "istio-ingressgateway", "http.80");
    assert_eq!(filter_names(gateway), ["istio-system.first", "cors"]);
    insta::assert_snapshot!(String::from_utf8_lossy(&plugin(gateway, 1).configuration), @r#"{"policies":[{"corsPolicy":{"allowMethods":["GET"],"allowOrigins":[{"exact":"https://page.example"}],"maxAge":"24h"},"hosts":["web.example"],"paths":["/details*"]},{"corsPolicy":{"filterEnabled":{"defaultValue":{"numerator":0}}},"hosts":["web.example"],"paths":["/*"]}],"profile":"envoy"}"#);
    assert!(mesh.warnings.is_empty(), "{:?}", mesh.warnings);
    let without = gateway_with("[edge]", "  - route: [{destination: {host: web}}]");
    assert!(
        filter_names(listener(&load_text(&without).expect("a good mesh"), "istio-ingressgateway", "http.80"))
            .is_empty()
    );
}

/// A VirtualService of the whole mesh with these rules.
fn mesh_with(hosts: &str, rules: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: open}}\n\
         spec:\n  hosts: [{hosts}]\n  http:\n{rules}\n"
    )
}

#[test]
fn cors_policies_of_the_meshs_routes_become_a_filter_where_sidecars_call_and_nowhere_else() {
    let rules = "  - match: [{uri: {prefix: /details}, sourceLabels: {app: web}}]\n    route: [{destination: {host: api}}]\n    \
                 corsPolicy: {allowOrigins: [{exact: 'https://page.example'}]}\n  \
                 - route: [{destination: {host: api}}]";
    let services = service("web", &["v1"]) + &service("api", &["v1"]);
    let text = services.clone() + &mesh_with("api", rules) + &wasm_plugin("first", "istio-system", "");
    let mesh = load_text(&text).expect("a good mesh");
    assert_eq!(filter_names(listener(&mesh, "web", "virtualOutbound")), ["istio-system.first", "cors"]);
    assert_eq!(filter_names(listener(&mesh, "web", "virtualInbound-8080")), ["istio-system.first"]);
    // The rule is for other callers.
    assert_eq!(filter_names(listener(&mesh, "api", "virtualOutbound")), ["istio-system.first"]);
    insta::assert_snapshot!(String::from_utf8_lossy(&plugin(listener(&mesh, "web", "virtualOutbound"), 1).configuration), @r#"{"policies":[{"corsPolicy":{"allowOrigins":[{"exact":"https://page.example"}]},"hosts":["api.default.svc.cluster.local","api.default.svc","api.default","api","api.default.svc.cluster.local:80","api.default.svc:80","api.default:80","api:80"],"paths":["/details*"]},{"corsPolicy":{"filterEnabled":{"defaultValue":{"numerator":0}}},"hosts":["api.default.svc.cluster.local","api.default.svc","api.default","api","api.default.svc.cluster.local:80","api.default.svc:80","api.default:80","api:80"],"paths":["/*"]}],"profile":"envoy"}"#);
    assert!(mesh.warnings.is_empty(), "{:?}", mesh.warnings);
    let gateway_alone =
        load_text(&gateway_with("[edge]", rules).replace("host: api", "host: web")).expect("a good mesh");
    assert!(filter_names(listener(&gateway_alone, "web", "virtualOutbound")).is_empty());
}

#[test]
fn a_host_without_a_cors_policy_is_not_given_that_of_all_others() {
    let closed = gateway_with("[edge]", "  - route: [{destination: {host: web}}]");
    let open = "  - route: [{destination: {host: web}}]\n    corsPolicy: {allowOrigins: [{exact: '*'}]}";
    let all_others = mesh_with("'*'", open).replace("  http:", "  gateways: [edge]\n  http:");
    let mesh = load_text(&(closed + &all_others)).expect("a good mesh");
    let filter = plugin(listener(&mesh, "istio-ingressgateway", "http.80"), 0);
    insta::assert_snapshot!(String::from_utf8_lossy(&filter.configuration), @r#"{"policies":[{"corsPolicy":{"filterEnabled":{"defaultValue":{"numerator":0}}},"hosts":["web.example"],"paths":["/*"]},{"corsPolicy":{"allowOrigins":[{"exact":"*"}]},"hosts":["*"],"paths":["/*"]}],"profile":"envoy"}"#);
}

#[test]
fn what_is_wrong_with_a_cors_policy_is_said_by_the_filter_and_what_is_not_applied_by_a_warning() {
    let rules = "  - match: [{uri: {regex: '/d.*'}, headers: {a: {exact: b}}}]\n    route: [{destination: {host: web}}]\n    \
                 corsPolicy: {allowOrigins: [{regex: '*'}], allowMethods: [PUTT]}";
    insta::assert_snapshot!(messages(&gateway_with("[edge, mesh]", rules)), @r#"
    error: mesh.yaml:21: VirtualService/web: field `spec.http[0].corsPolicy.allowOrigins[0].regex`: expected a regular expression (any origin is {"exact": "*"}), but found "*"
    error: mesh.yaml:21: VirtualService/web: field `spec.http[0].corsPolicy.allowMethods[0]`: expected a method of GET, HEAD, POST, PUT, PATCH, DELETE, CONNECT, OPTIONS and TRACE, or *, but found "PUTT"
    warning: mesh.yaml:21: VirtualService/web: field `spec.http[0].corsPolicy`: CORS policies are chosen by host and path alone, and for no regular expression
    "#);
}

#[test]
fn a_rule_without_a_cors_policy_that_asks_for_more_than_a_path_is_warned_of_beside_one_with() {
    let canary = "  - match: [{headers: {end-user: {exact: jason}}}]\n    route: [{destination: {host: web}}]\n";
    let open =
        "  - route: [{destination: {host: web}}]\n    corsPolicy: {allowOrigins: [{exact: 'https://page.example'}]}";
    insta::assert_snapshot!(messages(&gateway_with("[edge]", &format!("{canary}{open}"))), @"warning: mesh.yaml:21: VirtualService/web: field `spec.http[0].match`: CORS policies are chosen by host and path alone, and for no regular expression");
    let plain = "  - route: [{destination: {host: web}}]";
    insta::assert_snapshot!(messages(&gateway_with("[edge]", &format!("{canary}{plain}"))), @"");
}
