//! A file of requests: a configuration, then requests, each below a line `### its name`.
//!
//! ```text
//! {"filter": {"services": ["bookstore.Bookstore"]}, "buffer_limit": 1024}
//!
//! ### a shelf is created
//! # chunks: 2
//! POST /shelf
//! content-type: application/json
//!
//! {"theme": "Children"}
//! ```
//! Lines that begin with `#` between the name and the request are notes. Some say something to the client: `# body: hex 00 01`,
//! `# body: repeat COUNT TEXT` and `# body: fill COUNT TEXT`, which puts as many letters in the place of each `…`, give a body;
//! `# chunks: N` sends it as N chunks without a length; `# http2` sends it over HTTP/2.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::grpc_upstream::unhex;

/// A configuration of the filter and the requests to it.
pub struct Setup {
    /// The file's name without its ending.
    pub name: String,
    /// In the native filter's own terms, without the descriptor set.
    pub filter: Map<String, Value>,
    /// The listener's limit for buffered bodies, where it is not Envoy's usual one.
    pub buffer_limit: Option<u32>,
    /// In the file's order.
    pub cases: Vec<Case>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique in its file.
    pub name: String,
    /// The request's method.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// In order.
    pub headers: Vec<(String, String)>,
    /// Empty where there is none.
    pub body: Vec<u8>,
    /// In how many chunks it is sent; none means all at once, with its length.
    pub chunks: Option<usize>,
    /// Over HTTP/2.
    pub http2: bool,
}

impl Case {
    /// A GET without anything else.
    pub fn get(path: &str) -> Self {
        Self {
            name: path.to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            chunks: None,
            http2: false,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    filter: Map<String, Value>,
    buffer_limit: Option<u32>,
}

/// Every file of `tests/transcoding`, by name.
pub fn load() -> anyhow::Result<Vec<Setup>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcoding");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|it| it == "http"));
    files.sort();
    files.iter().map(|path| read(path).with_context(|| path.display().to_string())).collect()
}

/// The last line of a record, so that whatever stands before it is kept to the last byte.
pub const END: &str = "### the end\n";

/// A request and its answer as they stand in a record.
pub fn record(case: &Case, answer: &str) -> String {
    format!("### {}\n{} {}\n{answer}\n", case.name, case.method, case.path)
}

/// What is recorded of each request of a setup, by the requests' names.
pub fn recorded(setup: &Setup) -> anyhow::Result<BTreeMap<String, String>> {
    let file = folder().join(format!("{}.snap", setup.name));
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let (records, _) = text.rsplit_once(END.trim_end()).with_context(|| format!("{}: the end", file.display()))?;
    let records = records.split_inclusive("\n### ").skip(1);
    let named = records.map(|record| {
        let name = record.lines().next().unwrap_or_default().to_owned();
        (name, format!("### {}", record.trim_end_matches("### ")))
    });
    Ok(named.collect())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("transcoding")
}

fn read(path: &Path) -> anyhow::Result<Setup> {
    let text = std::fs::read_to_string(path)?;
    let mut sections = text.split("\n### ");
    let head: Head = serde_json::from_str(sections.next().unwrap_or_default()).context("the configuration")?;
    let cases: Vec<Case> = sections.map(case).collect::<anyhow::Result<_>>()?;
    for (index, case) in cases.iter().enumerate() {
        if cases.iter().take(index).any(|it| it.name == case.name) {
            bail!("expected each name once, but found {} twice", case.name);
        }
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Setup { name, filter: head.filter, buffer_limit: head.buffer_limit, cases })
}

fn case(text: &str) -> anyhow::Result<Case> {
    let (name, text) = text.split_once('\n').context("a request below its name")?;
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let mut case = Case::get("");
    case.name = name.trim().to_owned();
    case.body = body.trim_end_matches('\n').as_bytes().to_vec();
    let request = loop {
        let line = lines.next().with_context(|| format!("{name}: a request line"))?;
        let Some(note) = line.strip_prefix('#') else { break line };
        match note.trim().split_once(' ') {
            None if note.trim() == "http2" => case.http2 = true,
            Some(("chunks:", count)) => case.chunks = Some(count.parse()?),
            Some(("body:", body)) => case.body = written_body(body)?,
            _ => {}
        }
    };
    let (method, path) = request.split_once(' ').with_context(|| format!("{name}: a method and a path"))?;
    (case.method, case.path) = (method.to_owned(), path.to_owned());
    for line in lines {
        let (field, value) =
            line.split_once(": ").with_context(|| format!("{name}: `name: value`, but found {line}"))?;
        case.headers.push((field.to_owned(), value.to_owned()));
    }
    Ok(case)
}

fn written_body(text: &str) -> anyhow::Result<Vec<u8>> {
    let (how, rest) = text.split_once(' ').unwrap_or((text, ""));
    match how {
        "hex" => Ok(unhex(rest)),
        "repeat" => {
            let (count, text) = rest.split_once(' ').context("`repeat COUNT TEXT`")?;
            Ok(text.repeat(count.parse()?).into_bytes())
        }
        "fill" => {
            let (count, text) = rest.split_once(' ').context("`fill COUNT TEXT`")?;
            Ok(text.replace('…', &"x".repeat(count.parse()?)).into_bytes())
        }
        _ => bail!("expected `hex`, `repeat` or `fill`, but found `{how}`"),
    }
}
