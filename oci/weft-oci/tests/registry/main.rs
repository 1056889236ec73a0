//! A real registry, and clients that are not ours: what we push they read, and what they push we judge and repair.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod docker_registry;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci::Digest;
use serde_json::{Value, json};
use suite::parts::available;

use docker_registry::{DockerRegistry, program};

fn skopeo() -> Option<()> {
    available("skopeo", program("skopeo", &["--version"], "apt-get install skopeo"))
}

fn oras() -> Option<()> {
    available("oras-py", program("python3", &["-c", "import oras.client"], "pip install oras"))
}

/// The digest at the end of the first line that `push` prints.
fn digest(pushed: &str) -> Digest {
    let first = pushed.lines().next().expect("a line");
    first.split_once('@').expect("a digest").1.parse().expect("a digest")
}

#[test]
fn every_filter_is_pushed_and_other_clients_read_the_same() {
    let Some(registry) = available("docker-registry", DockerRegistry::anonymous()) else { return };
    let (skopeo, oras) = (skopeo(), oras());
    for module in artifacts::MODULES {
        let image = registry.image(&format!("mesh/{}:0.1.0", module.name));
        let pushed = registry.good_weft_oci(&["push", module.name, &image]);
        let digest = digest(&pushed);
        assert!(pushed.contains(&format!("module    {}", Digest::of(module.bytes))), "{pushed}");
        let consumers = ["--consumer", "istio", "--consumer", "envoy-gateway", "--consumer", "asm"];
        let verified = [&["verify", &image, "--sha256", digest.hex()], &consumers[..]].concat();
        assert_eq!(registry.good_weft_oci(&verified).matches('✓').count(), 3);
        registry.good_weft_oci(&["pull", &image, "-o", "pulled.wasm"]);
        assert_eq!(fs::read(registry.path().join("pulled.wasm")).unwrap(), module.bytes);
        if skopeo.is_some() {
            let url = format!("docker://{image}");
            let raw = registry.good("skopeo", &["inspect", "--raw", "--tls-verify=false", &url]);
            assert_eq!(Digest::of(raw.as_bytes()), digest, "skopeo reads another manifest");
            let layout = format!("oci:{}:1", module.name);
            registry.good("skopeo", &["copy", "--src-tls-verify=false", "--preserve-digests", &url, &layout]);
            let copied = registry.good_weft_oci(&["inspect", module.name, "--json"]);
            assert!(copied.contains(digest.as_str()), "skopeo copied another manifest: {copied}");
        }
        if oras.is_some() {
            let script = format!(
                "import oras.client as c\nc.OrasClient(hostname='{}', insecure=True).pull(target='{image}', outdir='oras')",
                registry.host
            );
            registry.good("python3", &["-c", &script]);
            assert_eq!(fs::read(registry.path().join("oras/plugin.wasm")).unwrap(), module.bytes);
            let config: Value =
                serde_json::from_slice(&fs::read(registry.path().join("oras/runtime-config.json")).unwrap()).unwrap();
            assert_eq!(config["type"], "envoy_proxy");
        }
    }
}

#[test]
fn a_registry_with_passwords_is_for_those_who_have_one() {
    let Some(registry) = available("docker-registry", DockerRegistry::with_password()) else { return };
    let image = registry.image("x:1");
    let push = ["push", "header-propagation", &image];
    let refused = registry.weft_oci(&push);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("the registry answered 401") && said.contains("docker login"), "{said}");
    let with_password = |password: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft-oci"));
        let mut child = command
            .args(push)
            .args(["--username", "weft", "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command runs");
        writeln!(child.stdin.take().expect("it is piped"), "{password}").expect("it reads");
        child.wait().expect("it ends").success()
    };
    assert!(!with_password("guess"));
    assert!(
        !registry.path().join("images/docker/registry/v2/repositories/x/_manifests/tags").exists(),
        "nothing is tagged"
    );
    assert!(with_password("secret"));
    let auth = json!({"auths": {registry.host.as_str(): {"auth": STANDARD.encode("weft:secret")}}});
    fs::write(registry.path().join("docker/config.json"), auth.to_string()).expect("a file");
    registry.good_weft_oci(&push);
    // A helper stands in for the keychain of a desktop.
    let helper = registry.path().join("docker-credential-test");
    fs::write(&helper, "#!/bin/sh\ncat >/dev/null\necho '{\"Username\": \"weft\", \"Secret\": \"secret\"}'\n")
        .expect("a file");
    registry.good("chmod", &["+x", "docker-credential-test"]);
    let helpers = json!({"credHelpers": {registry.host.as_str(): "test"}});
    fs::write(registry.path().join("docker/config.json"), helpers.to_string()).expect("a file");
    let path = format!("{}:{}", registry.path().display(), std::env::var("PATH").unwrap_or_default());
    let command = format!("PATH='{path}' '{}' verify {image}", env!("CARGO_BIN_EXE_weft-oci"));
    registry.good("sh", &["-c", &command]);
}

