//! A service's description for the transcoder: from `.proto` files or a descriptor set to what its configuration carries.
//!
//! The files are compiled here, without `protoc`; Google's own, which nearly every service imports, are at hand. What the named
//! services do not need is left out, because the set travels in a resource and is compiled in every proxy's worker.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};
use serde_json::{Map, Value, json};

/// Where a description comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A `.proto` file and the folders that its imports are looked up in.
    Proto {
        /// The file.
        file: PathBuf,
        /// The folders; its own is always one.
        includes: Vec<PathBuf>,
    },
    /// What `protoc --include_imports --descriptor_set_out` wrote.
    Descriptor(PathBuf),
}

/// Google's files that are at hand, by the names under which they are imported.
const BUNDLED: &[(&str, &str)] = &[
    ("google/api/annotations.proto", include_str!("../protos/google/api/annotations.proto")),
    ("google/api/http.proto", include_str!("../protos/google/api/http.proto")),
    ("google/api/httpbody.proto", include_str!("../protos/google/api/httpbody.proto")),
    ("google/rpc/status.proto", include_str!("../protos/google/rpc/status.proto")),
];

struct Bundled;

impl FileResolver for Bundled {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let (_, source) =
            BUNDLED.iter().find(|(bundled, _)| *bundled == name).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, source)
    }
}

/// The fields `services` and `proto_descriptor_bin` of these services, or everything that is wrong.
pub fn describe(source: &Source, services: &[String]) -> Result<Map<String, Value>, String> {
    let set = match source {
        Source::Proto { file, includes } => compile(file, includes)?,
        Source::Descriptor(file) => std::fs::read(file)
            .map_err(|error| format!("{}: expected a descriptor set, but: {error}", file.display()))?,
    };
    let file = match source {
        Source::Proto { file, .. } | Source::Descriptor(file) => file,
    };
    if services.is_empty() {
        return Err(format!("expected --service PACKAGE.SERVICE, one of those in {}, but found none", file.display()));
    }
    let names: Vec<_> = services.iter().map(String::as_str).collect();
    let pruned = protojson::prune(&set, &names).map_err(|error| {
        let lines: Vec<_> = error.to_string().lines().map(|line| format!("{}: {line}", file.display())).collect();
        lines.join("\n")
    })?;
    let fields = json!({ "services": services, "proto_descriptor_bin": STANDARD.encode(pruned) });
    Ok(fields.as_object().cloned().unwrap_or_default())
}

fn compile(file: &Path, includes: &[PathBuf]) -> Result<Vec<u8>, String> {
    // One message says what and where, the ones below it why.
    let failed = |error: protox::Error| format!("{}: expected a .proto file, but: {}", file.display(), causes(&error));
    let mut resolver = ChainFileResolver::new();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for folder in includes.iter().map(PathBuf::as_path).chain([folder]) {
        resolver.add(IncludeFileResolver::new(folder.to_owned()));
    }
    resolver.add(Bundled);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file(file).map_err(failed)?;
    Ok(compiler.encode_file_descriptor_set())
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !said.contains(&reason) {
            said.push_str(&format!(": {reason}"));
        }
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANDING: &str = "syntax = \"proto3\";\npackage a.b;\nimport \"google/api/annotations.proto\";\n\
        import \"google/protobuf/timestamp.proto\";\n\
        service S { rpc Talk (M) returns (M) { option (google.api.http) = { get: \"/v1/{x}\" }; } }\n\
        service Other { rpc Go (N) returns (N); }\n\
        message M { string x = 1; }\nmessage N { google.protobuf.Timestamp at = 1; }\n";

    fn described(text: &str, services: &[&str]) -> Result<Map<String, Value>, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("landing.proto");
        std::fs::write(&file, text).expect("a file");
        let services: Vec<_> = services.iter().map(|service| (*service).to_owned()).collect();
        let described = describe(&Source::Proto { file: file.clone(), includes: Vec::new() }, &services);
        described.map_err(|error| error.replace(&file.display().to_string(), "landing.proto"))
    }

    fn configured_as(mut fields: Map<String, Value>) -> String {
        fields.insert("auto_mapping".to_owned(), true.into());
        let json = Value::Object(fields).to_string();
        let configured =
            host_harness::cli::check::configure("grpc-json-transcoder", json.as_bytes()).expect("a filter");
        configured.expect("a configuration").does
    }

    #[test]
    fn a_proto_file_becomes_a_configuration_that_the_filter_takes() {
        let both = described(LANDING, &["a.b.S", "a.b.Other"]).expect("both services");
        let one = described(LANDING, &["a.b.S"]).expect("one service");
        let size = |fields: &Map<String, Value>| fields["proto_descriptor_bin"].as_str().expect("base64").len();
        assert!(size(&one) < size(&both), "what the other service needs is left out");
        assert!(size(&one) < 400, "nothing of Google's own files is needed: {}", size(&one));
        assert_eq!(configured_as(one), "transcodes a.b.S");
        assert_eq!(configured_as(both), "transcodes a.b.S, a.b.Other");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, services, expected) in [
            (LANDING, &["a.b.T"][..], "a.b.T"),
            (LANDING, &[], "expected --service PACKAGE.SERVICE, one of those in landing.proto, but found none"),
            ("syntax = \"proto3\";\nimport \"missing.proto\";", &["a.b.S"], "missing.proto"),
            ("message {", &["a.b.S"], "expected a .proto file, but"),
        ] {
            let error = described(text, services).expect_err("something is wrong");
            assert!(error.contains(expected), "{error}");
        }
    }
}
