//! Every message, to the letter.

use super::*;

#[test]
fn the_guides_own_hello3_dr_is_flagged() {
    let failure = load_committed("guides-hello3-dr").expect_err("a subset that does not exist");
    let warnings: Vec<_> = failure.findings.warnings.iter().map(|it| it.problem.to_string()).collect();
    insta::assert_snapshot!(warnings.join("\n"), @"field `spec.subsets[1].name`: subset `hello3v1` is declared twice, first as {version: v1}, then as {version: v2}: Istio uses the first and ignores the second without a word; give the second a name of its own or remove it");
    let errors: Vec<_> = failure.findings.errors.iter().map(|it| it.problem.to_string()).collect();
    insta::assert_snapshot!(errors.join("\n"), @"field `spec.http[0].route[0].destination.subset`: expected a subset of `hello3-svc.default.svc.cluster.local`, but found `hello3v2`; declared are: hello3v1");
}

#[test]
fn what_is_no_manifest_is_an_error() {
    insta::assert_snapshot!(messages("a: 1\n---\nkind: Service\n---\n- 1\n---\napiVersion: v1\nkind: List\n"), @r#"
    error: mesh.yaml:1: expected a Kubernetes manifest with `kind`, but found a document without it
    error: mesh.yaml:3: expected a Kubernetes manifest with `apiVersion`, but found a document without it
    error: mesh.yaml:5: expected a Kubernetes manifest with `kind`, but found a document without it
    error: mesh.yaml:7: field `items`: expected a list of manifests, but found none
    "#);
    insta::assert_snapshot!(messages("apiVersion: v1\nkind: Service\n  metadata: {}\n"), @"error: mesh.yaml:3: expected YAML, but found: mapping values are not allowed in this context at line 3 column 11");
    insta::assert_snapshot!(messages("# nothing\n"), @"error: FOLDER: expected at least one manifest (*.yaml, *.yml or *.json), but found none");
    let failure = load(&[PathBuf::from("does-not-exist")], &mut Ports::default(), &builtin).expect_err("no such path");
    insta::assert_snapshot!(failure, @"does-not-exist: expected a readable file or folder, but found: No such file or directory (os error 2)");
}

#[test]
fn fields_of_a_wrong_type_and_missing_ones_are_named_with_their_path() {
    let broken = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: http}]}\n\
        ---\napiVersion: v1\nkind: Service\nmetadata: {}\nspec: {}\n\
        ---\napiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {selector: {a: b}, ports: [{port: 80, targetPort: []}]}\n\
        ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c}\nspec: {template: {spec: {containers: []}}}\n\
        ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {selector: {matchLabels: {app: d}}, \
        template: {metadata: {labels: {app: e}}, spec: {containers: []}}}\n\
        ---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: e}\n\
        spec: {servers: [{port: {number: 80, protocol: SPDY}, hosts: []}]}\n";
    insta::assert_snapshot!(messages(broken), @r#"
    error: mesh.yaml:1: Service/a: field `spec.ports[0].port`: invalid type: string "http", expected u16
    error: mesh.yaml:6: field `metadata`: missing field `name`
    error: mesh.yaml:11: Service/b: field `spec.ports[0].targetPort`: expected a port number or the name of a container's port
    error: mesh.yaml:16: Deployment/c: field `spec`: missing field `selector`
    error: mesh.yaml:21: Deployment/d: field `spec.selector.matchLabels`: expected labels of the template, which has {app: e}, but found {app: d}
    error: mesh.yaml:26: Gateway/e: field `spec.servers[0].port.protocol`: unknown variant `SPDY`, expected one of `HTTP`, `HTTP2`, `GRPC`, `GRPC-WEB`, `HTTPS`, `TCP`, `TLS`, `MONGO`
    "#);
}

#[test]
fn a_resource_declared_twice_is_an_error() {
    let text = service("web", &["v1"]) + &service("web", &[]);
    insta::assert_snapshot!(messages(&text), @"error: mesh.yaml:16: Service/web: expected each resource once, but this one is already declared at mesh.yaml:2");
}

const BROKEN_REFERENCES: &str = "
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: broken, namespace: default}
spec:
  hosts: [web]
  gateways: [mesh, nowhere]
  http:
  - match: [{gateways: [other/nowhere], uri: {regex: 'a('}, headers: {x: {exact: a, prefix: b}}}, {uri: {}}]
    route: [{destination: {host: nobody}}]
    timeout: 5
  - route: [{destination: {host: web, subset: v3}}, {destination: {host: web, port: {number: 81}}}]
  - redirect: {uri: /}
  - {directResponse: {status: 200}, route: [{destination: {host: web}}]}
";

