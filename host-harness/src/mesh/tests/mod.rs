//! Whole manifests in, proxies and messages out.

mod labels;
mod lints;
mod messages;
mod modules;
mod plugins;
mod routing;
mod subset_labels;
mod workloads;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{LoadFailure, Mesh, Ports, load};
use crate::bootstrap::{HttpFilter, Listener, Module, Plugin, Proxy, RandomValue};
use crate::envoy::HeaderMap;

/// A folder of `tests/meshes`.
fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/meshes").join(name)
}

/// The built-in filters of these tests.
fn builtin(name: &str) -> Option<Module> {
    let known = ["header-propagation", "cors", "traffic-label"].contains(&name);
    known.then(|| Module { name: name.to_owned(), bytes: Arc::from(&b"\0asm"[..]) })
}

fn load_committed(name: &str) -> Result<Mesh, LoadFailure> {
    load(&[committed(name)], &mut Ports::default(), &builtin)
}

/// Loads manifests given as text, with every image an application.
fn load_text(text: &str) -> Result<Mesh, LoadFailure> {
    load_in(&tempfile::tempdir().expect("a temporary folder"), text)
}

fn load_in(folder: &tempfile::TempDir, text: &str) -> Result<Mesh, LoadFailure> {
    std::fs::write(folder.path().join("mesh.yaml"), text).expect("a file");
    std::fs::write(folder.path().join("weft.yaml"), "apps: {\"*\": {builtin: hello}}").expect("a file");
    std::fs::write(folder.path().join("stamp.wasm"), b"\0asm\x01\0\0\0").expect("a file");
    load(&[folder.path().to_owned()], &mut Ports::default(), &builtin)
}

/// What loading a text says: its errors, then its warnings. Files are named without their folder.
fn messages(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (errors, warnings) = match load_in(&folder, text) {
        Ok(mesh) => (Vec::new(), mesh.warnings),
        Err(failure) => (failure.findings.errors, failure.findings.warnings),
    };
    let errors = errors.iter().map(|it| format!("error: {it}\n"));
    let all: String = errors.chain(warnings.iter().map(|it| format!("warning: {it}\n"))).collect();
    let folder = folder.path().display().to_string();
    all.replace(&format!("{folder}/"), "").replace(&folder, "FOLDER")
}

/// A Service and the Deployments of its versions, as short as they can be.
fn service(name: &str, versions: &[&str]) -> String {
    let mut text = format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}\n"
    );
    for version in versions {
        let labels = format!("{{app: {name}, version: {version}}}");
        text.push_str(&format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}-{version}}}\nspec:\n  \
             selector: {{matchLabels: {labels}}}\n  template:\n    metadata: {{labels: {labels}}}\n    \
             spec: {{containers: [{{name: app, image: test/{name}, ports: [{{containerPort: 8080}}]}}]}}\n"
        ));
    }
    text
}

fn proxy<'a>(mesh: &'a Mesh, beginning: &str) -> &'a Proxy {
    mesh.proxies.iter().find(|it| it.name.starts_with(beginning)).expect("a proxy of this name")
}

fn listener<'a>(mesh: &'a Mesh, proxy_name: &str, name: &str) -> &'a Listener {
    let proxy = proxy(mesh, proxy_name);
    proxy.listeners.iter().find(|it| it.name == name).expect("a listener of this name")
}

fn plugin(listener: &Listener, index: usize) -> &Plugin {
    match &listener.filters[index] {
        HttpFilter::Wasm(plugin) => plugin,
        HttpFilter::Native { name, .. } => panic!("expected a plugin, but found {name}"),
    }
}

fn filter_names(listener: &Listener) -> Vec<&str> {
    listener
        .filters
        .iter()
        .map(|filter| match filter {
            HttpFilter::Wasm(plugin) => plugin.name.as_str(),
            HttpFilter::Native { name, .. } => name,
        })
        .collect()
}

/// The cluster that a listener sends a request to; `extra` are further headers.
fn routed(listener: &Listener, authority: &str, path: &str, extra: &[(&str, &str)]) -> String {
    let mut headers = HeaderMap::from_pairs([(":authority", authority), (":path", path), (":method", "GET")]);
    for (name, value) in extra {
        headers.add(name.as_bytes(), value.as_bytes());
    }
    match listener.routes.select(&headers, &|_| None) {
        None => "no route".to_owned(),
        Some((_, route)) => match route.action.cluster(RandomValue(0)) {
            Some(cluster) => cluster.to_owned(),
            None => format!("{:?}", route.action),
        },
    }
}
