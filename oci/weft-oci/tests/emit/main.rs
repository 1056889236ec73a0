//! What `weft-oci emit` writes: every target for every filter, held to the consumers' schemas; and what it refuses.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod schema;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const TARGETS: [&str; 7] = [
    "wasmplugin",
    "trafficextension",
    "envoyfilter",
    "asmfilterdeployment",
    "envoyextensionpolicy",
    "higress",
    "envoy",
];

/// A folder with configurations.
struct Workbench(tempfile::TempDir);

const LABELS: &str = r#"{"labels": [{"name": "x-lane", "values": {"exact": ["base", "gray"]}, "default": "base"}]}"#;

const POLICIES: &str =
    r#"{"policies": [{"corsPolicy": {"allowOrigins": ["https://www.example.com"], "maxAge": "24h"}}]}"#;

impl Workbench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("propagation.yaml", "propagate:\n  exact: [route-v]\n");
        write("label.json", LABELS);
        write("policies.json", POLICIES);
        let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/meshes/s2-transcoding/landing.proto");
        write("landing.proto", &std::fs::read_to_string(proto).expect("the guides' service"));
        write("options.yaml", "auto_mapping: true\nprint_options: {add_whitespace: true}\n");
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft-oci"));
        command.args(arguments).current_dir(self.0.path()).output().expect("the command runs")
    }

    /// The manifest and the notes beside it.
    fn emit(&self, arguments: &[&str]) -> (String, String) {
        let Output { status, stdout, stderr } = self.run(&[&["emit"], arguments].concat());
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert!(status.success(), "{arguments:?}: {stderr}");
        (stdout, stderr)
    }

    /// Why there is none, which is the user's to know.
    fn refusal(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.run(&[&["emit"], arguments].concat());
        assert_eq!((status.code(), stdout.as_slice()), (Some(2), &b""[..]), "{arguments:?}");
        String::from_utf8(stderr).unwrap()
    }
}

/// Each filter's own arguments.
fn arguments(filter: &str) -> Vec<&'static str> {
    match filter {
        "cors" => vec!["--config", "policies.json"],
        "grpc-json-transcoder" => {
            let service = ["--service", "org.feuyeux.grpc.LandingService"];
            [&["--config", "options.yaml", "--proto", "landing.proto"][..], &service].concat()
        }
        "header-propagation" => vec!["--config", "propagation.yaml"],
        "traffic-label" => vec!["--config", "label.json"],
        other => panic!("expected arguments for {other}"),
    }
}

/// What a target needs beside them.
fn place(target: &str) -> Vec<&'static str> {
    match target {
        "envoyextensionpolicy" => vec!["--target", "Gateway/eg"],
        "asmfilterdeployment" => vec!["--label", "app=hello1-deploy-v2"],
        _ => Vec::new(),
    }
}

fn image(filter: &str) -> String {
    format!("registry.example.com/mesh/{filter}:0.1.0@{DIGEST}")
}

#[test]
fn every_target_is_written_for_every_filter_and_fits_its_schema() {
    let bench = Workbench::new();
    for module in artifacts::MODULES {
        for target in TARGETS {
            let image = image(module.name);
            let given =
                [&[target, module.name, "--image", &image][..], &arguments(module.name), &place(target)].concat();
            let (manifest, notes) = bench.emit(&given);
            let value: Value = serde_yaml_ng::from_str(&manifest).expect("YAML");
            if target != "envoy" {
                let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{target}.yaml"));
                let schema = std::fs::read_to_string(schema).expect("a schema");
                let schema: Value = serde_yaml_ng::from_str(&schema).expect("YAML");
                let problems = schema::problems(&schema, &value);
                assert!(problems.is_empty(), "{target} {}: {problems:#?}", module.name);
            }
            insta::assert_snapshot!(format!("{target}_{}", module.name), format!("{manifest}---\n{notes}"));
        }
    }
}

