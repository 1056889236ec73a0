//! ASM, by the rules of wasme, and the runtimes of CNCF's TAG Runtime.

use oci::{Consumer, Via, media_type};

use super::ask;
use super::images::{Image, RUNTIME_CONFIG, artifact, cncf, compat, gzip, index, module};

#[test]
fn asm_looks_contents_up_by_their_types() {
    let single = Image::of_runtime_config().layer(media_type::WASM_CONTENT, &module()).build();
    for (name, content) in [("the layout for everyone", artifact().build()), ("the guides' own", single)] {
        let accepted = ask(&content, Consumer::Asm, None).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!((accepted.via, accepted.module), (Via::Artifact, module()), "{name}");
        assert!(accepted.warnings[0].contains("closed"), "{:?}", accepted.warnings);
    }
}

#[test]
fn what_asm_does_not_find_is_refused_in_wasmes_words() {
    let without_config = Image::new(media_type::EMPTY, b"{}").layer(media_type::WASM_CONTENT, &module()).build();
    let compressed = Image::of_runtime_config().layer(media_type::WASM_CONTENT, &gzip(&module())).build();
    let not_found = "media type application/vnd.module.wasm.content.layer.v1+wasm not found on image";
    for (name, content, words) in [
        ("no config", without_config, "media type application/vnd.module.wasm.config.v1+json not found on image"),
        (
            "a container image",
            compat("plugin.wasm").build(),
            "media type application/vnd.module.wasm.config.v1+json not found on image",
        ),
        ("no module", Image::of_runtime_config().build(), not_found),
        ("an index", index(&[(Some("linux/amd64"), artifact().build())]), not_found),
        ("a compressed module", compressed, "Unable to parse Wasm module"),
    ] {
        let refused = ask(&content, Consumer::Asm, None).expect_err(name);
        assert!(refused.words.starts_with(words), "{name}: {}", refused.words);
    }
}

#[test]
fn a_runtime_of_cncf_takes_its_own_layout_alone() {
    let accepted = ask(&cncf().build(), Consumer::Cncf, None).expect("its own layout");
    assert_eq!((accepted.via, accepted.module), (Via::Cncf, module()));
    let broken = Image::new(media_type::CNCF_CONFIG, RUNTIME_CONFIG).layer(media_type::CNCF_CONTENT, &module());
    let other_layer = cncf_config_with("text/plain");
    for (name, content, words) in [
        ("two layers", artifact().build(), "Wasm components must have exactly one layer"),
        ("a container image", compat("plugin.wasm").build(), "Wasm components must have a config of type"),
        ("a broken config", broken.build(), "missing field `created`"),
        ("another layer", other_layer, "Incompatible layer media type: text/plain"),
        ("an index", index(&[]), "Wasm components must have a manifest of type"),
    ] {
        let refused = ask(&content, Consumer::Cncf, None).expect_err(name);
        assert!(refused.words.starts_with(words), "{name}: {}", refused.words);
    }
}

#[test]
fn who_refuses_an_image_is_offered_one_that_it_takes() {
    let fix = "`weft-oci copy FROM TO --fix` makes an image of it that every proxy takes";
    let convert =
        "`weft-oci push plugin.wasm TO --layout cncf` makes an image of it that these runtimes take, and no proxy";
    for (name, content, consumer, offered) in [
        ("a package", artifact().build(), Consumer::Cncf, convert),
        ("a container image", compat("plugin.wasm").build(), Consumer::Cncf, convert),
        ("a container image", compat("plugin.wasm").build(), Consumer::Asm, fix),
        ("CNCF's layout", cncf().build(), Consumer::Istio, fix),
        ("CNCF's layout", cncf().build(), Consumer::EnvoyGateway, fix),
    ] {
        let refused = ask(&content, consumer, None).expect_err(name);
        assert!(refused.advice.last().is_some_and(|advice| advice.ends_with(offered)), "{name}: {:?}", refused.advice);
    }
}

fn cncf_config_with(layer_type: &str) -> oci::Content {
    Image::new(media_type::CNCF_CONFIG, b"{}").layer(layer_type, &module()).build()
}

#[test]
fn a_config_that_contradicts_its_manifest_is_refused() {
    let config = br#"{"created":"2026-01-01T00:00:00Z","architecture":"wasm","os":"wasip1","layerDigests":[]}"#;
    let image = Image::new(media_type::CNCF_CONFIG, config).layer(media_type::CNCF_CONTENT, &module()).build();
    let refused = ask(&image, Consumer::Cncf, None).expect_err("no digests");
    assert_eq!(refused.words, "the config contradicts the manifest");
}
