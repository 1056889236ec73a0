//! Which module a plugin gets: a built-in filter, or an image that somebody pulls.

use std::cell::RefCell;

use super::*;
use crate::mesh::{Modules, WantedImage};

const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Built-in filters and a registry where every image is there, but one.
#[derive(Default)]
struct Registry {
    pulled: RefCell<Vec<String>>,
}

impl Modules for Registry {
    fn builtin(&self, name: &str) -> Option<Module> {
        builtin(name)
    }

    fn image(&self, wanted: &WantedImage<'_>) -> Option<Result<Module, String>> {
        self.pulled.borrow_mut().push(format!("{} {}", wanted.url, wanted.consumer));
        let module = Module { name: wanted.url.to_owned(), bytes: Arc::from(&b"\0asm"[..]) };
        Some(if wanted.url.contains("broken") { Err("not today".to_owned()) } else { Ok(module) })
    }
}

/// The name of the module that a plugin with this in its `spec` gets, and what was pulled.
fn module_of(kind: &str, spec: &str) -> (Result<String, String>, Vec<String>) {
    let (group, version) = match kind {
        "ASMFilterDeployment" => ("istio.alibabacloud.com", "v1beta1"),
        _ => ("extensions.istio.io", "v1alpha1"),
    };
    let plugin = format!("---\napiVersion: {group}/{version}\nkind: {kind}\nmetadata: {{name: p}}\nspec: {spec}\n");
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("mesh.yaml"), service("web", &["v1"]) + &plugin).expect("a file");
    std::fs::write(folder.path().join("weft.yaml"), "apps: {\"*\": {builtin: hello}}").expect("a file");
    let registry = Registry::default();
    let loaded = load(&[folder.path().to_owned()], &mut Ports::default(), &registry);
    let name = match loaded {
        Ok(mesh) => Ok(super::plugin(listener(&mesh, "web", "virtualOutbound"), 0).module.name.clone()),
        Err(failure) => Err(failure.findings.errors.iter().map(|it| it.problem.to_string()).collect()),
    };
    (name, registry.pulled.into_inner())
}

#[test]
fn an_image_is_pulled_if_it_is_pinned_or_no_filter_has_its_name() {
    let pinned = format!("oci://r.test/cors:1@sha256:{DIGEST}");
    for (kind, spec, expected, pulled) in [
        ("WasmPlugin", "{url: 'oci://r.test/cors:1'}".to_owned(), "cors", None),
        ("WasmPlugin", "{url: 'builtin:cors', sha256: ''}".to_owned(), "cors", None),
        (
            "WasmPlugin",
            "{url: 'oci://r.test/mine:1'}".to_owned(),
            "oci://r.test/mine:1",
            Some("oci://r.test/mine:1 Istio"),
        ),
        ("WasmPlugin", format!("{{url: '{pinned}'}}"), &pinned, Some("Istio")),
        (
            "WasmPlugin",
            format!("{{url: 'oci://r.test/cors:1', sha256: {DIGEST}}}"),
            "oci://r.test/cors:1",
            Some("Istio"),
        ),
        ("TrafficExtension", format!("{{wasm: {{url: '{pinned}'}}}}"), &pinned, Some("Istio")),
        (
            "ASMFilterDeployment",
            "{workload: {kind: Deployment}, filter: {patchContext: ANY, image: r.test/mine:1}}".to_owned(),
            "r.test/mine:1",
            Some("r.test/mine:1 ASM"),
        ),
    ] {
        let (name, asked) = module_of(kind, &spec);
        assert_eq!(name.as_deref(), Ok(expected), "{spec}");
        assert_eq!(asked.len(), usize::from(pulled.is_some()), "{spec}");
        assert!(pulled.is_none_or(|pulled| asked[0].contains(pulled)), "{spec}: {asked:?}");
    }
}

#[test]
fn an_image_that_cannot_be_pulled_is_an_error_and_no_filter_stands_in_for_it() {
    let (said, _) = module_of("WasmPlugin", &format!("{{url: 'oci://r.test/broken/cors:1', sha256: {DIGEST}}}"));
    insta::assert_snapshot!(said.expect_err("not today"), @"field `spec.url`: expected `file://…`, a built-in filter or an image that is there, but found `oci://r.test/broken/cors:1`: not today");
    let (said, _) = module_of("TrafficExtension", "{wasm: {url: 'oci://r.test/broken:1'}}");
    insta::assert_snapshot!(said.expect_err("not today"), @"field `spec.wasm.url`: expected `file://…`, a built-in filter or an image that is there, but found `oci://r.test/broken:1`: not today");
}

#[test]
fn a_traffic_extension_is_a_wasm_plugin_with_its_module_in_a_field() {
    let spec = "selector: {matchLabels: {app: web}}, phase: AUTHN, priority: 3, match: [{mode: CLIENT}]";
    let module =
        "url: 'builtin:cors', pluginName: root, failStrategy: FAIL_OPEN, imagePullSecret: s, pluginConfig: {a: null}";
    let text = format!(
        "---\napiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\nmetadata: {{name: p}}\nspec: {{{spec}, wasm: {{{module}}}}}\n\
         ---\napiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\nmetadata: {{name: l}}\nspec: {{lua: {{inlineCode: x}}}}\n"
    );
    let mesh = load_text(&(service("web", &["v1"]) + &text)).expect("a mesh");
    assert_eq!(filter_names(listener(&mesh, "web", "virtualInbound-8080")), [""; 0]);
    let plugin = plugin(listener(&mesh, "web", "virtualOutbound"), 0);
    assert_eq!((plugin.root_id.as_str(), plugin.configuration.as_slice()), ("root", &br#"{"a":null}"#[..]));
    let warnings: Vec<_> = mesh.warnings.iter().map(|it| it.problem.to_string()).collect();
    assert_eq!(warnings, ["field `spec.lua`: not modelled: the extension is left out"]);
}
