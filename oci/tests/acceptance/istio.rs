//! Istio, and Envoy Gateway, which has the same rules and joins its words otherwise.

use oci::{Consumer, Content, Descriptor, Digest, Via, media_type};
use serde_json::json;

use super::ask;
use super::images::{
    Image, RUNTIME_CONFIG, WASM_TO_OCI_CONFIG, WASM_TO_OCI_CONTENT, archive, artifact, cncf, compat, gzip, index,
    module,
};

const HIGRESS_SPEC: &str = "application/vnd.module.wasm.spec.v1+yaml";
const HIGRESS_README: &str = "application/vnd.module.wasm.doc.v1+markdown";

fn higress(archive_last: bool) -> Content {
    let plugin = archive(&[("plugin.wasm", &module())]);
    let image = Image::of_image_config();
    match archive_last {
        true => image.layer(HIGRESS_SPEC, b"a").layer(HIGRESS_README, b"b").layer(media_type::IMAGE_LAYER, &plugin),
        false => image.layer(media_type::IMAGE_LAYER, &plugin).layer(HIGRESS_SPEC, b"a").layer(HIGRESS_README, b"b"),
    }
    .build()
}

fn docker() -> Content {
    let layer = archive(&[("plugin.wasm", &module())]);
    let config = "application/vnd.docker.container.image.v1+json";
    Image::new(config, b"{}").layer(media_type::DOCKER_LAYER, &layer).typed(media_type::DOCKER_MANIFEST).build()
}

/// The layouts that are taken: the research's letter, what it is, the image, how the module is found.
fn accepted() -> Vec<(&'static str, Content, Via)> {
    let module = module();
    let empty = Descriptor::of(media_type::EMPTY, b"{}");
    let superset = archive(&[("plugin.wasm", &module)]);
    vec![
        ("A: config, layers config and module", artifact().build(), Via::Artifact),
        (
            "C: artifactType and an empty config",
            Image::new(media_type::EMPTY, b"{}")
                .with("artifactType", json!(media_type::WASM_CONFIG))
                .with("config", json!(empty))
                .layer(media_type::WASM_CONFIG, RUNTIME_CONFIG)
                .layer(media_type::WASM_CONTENT, &module)
                .build(),
            Via::Artifact,
        ),
        ("D: a container image", compat("plugin.wasm").build(), Via::Image),
        ("E: ./plugin.wasm", compat("./plugin.wasm").build(), Via::Image),
        ("G: Higress, the archive last", higress(true), Via::Image),
        ("K: a Docker image", docker(), Via::Docker),
        (
            "M: an artifact and an image at once",
            artifact().layer(media_type::IMAGE_LAYER, &superset).build(),
            Via::Image,
        ),
        ("N: no mediaType in the manifest", artifact().without("mediaType").build(), Via::Artifact),
        (
            "O: an index with an image for linux/amd64",
            index(&[(Some("linux/arm64"), compat("other.wasm").build()), (Some("linux/amd64"), artifact().build())]),
            Via::Artifact,
        ),
        ("R: an index whose image says no platform", index(&[(None, compat("plugin.wasm").build())]), Via::Image),
    ]
}

