//! Where requests go, through gateways and sidecars.

use super::*;

/// The pods behind the cluster that a request goes to, found by the inbound listeners that it would reach.
fn reached(mesh: &Mesh, proxy_name: &str, listener_name: &str, authority: &str, extra: &[(&str, &str)]) -> Vec<String> {
    let cluster = routed(listener(mesh, proxy_name, listener_name), authority, "/hello/eric", extra);
    let clusters = &proxy(mesh, proxy_name).clusters;
    let endpoints = &clusters.iter().find(|it| it.name == cluster).expect("a cluster").endpoints;
    mesh.pods
        .iter()
        .filter(|pod| pod.inbound.iter().any(|it| endpoints.contains(&it.listener.address)))
        .map(|pod| pod.workload.clone())
        .collect()
}

#[test]
fn s1_with_stamps_keeps_each_version_to_itself() {
    let mesh = load_committed("s1-stamps").expect("the guides' manifests");
    for (from, listener, authority, header, expected) in [
        ("istio-ingressgateway", "http.8001", "127.0.0.1:8001", Some("v2"), "hello1-deploy-v2"),
        ("istio-ingressgateway", "http.8001", "127.0.0.1:8001", Some("v1"), "hello1-deploy-v1"),
        ("istio-ingressgateway", "http.8001", "127.0.0.1:8001", None, "hello1-deploy-v1"),
        ("hello1-deploy-v2", "virtualOutbound", "hello2-svc:8001", Some("hello2v2"), "hello2-deploy-v2"),
        ("hello1-deploy-v1", "virtualOutbound", "hello2-svc:8001", None, "hello2-deploy-v1"),
        ("hello1-deploy-v2", "virtualOutbound", "hello2-svc:8001", Some("v2"), "hello2-deploy-v1"),
        ("hello2-deploy-v2", "virtualOutbound", "hello3-svc.default:8001", Some("hello3v2"), "hello3-deploy-v2"),
        ("hello2-deploy-v1", "virtualOutbound", "hello3-svc", None, "hello3-deploy-v1"),
    ] {
        let extra: Vec<_> = header.iter().map(|value| ("route-v", *value)).collect();
        let reached = reached(&mesh, from, listener, authority, &extra);
        assert_eq!(reached, [expected], "{from} to {authority} with {header:?}");
    }
}

#[test]
fn s1_with_propagation_routes_every_hop_by_the_same_header() {
    let mesh = load_committed("s1-propagate").expect("our manifests");
    for (from, authority, next) in
        [("hello1-deploy-v2", "hello2-svc:8001", "hello2"), ("hello2-deploy-v2", "hello3-svc:8001", "hello3")]
    {
        let v2 = reached(&mesh, from, "virtualOutbound", authority, &[("route-v", "v2")]);
        assert_eq!(v2, [format!("{next}-deploy-v2")]);
        assert_eq!(reached(&mesh, from, "virtualOutbound", authority, &[]), [format!("{next}-deploy-v1")]);
    }
}

#[test]
fn without_a_virtual_service_all_pods_of_a_service_are_reached_by_all_its_names() {
    let text = service("web", &["v1", "v2"]) + &service("client", &["v1"]);
    let mesh = load_text(&text).expect("a mesh");
    for authority in
        ["web", "web:80", "web.default", "web.default.svc:80", "web.default.svc.cluster.local", "WEB.default"]
    {
        let all = reached(&mesh, "client", "virtualOutbound", authority, &[]);
        assert_eq!(all, ["web-v1", "web-v2"], "{authority}");
    }
    let outbound = listener(&mesh, "client", "virtualOutbound");
    assert_eq!(routed(outbound, "web:8080", "/", &[]), "no route");
    assert_eq!(routed(outbound, "elsewhere.test", "/", &[]), "no route");
    let inbound = listener(&mesh, "web-v1", "virtualInbound-8080");
    assert_eq!(routed(inbound, "anything", "/", &[]), "inbound|8080||");
}

