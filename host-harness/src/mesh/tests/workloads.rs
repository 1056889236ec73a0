//! Pods, their programs and what their proxies say of themselves.

use std::collections::BTreeMap;

use super::*;
use crate::bootstrap::Direction;
use crate::mesh::Program;

#[test]
fn the_pods_of_s1_are_what_the_guides_say() {
    let mesh = load_committed("s1-stamps").expect("the guides' manifests");
    let listing: Vec<_> = mesh
        .pods
        .iter()
        .flat_map(|pod| pod.apps.iter().map(move |app| (pod, app)))
        .map(|(pod, app)| {
            let backend = app.environment.get("HTTP_HELLO_BACKEND");
            format!("{} {:?} {:?} {}\n", pod.name, app.program, backend, app.ports[0].port)
        })
        .collect();
    insta::assert_snapshot!(listing.concat(), @r#"
    hello1-deploy-v1-vr7gd7g7hz-zljzt Hello { greeting: "Hello" } Some("hello2-svc") 8001
    hello1-deploy-v2-gftqslvwzc-4j9v6 Hello { greeting: "Bonjour" } Some("hello2-svc") 8001
    hello2-deploy-v1-sdt2p6btf6-kch2g Hello { greeting: "Hello" } Some("hello3-svc") 8001
    hello2-deploy-v2-lxhmgqvrpm-v7mv9 Hello { greeting: "Bonjour" } Some("hello3-svc") 8001
    hello3-deploy-v1-8jqldfkq96-hx5fr Hello { greeting: "Hello" } None 8001
    hello3-deploy-v2-5zzxns7hf4-6rpvh Hello { greeting: "Bonjour" } None 8001
    "#);
    let pod = &mesh.pods[0];
    assert_eq!(pod.apps[0].environment.get("HOSTNAME"), Some(&pod.name));
    assert_eq!(mesh.gateways.len(), 1);
    assert_eq!((mesh.gateways[0].name.as_str(), mesh.gateways[0].port), ("hello-gateway", 8001));
}

#[test]
fn nodes_describe_themselves_as_istios_agent_does() {
    let mesh = load_committed("s1-stamps").expect("the guides' manifests");
    let shown = |name: &str| {
        serde_yaml_ng::to_string(&serde_json::json!({
            "id": proxy(&mesh, name).node.id,
            "cluster": proxy(&mesh, name).node.cluster,
            "metadata": proxy(&mesh, name).node.metadata,
        }))
        .expect("YAML")
    };
    insta::assert_snapshot!(shown("hello1-deploy-v2"), @r#"
    cluster: hello1-deploy-v2.default
    id: sidecar~127.0.0.1~hello1-deploy-v2-gftqslvwzc-4j9v6.default~default.svc.cluster.local
    metadata:
      APP_CONTAINERS: hello-v2-deploy
      CLUSTER_ID: Kubernetes
      INSTANCE_IPS: 127.0.0.1
      INTERCEPTION_MODE: NONE
      ISTIO_VERSION: 1.30.0
      LABELS:
        app: hello1-deploy-v2
        service: hello1-deploy
        service.istio.io/canonical-name: hello1-deploy-v2
        service.istio.io/canonical-revision: v2
        version: v2
      MESH_ID: cluster.local
      NAME: hello1-deploy-v2-gftqslvwzc-4j9v6
      NAMESPACE: default
      OWNER: kubernetes://apis/apps/v1/namespaces/default/deployments/hello1-deploy-v2
      SERVICE_ACCOUNT: hello1-sa
      WORKLOAD_NAME: hello1-deploy-v2
    "#);
    insta::assert_snapshot!(shown("istio-ingressgateway"), @r#"
    cluster: istio-ingressgateway.istio-system
    id: router~127.0.0.1~istio-ingressgateway-blvd9rstm8-bspdl.istio-system~istio-system.svc.cluster.local
    metadata:
      APP_CONTAINERS: istio-proxy
      CLUSTER_ID: Kubernetes
      INSTANCE_IPS: 127.0.0.1
      INTERCEPTION_MODE: NONE
      ISTIO_VERSION: 1.30.0
      LABELS:
        app: istio-ingressgateway
        istio: ingressgateway
        service.istio.io/canonical-name: istio-ingressgateway
        service.istio.io/canonical-revision: latest
      MESH_ID: cluster.local
      NAME: istio-ingressgateway-blvd9rstm8-bspdl
      NAMESPACE: istio-system
      OWNER: kubernetes://apis/apps/v1/namespaces/istio-system/deployments/istio-ingressgateway
      SERVICE_ACCOUNT: istio-ingressgateway-service-account
      WORKLOAD_NAME: istio-ingressgateway
    "#);
}

#[test]
fn directions_are_those_of_istio() {
    let mesh = load_committed("s1-stamps").expect("the guides' manifests");
    assert_eq!(listener(&mesh, "istio-ingressgateway", "http.8001").direction, Direction::Outbound);
    assert_eq!(listener(&mesh, "hello1-deploy-v1", "virtualOutbound").direction, Direction::Outbound);
    assert_eq!(listener(&mesh, "hello1-deploy-v1", "virtualInbound-8001").direction, Direction::Inbound);
    assert!(mesh.proxies.iter().all(|proxy| proxy.concurrency == 2));
}

const COMMAND: &str = "
apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: shop, annotations: {a: b}}
  spec:
    replicas: 2
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web, lane: gray}}
      spec:
        containers:
        - name: web
          image: test/web
          resources: {limits: {cpu: 1}}
          env:
          - {name: PLAIN, value: a}
          - {name: NOTHING}
          - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
          - {name: LANE, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['lane']\"}}}
          - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
          - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
          ports: [{name: web, containerPort: 8080}]
- apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: shop}
  spec: {selector: {app: web}, ports: [{name: grpc, port: 80, targetPort: web}, {name: http-admin, port: 81, targetPort: 9}]}