#[test]
fn references_to_nothing_are_errors_and_all_are_found_at_once() {
    let text = service("web", &["v1"]) + &BROKEN_REFERENCES.replace("timeout: 5", "timeout: '5'");
    insta::assert_snapshot!(messages(&text), @r#"
    error: mesh.yaml:17: VirtualService/broken: field `spec.gateways[1]`: expected the name of a Gateway, but found `default/nowhere`; declared are: none
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[0].match[0].uri.regex`: expected a regular expression in RE2 syntax, but found `a(`: unclosed group
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[0].match[0].headers.x`: expected at most one of `exact`, `prefix` and `regex`
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[0].match[0].gateways[0]`: expected the name of a Gateway, but found `other/nowhere`; declared are: none
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[0].match[1].uri`: expected exactly one of `exact`, `prefix` and `regex`
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[0].timeout`: expected a duration such as `1.5s`, but found `5`
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[0].route[0].destination.host`: expected the host of a Service, but found `nobody.default.svc.cluster.local`; declared are: web.default.svc.cluster.local
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[1].route[0].destination.subset`: expected a subset of `web.default.svc.cluster.local`, but found `v3`; declared are: none
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[1].route[1].destination.port.number`: expected a port of `web.default.svc.cluster.local`, but found 81; declared are: 80
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[1].route`: expected weights whose sum is above 0, but found only zeros
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[2]`: expected `route` or `directResponse`, but found neither (nothing else is modelled)
    error: mesh.yaml:17: VirtualService/broken: field `spec.http[3]`: expected either `route` or `directResponse`, but found both
    warning: mesh.yaml:17: VirtualService/broken: field `spec.http[2].redirect` is not modelled and has no effect here
    "#);
    let text = service("web", &["v1"]) + BROKEN_REFERENCES;
    insta::assert_snapshot!(messages(&text), @"error: mesh.yaml:17: VirtualService/broken: field `spec.http[0].timeout`: invalid type: integer `5`, expected a string");
}

const ODD: &str = "
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: other}
---
apiVersion: v1
kind: Service
metadata: {name: odd}
spec:
  sessionAffinity: ClientIP
  selector: {app: nobody}
  ports: [{port: 80}, {name: tcp-x, port: 81}, {name: dns, port: 53, protocol: UDP}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: odd}
spec: {host: web, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}, loadBalancer: {simple: RANDOM}}, subsets: [{name: v9, labels: {version: v9}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: outside}
spec: {host: outside.test}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: first}
spec: {hosts: [web], http: [{route: [{destination: {host: web}}], retries: {attempts: 3}, rewrite: {uri: /}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: second}
spec: {hosts: [web], gateways: [mesh, edge], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  selector: {istio: edge}
  servers:
  - {port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE}, hosts: [shop.test]}
  - {port: {number: 9000, name: tcp, protocol: TCP}, hosts: ['*']}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: idle}
spec: {selector: {istio: idle}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: odd}
spec:
  selector: {matchLabels: {app: nobody}}
  url: oci://registry.test/team/cors:1.0
  imagePullPolicy: Always
  verificationKey: x
  match: [{mode: CLIENT, ports: [{number: 80}]}]
  vmConfig: {env: [{name: A, valueFrom: HOST}]}
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: attached}
spec: {url: cors, targetRefs: [{kind: Gateway, name: edge}]}
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: network}
spec: {url: cors, type: NETWORK}
";

