//! What the lints find, to the letter, and what they leave alone.

use super::*;

/// What linting a text finds beside notes on how a mesh runs here.
fn lints(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("mesh.yaml"), text).expect("a file");
    let findings = crate::mesh::lint(&[folder.path().to_owned()], &builtin);
    let errors = findings.errors.iter().map(|it| ("error", it));
    let warnings = findings.warnings.iter().map(|it| ("warning", it));
    let found = errors.chain(warnings).filter(|(_, it)| !it.problem.is_only_here());
    let lines: Vec<_> = found.map(|(severity, it)| format!("{severity}: {it}")).collect();
    lines.join("\n").replace(&format!("{}/", folder.path().display()), "")
}

fn virtual_service(http: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: web}}\n\
         spec:\n  hosts: [web]\n  http:\n{http}"
    )
}

fn subsets(list: &str) -> String {
    format!(
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: web}}\n\
         spec: {{host: web, subsets: [{list}]}}\n"
    )
}

fn wasm_plugin(name: &str, filter: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: {name}}}\n\
         spec:\n  url: oci://registry.test/{filter}:1.0\n{spec}"
    )
}

#[test]
fn sound_manifests_pass_without_a_weft_yaml_and_whatever_is_not_modelled() {
    let odd = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n".to_owned()
        + &virtual_service("  - {retries: {attempts: 3}, route: [{destination: {host: web, subset: v1}}]}\n")
        + &subsets("{name: v1, labels: {version: v1}}")
        + &wasm_plugin("unknown", "somebody-elses", "");
    assert_eq!(lints(&(service("web", &["v1"]) + &odd)), "");
    for name in ["s1-propagate", "s1-stamps", "s2-transcoding"] {
        let builtins = |name: &str| Some(Module { name: name.to_owned(), bytes: Arc::from(&b"\0asm"[..]) });
        let findings = crate::mesh::lint(&[committed(name)], &builtins);
        let found = findings.errors.iter().chain(&findings.warnings).filter(|it| !it.problem.is_only_here());
        assert_eq!(found.map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "{name}");
    }
}

