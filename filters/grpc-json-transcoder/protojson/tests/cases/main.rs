//! Schemas, printing and parsing, on descriptors that `protox` compiles from text.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod forms;
mod hostile;
mod parse;
mod print;
mod prune;
mod schema;

use protojson::{MessageId, PrintOptions, Schema, print_message};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

struct Sources<'a>(&'a [(&'a str, &'a str)]);

impl FileResolver for Sources<'_> {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.iter().find(|(file, _)| *file == name) {
            Some((_, text)) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The descriptor set of files, with their imports; those of `google/protobuf` are there by name.
fn descriptor_set(sources: &'static [(&'static str, &'static str)]) -> Vec<u8> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Sources(sources));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    for (name, _) in sources {
        compiler.open_file(name).unwrap();
    }
    compiler.encode_file_descriptor_set()
}

fn schema(sources: &'static [(&'static str, &'static str)]) -> Schema {
    Schema::compile(&descriptor_set(sources)).unwrap()
}

/// The schema of one file and a message in it.
fn message(text: &'static str, name: &str) -> (Schema, MessageId) {
    let sources = Box::leak(Box::new([("test.proto", text)]));
    let schema = schema(sources);
    let id = schema.message(name).unwrap();
    (schema, id)
}

fn printed(schema: &Schema, message: MessageId, wire: &[u8], options: &PrintOptions) -> String {
    let mut out = Vec::new();
    match print_message(schema, message, wire, options, &mut out) {
        Ok(()) => String::from_utf8(out).unwrap(),
        Err(error) => {
            assert!(out.is_empty(), "nothing is left after an error");
            error.to_string()
        }
    }
}
