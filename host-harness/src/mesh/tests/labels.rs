//! TrafficLabels: what runs where with which configuration, and where a label sends requests.

use super::*;

const EDGE: &str = "---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge}\nspec:\n  \
    selector: {istio: edge}\n  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]\n\
    ---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: edge}\nspec:\n  hosts: ['*']\n  \
    gateways: [edge]\n  http: [{route: [{destination: {host: web}}]}]\n";

/// A TrafficLabel for one label, with more of its spec.
fn traffic_label(name: &str, namespace: &str, label: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: istio.alibabacloud.com/v1beta1\nkind: TrafficLabel\n\
         metadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
         rules: [{{labels: [{{name: {label}, valueFrom: [$getContext(x-b3-traceid), $localLabel]}}]}}]\n{spec}"
    )
}

const VERBATIM: &str = "
---
apiVersion: API
kind: TrafficLabel
metadata: {name: lane}
spec:
  workloadSelector: {labels: {app: web}}
  rules:
  - labels:
    - name: userdefinelabel1
      valueFrom: [$getContext(x-b3-traceid), $localLabel]
    attachTo: [opentracing]
    protocols: '*'
  - labels: [{name: other, valueFrom: [$getLabel(CSM_TRAFFIC_TAG)]}]
    protocols: [grpc]
  hosts: ['*']
";

