//! Packing: each layout is taken by whom it is for, comes out the same every time, and survives a folder.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use oci::image_layout::{self, LayoutError};
use oci::{
    Consumer, Content, Digest, Layout, Module, Question, Root, RuntimeConfig, Via, Words, created, pack, verify,
};

fn packed(layout: Layout, words: &Words) -> Content {
    let text = r#"(module (func (export "proxy_abi_version_0_2_1")))"#;
    let module = Module::read(wat::parse_str(text).expect("WebAssembly text")).expect("a module");
    let config = RuntimeConfig::new(module.abi_version(), vec!["root".to_owned()]);
    pack(&module, &config, layout, words).expect("in memory")
}

fn manifest(content: &Content) -> oci::Manifest {
    match content.read().expect("a manifest") {
        Root::Manifest(manifest) => *manifest,
        Root::Index(_) => panic!("expected a manifest"),
    }
}

#[test]
fn each_layout_is_taken_by_whom_it_is_for() {
    use Consumer::{Asm, Cncf, EnvoyGateway, Istio};
    for (layout, takers, via) in [
        (Layout::Artifact, &[Istio, EnvoyGateway, Asm][..], Via::Artifact),
        (Layout::Image, &[Istio, EnvoyGateway], Via::Image),
        (Layout::Cncf, &[Cncf], Via::Cncf),
    ] {
        let content = packed(layout, &Words::default());
        for consumer in Consumer::ALL {
            let verdict =
                verify(Question { content: &content, url: "r.test/x", pin: Some(&content.digest()) }, consumer);
            assert_eq!(verdict.is_ok(), takers.contains(&consumer), "{layout:?} {consumer}");
            assert!(verdict.is_ok_and(|accepted| accepted.via == via) || !takers.contains(&consumer));
        }
    }
}

#[test]
fn a_layout_has_one_digest() {
    let digests =
        [Layout::Artifact, Layout::Image, Layout::Cncf].map(|layout| packed(layout, &Words::default()).digest());
    // Another digest here means that everybody's pins break: say so in the changelog.
    insta::assert_snapshot!(digests.map(|digest| digest.to_string()).join("\n"), @"
    sha256:d4a9470e6965d965e1adab48a3145eb75b5d5da4cdf09f76aed3eae1dc15656b
    sha256:efa988631af09bb6f7d98452b6842d98f3e4761b0675ad571434806f056a7170
    sha256:479bfb3fc03b181ba2224de2f6b9e31fbcc26f9e80a4ea1cbe191f973e8b4289
    ");
}

#[test]
fn an_artifact_has_its_config_as_config_and_as_layer_and_files_by_name() {
    let manifest = manifest(&packed(Layout::Artifact, &Words::default()));
    let titles: Vec<_> = manifest.layers.iter().map(|layer| layer.title().unwrap_or_default()).collect();
    assert_eq!(titles, ["runtime-config.json", "plugin.wasm"]);
    assert_eq!(manifest.layers[0].digest, manifest.config.digest);
    assert_eq!(manifest.annotations["module.wasm.runtime/abi_version"], "v0.2.1");
    assert!(!manifest.annotations.contains_key(oci::CREATED));
}

#[test]
fn the_only_time_is_the_one_that_is_given() {
    let words = Words { created: created("1767225600"), ..Words::default() };
    for layout in [Layout::Artifact, Layout::Image, Layout::Cncf] {
        let manifest = manifest(&packed(layout, &words));
        assert_eq!(manifest.annotations[oci::CREATED], "2026-01-01T00:00:00Z", "{layout:?}");
    }
    for (epoch, expected) in [
        ("0", Some("1970-01-01T00:00:00Z")),
        ("951782400", Some("2000-02-29T00:00:00Z")),
        ("4107542399", Some("2100-02-28T23:59:59Z")),
        ("4107542400", Some("2100-03-01T00:00:00Z")),
        ("253402300799", Some("9999-12-31T23:59:59Z")),
        ("253402300800", None),
        ("-1", None),
        ("now", None),
    ] {
        assert_eq!(created(epoch).as_deref(), expected, "{epoch}");
    }
}

#[test]
fn a_folder_gives_back_what_was_written_under_each_tag() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (first, second) = (packed(Layout::Artifact, &Words::default()), packed(Layout::Image, &Words::default()));
    let path = folder.path().join("layout");
    image_layout::write(&path, &first, "1").expect("a new folder");
    assert_eq!(image_layout::read(&path, None).expect("the only one"), first);
    image_layout::write(&path, &second, "2").expect("the same layout");
    assert_eq!(image_layout::read(&path, Some("1")).expect("the first"), first);
    assert_eq!(image_layout::read(&path, Some("2")).expect("the second"), second);
    let several = image_layout::read(&path, None).expect_err("two").to_string();
    assert!(several.ends_with("expected one image, but found those tagged 1, 2"), "{several}");
    image_layout::write(&path, &second, "1").expect("the same tag");
    assert_eq!(image_layout::read(&path, Some("1")).expect("the new one"), second);
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("letter.txt"), "dear").expect("a file");
    let content = packed(Layout::Artifact, &Words::default());
    let refused = image_layout::write(folder.path(), &content, "1");
    assert!(matches!(refused, Err(LayoutError::Occupied(_))), "{refused:?}");
    assert!(matches!(image_layout::read(folder.path(), None), Err(LayoutError::NoLayout(_))));
}

#[test]
fn a_changed_content_is_found_by_its_digest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let content = packed(Layout::Artifact, &Words::default());
    image_layout::write(folder.path(), &content, "1").expect("an empty folder");
    let module = &manifest(&content).layers[1].digest;
    fs::write(folder.path().join(Path::new("blobs/sha256").join(module.hex())), "other").expect("a file");
    let error = image_layout::read(folder.path(), None).expect_err("another content").to_string();
    assert!(error.ends_with(&format!("but found {}", Digest::of(b"other"))), "{error}");
}