/// The layouts that are refused: what it is, the image, the words, what to do.
fn refused() -> Vec<(&'static str, Content, &'static str, &'static str)> {
    let module = module();
    let fix = "`weft-oci copy FROM TO --fix`";
    vec![
        (
            "B: the module alone, as the guides push it",
            Image::of_runtime_config().layer(media_type::WASM_CONTENT, &module).build(),
            "could not parse as oci variant: number of layers must be 2 but got 1",
            "the layer with runtime-config.json is missing",
        ),
        (
            "F: another file name",
            compat("filter.wasm").build(),
            "plugin.wasm not found in the archive",
            "the file in the archive has another name than plugin.wasm",
        ),
        (
            "H: Higress, the archive first",
            higress(false),
            "could not parse as oci variant: number of layers must be 2 but got 3",
            "only the last layer is looked at",
        ),
        (
            "I: CNCF's TAG Runtime",
            cncf().build(),
            "could not parse as compat variant: invalid media type application/wasm (expect application/vnd.oci.image.layer.v1.tar+gzip)",
            "CNCF's TAG Runtime",
        ),
        (
            "J: wasm-to-oci",
            Image::new(WASM_TO_OCI_CONFIG, b"{}").layer(WASM_TO_OCI_CONTENT, &module).build(),
            "number of layers must be 2 but got 1",
            "wasm-to-oci",
        ),
        (
            "L: an artifact with Docker's manifest",
            artifact().typed(media_type::DOCKER_MANIFEST).build(),
            "could not extract Wasm file from the image as Docker container invalid media type \
             application/vnd.module.wasm.content.layer.v1+wasm (expect application/vnd.docker.image.rootfs.diff.tar.gzip)",
            "Docker's media type",
        ),
        (
            "a compressed module",
            Image::of_runtime_config()
                .layer(media_type::WASM_CONFIG, RUNTIME_CONFIG)
                .layer(media_type::WASM_CONTENT, &gzip(&module))
                .build(),
            "fetched Wasm binary from oci://r.test/plugin:1 is invalid",
            fix,
        ),
        (
            "an archive that is not compressed",
            Image::of_image_config().layer(media_type::IMAGE_LAYER, &module).build(),
            "could not extract wasm binary: failed to parse layer as tar.gz: gzip: invalid header",
            "not compressed with gzip",
        ),
        (
            "P: an index for arm64 alone",
            index(&[(Some("linux/arm64"), artifact().build())]),
            "no child with platform linux/amd64 in index oci://r.test/plugin:1",
            "--platform linux/amd64 --provenance=false",
        ),
        (
            "Q: an index for wasip1/wasm",
            index(&[(Some("wasip1/wasm"), artifact().build())]),
            "no child with platform linux/amd64",
            "wasip1/wasm",
        ),
        (
            "no layers",
            Image::of_runtime_config().build(),
            "could not parse as compat variant: number of layers must be greater than zero",
            "neither a Wasm artifact nor a container image",
        ),
        (
            "two layers, neither the module's",
            Image::of_runtime_config().layer("text/plain", b"a").layer("text/plain", b"b").build(),
            "could not find the layer of type application/vnd.module.wasm.content.layer.v1+wasm",
            "neither a Wasm artifact",
        ),
    ]
}

#[test]
fn what_istios_fetcher_takes_is_accepted() {
    for (name, content, via) in accepted() {
        for consumer in [Consumer::Istio, Consumer::EnvoyGateway] {
            let accepted = ask(&content, consumer, None).unwrap_or_else(|refused| panic!("{name}: {refused}"));
            assert_eq!((accepted.via, &accepted.module), (via, &module()), "{name}");
            assert_eq!(accepted.warnings, [""; 0], "{name}");
        }
    }
}

#[test]
fn what_istios_fetcher_refuses_is_refused_in_its_words_with_what_to_do() {
    for (name, content, words, advice) in refused() {
        for consumer in [Consumer::Istio, Consumer::EnvoyGateway] {
            let refused = ask(&content, consumer, None).expect_err(name);
            assert!(refused.words.contains(words), "{name}: expected {words}, but found {}", refused.words);
            let all = refused.advice.join("\n");
            assert!(all.contains(advice), "{name}: expected {advice}, but found {all}");
        }
    }
}

#[test]
fn whatever_has_a_module_can_be_repaired() {
    for (name, content, _, _) in refused() {
        let found = oci::find_module(&content).map(|found| found.module);
        let has_none = ["no layers", "two layers, neither the module's"].contains(&name);
        assert_eq!(found, (!has_none).then(module), "{name}");
    }
}

