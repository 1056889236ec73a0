//! `weft check` says what a configuration makes a filter do, or everything that is wrong with it.

use std::path::Path;

use host_harness::cli::check::check;

/// What the filter would do, or every problem, without the folder of the configuration.
fn checked(filter: &str, file: &str, configuration: &str) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(file);
    std::fs::write(&path, configuration)?;
    let said = match check(filter, &path) {
        Ok(checked) if checked.warnings.is_empty() => checked.does,
        Ok(checked) => format!("{}\n{}", checked.does, checked.warnings),
        Err(error) => error.to_string(),
    };
    Ok(said.replace(&path.display().to_string(), file))
}

#[test]
fn a_good_configuration_is_described_in_one_line() -> anyhow::Result<()> {
    let json = checked("header-propagation", "config.json", r#"{"propagate": {"exact": ["route-v"]}}"#)?;
    insta::assert_snapshot!(json, @"sidecar: propagation, store of at most 4575232 bytes");
    let yaml = checked("header-propagation", "config.yaml", "head_tag_name: route-v\nhead_tag_value: v2")?;
    insta::assert_snapshot!(yaml, @"stamps only: route-v, no propagation");
    Ok(())
}

#[test]
fn a_transcoder_says_which_services_it_serves() -> anyhow::Result<()> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/s2-transcoding/filters.yaml");
    let manifest: serde_yaml_ng::Value = serde_yaml_ng::from_str(&std::fs::read_to_string(manifest)?)?;
    let configuration = serde_json::to_string(&manifest["spec"]["pluginConfig"])?;
    let good = checked("grpc-json-transcoder", "config.json", &configuration)?;
    insta::assert_snapshot!(good, @"transcodes org.feuyeux.grpc.LandingService");
    let other = configuration.replace("grpc.LandingService\"", "grpc.TakeOffService\"");
    let bad = checked("grpc-json-transcoder", "config.json", &other)?;
    assert!(bad.contains("services[0]") && bad.contains("TakeOffService"), "{bad}");
    let none = configuration.replace(r#"["org.feuyeux.grpc.LandingService"]"#, "[]");
    insta::assert_snapshot!(checked("grpc-json-transcoder", "config.json", &none)?, @"disabled: no services");
    Ok(())
}

#[test]
fn what_is_dangerous_is_shown_beside_what_the_filter_does() -> anyhow::Result<()> {
    let origins = r#"{"policies": [{"corsPolicy": {"allowOrigins": ["https://*.com", {"regex": "https://a.b"}]}}]}"#;
    insta::assert_snapshot!(checked("cors", "config.json", origins)?, @r#"
    strict: 1 policy
    policies[0].corsPolicy.allowOrigins[0]: expected a domain of your own, but found "https://*.com", below which anyone may have a host (line 1 column 48)
    policies[0].corsPolicy.allowOrigins[1]: expected dots as \., but found "https://a.b", in which a dot is any letter (line 1 column 65)
    "#);
    let yaml = "policies:\n- corsPolicy: {allowOrigins: ['https://*.com']}\n";
    insta::assert_snapshot!(checked("cors", "config.yaml", yaml)?, @r#"
    strict: 1 policy
    policies[0].corsPolicy.allowOrigins[0]: expected a domain of your own, but found "https://*.com", below which anyone may have a host
    "#);
    Ok(())
}

#[test]
fn the_guides_regex_is_answered_with_what_to_write() -> anyhow::Result<()> {
    let guides = "policies:\n- corsPolicy: {allowOrigins: [{regex: '*'}], allowMethods: [GET, OPTIONS], maxAge: 24h}\n";
    insta::assert_snapshot!(checked("cors", "config.yaml", guides)?, @r#"config.yaml: policies[0].corsPolicy.allowOrigins[0].regex: expected a regular expression (any origin is {"exact": "*"}), but found "*""#);
    Ok(())
}

#[test]
fn every_problem_is_shown_with_its_path() -> anyhow::Result<()> {
    let configuration = r#"{
        "stamp": [{"name": ":path", "value": "/"}],
        "propagate": {"exact": ["te"], "max": 0},
        "store": {"slots": 1000, "ttl": "soon"}
    }"#;
    insta::assert_snapshot!(checked("header-propagation", "config.json", configuration)?, @r#"
    config.json: stamp[0].name: expected a header that may be set, but found the pseudo-header ":path" (line 2 column 28)
    config.json: propagate.exact[0]: expected a header that may be set, but found "te", which belongs to one connection or message (line 3 column 33)
    config.json: propagate.max: expected 1 to 128, but found 0 (line 3 column 47)
    config.json: store.slots: expected a power of two, but found 1000 (line 4 column 28)
    config.json: store.ttl: expected a time from 1s to 24h, such as 60s or 5m, but found "soon" (line 4 column 41)
    "#);
    Ok(())
}

#[test]
fn places_are_those_of_what_the_user_wrote() -> anyhow::Result<()> {
    let json = checked("header-propagation", "config.json", r#"{"propagate": {"exakt": []}}"#)?;
    insta::assert_snapshot!(json, @r#"
    config.json: propagate: expected names in exact, prefix, suffix or regex, but found none (line 1 column 15)
    config.json: propagate.exakt: expected exact, but found "exakt" (line 1 column 16)
    "#);
    let yaml = checked("header-propagation", "config.yml", "propagate:\n  exakt: []\n")?;
    insta::assert_snapshot!(yaml, @r#"
    config.yml: propagate: expected names in exact, prefix, suffix or regex, but found none
    config.yml: propagate.exakt: expected exact, but found "exakt"
    "#);
    let no_yaml = checked("header-propagation", "config.yaml", "propagate: [")?;
    insta::assert_snapshot!(no_yaml, @"config.yaml: expected YAML, but found: did not find expected node content at line 2 column 1, while parsing a flow node");
    Ok(())
}

#[test]
fn an_unknown_filter_is_answered_with_the_known_ones() -> anyhow::Result<()> {
    insta::assert_snapshot!(checked("header-propagator", "config.json", "{}")?, @"expected a filter among cors, grpc-json-transcoder, header-propagation, traffic-label, but found header-propagator");
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_named() -> anyhow::Result<()> {
    let path = tempfile::tempdir()?.path().join("none.json");
    let error = check("header-propagation", &path).expect_err("no such file").to_string();
    assert!(error.starts_with(&format!("{}: expected a configuration, but: ", path.display())), "{error}");
    Ok(())
}
