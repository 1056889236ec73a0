//! How large each module may be: every proxy of a mesh downloads it, compiles it and keeps it.

/// The most bytes of each module. One that grows beyond has to say here what for.
const MOST_BYTES: [(&str, usize); 4] =
    [("cors", 150_000), ("grpc-json-transcoder", 350_000), ("header-propagation", 154_000), ("traffic-label", 250_000)];

#[test]
fn no_module_is_larger_than_it_may_be() {
    let known: Vec<_> = MOST_BYTES.iter().map(|(name, _)| *name).collect();
    let names: Vec<_> = artifacts::MODULES.iter().map(|module| module.name).collect();
    assert_eq!(names, known, "expected a limit for every module");
    for ((name, most), module) in MOST_BYTES.into_iter().zip(artifacts::MODULES) {
        assert!(module.bytes.len() <= most, "{name}: expected at most {most} bytes, but found {}", module.bytes.len());
    }
}