#[test]
fn what_reading_finds_is_found_here_too() {
    insta::assert_snapshot!(lints("a: 1\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: 1}\n"), @"
    error: mesh.yaml:1: expected a Kubernetes manifest with `kind`, but found a document without it
    error: mesh.yaml:3: Service/web: field `spec.ports`: invalid type: integer `1`, expected a sequence
    ");
}

#[test]
fn subsets_that_are_the_same_pods_are_found() {
    let list = "{name: v1, labels: {version: v1}}, {name: stable, labels: {version: v1}}, \
        {name: v2, labels: {version: v2}}, {name: v2, labels: {version: v2}}";
    insta::assert_snapshot!(lints(&(service("web", &["v1", "v2"]) + &subsets(list))), @"
    warning: mesh.yaml:25: DestinationRule/web: field `spec.subsets[3].name`: subset `v2` is declared twice, first as {version: v2}, then as {version: v2}: Istio uses the first and ignores the second without a word; give the second a name of its own or remove it
    warning: mesh.yaml:25: DestinationRule/web: field `spec.subsets[1].labels`: subset `stable` has the labels {version: v1}, as `v1` has, so both are the same pods; give each labels of its own or remove one
    ");
}

const LABELS: &str = "  pluginConfig:
    labels:
    - name: lane
      header: X-Lane
      values: {exact: [v1, v2, v7], prefix: [v]}
      default: v8
      guard: {baseline: v9}
      value_from: [$localLabel, {value: v10}]
      rules:
      - {when: {path: /a}, value: v11}
      - {split: {unit: [{cookie: uid}], weights: [v12: 10, v1: 90]}}
      - {split: {unit: [{cookie: uid}], ranges: {v13: [0, 10]}}}
";

#[test]
fn a_value_needs_a_subset_or_a_rule_that_knows_it() {
    let http = "  - match: [{headers: {x-lane: {exact: v1}}}, {headers: {x-lane: {exact: v7}}}]\n    \
        route: [{destination: {host: web, subset: v1}}]\n  \
        - match: [{headers: {x-lane: {exact: v-gray}}}, {headers: {other: {exact: v99}}}]\n    \
        route: [{destination: {host: web, subset: v2}}]\n";
    let list = "{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}";
    let text = service("web", &["v1", "v2"])
        + &subsets(list)
        + &virtual_service(http)
        + &wasm_plugin("lane", "traffic-label", LABELS);
    insta::assert_snapshot!(lints(&text), @"
    warning: mesh.yaml:30: VirtualService/web: field `spec.http[1].match[0].headers.x-lane.exact`: expected a value of label `lane` that names a subset, but found `v-gray`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: v1, v2
    warning: mesh.yaml:41: WasmPlugin/lane: field `spec.pluginConfig.labels[0].default`: expected a value of label `lane` that names a subset, but found `v8`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: v1, v2
    warning: mesh.yaml:41: WasmPlugin/lane: field `spec.pluginConfig.labels[0].guard.baseline`: expected a value of label `lane` that names a subset, but found `v9`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: v1, v2
    warning: mesh.yaml:41: WasmPlugin/lane: field `spec.pluginConfig.labels[0].value_from[1].value`: expected a value of label `lane` that names a subset, but found `v10`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: v1, v2
    warning: mesh.yaml:41: WasmPlugin/lane: field `spec.pluginConfig.labels[0].rules[0].value`: expected a value of label `lane` that names a subset, but found `v11`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: v1, v2
    warning: mesh.yaml:41: WasmPlugin/lane: field `spec.pluginConfig.labels[0].rules[1].split.weights[0]`: expected a value of label `lane` that names a subset, but found `v12`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: v1, v2
    warning: mesh.yaml:41: WasmPlugin/lane: field `spec.pluginConfig.labels[0].rules[2].split.ranges`: expected a value of label `lane` that names a subset, but found `v13`, for which there is no subset and no other rule; declare it in a DestinationRule or correct it; declared are: v1, v2
    ");
}

#[test]
fn a_plugin_that_connects_two_sides_has_to_run_on_both() {
    let propagate = "  pluginConfig: {propagate: {exact: [route-v]}}\n";
    let stamp = "  pluginConfig: {head_tag_name: a, head_tag_value: b}\n";
    let label = |source| format!("  pluginConfig: {{labels: [{{name: lane, value_from: [{source}]}}]}}\n");
    let (client, server) = ("  match: [{mode: CLIENT}]\n", "  match: [{mode: SERVER}]\n");
    let (filter, lane) = ("header-propagation", "traffic-label");
    let plugin = |name, filter, config: &str, side| wasm_plugin(name, filter, &format!("{config}{side}"));
    let asm = |context, parameters| {
        format!(
            "---\napiVersion: istio.alibabacloud.com/v1beta1\nkind: ASMFilterDeployment\nmetadata: {{name: asm}}\nspec:\n  \
             workload: {{kind: Deployment, labels: {{app: web}}}}\n  \
             filter: {{patchContext: {context}, image: r.test/{filter}:1, parameters: '{parameters}'}}\n"
        )
    };
    let both = r#"{"propagate": {"exact": ["a"]}}"#;
    for sound in [
        plugin("p", filter, propagate, ""),
        plugin("p", filter, propagate, "  match: [{mode: CLIENT_AND_SERVER}]\n"),
        plugin("p", filter, propagate, client) + &plugin("q", filter, propagate, server),
        plugin("p", filter, stamp, client),
        plugin("p", lane, &label("$localLabel, {workload_label: x}"), client),
        plugin("p", lane, "  pluginConfig: {role: gateway, labels: [{name: lane}]}\n", client),
        plugin("p", "cors", "", client),
        asm("ANY", both),
        asm("SIDECAR_OUTBOUND", r#"{"head_tag_name": "a", "head_tag_value": "b"}"#),
        asm("GATEWAY", both),
    ] {
        assert_eq!(lints(&(service("web", &["v1"]) + &sound)), "", "{sound}");
    }
    let mut found = String::new();
    for lame in [
        plugin("p", filter, propagate, client),
        plugin("p", filter, propagate, "  match: [{mode: SERVER}, {mode: SERVER, ports: [{number: 1}]}]\n"),
        plugin("p", lane, &label("$getContext(x-b3-traceid), $localLabel"), server),
        plugin("p", lane, "  pluginConfig: {labels: [{name: lane}]}\n", client),
        asm("SIDECAR_OUTBOUND", both),
        // The other side runs in other pods.
        plugin("p", filter, propagate, client)
            + &plugin("q", filter, propagate, &format!("{server}  selector: {{matchLabels: {{version: v2}}}}\n")),
    ] {
        found += &format!("{}\n", lints(&(service("web", &["v1", "v2"]) + &lame)));
    }
    insta::assert_snapshot!(found, @"
    warning: mesh.yaml:25: WasmPlugin/p: field `spec.match`: `header-propagation` runs only on what goes out of default/web-v1, so it cannot pass on what came in; let it run on what comes in as well (`mode: CLIENT_AND_SERVER`, `patchContext: ANY`)
    warning: mesh.yaml:25: WasmPlugin/p: field `spec.match`: `header-propagation` runs only on what comes in to default/web-v1, so it cannot pass on what came in; let it run on what goes out as well (`mode: CLIENT_AND_SERVER`, `patchContext: ANY`)
    warning: mesh.yaml:25: WasmPlugin/p: field `spec.match`: `traffic-label` runs only on what comes in to default/web-v1, so it cannot pass on what came in; let it run on what goes out as well (`mode: CLIENT_AND_SERVER`, `patchContext: ANY`)
    warning: mesh.yaml:25: WasmPlugin/p: field `spec.match`: `traffic-label` runs only on what goes out of default/web-v1, so it cannot pass on what came in; let it run on what comes in as well (`mode: CLIENT_AND_SERVER`, `patchContext: ANY`)
    warning: mesh.yaml:25: ASMFilterDeployment/asm: field `spec.filter.patchContext`: `header-propagation` runs only on what goes out of default/web-v1, so it cannot pass on what came in; let it run on what comes in as well (`mode: CLIENT_AND_SERVER`, `patchContext: ANY`)
    warning: mesh.yaml:25: WasmPlugin/p: field `spec.match`: `header-propagation` runs only on what goes out of default/web-v1, so it cannot pass on what came in; let it run on what comes in as well (`mode: CLIENT_AND_SERVER`, `patchContext: ANY`)
    ");
}

/// An EnvoyFilter that puts a module into the chains of one side.
fn envoy_filter(name: &str, context: &str, file: &str, vm_id: &str, wrapped: bool) -> String {
    let config = format!("{{config: {{vm_config: {{vm_id: {vm_id}, code: {{local: {{filename: {file}}}}}}}}}}}");
    let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
    let typed = match wrapped {
        true => format!("{{'@type': type.googleapis.com/udpa.type.v1.TypedStruct, type_url: {wasm}, value: {config}}}"),
        false => config.replacen('{', &format!("{{'@type': {wasm}, "), 1),
    };
    format!(
        "---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{name: {name}}}\nspec:\n  \
         workloadSelector: {{labels: {{app: web}}}}\n  configPatches:\n  - applyTo: HTTP_FILTER\n    \
         match: {{context: {context}}}\n    patch: {{operation: INSERT_BEFORE, value: {{name: wasm, typed_config: {typed}}}}}\n"
    )
}

#[test]
fn two_sides_of_a_module_need_one_vm_id() {
    let web = || service("web", &["v1"]);
    let outbound = |vm_id| envoy_filter("out", "SIDECAR_OUTBOUND", "/a.wasm", vm_id, false);
    let inbound = |file, vm_id| envoy_filter("in", "SIDECAR_INBOUND", file, vm_id, true);
    let elsewhere = inbound("/a.wasm", "b").replace("app: web", "app: other");
    for sound in [
        outbound("a"),
        outbound("a") + &inbound("/a.wasm", "a"),
        outbound("a") + &inbound("/b.wasm", "b"),
        outbound("a") + &elsewhere,
        outbound("a") + &inbound("/a.wasm", "a") + &inbound("/a.wasm", "b").replace("name: in}", "name: other}"),
    ] {
        assert_eq!(lints(&(web() + &sound)), "", "{sound}");
    }
    insta::assert_snapshot!(lints(&(web() + &outbound("a") + &inbound("/a.wasm", "b"))), @"warning: mesh.yaml:16: EnvoyFilter/out: field `spec.configPatches[0].patch.value`: `vm_id` is `a`, but the filter with the same module at `spec.configPatches[0].patch.value` of EnvoyFilter/in has `b`: what came in cannot be found when a request goes out; give both the same");
    insta::assert_snapshot!(messages(&(web() + &outbound("a"))), @"warning: mesh.yaml:16: EnvoyFilter/out: kind `EnvoyFilter` of `networking.istio.io/v1alpha3` is not modelled: the resource is left out");
}

#[test]
fn weights_have_to_add_up_to_100() {
    let http = "  - match: [{uri: {prefix: /a}}]\n    \
        route: [{destination: {host: web}, weight: 10}, {destination: {host: web}, weight: 80}]\n  \
        - match: [{uri: {prefix: /b}}]\n    route: [{destination: {host: web}, weight: 50}]\n  \
        - route: [{destination: {host: web}, weight: 50}, {destination: {host: web}, weight: 50}]\n";
    let split = "  pluginConfig: {labels: [{name: lane, rules: [{split: {weights: [v1: 0.25, v2: 99.75]}}, \
        {split: {weights: [v1: 10, v2: 80.5]}}]}]}\n";
    let text = service("web", &["v1", "v2"])
        + &virtual_service(http)
        + &subsets("{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}")
        + &wasm_plugin("lane", "traffic-label", split);
    insta::assert_snapshot!(lints(&text), @"
    warning: mesh.yaml:25: VirtualService/web: field `spec.http[0].route`: expected weights whose sum is 100, but found 90; make them add up to 100
    warning: mesh.yaml:42: WasmPlugin/lane: field `spec.pluginConfig.labels[0].rules[1].split.weights`: expected weights whose sum is 100, but found 90.5; make them add up to 100
    ");
}

/// Whether the second of two matches can never match after the first.
fn shadows(first: &str, second: &str) -> bool {
    let rule = |entry: &str| format!("  - match: [{entry}]\n    directResponse: {{status: 200}}\n");
    lints(&(service("web", &["v1"]) + &virtual_service(&(rule(first) + &rule(second))))).contains("never matches")
}

#[test]
fn a_wider_match_shadows_a_narrower_one() {
    for (wide, narrow) in [
        ("{}", "{uri: {exact: /a}}"),
        ("{uri: {prefix: /}}", "{headers: {x: {exact: '1'}}}"),
        ("{uri: {prefix: /a}}", "{uri: {exact: /abc}}"),
        ("{uri: {prefix: /a}}", "{uri: {prefix: /a/b}, method: {exact: GET}}"),
        ("{headers: {x: {}}}", "{headers: {X: {exact: '1'}}}"),
        ("{headers: {x: {prefix: v}}}", "{headers: {x: {exact: v1}, y: {exact: '1'}}}"),
        ("{queryParams: {v: {regex: '[0-9]'}}}", "{queryParams: {v: {regex: '[0-9]'}}}"),
        ("{port: 80}", "{port: 80, sourceLabels: {app: web}}"),
        ("{sourceNamespace: a}", "{sourceNamespace: a}"),
        ("{withoutHeaders: {x: {exact: v1}}}", "{withoutHeaders: {x: {prefix: v}}}"),
        ("{gateways: [mesh]}", "{gateways: [mesh], scheme: {exact: http}}"),
    ] {
        assert!(shadows(wide, narrow), "{wide} then {narrow}");
    }
    for (narrow, other) in [
        ("{uri: {exact: /a}}", "{}"),
        ("{uri: {exact: /a}}", "{uri: {prefix: /a}}"),
        ("{uri: {prefix: /a/b}}", "{uri: {prefix: /a}}"),
        ("{uri: {regex: '/.*'}}", "{uri: {exact: /a}}"),
        ("{headers: {x: {exact: v1}}}", "{headers: {x: {exact: v2}}}"),
        ("{headers: {x: {exact: v1}}}", "{headers: {y: {exact: v1}}}"),
        ("{port: 80}", "{port: 81}"),
        ("{sourceLabels: {app: web}}", "{}"),
        ("{withoutHeaders: {x: {prefix: v}}}", "{withoutHeaders: {x: {exact: v1}}}"),
        ("{gateways: [mesh]}", "{uri: {prefix: /a}}"),
    ] {
        assert!(!shadows(narrow, other), "{narrow} then {other}");
    }
}

#[test]
fn rules_that_never_match_name_the_one_before_them() {
    let http = "  - match: [{uri: {prefix: /a}}]\n    directResponse: {status: 200}\n  \
        - match: [{uri: {prefix: /a/b}}, {uri: {exact: /c}}]\n    directResponse: {status: 201}\n  \
        - directResponse: {status: 202}\n  \
        - match: [{uri: {prefix: /d}}, {uri: {exact: /e}}]\n    directResponse: {status: 203}\n";
    let rules = "  pluginConfig: {labels: [{name: lane, rules: [{when: {path: /a}, value: v1}, \
        {split: {weights: [v1: 100]}}, {when: {path: /b}, value: v1}, {when: {path: /a}, value: v1}, {value: v1}, \
        {when: {path: /c}, value: v1}]}]}\n";
    let text = service("web", &["v1"])
        + &virtual_service(http)
        + &subsets("{name: v1, labels: {version: v1}}")
        + &wasm_plugin("lane", "traffic-label", rules);
    insta::assert_snapshot!(lints(&text), @"
    warning: mesh.yaml:16: VirtualService/web: field `spec.http[1].match[0]`: never matches, because `spec.http[0]` already takes every request that it would; put it before that one or remove it
    warning: mesh.yaml:16: VirtualService/web: field `spec.http[3]`: never matches, because `spec.http[2]` already takes every request that it would; put it before that one or remove it
    warning: mesh.yaml:35: WasmPlugin/lane: field `spec.pluginConfig.labels[0].rules[3]`: never matches, because `spec.pluginConfig.labels[0].rules[0]` already takes every request that it would; put it before that one or remove it
    warning: mesh.yaml:35: WasmPlugin/lane: field `spec.pluginConfig.labels[0].rules[5]`: never matches, because `spec.pluginConfig.labels[0].rules[4]` already takes every request that it would; put it before that one or remove it
    ");
}