#[test]
fn what_the_guides_push_is_explained_and_repaired() {
    let Some(registry) = available("docker-registry", DockerRegistry::anonymous()) else { return };
    let Some(()) = oras() else { return };
    let image = registry.image("propaganda:1");
    let module = artifacts::module("header-propagation").expect("the filter").bytes;
    fs::write(registry.path().join("propaganda.wasm"), module).expect("a file");
    let config = r#"{"type":"envoy_proxy","abiVersions":["v0-541b2c1155fffb15ccde92b8324f3e38f7339ba6","v0.2.1"],"config":{"rootIds":["propaganda_filter_root"]}}"#;
    fs::write(registry.path().join("runtime-config.json"), config).expect("a file");
    let script = format!(
        "import oras.client as c\nc.OrasClient(hostname='{}', insecure=True).push(target='{image}', \
         manifest_config='runtime-config.json:application/vnd.module.wasm.config.v1+json', \
         files=['propaganda.wasm:application/vnd.module.wasm.content.layer.v1+wasm'])",
        registry.host
    );
    registry.good("python3", &["-c", &script]);
    let verdict = registry.weft_oci(&["verify", &image]);
    let said = String::from_utf8_lossy(&verdict.stdout).into_owned();
    assert_eq!(verdict.status.code(), Some(1), "{said}");
    assert!(said.contains("number of layers must be 2 but got 1") && said.contains("--fix"), "{said}");
    registry.good_weft_oci(&["verify", &image, "--consumer", "asm"]);
    let fixed = registry.image("propaganda:1-fixed");
    registry.good_weft_oci(&["copy", &image, &fixed, "--fix"]);
    let all = ["--consumer", "istio", "--consumer", "envoy-gateway", "--consumer", "asm"];
    registry.good_weft_oci(&[&["verify", &fixed], &all[..]].concat());
    let inspected: Value = serde_json::from_str(&registry.good_weft_oci(&["inspect", &fixed, "--json"])).unwrap();
    assert_eq!(inspected["runtimeConfig"]["config"]["rootIds"], json!(["propaganda_filter_root"]));
    assert_eq!(inspected["module"]["digest"], json!(Digest::of(module)));
}

#[test]
fn an_image_of_buildah_is_accepted() {
    let Some(registry) = available("docker-registry", DockerRegistry::anonymous()) else { return };
    let buildah = program("buildah", &["--version"], "apt-get install buildah");
    let Some(()) = available("buildah", buildah) else { return };
    let module = artifacts::module("header-propagation").expect("the filter").bytes;
    fs::write(registry.path().join("plugin.wasm"), module).expect("a file");
    let buildah = |arguments: &[&str]| {
        let storage = ["--root", "storage", "--runroot", "run", "--storage-driver", "vfs"];
        registry.good("buildah", &[&storage[..], arguments].concat()).trim().to_owned()
    };
    let container = buildah(&["from", "scratch"]);
    buildah(&["copy", &container, "plugin.wasm", "/plugin.wasm"]);
    for (format, found) in [("oci", "container image"), ("docker", "Docker image")] {
        let image = registry.image(&format!("built:{format}"));
        buildah(&["commit", "--format", format, "--timestamp", "0", &container, &format!("built-{format}")]);
        buildah(&["push", "--tls-verify=false", &format!("built-{format}"), &format!("docker://{image}")]);
        let verified =
            registry.good_weft_oci(&["verify", &image, "--consumer", "istio", "--consumer", "envoy-gateway"]);
        assert!(verified.contains(found), "{verified}");
    }
}