#[test]
fn a_traffic_label_runs_in_all_directions_of_the_workloads_that_it_selects() {
    for api in ["istio.alibabacloud.com/v1beta1", "istio.alibabacloud.com/v1", "istio.ctyun.cn/v1beta1"] {
        let text = service("web", &["v1"]) + &service("client", &["v1"]) + EDGE + &VERBATIM.replace("API", api);
        let mesh = load_text(&text).expect("a mesh");
        assert!(mesh.warnings.is_empty(), "{:?}", mesh.warnings);
        for (proxy, name, expected) in [
            ("web", "virtualInbound-8080", &["default.lane"][..]),
            ("web", "virtualOutbound", &["default.lane"]),
            ("client", "virtualOutbound", &[]),
            ("istio-edge", "http.80", &[]),
        ] {
            assert_eq!(filter_names(listener(&mesh, proxy, name)), expected, "{api} {proxy} {name}");
        }
        let inbound = plugin(listener(&mesh, "web", "virtualInbound-8080"), 0);
        let outbound = plugin(listener(&mesh, "web", "virtualOutbound"), 0);
        assert_eq!((inbound.module.name.as_str(), inbound.root_id.as_str()), ("traffic-label", ""));
        assert_eq!((&inbound.vm_id, inbound.vm_id.as_str()), (&outbound.vm_id, "traffic-label.default.lane"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(String::from_utf8_lossy(&inbound.configuration), @r#"{"hosts":["*"],"rules":[{"attachTo":["opentracing"],"labels":[{"name":"userdefinelabel1","valueFrom":["$getContext(x-b3-traceid)","$localLabel"]}],"protocols":"*"},{"labels":[{"name":"other","valueFrom":["$getLabel(CSM_TRAFFIC_TAG)"]}],"protocols":["grpc"]}]}"#);
        }
    }
}

#[test]
fn a_traffic_label_applies_to_a_namespace_to_a_gateway_or_to_everything() {
    let namespaced = |namespace, spec| {
        let text = service("web", &["v1"]) + EDGE + &traffic_label("lane", namespace, "lane", spec);
        let mesh = load_text(&text).expect("a mesh");
        assert!(mesh.warnings.is_empty(), "{:?}", mesh.warnings);
        let runs = |proxy, name| !listener(&mesh, proxy, name).filters.is_empty();
        (runs("web", "virtualInbound-8080"), runs("web", "virtualOutbound"), runs("istio-edge", "http.80"))
    };
    assert_eq!(namespaced("default", ""), (true, true, false));
    assert_eq!(namespaced("default", "  workloadSelector: {labels: {}}\n"), (true, true, false));
    assert_eq!(namespaced("istio-system", "  workloadSelector: {labels: {istio: edge}}\n"), (false, false, true));
    assert_eq!(namespaced("istio-system", ""), (true, true, true));
}

#[test]
fn a_label_has_one_traffic_label_the_most_precise_one() {
    let text = [
        service("web", &["v1"]),
        service("client", &["v1"]),
        "---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: z}\nspec: {url: cors}\n"
            .into(),
        "---\napiVersion: istio.alibabacloud.com/v1beta1\nkind: ASMFilterDeployment\nmetadata: {name: asm}\n\
         spec: {workload: {kind: Deployment}, filter: {patchContext: ANY, image: cors}}\n"
            .into(),
        traffic_label("everywhere", "istio-system", "LANE", ""),
        traffic_label("namespace", "default", "lane", ""),
        traffic_label("selected", "default", "lane", "  workloadSelector: {labels: {app: web}}\n"),
        traffic_label("another", "default", "tenant", ""),
        traffic_label("both", "default", "tenant, valueFrom: []}, {name: zone", ""),
        traffic_label("nowhere", "other", "lane", "  workloadSelector: {labels: {app: web}}\n"),
    ]
    .concat();
    let mesh = load_text(&text).expect("a mesh");
    let names = |proxy| filter_names(listener(&mesh, proxy, "virtualOutbound")).join(" ");
    insta::assert_snapshot!(names("web"), @"default.z default.selected default.another default.asm");
    insta::assert_snapshot!(names("client"), @"default.z default.another default.namespace default.asm");
    insta::assert_snapshot!(messages(&text), @"
    warning: mesh.yaml:65: TrafficLabel/both: label `tenant` of default/web-v1 is already set by TrafficLabel/another, so this TrafficLabel does not run there: the one that selects a workload comes before the one of its namespace, that before the one of all namespaces, and of equals the first by name
    warning: mesh.yaml:71: TrafficLabel/other/nowhere: field `spec.workloadSelector.labels`: no pod has the labels {app: web}, so this filter runs nowhere (it looks in namespace other)
    ");
}

#[test]
fn a_traffic_label_is_read_strictly() {
    let text = service("web", &["v1"])
        + &traffic_label("typo", "default", "lane", "  workloadselector: {labels: {}}\n")
        + &traffic_label("wrong", "default", "second", "  hosts: '*'\n")
        + &traffic_label("odd", "default", "third", "").replace("valueFrom", "protocols: 1, valueFrom")
        + "---\napiVersion: istio.alibabacloud.com/v1\nkind: TrafficLabel\nmetadata: {name: none}\nspec: {}\n"
        + "---\napiVersion: istio.alibabacloud.com/v1\nkind: TrafficLabel\nmetadata: {name: protocols}\n\
           spec: {rules: [{labels: [], protocols: 1}]}\n";
    insta::assert_snapshot!(messages(&text), @r#"
    error: mesh.yaml:23: TrafficLabel/wrong: field `spec.hosts`: invalid type: string "*", expected a sequence
    error: mesh.yaml:36: TrafficLabel/none: field `spec`: missing field `rules`
    error: mesh.yaml:41: TrafficLabel/protocols: field `spec.rules[0].protocols`: expected `"*"`, the name of a protocol or a list of names
    warning: mesh.yaml:16: TrafficLabel/typo: field `spec.workloadselector` is not modelled and has no effect here
    warning: mesh.yaml:30: TrafficLabel/odd: field `spec.rules[0].labels[0].protocols` is not modelled and has no effect here
    "#);
}

#[test]
fn a_traffic_label_needs_its_filter() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = service("web", &["v1"]) + &traffic_label("lane", "default", "lane", "");
    std::fs::write(folder.path().join("mesh.yaml"), text).expect("a file");
    std::fs::write(folder.path().join("weft.yaml"), "apps: {\"*\": {builtin: hello}}").expect("a file");
    let failure =
        load(&[folder.path().to_owned()], &mut Ports::default(), &|_: &str| None).expect_err("no such filter");
    let text = failure.to_string().replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(text, @"mesh.yaml:16: TrafficLabel/lane: expected the built-in filter `traffic-label`, which does what this resource says, but found none of this name");
}
