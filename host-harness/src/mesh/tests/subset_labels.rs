//! Destinations whose subset a label names, the routes that are made of them, and the listing that shows them.

use super::*;
use crate::mesh::RouteListing;

/// `gateway → a → b` with the guides' base and gray versions, `lane` the label of both.
fn two_services(routes: &str) -> String {
    let subsets = |host: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: {host}}}\n\
             spec: {{host: {host}, subsets: [{{name: version-base, labels: {{version: base}}}}, \
             {{name: version-gray, labels: {{version: gray}}}}]}}\n"
        )
    };
    let label = "---\napiVersion: istio.alibabacloud.com/v1\nkind: TrafficLabel\nmetadata: {name: lane}\n\
        spec: {rules: [{labels: [{name: Lane, valueFrom: [$localLabel]}]}]}\n";
    service("a", &["base", "gray"]) + &service("b", &["base", "gray"]) + &subsets("a") + &subsets("b") + label + routes
}

fn virtual_service(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}}}\nspec:\n  \
         hosts: [{name}]\n{spec}"
    )
}

const WEIGHTS: &str = "
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge}
spec:
  hosts: ['*']
  gateways: [edge]
  http:
  - match: [{uri: {exact: /status}}]
    directResponse: {status: 204}
  - name: lanes
    match: [{uri: {prefix: /hello}}, {uri: {prefix: /bye}, headers: {x-any: {}}}]
    route:
    - destination: {host: a, subset: $Lane}
      weight: 10
    - destination: {host: a, subset: version-base}
      weight: 90
";

/// The listing of the proxies whose name begins so.
fn listed(mesh: &Mesh, beginning: &str) -> String {
    let listing = RouteListing::of(mesh).to_string();
    let of_proxy = listing.split("proxy ").filter(|it| it.starts_with(beginning));
    of_proxy.map(|it| format!("proxy {}\n", it.trim_end())).collect()
}