#[test]
fn a_pin_is_the_digest_of_the_manifest() {
    let image = artifact().build();
    assert!(ask(&image, Consumer::Istio, Some(&image.digest())).is_ok());
    for (pin, meaning) in [
        (Digest::of(&module()), "goes with http:// and https://"),
        (Digest::of(b"another"), "another image has been pushed"),
    ] {
        let refused = ask(&image, Consumer::Istio, Some(&pin)).expect_err("another digest");
        let words = format!("has checksum {}, which does not match: {}", image.digest().hex(), pin.hex());
        assert!(refused.words.ends_with(&words), "{}", refused.words);
        assert!(refused.advice[0].contains(meaning), "{:?}", refused.advice);
    }
}

#[test]
fn an_index_cannot_be_pinned_by_its_own_digest() {
    let child = artifact().build();
    let index = index(&[(Some("linux/amd64"), child.clone())]);
    let refused = ask(&index, Consumer::Istio, Some(&index.digest())).expect_err("the index' digest");
    assert!(refused.advice[0].starts_with("that is the digest of an index"), "{:?}", refused.advice);
    let accepted = ask(&index, Consumer::Istio, Some(&child.digest())).expect("the child's digest");
    assert_eq!(accepted.manifest, child.digest());
}

#[test]
fn a_layer_that_is_not_there_is_named() {
    let complete = artifact().build();
    let content = Content::new(&complete.media_type, complete.root.clone());
    let refused = ask(&content, Consumer::Istio, None).expect_err("nothing but a manifest");
    assert!(refused.words.contains("BLOB_UNKNOWN"), "{}", refused.words);
}

#[test]
fn a_module_that_no_proxy_runs_is_pulled_with_a_warning() {
    let bare = wat::parse_str("(module)").expect("WebAssembly text");
    let image = Image::of_runtime_config()
        .layer(media_type::WASM_CONFIG, RUNTIME_CONFIG)
        .layer(media_type::WASM_CONTENT, &bare)
        .build();
    let accepted = ask(&image, Consumer::Istio, None).expect("Istio looks at the magic number alone");
    assert!(accepted.warnings[0].contains("Missing or unknown Proxy-Wasm ABI version"), "{:?}", accepted.warnings);
}

#[test]
fn a_refusal_reads_as_words_and_advice() {
    let single = Image::of_runtime_config().layer(media_type::WASM_CONTENT, &module()).build();
    insta::assert_snapshot!(ask(&single, Consumer::Istio, None).expect_err("one layer"), @"
    Istio refuses it
      says: could not fetch Wasm binary: the given image is in invalid format as an OCI image: 2 errors occurred:
      says: * could not parse as compat variant: invalid media type application/vnd.module.wasm.content.layer.v1+wasm (expect application/vnd.oci.image.layer.v1.tar+gzip)
      says: * could not parse as oci variant: number of layers must be 2 but got 1
      it has the module's layer alone, as `oras push --manifest-config` leaves it: the layer with runtime-config.json is missing
      the module is the layer of type application/vnd.module.wasm.content.layer.v1+wasm: `weft-oci copy FROM TO --fix` makes an image of it that every proxy takes
    ");
    insta::assert_snapshot!(ask(&single, Consumer::EnvoyGateway, None).expect_err("one layer"), @"
    Envoy Gateway refuses it
      says: could not fetch Wasm binary: the given image is in invalid format as an OCI image: could not parse as compat variant: invalid media type application/vnd.module.wasm.content.layer.v1+wasm (expect application/vnd.oci.image.layer.v1.tar+gzip)
      says: could not parse as oci variant: number of layers must be 2 but got 1
      it has the module's layer alone, as `oras push --manifest-config` leaves it: the layer with runtime-config.json is missing
      the module is the layer of type application/vnd.module.wasm.content.layer.v1+wasm: `weft-oci copy FROM TO --fix` makes an image of it that every proxy takes
    ");
}