";

#[test]
fn a_command_gets_its_ports_its_environment_and_the_way_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("web.yaml"), COMMAND).expect("a file");
    let weft = "apps: {test/web: {command: [./web, -v], env: {PLAIN: b}}}\nworkers: 1";
    std::fs::write(folder.path().join("weft.yaml"), weft).expect("a file");
    let mesh = load(&[folder.path().join("web.yaml")], &mut Ports::default(), &builtin).expect("a mesh");

    assert!(mesh.warnings.is_empty(), "{:?}", mesh.warnings);
    assert_eq!(mesh.pods.len(), 2);
    assert_ne!(mesh.pods[0].name, mesh.pods[1].name);
    let (pod, app) = (&mesh.pods[0], &mesh.pods[0].apps[0]);
    let argv = vec!["./web".to_owned(), "-v".to_owned()];
    assert_eq!(app.program, Program::Command { argv, folder: folder.path().to_owned() });
    assert_eq!(app.ports.iter().map(|it| it.port).collect::<Vec<_>>(), [8080, 9]);
    let port = |index: usize| app.ports[index].address.port().to_string();
    let outbound = format!("http://{}", pod.outbound);
    let expected: BTreeMap<String, String> = [
        ("HOSTNAME", pod.name.as_str()),
        ("HTTP_PROXY", &outbound),
        ("http_proxy", &outbound),
        ("NO_PROXY", "localhost,127.0.0.1"),
        ("no_proxy", "localhost,127.0.0.1"),
        ("PORT", &port(0)),
        ("PORT_8080", &port(0)),
        ("PORT_9", &port(1)),
        ("PLAIN", "b"),
        ("POD", &pod.name),
        ("LANE", "gray"),
        ("IP", "127.0.0.1"),
        ("NAMESPACE", "shop"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    assert_eq!(app.environment, expected);
    assert_eq!(mesh.proxies[0].concurrency, 1);
}

#[test]
fn a_deployment_that_a_gateway_selects_is_the_gateway() {
    let gateway = "---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g}\n\
        spec: {selector: {app: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}\n";
    let mesh = load_text(&(service("edge", &["v1"]) + gateway)).expect("a mesh");
    assert_eq!(mesh.pods.len(), 0);
    assert!(mesh.proxies[0].node.id.starts_with("router~127.0.0.1~edge-v1-"), "{}", mesh.proxies[0].node.id);
    assert!(mesh.proxies[0].node.id.ends_with(".default~default.svc.cluster.local"));
}