#[test]
fn what_is_not_modelled_is_named_in_one_warning_each() {
    let env = "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}, \
        {name: B, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}], image: test/web";
    let text = service("web", &["v1"]).replace("image: test/web", env) + ODD;
    insta::assert_snapshot!(messages(&text), @r#"
    warning: mesh.yaml:7: Deployment/web-v1: field `spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef` is not modelled and has no effect here
    warning: mesh.yaml:7: Deployment/web-v1: field `spec.template.spec.containers[0].env[1].valueFrom.fieldRef.fieldPath`: `spec.nodeName` is not modelled: the variable is left out
    warning: mesh.yaml:17: ConfigMap/other/settings: kind `ConfigMap` of `v1` is not modelled: the resource is left out
    warning: mesh.yaml:21: Service/odd: field `spec.sessionAffinity` is not modelled and has no effect here
    warning: mesh.yaml:21: Service/odd: field `spec.selector`: no pod has the labels {app: nobody}, so every request for this service gets 503
    warning: mesh.yaml:21: Service/odd: field `spec.ports[0].name`: no protocol is named, so it speaks HTTP/1.1 here; Istio would look at the traffic
    warning: mesh.yaml:21: Service/odd: field `spec.ports[1].name`: only HTTP is modelled: the port is left out
    warning: mesh.yaml:21: Service/odd: field `spec.ports[2].name`: only HTTP is modelled: the port is left out
    warning: mesh.yaml:29: DestinationRule/odd: field `spec.trafficPolicy.loadBalancer` is not modelled and has no effect here
    warning: mesh.yaml:29: DestinationRule/odd: field `spec.subsets[0].labels`: no pod has the labels {version: v9}, so subset `v9` of `web.default.svc.cluster.local` has no endpoints
    warning: mesh.yaml:34: DestinationRule/outside: field `spec.host`: expected the host of a Service, but found `outside.test`; declared are: web.default.svc.cluster.local, odd.default.svc.cluster.local
    warning: mesh.yaml:39: VirtualService/first: field `spec.http[0].retries` is not modelled and has no effect here
    warning: mesh.yaml:39: VirtualService/first: field `spec.http[0].rewrite` is not modelled and has no effect here
    warning: mesh.yaml:44: VirtualService/second: host `web.default.svc.cluster.local` already belongs to VirtualService/first: inside the mesh Istio uses only one VirtualService for a host, and this one has no effect on it
    warning: mesh.yaml:44: VirtualService/second: field `spec.hosts`: no server of gateway `default/edge` serves web.default.svc.cluster.local, so this VirtualService has no effect there
    warning: mesh.yaml:49: Gateway/edge: field `spec.servers[0].port.protocol`: TLS is not modelled: this server speaks plain HTTP
    warning: mesh.yaml:49: Gateway/edge: field `spec.servers[1].port.protocol`: only HTTP is modelled: this server is left out
    warning: mesh.yaml:58: Gateway/idle: no VirtualService is bound to this gateway, so it answers every request with 404
    warning: mesh.yaml:63: WasmPlugin/odd: field `spec.verificationKey` is not modelled and has no effect here
    warning: mesh.yaml:63: WasmPlugin/odd: field `spec.url`: `oci://registry.test/team/cors:1.0` is not pulled: the built-in filter `cors` runs in its place
    warning: mesh.yaml:63: WasmPlugin/odd: field `spec.match[0].ports`: a sidecar has one outbound listener for all ports here, so the plugin sees all of its traffic
    warning: mesh.yaml:63: WasmPlugin/odd: field `spec.vmConfig.env[0].valueFrom`: `HOST` is not modelled: the variable is left out
    warning: mesh.yaml:63: WasmPlugin/odd: field `spec.selector.matchLabels`: no pod has the labels {app: nobody}, so this filter runs nowhere (it looks in namespace default)
    warning: mesh.yaml:74: WasmPlugin/attached: field `spec.targetRefs`: not modelled: the plugin is left out
    warning: mesh.yaml:79: WasmPlugin/network: field `spec.type`: not modelled: the plugin is left out
    "#);
}

#[test]
fn applications_and_modules_that_cannot_be_found_are_errors() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plugins: Vec<_> =
        ["file://missing.wasm", "oci://registry.test/team/unknown:1.0", "https://a.test/b.wasm", "unknown"]
            .iter()
            .enumerate()
            .map(|(index, url)| {
                format!(
                    "---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: p{index}}}\n\
                 spec: {{url: '{url}'}}\n"
                )
            })
            .collect();
    let text = service("web", &["v1"]) + &plugins.concat();
    std::fs::write(folder.path().join("mesh.yaml"), text).expect("a file");
    let failure = load(&[folder.path().to_owned()], &mut Ports::default(), &builtin).expect_err("nothing to run");
    let text = failure.to_string().replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(text, @r#"
    mesh.yaml:7: Deployment/web-v1: field `spec.template.spec.containers[0].image`: expected an image that `weft.yaml` maps to an application, but found `test/web`; add for instance `apps: {"test/web": {builtin: hello}}`
    mesh.yaml:16: WasmPlugin/p0: field `spec.url`: expected `file://…`, a built-in filter or an image that is there, but found `file://missing.wasm`: missing.wasm: No such file or directory (os error 2)
    mesh.yaml:21: WasmPlugin/p1: field `spec.url`: expected `file://…`, a built-in filter or an image that is there, but found `oci://registry.test/team/unknown:1.0`: no built-in filter is named `unknown`, and images are not pulled
    mesh.yaml:26: WasmPlugin/p2: field `spec.url`: expected `file://…`, a built-in filter or an image that is there, but found `https://a.test/b.wasm`: no built-in filter is named `b.wasm`, and images are not pulled
    mesh.yaml:31: WasmPlugin/p3: field `spec.url`: expected `file://…`, a built-in filter or an image that is there, but found `unknown`: no built-in filter is named `unknown`, and images are not pulled
    "#);
}

#[test]
fn a_module_with_another_digest_is_refused() {
    let digest = "0".repeat(64);
    let text = service("web", &["v1"])
        + &format!(
            "---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: p}}\n\
             spec: {{url: 'file://stamp.wasm', sha256: '{digest}'}}\n"
        );
    insta::assert_snapshot!(messages(&text), @"error: mesh.yaml:16: WasmPlugin/p: field `spec.url`: expected `file://…`, a built-in filter or an image that is there, but found `file://stamp.wasm`: expected a module with `sha256: 0000000000000000000000000000000000000000000000000000000000000000`, but found 93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476");
}
