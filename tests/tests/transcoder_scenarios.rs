//! The scenarios of the transcoder have the descriptor set of their `talk.proto`, pruned, and no other.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

#[test]
fn scenarios_have_the_descriptor_set_of_their_proto() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tests.join("scenarios/grpc-json-transcoder");
    let mut compiler = protox::Compiler::new([&folder, &tests.join("protos"), &tests.join("../oci/weft-oci/protos")])
        .expect("the folders are there");
    compiler.include_imports(true).open_file("talk.proto").expect("talk.proto compiles");
    let set = protojson::prune(&compiler.encode_file_descriptor_set(), &["talk.Talk"]).expect("the service is there");
    let expected = format!("proto_descriptor_bin: \"{}\"", STANDARD.encode(set));
    let files = host_harness::scenario::find(&folder).expect("the folder can be read");
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the scenario can be read");
        assert!(text.contains(&expected), "{}: expected the line\n{expected}", file.display());
    }
}