const CONDITIONS: &str = "
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http:
  - match: [{uri: {prefix: /a}, method: {exact: GET}}, {uri: {regex: '/r/[0-9]+'}}]
    directResponse: {status: 201}
  - match: [{queryParams: {v: {exact: '2'}}}]
    directResponse: {status: 202}
  - match: [{withoutHeaders: {x-off: {exact: yes}}, headers: {x-any: {}}}]
    directResponse: {status: 203}
  - match: [{sourceLabels: {app: other}}, {port: 81}, {sourceNamespace: other}, {gateways: [mesh], authority: {prefix: web.}}]
    directResponse: {status: 204}
  - route:
    - {destination: {host: web}, weight: 0}
    - {destination: {host: client}, weight: 100}
    timeout: 2s
";

#[test]
fn every_condition_of_a_match_counts() {
    let mesh = load_text(&(service("web", &["v1"]) + &service("client", &["v1"]) + CONDITIONS)).expect("a mesh");
    let outbound = listener(&mesh, "client", "virtualOutbound");
    let rest = "outbound|80||client.default.svc.cluster.local";
    let direct = |status| format!("Direct {{ status: {status}, body: \"\" }}");
    for (authority, path, extra, expected) in [
        ("web", "/abc", None, direct(201)),
        ("web", "/r/12", None, direct(201)),
        ("web", "/r/12x", None, rest.to_owned()),
        ("web", "/?v=2", None, direct(202)),
        ("web", "/?v=3", None, rest.to_owned()),
        ("web", "/", Some(("x-any", "")), direct(203)),
        ("web.default", "/", None, direct(204)),
        ("web", "/", None, rest.to_owned()),
    ] {
        let extra: Vec<_> = extra.into_iter().collect();
        assert_eq!(routed(outbound, authority, path, &extra), expected, "{authority} {path} {extra:?}");
    }
    let both = [("x-any", "1"), ("x-off", "yes")];
    assert_eq!(routed(outbound, "web", "/", &both), rest);
}

const GATEWAYS: &str = "
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: one}
spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example.test']}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: two, namespace: other}
spec:
  selector: {istio: edge}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ['default/shop.test']}
  - {port: {number: 81, name: http, protocol: HTTP}, hosts: ['./shop.test']}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: exact}
spec:
  hosts: [a.example.test, shop.test]
  gateways: [one, other/two]
  http:
  - match: [{gateways: [one]}]
    route: [{destination: {host: web, subset: v1}}]
  - route: [{destination: {host: web}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wide}
spec: {hosts: ['*'], gateways: [one], http: [{route: [{destination: {host: web, subset: v2}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
";

#[test]
fn gateways_of_one_workload_share_its_listeners_and_keep_their_hosts() {
    let mesh = load_text(&(service("web", &["v1", "v2"]) + GATEWAYS)).expect("a mesh");
    let listing: Vec<_> = mesh.gateways.iter().map(|it| format!("{}/{} {}", it.namespace, it.name, it.port)).collect();
    assert_eq!(listing, ["default/one 80", "other/two 80", "other/two 81"]);
    assert_eq!(mesh.gateways[0].address, mesh.gateways[1].address);
    assert_eq!(proxy(&mesh, "istio-edge").listeners.len(), 2);

    let first = listener(&mesh, "istio-edge", "http.80");
    let cluster = |subset: &str| format!("outbound|80|{subset}|web.default.svc.cluster.local");
    let real = format!("a.example.test:{}", first.address.port());
    for (authority, expected) in [
        ("a.example.test", cluster("v1")),
        ("a.example.test:80", cluster("v1")),
        (real.as_str(), cluster("v1")),
        ("b.example.test", cluster("v2")),
        ("shop.test", cluster("")),
        ("elsewhere.test", "no route".to_owned()),
    ] {
        assert_eq!(routed(first, authority, "/", &[]), expected, "{authority}");
    }
    let second = listener(&mesh, "istio-edge", "http.81");
    assert_eq!(routed(second, "shop.test", "/", &[]), "no route", "the server takes hosts of its own namespace only");
}
