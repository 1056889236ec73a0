//! Reads a module's parts without compiling it (WebAssembly core specification, §5 binary format).

use std::borrow::Cow;

use serde::Serialize;
use wasmparser::{BinaryReaderError, ExternalKind, FuncType, Parser, Payload, TypeRef};

use super::InspectError;

/// One import as it stands in the module.
#[derive(Debug)]
pub(super) struct RawImport {
    pub(super) module: String,
    pub(super) name: String,
    /// Its type, as in `(i32, i32) -> (i32)`.
    pub(super) kind: String,
}

/// One memory, in pages of 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// What it begins with.
    pub initial_pages: u64,
    /// What it may grow to; `None` leaves that to the host.
    pub maximum_pages: Option<u64>,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// As the specification calls it; a custom section by its own name.
    pub name: String,
    /// Its contents in bytes, without its header.
    pub bytes: u64,
}

/// The parts that a report is made of.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) imports: Vec<RawImport>,
    /// All exported names.
    pub(super) exports: Vec<String>,
    /// Those of them that are functions.
    pub(super) functions: Vec<String>,
    pub(super) memories: Vec<Memory>,
    pub(super) sections: Vec<Section>,
}

/// The binary form of a module that may come as text.
pub(super) fn binary<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, InspectError> {
    let no_module = |found: String| Err(InspectError::NoModule { module: name.to_owned(), found });
    if bytes.is_empty() {
        return no_module("nothing".to_owned());
    }
    if Parser::is_core_wasm(bytes) {
        return Ok(bytes.into());
    }
    if Parser::is_component(bytes) {
        return no_module("a component".to_owned());
    }
    // The text format begins with a parenthesis or a comment.
    if !bytes.trim_ascii_start().starts_with(b"(") && !bytes.trim_ascii_start().starts_with(b";") {
        let start: Vec<u8> = bytes.iter().copied().take(16).collect();
        return no_module(format!("\"{}\"", start.escape_ascii()));
    }
    match wat::parse_bytes(bytes) {
        Ok(binary) => Ok(binary),
        Err(error) => {
            // The other lines show the place in the text.
            let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
            no_module(format!("text that does not assemble: {reason}"))
        }
    }
}

impl Contents {
    pub(super) fn read(name: &str, binary: &[u8]) -> Result<Self, InspectError> {
        let malformed = |error: BinaryReaderError| InspectError::Malformed {
            module: name.to_owned(),
            offset: error.offset(),
            reason: error.message().to_owned(),
        };
        let mut contents = Self::default();
        let mut types = Vec::new();
        for payload in Parser::new(0).parse_all(binary) {
            let payload = payload.map_err(malformed)?;
            contents.take(&payload, &mut types).map_err(malformed)?;
            if let Some((id, range)) = payload.as_section() {
                contents.sections.push(Section { name: section_name(&payload, id), bytes: range.end - range.start });
            }
        }
        Ok(contents)
    }

    fn take(&mut self, payload: &Payload<'_>, types: &mut Vec<FuncType>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader.clone().into_iter_err_on_gc_types() {
                    types.push(group?);
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.clone().into_imports() {
                    let import = import?;
                    self.imports.push(RawImport {
                        module: import.module.to_owned(),
                        name: import.name.to_owned(),
                        kind: shown_type(import.ty, types),
                    });
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader.clone() {
                    let memory = memory?;
                    self.memories.push(Memory { initial_pages: memory.initial, maximum_pages: memory.maximum });
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader.clone() {
                    let export = export?;
                    self.exports.push(export.name.to_owned());
                    if export.kind == ExternalKind::Func {
                        self.functions.push(export.name.to_owned());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn shown_type(kind: TypeRef, types: &[FuncType]) -> String {
    let other = match kind {
        TypeRef::Func(index) | TypeRef::FuncExact(index) => {
            let function = usize::try_from(index).ok().and_then(|index| types.get(index));
            return function.map_or_else(|| "a function".to_owned(), shown_function);
        }
        TypeRef::Table(_) => "a table",
        TypeRef::Memory(_) => "a memory",
        TypeRef::Global(_) => "a global",
        TypeRef::Tag(_) => "a tag",
    };
    other.to_owned()
}

fn shown_function(function: &FuncType) -> String {
    let shown = |kinds: &[wasmparser::ValType]| kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("({}) -> ({})", shown(function.params()), shown(function.results()))
}

fn section_name(payload: &Payload<'_>, id: u8) -> String {
    if let Payload::CustomSection(section) = payload {
        return section.name().to_owned();
    }
    let names = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data count",
        "tag",
    ];
    names.get(usize::from(id)).map_or_else(|| format!("section {id}"), |name| (*name).to_owned())
}