#[test]
fn a_label_becomes_a_route_for_each_subset_and_one_for_the_rest() {
    let label = "  http: [{route: [{destination: {host: b, subset: $Lane}}]}]\n";
    let mesh = load_text(&two_services(&virtual_service("b", label))).expect("a mesh");
    assert!(mesh.warnings.is_empty(), "{:?}", mesh.warnings);
    insta::assert_snapshot!(listed(&mesh, "a-gray"), @"
    proxy a-gray-4ncm2h7bsd-t7hh7
      listener virtualOutbound, outbound
        host a.default.svc.cluster.local:80
          any request -> outbound|80||a.default.svc.cluster.local, 2 endpoints
        host b.default.svc.cluster.local:80
          lane is version-base -> outbound|80|version-base|b.default.svc.cluster.local, 1 endpoint
          lane is version-gray -> outbound|80|version-gray|b.default.svc.cluster.local, 1 endpoint
          any request -> outbound|80||b.default.svc.cluster.local, 2 endpoints
      listener virtualInbound-8080, inbound
        host inbound|http|8080
          any request -> inbound|8080||, 1 endpoint
    ");
    let outbound = listener(&mesh, "a-gray", "virtualOutbound");
    let cluster = |subset| format!("outbound|80|{subset}|b.default.svc.cluster.local");
    for (value, subset) in
        [(Some("version-gray"), "version-gray"), (Some("version-base"), "version-base"), (Some("v9"), ""), (None, "")]
    {
        let extra: Vec<_> = value.into_iter().map(|value| ("lane", value)).collect();
        assert_eq!(routed(outbound, "b", "/", &extra), cluster(subset), "{value:?}");
    }
}

#[test]
fn weights_stay_with_their_destinations_in_every_lane() {
    let mesh = load_text(&two_services(WEIGHTS)).expect("a mesh");
    insta::assert_snapshot!(listed(&mesh, "istio-edge"), @"
    proxy istio-edge-zwkh66r46j-nd6wf
      listener http.80, outbound
        host *:80
          path is /status -> answered with 204
          path begins with /hello and lane is version-base -> outbound|80|version-base|a.default.svc.cluster.local, 1 endpoint
          path begins with /hello and lane is version-gray
            10 of 100 -> outbound|80|version-gray|a.default.svc.cluster.local, 1 endpoint
            90 of 100 -> outbound|80|version-base|a.default.svc.cluster.local, 1 endpoint
          path begins with /hello
            10 of 100 -> outbound|80||a.default.svc.cluster.local, 2 endpoints
            90 of 100 -> outbound|80|version-base|a.default.svc.cluster.local, 1 endpoint
          path begins with /bye and x-any is there and lane is version-base -> outbound|80|version-base|a.default.svc.cluster.local, 1 endpoint
          path begins with /bye and x-any is there and lane is version-gray
            10 of 100 -> outbound|80|version-gray|a.default.svc.cluster.local, 1 endpoint
            90 of 100 -> outbound|80|version-base|a.default.svc.cluster.local, 1 endpoint
          path begins with /bye and x-any is there
            10 of 100 -> outbound|80||a.default.svc.cluster.local, 2 endpoints
            90 of 100 -> outbound|80|version-base|a.default.svc.cluster.local, 1 endpoint
    ");
}

#[test]
fn a_lane_without_the_service_falls_back_and_the_next_hop_returns_to_it() {
    let fallback = |host| {
        let route = format!(
            "  http: [{{route: [{{destination: {{host: {host}, subset: $Lane}}, \
             fallback: {{target: {{host: {host}, subset: version-base}}}}}}]}}]\n"
        );
        virtual_service(host, &route)
    };
    // Only the deployment is missing, as where a lane has changed one service; its subset is declared.
    let gray_a = "name: a-gray}\nspec:\n";
    let text = two_services(&(fallback("a") + &fallback("b"))).replace(gray_a, &format!("{gray_a}  replicas: 0\n"));
    let mesh = load_text(&text).expect("a mesh");
    let gray = [("lane", "version-gray")];
    let (out_of_b, out_of_a) =
        (listener(&mesh, "b-base", "virtualOutbound"), listener(&mesh, "a-base", "virtualOutbound"));
    assert_eq!(routed(out_of_b, "a", "/", &gray), "outbound|80|version-base|a.default.svc.cluster.local");
    assert_eq!(routed(out_of_b, "a", "/", &[]), "outbound|80|version-base|a.default.svc.cluster.local");
    assert_eq!(routed(out_of_a, "b", "/", &gray), "outbound|80|version-gray|b.default.svc.cluster.local");
}

#[test]
fn a_fixed_subset_without_pods_falls_back_too_and_without_a_fallback_it_stays() {
    let route = "  http:\n  - match: [{headers: {x: {exact: '1'}}}]\n    \
        route: [{destination: {host: b, subset: version-gray}, fallback: {target: {host: a}}}]\n  \
        - route: [{destination: {host: b, subset: version-gray}}]\n";
    let gray_b = "name: b-gray}\nspec:\n";
    let text = two_services(&virtual_service("b", route)).replace(gray_b, &format!("{gray_b}  replicas: 0\n"));
    let mesh = load_text(&text).expect("a mesh");
    let outbound = listener(&mesh, "a-base", "virtualOutbound");
    assert_eq!(routed(outbound, "b", "/", &[("x", "1")]), "outbound|80||a.default.svc.cluster.local");
    assert_eq!(routed(outbound, "b", "/", &[]), "outbound|80|version-gray|b.default.svc.cluster.local");
}

#[test]
fn two_labels_of_one_rule_make_a_route_for_each_pair() {
    let route = "  http: [{route: [{destination: {host: b, subset: $Lane}, weight: 1}, \
        {destination: {host: a, subset: $tenant}, weight: 3}]}]\n";
    let plugin = "---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: tenants}\n\
        spec: {url: 'builtin:traffic-label', pluginConfig: {labels: [{name: tenant, header: x-tenant}]}}\n";
    let mesh = load_text(&two_services(&(virtual_service("b", route) + plugin))).expect("a mesh");
    let routes = &listener(&mesh, "a-base", "virtualOutbound").routes;
    let host = routes.virtual_hosts.iter().find(|it| it.name.starts_with("b.")).expect("a virtual host");
    let shown: Vec<_> = host.routes.iter().map(|it| format!("{}: {:?}", it.matcher, it.action)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    lane is version-base and x-tenant is version-base: Weighted([("outbound|80|version-base|b.default.svc.cluster.local", 1), ("outbound|80|version-base|a.default.svc.cluster.local", 3)])
    lane is version-base and x-tenant is version-gray: Weighted([("outbound|80|version-base|b.default.svc.cluster.local", 1), ("outbound|80|version-gray|a.default.svc.cluster.local", 3)])
    lane is version-base: Weighted([("outbound|80|version-base|b.default.svc.cluster.local", 1), ("outbound|80||a.default.svc.cluster.local", 3)])
    lane is version-gray and x-tenant is version-base: Weighted([("outbound|80|version-gray|b.default.svc.cluster.local", 1), ("outbound|80|version-base|a.default.svc.cluster.local", 3)])
    lane is version-gray and x-tenant is version-gray: Weighted([("outbound|80|version-gray|b.default.svc.cluster.local", 1), ("outbound|80|version-gray|a.default.svc.cluster.local", 3)])
    lane is version-gray: Weighted([("outbound|80|version-gray|b.default.svc.cluster.local", 1), ("outbound|80||a.default.svc.cluster.local", 3)])
    x-tenant is version-base: Weighted([("outbound|80||b.default.svc.cluster.local", 1), ("outbound|80|version-base|a.default.svc.cluster.local", 3)])
    x-tenant is version-gray: Weighted([("outbound|80||b.default.svc.cluster.local", 1), ("outbound|80|version-gray|a.default.svc.cluster.local", 3)])
    any request: Weighted([("outbound|80||b.default.svc.cluster.local", 1), ("outbound|80||a.default.svc.cluster.local", 3)])
    "#);
}

#[test]
fn machines_get_the_conditions_as_envoy_has_them() {
    let mesh = load_text(&two_services(WEIGHTS)).expect("a mesh");
    let listing = serde_json::to_value(RouteListing::of(&mesh)).expect("JSON");
    let listener = &listing["proxies"][0]["listeners"][0];
    assert_eq!((&listener["listener"], &listener["direction"]), (&"http.80".into(), &"outbound".into()));
    let host = &listener["virtual_hosts"][0];
    assert_eq!(host["domains"], serde_json::json!(["*"]));
    insta::assert_snapshot!(serde_yaml_ng::to_string(&host["routes"][0]).expect("YAML"), @"
    direct_response:
      status: 204
    match:
      path: /status
    name: ''
    ");
    insta::assert_snapshot!(serde_yaml_ng::to_string(&host["routes"][1]).expect("YAML"), @"
    destinations:
    - cluster: outbound|80|version-base|a.default.svc.cluster.local
      endpoints: 1
      weight: 100
    match:
      headers:
      - name: lane
        string_match:
          exact: version-base
      prefix: /hello
    name: lanes
    ");
}

#[test]
fn what_a_label_cannot_name_is_said() {
    let route = "  http:\n  - match: [{uri: {prefix: /a}}]\n    route: [{destination: {host: b, subset: $lane}}]\n  \
        - match: [{uri: {prefix: /c}}]\n    route: [{destination: {host: c, subset: $Lane}}]\n  \
        - route: [{destination: {host: b}, fallback: {target: {host: b, subset: $Lane}}}]\n";
    insta::assert_snapshot!(messages(&two_services(&(service("c", &["v1"]) + &virtual_service("b", route)))), @"
    error: mesh.yaml:77: VirtualService/b: field `spec.http[2].route[0].fallback.target.subset`: expected a subset of `b.default.svc.cluster.local`, but found `$Lane`; declared are: version-base, version-gray
    warning: mesh.yaml:77: VirtualService/b: field `spec.http[0].route[0].destination.subset`: no TrafficLabel and no plugin sets the label `lane`, so it counts only where a request brings the header `lane` itself; set are: Lane
    warning: mesh.yaml:77: VirtualService/b: field `spec.http[1].route[0].destination.subset`: `c.default.svc.cluster.local` has no subsets that the label `Lane` could name; declare them in a DestinationRule
    ");
}