#[test]
fn everything_that_is_said_on_the_command_line_is_in_the_manifest() {
    let bench = Workbench::new();
    let image = image("hp");
    let (manifest, notes) = bench.emit(&[
        "wasmplugin",
        "header-propagation",
        "--config",
        "propagation.yaml",
        "--image",
        &image,
        "--name",
        "mine",
        "-n",
        "shop",
        "--label",
        "app=web",
        "--phase",
        "stats",
        "--priority",
        "-7",
        "--mode",
        "client",
        "--port",
        "8080",
        "--port",
        "9090",
        "--fail-strategy",
        "close",
        "--root-id",
        "other",
        "--pull-secret",
        "creds",
        "--pull-policy",
        "always",
        "--env",
        "LANE=1",
    ]);
    insta::assert_snapshot!(manifest, @r#"
    apiVersion: extensions.istio.io/v1alpha1
    kind: WasmPlugin
    metadata:
      name: mine
      namespace: shop
    spec:
      selector:
        matchLabels:
          app: web
      url: oci://registry.example.com/mesh/hp:0.1.0@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
      # With oci:// this is the digest of the manifest, as after @ in the url; both must agree. Istio
      # checks no signatures: the digest is what pins the module.
      sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
      imagePullPolicy: Always
      imagePullSecret: creds
      phase: STATS
      priority: -7
      match:
        - mode: CLIENT
          ports:
            - number: 8080
            - number: 9090
      failStrategy: FAIL_CLOSE
      pluginName: other
      vmConfig:
        env:
          - name: LANE
            valueFrom: INLINE
            value: "1"
      pluginConfig:
        propagate:
          exact:
            - route-v
    "#);
    insta::assert_snapshot!(notes, @"
    note: the secret creds must be in the same namespace and of type kubernetes.io/dockerconfigjson:
      kubectl create secret docker-registry creds --namespace shop --docker-server registry.example.com --docker-username … --docker-password …
    ");
}

#[test]
fn a_configuration_that_the_filter_refuses_is_never_written() {
    let bench = Workbench::new();
    std::fs::write(bench.0.path().join("bad.yaml"), "propagate: {exakt: [a], max: 0}").expect("a file");
    let image = image("hp");
    insta::assert_snapshot!(bench.refusal(&["wasmplugin", "header-propagation", "--config", "bad.yaml", "--image", &image]), @r#"
    error: bad.yaml: propagate: expected names in exact, prefix, suffix or regex, but found none
    error: bad.yaml: propagate.max: expected 1 to 128, but found 0
    error: bad.yaml: propagate.exakt: expected exact, but found "exakt"
    "#);
    let unknown =
        ["wasmplugin", "grpc-json-transcoder", "--proto", "landing.proto", "--service", "a.B", "--image", &image];
    insta::assert_snapshot!(bench.refusal(&unknown), @"error: landing.proto: expected a service of the descriptor set, but found `a.B`; there is `org.feuyeux.grpc.LandingService`");
}

#[test]
fn what_a_version_or_a_target_does_not_know_is_refused() {
    let bench = Workbench::new();
    let image = image("hp");
    let refused = |target: &str, more: &[&str]| {
        let given = [target, "header-propagation", "--config", "propagation.yaml", "--image", &image];
        bench.refusal(&[&given[..], more].concat())
    };
    insta::assert_snapshot!([
        refused("wasmplugin", &["--istio", "1.11", "--mode", "client", "--env", "A=1"]),
        refused("wasmplugin", &["--istio", "1.26", "--fail-strategy", "reload"]),
        refused("trafficextension", &["--istio", "1.29"]),
        refused("wasmplugin", &["--label", "a=b", "--target", "Service/web"]),
        refused("envoyextensionpolicy", &[]),
        refused("asmfilterdeployment", &[]),
    ].concat(), @"
    error: expected Istio 1.12 or newer for a WasmPlugin, but found 1.11
    error: expected Istio 1.14 or newer for an environment (vmConfig), but found 1.11
    error: expected Istio 1.16 or newer for a choice of traffic (match); give --mode client-and-server and no ports, but found 1.11
    error: expected Istio 1.19 or newer for a failStrategy; give --fail-strategy close, which is what it does, but found 1.11
    error: expected Istio 1.27 or newer for failStrategy FAIL_RELOAD, but found 1.26
    error: expected Istio 1.30 or newer for a TrafficExtension, but found 1.29
    error: expected labels or target references, but found both: the API server refuses that
    error: expected --target KIND/NAME, such as Gateway/eg or HTTPRoute/web, but found none
    error: expected --label KEY=VALUE for the pods of an ASMFilterDeployment, but found none
    ");
    let (old, _) = bench.emit(&[
        "wasmplugin",
        "header-propagation",
        "--config",
        "propagation.yaml",
        "--image",
        &image,
        "--istio",
        "1.15",
        "--fail-strategy",
        "close",
    ]);
    assert!(!old.contains("match:"), "{old}");
}

#[test]
fn a_transport_that_needs_a_host_setting_goes_where_it_can_be_set() {
    let bench = Workbench::new();
    std::fs::write(bench.0.path().join("options.yaml"), "auto_mapping: true\ntransport: inline\n").expect("a file");
    let image = image("t");
    let given = |target| {
        [&[target, "grpc-json-transcoder", "--image", &image][..], &arguments("grpc-json-transcoder")].concat()
    };
    assert!(bench.refusal(&given("wasmplugin")).contains("emit envoyfilter"));
    for target in ["envoyfilter", "envoy"] {
        let (manifest, _) = bench.emit(&given(target));
        assert!(manifest.contains("allow_on_headers_stop_iteration: true"), "{manifest}");
    }
}

#[test]
fn an_envoy_filter_takes_a_file_in_the_place_of_an_image() {
    let given = ["envoyfilter", "header-propagation", "--config", "propagation.yaml", "--image", "r.test/hp:1"];
    let (manifest, _) = Workbench::new().emit(&[&given[..], &["--module-file", "/var/lib/hp.wasm"]].concat());
    assert!(manifest.contains("filename: /var/lib/hp.wasm") && !manifest.contains("http_uri"), "{manifest}");
}

#[test]
fn a_descriptor_set_is_as_good_as_its_proto_file() {
    let bench = Workbench::new();
    let mut compiler =
        protox::Compiler::new([bench.0.path(), &Path::new(env!("CARGO_MANIFEST_DIR")).join("protos")]).unwrap();
    compiler.include_imports(true).include_source_info(true).open_file("landing.proto").unwrap();
    std::fs::write(bench.0.path().join("landing.binpb"), compiler.encode_file_descriptor_set()).unwrap();
    let image = image("t");
    let given =
        ["wasmplugin", "grpc-json-transcoder", "--image", &image, "--service", "org.feuyeux.grpc.LandingService"];
    let of_proto = bench.emit(&[&given[..], &["--proto", "landing.proto"]].concat());
    let of_descriptor = bench.emit(&[&given[..], &["--descriptor", "landing.binpb"]].concat());
    assert_eq!(of_proto, of_descriptor);
}

#[test]
fn the_command_line_of_the_guides_gives_the_equivalent_manifest() {
    let bench = Workbench::new();
    let mut compiler =
        protox::Compiler::new([bench.0.path(), &Path::new(env!("CARGO_MANIFEST_DIR")).join("protos")]).unwrap();
    compiler.include_imports(true).include_source_info(true).open_file("landing.proto").unwrap();
    std::fs::write(bench.0.path().join("landing.proto-descriptor"), compiler.encode_file_descriptor_set()).unwrap();
    let Output { status, stdout, stderr } = bench.run(&[
        "grpc-transcoder",
        "--version",
        "1.7",
        "--service_port",
        "9996",
        "--service_name",
        "grpc-server-svc",
        "--proto_pkg",
        "org.feuyeux.grpc",
        "--proto_svc",
        "LandingService",
        "--descriptor",
        "landing.proto-descriptor",
    ]);
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    insta::assert_snapshot!("grpc_transcoder", format!("{stdout}---\n{stderr}"));
}

#[test]
fn a_resource_that_is_too_large_to_apply_is_said_to_be() {
    let bench = Workbench::new();
    let names: String = (0..9000)
        .map(|number| format!("  string a_rather_long_name_of_a_field_{number} = {};\n", number + 1))
        .collect();
    let text =
        format!("syntax = \"proto3\";\npackage a;\nservice S {{ rpc Go (M) returns (M); }}\nmessage M {{\n{names}}}\n");
    std::fs::write(bench.0.path().join("large.proto"), text).expect("a file");
    let image = image("t");
    let given = [
        "wasmplugin",
        "grpc-json-transcoder",
        "--proto",
        "large.proto",
        "--service",
        "a.S",
        "--config",
        "options.yaml",
    ];
    let (_, notes) = bench.emit(&[&given[..], &["--image", &image]].concat());
    assert!(notes.contains("kubectl apply --server-side"), "{notes}");
}