#[test]
fn oci_image_tool_finds_nothing_wrong_with_an_image() {
    let tool = program("oci-image-tool", &["--version"], "apt-get install oci-image-tool");
    let Some(()) = available("oci-image-tool", tool) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let layout = folder.path().join("layout").display().to_string();
    let packed = Command::new(env!("CARGO_BIN_EXE_weft-oci"))
        .args(["pack", "header-propagation", "--layout", "image", "--tag", "v1", "-o", &layout])
        .output()
        .expect("the command runs");
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let checked = program("oci-image-tool", &["validate", "--type", "image", "--ref", "name=v1", &layout], "");
    assert_eq!(checked, Ok(()));
}

#[test]
fn a_signature_is_checked_by_openssl_and_a_bill_is_listed() {
    let Some(registry) = available("docker-registry", DockerRegistry::anonymous()) else { return };
    let openssl = program("openssl", &["version"], "apt-get install openssl");
    let Some(()) = available("openssl", openssl) else { return };
    let image = registry.image("signed:1");
    let digest = digest(&registry.good_weft_oci(&["push", "header-propagation", &image]));
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "plain.key"];
    registry.good("openssl", &[&["genpkey"], &curve[..]].concat());
    registry.good("openssl", &["pkey", "-in", "plain.key", "-pubout", "-out", "plain.pub"]);

    let check = ["verify-signature", &image, "--key", "plain.pub"];
    assert_eq!(registry.weft_oci(&check).status.code(), Some(1), "it is not signed yet");
    registry.good_weft_oci(&["sign", &image, "--key", "plain.key"]);
    registry.good_weft_oci(&check);

    // What cosign would do: the payload is the layer, the signature its annotation.
    let place = registry.image(&format!("signed:sha256-{}.sig", digest.hex()));
    registry.good_weft_oci(&["copy", &place, "./signature"]);
    let content = oci::image_layout::read(&registry.path().join("signature"), None).expect("a layout");
    let Ok(oci::Root::Manifest(manifest)) = content.read() else { panic!("expected a manifest") };
    let layer = &manifest.layers[0];
    let payload = content.blob(&layer.digest).expect("the payload");
    fs::write(registry.path().join("payload"), payload).expect("a file");
    let signature = STANDARD.decode(&layer.annotations["dev.cosignproject.cosign/signature"]).expect("base64");
    fs::write(registry.path().join("sig"), signature).expect("a file");
    let verify = ["dgst", "-sha256", "-verify", "plain.pub", "-signature", "sig", "payload"];
    assert_eq!(registry.good("openssl", &verify).trim(), "Verified OK");
    let payload: Value = serde_json::from_slice(payload).expect("JSON");
    assert_eq!(payload["critical"]["image"]["docker-manifest-digest"], json!(digest));

    // This registry has no referrers API, so the list is under a tag.
    registry.good_weft_oci(&["sbom", "header-propagation", "--attach", &image]);
    registry.good_weft_oci(&["sbom", "header-propagation", "--attach", &image]);
    let list = registry.image(&format!("signed:sha256-{}", digest.hex()));
    let listed: Value = serde_json::from_str(&registry.good_weft_oci(&["inspect", &list, "--json"])).unwrap();
    let manifests = listed["manifests"].as_array().expect("an index");
    assert_eq!(manifests.len(), 1, "attaching the same twice lists it once");
    assert_eq!(manifests[0]["artifactType"], "application/vnd.cyclonedx+json");
    let other = registry.weft_oci(&["sbom", "grpc-json-transcoder", "--attach", &image]);
    assert_eq!(other.status.code(), Some(2), "a bill is for the module that is in the image");
}
